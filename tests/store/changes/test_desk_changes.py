"""Who sits at a desk: two decide, nobody for themselves, and no script."""

import json
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.loader import parse_company
from domain.access import SERVICE, Actor
from domain.errors import Forbidden, IllegalState, Invalid, NotFound
from domain.notifications import Event
from store.base.session import Database
from store.changes.desk_changes import (
    Saved,
    confirm_desks,
    offer_company,
    waiting_change,
    withdraw_desks,
)
from store.changes.people_events import set_company
from store.people.company import at_desks, company
from tests.store.people_rows import ADMIN, HR, SECOND_HR, WORKER, insert_people

BY_HR, BY_SECOND = Actor(HR, "hr"), Actor(SECOND_HR, "hr")
BY_ADMIN = Actor(ADMIN, "administrator")
NOBODY_ELSE = ("admin@example.com",)


def _file(
    hr: tuple[str, ...] = ("hr@example.com", "secondhr@example.com"),
    administrators: tuple[str, ...] = NOBODY_ELSE,
    zone: str = "America/Los_Angeles",
) -> str:
    return json.dumps(
        {
            "zone": zone,
            "calendar": "us",
            "calendars": {"us": {"holidays": "US"}},
            "hr": hr,
            "administrators": administrators,
        }
    )


async def _offer(conn: AsyncConnection, source: str, actor: Actor, now: datetime) -> Saved:
    settings = parse_company(source, "company.yaml")
    return await offer_company(conn, settings, source, actor=actor, now=now)


async def _told(conn: AsyncConnection) -> list[tuple[int, bool]]:
    rows = await conn.execute(
        text(
            "SELECT person_id, data -> 'waits' FROM notifications WHERE event = :event ORDER BY id"
        ),
        {"event": Event.DESK_CHANGE},
    )
    return [(row[0], row[1]) for row in rows]


WITH_WORKER = ("hr@example.com", "secondhr@example.com", "worker@example.com")


