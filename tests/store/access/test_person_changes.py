"""Nobody changes their own line, by whatever way; each change of a person has its entry."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import SERVICE, Actor
from domain.errors import Invalid
from store.base.session import Database
from store.changes.people_events import change_manager, record_leave, record_leaving
from store.changes.people_import import import_people
from store.people.reporting_lines import managers_of
from tests.store.people_rows import (
    _MANAGERS,
    ADMIN,
    BOSS,
    HR,
    LEAD,
    NAMES,
    SECOND_HR,
    TOP,
    WORKER,
    insert_people,
)

BY = Actor(HR, "hr")
"""HR reports to BOSS, who reports to TOP."""


async def _import(
    conn: AsyncConnection, now: datetime, managers: dict[int, int | None], actor: Actor
) -> None:
    lines = ["employee_id,first_name,last_name,email,hire_date,manager_id"]
    for place, name in enumerate(NAMES, 1):
        manager = managers.get(place, _MANAGERS.get(place))
        theirs = NAMES[manager - 1] if manager else ""
        lines.append(f"{name},{name.title()},Example,{name}@example.com,2020-01-01,{theirs}")
    data = "\n".join(lines).encode()
    await import_people(conn, data, effective_on=now.date(), actor=actor, now=now)


@pytest.mark.parametrize("way", ["import", "change"])
@pytest.mark.parametrize(
    ("person", "manager"),
    [(HR, TOP), (HR, None), (BOSS, LEAD), (WORKER, HR), (LEAD, HR)],
    ids=["my manager", "nobody above me", "my boss's manager", "to me", "a manager to me"],
)
async def test_nobody_changes_their_own_line(
    database: Database, now: datetime, person: int, manager: int | None, way: str
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    with pytest.raises(Invalid):
        async with database.begin() as conn:
            await _change(conn, way, person, manager, now)
    async with database.begin() as conn:
        assert (await managers_of(conn, [person], now.date()))[person] == _MANAGERS[person]


async def _change(
    conn: AsyncConnection, way: str, person: int, manager: int | None, now: datetime
) -> None:
    if way == "import":
        await _import(conn, now, {person: manager}, BY)
    else:
        await change_manager(conn, person, manager, now.date(), actor=BY, now=now)


@pytest.mark.parametrize("on", [date(2026, 1, 1), date(2027, 12, 1)], ids=["back", "ahead"])
async def test_nor_by_another_day(database: Database, now: datetime, on: date) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    with pytest.raises(Invalid):
        async with database.begin() as conn:
            await change_manager(conn, HR, TOP, on, actor=BY, now=now)


async def test_somebody_below_me_gets_nobody_for_me(database: Database, now: datetime) -> None:
    """Who reports to somebody below me reports to me."""
    async with database.begin() as conn:
        await insert_people(conn, now)
        await change_manager(conn, ADMIN, HR, now.date(), actor=SERVICE, now=now)
    with pytest.raises(Invalid):
        async with database.begin() as conn:
            await change_manager(conn, WORKER, ADMIN, now.date(), actor=BY, now=now)


async def test_a_colleague_may_and_each_change_has_its_entry(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        await _import(conn, now, {HR: LEAD, WORKER: BOSS}, Actor(SECOND_HR, "hr"))
        await record_leaving(conn, WORKER, now.date(), actor=SERVICE, now=now)
        rows = await conn.execute(
            text(
                "SELECT actor_kind, action, object_id, before, after FROM audit"
                " WHERE object_type = 'person' ORDER BY id"
            )
        )
        found = [tuple(row) for row in rows]
    assert sorted(found[:2], key=lambda row: str(row[2])) == [
        ("hr", "manager_changed", str(HR), {"manager_id": BOSS}, {"manager_id": LEAD}),
        ("hr", "manager_changed", str(WORKER), {"manager_id": LEAD}, {"manager_id": BOSS}),
    ]
    gone = {"status": "left", "left_on": now.date().isoformat()}
    assert found[2:] == [
        ("service", "status_changed", str(WORKER), {"status": "active", "left_on": None}, gone)
    ]


async def test_nobody_makes_themselves_leave_or_stay(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    with pytest.raises(Invalid):
        async with database.begin() as conn:
            await record_leaving(conn, HR, now.date(), actor=BY, now=now)


async def test_a_newcomer_may_report_to_whoever_imports_them(
    database: Database, now: datetime
) -> None:
    """There is nothing of theirs to be read."""
    lines = (
        "employee_id,first_name,last_name,email,hire_date,manager_id\n"
        "new,New,Example,new@example.com,2027-01-04,hr"
    )
    async with database.begin() as conn:
        await insert_people(conn, now)
        result = await import_people(
            conn, lines.encode(), effective_on=now.date(), actor=BY, now=now
        )
    assert result.new == ("new",)


async def test_the_line_above_a_member_of_a_desk_is_not_changed_for_days_that_have_passed(
    database: Database, now: datetime
) -> None:
    """Else nothing would tell who was above them during a cycle."""
    async with database.begin() as conn:
        await insert_people(conn, now)
    for person, manager in ((HR, TOP), (BOSS, LEAD)):
        on = now.date() - timedelta(days=1)
        with pytest.raises(Invalid):
            async with database.begin() as conn:
                await change_manager(conn, person, manager, on, actor=SERVICE, now=now)
    async with database.begin() as conn:
        await change_manager(conn, WORKER, BOSS, date(2026, 1, 1), actor=SERVICE, now=now)


async def _told_of_lines(conn: AsyncConnection) -> dict[int, list[list[int | None]]]:
    rows = await conn.execute(
        text(
            "SELECT person_id, data -> 'lines' FROM notifications WHERE event = 'lines_changed'"
            " ORDER BY 1"
        )
    )
    return dict(rows.all())


BOTH_DESKS = [HR, ADMIN, SECOND_HR]


@pytest.mark.parametrize("actor", [SERVICE, Actor(SECOND_HR, "hr")], ids=["a script", "a member"])
@pytest.mark.parametrize("way", ["import", "change"])
@pytest.mark.parametrize(
    ("person", "manager"),
    [(HR, LEAD), (BOSS, LEAD), (WORKER, HR), (LEAD, ADMIN)],
    ids=["a member's line", "above a member", "to a member", "somebody's manager to a member"],
)
async def test_a_line_of_a_desk_that_changes_is_told_to_both_desks_whoever_changed_it(
    database: Database, now: datetime, person: int, manager: int, way: str, actor: Actor
) -> None:
    """A script has no line of its own, and whoever holds its key may sit at a desk."""
    async with database.begin() as conn:
        await insert_people(conn, now)
        managers = {person: manager, **({ADMIN: TOP} if person == LEAD else {})}
        if way == "import":
            await _import(conn, now, dict(managers), actor)
        else:
            for one, above in reversed(managers.items()):
                await change_manager(conn, one, above, now.date(), actor=actor, now=now)
        told = await _told_of_lines(conn)
    assert list(told) == BOTH_DESKS
    assert [person, manager] in told[ADMIN]


async def test_a_line_that_concerns_no_desk_is_told_to_none(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        await _import(conn, now, {WORKER: BOSS}, SERVICE)
        await record_leaving(conn, WORKER, now.date(), actor=SERVICE, now=now)
        assert await _told_of_lines(conn) == {}


async def test_nobody_stands_in_for_somebody_else_by_their_own_word(
    database: Database, now: datetime
) -> None:
    """A delegate holds the tasks of whoever is away, and gets their mail."""
    days = (now.date(), now.date() + timedelta(days=3))
    async with database.begin() as conn:
        await insert_people(conn, now)
    with pytest.raises(Invalid, match="delegate"):
        async with database.begin() as conn:
            await record_leave(conn, LEAD, *days, delegate_id=HR, actor=BY, now=now)
    async with database.begin() as conn:
        await record_leave(conn, LEAD, *days, delegate_id=WORKER, actor=BY, now=now)
        await record_leave(conn, HR, *days, delegate_id=SECOND_HR, actor=BY, now=now)