async def test_a_change_of_a_desk_waits_for_a_second_member_and_both_desks_hear(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        assert await _offer(conn, _file(WITH_WORKER), BY_ADMIN, now) is Saved.WAITS
        assert WORKER not in await at_desks(conn)
        assert await _told(conn) == [(HR, True), (ADMIN, True), (SECOND_HR, True)]
        change = await waiting_change(conn)
        assert change is not None
        assert change.joining == {"hr": ["worker@example.com"]}
        with pytest.raises(Forbidden):
            await confirm_desks(conn, change.id, actor=BY_ADMIN, now=now)
        await confirm_desks(conn, change.id, actor=BY_HR, now=now)
        assert WORKER in await at_desks(conn)
        after = [(HR, False), (WORKER, False), (ADMIN, False), (SECOND_HR, False)]
        assert (await _told(conn))[3:] == after
        rows = await conn.execute(text("SELECT actor_id, action, after FROM audit ORDER BY id"))
        assert [tuple(row) for row in rows] == [
            (ADMIN, "desk_change_proposed", {"joining": [WORKER], "leaving": []}),
            (HR, "desk_change_confirmed", {}),
            (HR, "company_saved", {"desks": True, "joining": [WORKER], "leaving": []}),
        ]


@pytest.mark.parametrize(
    ("hr", "administrators"),
    [
        (("hr@example.com", "secondhr@example.com", "Admin@example.com"), NOBODY_ELSE),
        (("hr@example.com", "secondhr@example.com"), ("worker@example.com",)),
        (("admin@example.com",), ("hr@example.com",)),
    ],
    ids=["into the other desk", "out of the own", "both turned round"],
)
async def test_nobody_puts_themselves_at_a_desk_or_takes_themselves_from_one(
    database: Database, now: datetime, hr: tuple[str, ...], administrators: tuple[str, ...]
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        before = await company(conn)
        with pytest.raises(Invalid):
            await _offer(conn, _file(hr, administrators), BY_ADMIN, now)
        assert await company(conn) == before
        assert await waiting_change(conn) is None


async def test_a_script_changes_confirms_and_withdraws_nothing_about_a_desk(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        with pytest.raises(Forbidden):
            await _offer(conn, _file(WITH_WORKER), SERVICE, now)
        await _offer(conn, _file(WITH_WORKER), BY_ADMIN, now)
        change = await waiting_change(conn)
        assert change is not None
        for decide in (confirm_desks, withdraw_desks):
            with pytest.raises(Forbidden):
                await decide(conn, change.id, actor=SERVICE, now=now)
        # Everything else in the file it may change, as before.
        assert await _offer(conn, _file(zone="Europe/London"), SERVICE, now) is Saved.SAVED


async def test_nobody_confirms_that_they_come_to_a_desk_themselves(
    database: Database, now: datetime
) -> None:
    """HR, put at the administrators' desk by an accomplice there."""
    wanted = _file(administrators=("admin@example.com", "hr@example.com"))
    async with database.begin() as conn:
        await insert_people(conn, now)
        await _offer(conn, wanted, BY_ADMIN, now)
        change = await waiting_change(conn)
        assert change is not None
        with pytest.raises(Forbidden):
            await confirm_desks(conn, change.id, actor=BY_HR, now=now)
        await confirm_desks(conn, change.id, actor=BY_SECOND, now=now)
        assert (await company(conn)).administrators == ("admin@example.com", "hr@example.com")


async def test_who_has_left_still_counts_as_the_second_until_the_file_says_otherwise(
    database: Database, now: datetime
) -> None:
    """Marking the others as left would else make one of them alone."""
    async with database.begin() as conn:
        await insert_people(conn, now)
        await conn.execute(
            text("UPDATE people SET status = 'left' WHERE id = ANY(:ids)"),
            {"ids": [HR, SECOND_HR]},
        )
        assert await _offer(conn, _file(("worker@example.com",)), BY_ADMIN, now) is Saved.WAITS
        assert WORKER not in await at_desks(conn)


async def test_where_one_person_is_named_alone_what_they_write_holds_at_once(
    database: Database, now: datetime
) -> None:
    alone = _file(("admin@example.com",), ("admin@example.com",))
    async with database.begin() as conn:
        await insert_people(conn, now)
        settings = parse_company(alone, "company.yaml")
        await set_company(conn, settings, alone, actor=SERVICE, now=now)
        wanted = _file(("admin@example.com", "hr@example.com"), ("admin@example.com",))
        assert await _offer(conn, wanted, BY_ADMIN, now) is Saved.SAVED
        assert await at_desks(conn) == [HR, ADMIN]


async def test_on_the_machine_it_holds_at_once_and_is_told_and_written_down(
    database: Database, now: datetime
) -> None:
    source = _file(("worker@example.com",))
    async with database.begin() as conn:
        await insert_people(conn, now)
        settings = parse_company(source, "company.yaml")
        assert await set_company(conn, settings, source, actor=SERVICE, now=now)
        assert await _told(conn) == [(p, False) for p in (HR, WORKER, ADMIN, SECOND_HR)]
        after = await conn.scalar(text("SELECT after FROM audit WHERE action = 'company_saved'"))
        assert after == {"desks": True, "joining": [WORKER], "leaving": [HR, SECOND_HR]}


async def test_what_was_written_against_older_settings_is_not_confirmed(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        await _offer(conn, _file(WITH_WORKER), BY_ADMIN, now)
        await _offer(conn, _file(zone="Europe/London"), BY_HR, now)
        change = await waiting_change(conn)
        assert change is not None
        with pytest.raises(IllegalState, match="have changed"):
            await confirm_desks(conn, change.id, actor=BY_HR, now=now)
        with pytest.raises(IllegalState, match="waits for a second"):
            await _offer(conn, _file(WITH_WORKER), BY_ADMIN, now)
        await withdraw_desks(conn, change.id, actor=BY_HR, now=now)
        with pytest.raises(NotFound):
            await confirm_desks(conn, change.id, actor=BY_HR, now=now)
