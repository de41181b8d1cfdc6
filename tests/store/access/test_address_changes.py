"""Who changes an address does not become its owner: by import, by page, twice, back, or swapped."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import SERVICE, AccessRole, Actor, Reader
from domain.errors import Forbidden, IllegalState, Invalid
from domain.notifications import Event
from store.access.address_changes import (
    HOLD,
    by_token,
    confirm_address,
    confirm_on_the_machine,
    held_addresses,
    object_to_address,
    vouch,
)
from store.access.links import LinkPurpose, LinkState, create_link, find_link
from store.access.sessions import create_session, find_session
from store.base.session import Database
from store.changes.people_import import import_people
from store.mail.refused_addresses import mend_address
from tests.store.people_rows import ADMIN, HR, LEAD, NAMES, SECOND_HR, WORKER, insert_people

BY_HR = Actor(SECOND_HR, "hr")
ADDRESSES = {name: f"{name}@example.com" for name in NAMES}


async def _company(conn: AsyncConnection, now: datetime) -> None:
    """Everybody has signed in before: nobody's address may be replaced at once."""
    await insert_people(conn, now)
    await conn.execute(text("UPDATE people SET signed_in = true"))


async def _import(
    conn: AsyncConnection,
    now: datetime,
    changes: Mapping[str, str],
    *,
    actor: Actor = BY_HR,
    new: Mapping[str, str] | None = None,
) -> None:
    """Import everybody, with other addresses for some, and newcomers."""
    lines = ["employee_id,first_name,last_name,email,hire_date"]
    everybody = {**ADDRESSES, **changes, **(new or {})}
    lines += [f"{n},{n.title()},Example,{a},2020-01-01" for n, a in everybody.items()]
    data = "\n".join(lines).encode()
    await import_people(conn, data, effective_on=now.date(), actor=actor, now=now)


async def _link(
    conn: AsyncConnection, person: int, now: datetime, purpose: str = "sign_in", target: str = "/"
) -> str:
    return await create_link(
        conn,
        person_id=person,
        purpose=purpose,
        task_id=None,
        target=target,
        now=now,
        lifetime=timedelta(days=30),
    )


async def _old_link(conn: AsyncConnection, person: int, now: datetime) -> str:
    """The link of the mail to the old address, as the sender makes it."""
    change = await conn.scalar(
        text(
            "SELECT data ->> 'change' FROM notifications WHERE event = 'address_changed'"
            " AND person_id = :id ORDER BY id DESC LIMIT 1"
        ),
        {"id": person},
    )
    return await _link(conn, person, now, LinkPurpose.ADDRESS, f"/address/{change}")


async def _signs_in(conn: AsyncConnection, person: int, now: datetime) -> LinkState:
    """What a link says that is asked for at the present address."""
    return (await find_link(conn, await _link(conn, person, now), now)).state


async def _told_at(conn: AsyncConnection, person: int) -> list[str]:
    rows = await conn.execute(
        text(
            "SELECT a.old_address FROM notifications n JOIN address_changes a"
            " ON a.id = CAST(n.data ->> 'change' AS bigint)"
            " WHERE n.event = 'address_changed' AND n.person_id = :id ORDER BY n.id"
        ),
        {"id": person},
    )
    return list(rows.scalars())


async def _email(conn: AsyncConnection, person: int) -> str:
    return str(await conn.scalar(text("SELECT email FROM people WHERE id = :id"), {"id": person}))


@pytest.mark.parametrize("actor", [BY_HR, Actor(ADMIN, "administrator"), SERVICE])
async def test_a_changed_address_signs_nobody_in_for_72_hours(
    database: Database, now: datetime, actor: Actor
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        session = await create_session(conn, WORKER, now)
        link = await _link(conn, WORKER, now, "task")
        await _import(conn, now, {"worker": "thief@example.com"}, actor=actor)
        assert await find_session(conn, session, now) is None
        assert (await find_link(conn, link, now)).state is LinkState.REVOKED
        assert await _told_at(conn, WORKER) == ["worker@example.com"]
        for purpose in ("sign_in", "task"):
            fresh = await _link(conn, WORKER, now, purpose)
            for after in (timedelta(0), HOLD - timedelta(seconds=1)):
                found = await find_link(conn, fresh, now + after)
                assert (found.state, found.held_until) == (LinkState.HELD, now + HOLD)
            assert (await find_link(conn, fresh, now + HOLD)).state is LinkState.VALID
        actions = await conn.execute(
            text("SELECT action, object_id, before, after FROM audit WHERE object_type = 'person'")
        )
        assert [tuple(row) for row in actions] == [("address_changed", str(WORKER), {}, {})]


async def test_changed_back_within_72_hours_it_is_the_owners_again(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "thief@example.com"})
        stolen = await _link(conn, WORKER, now, "task")
        later = now + timedelta(hours=1)
        await _import(conn, later, {})
        assert (await find_link(conn, stolen, later)).state is LinkState.REVOKED
        assert await _signs_in(conn, WORKER, later) is LinkState.VALID
        assert await held_addresses(conn, later) == []
        states = await conn.execute(text("SELECT state FROM address_changes"))
        assert list(states.scalars()) == ["reverted"]


async def test_changed_twice_the_first_owner_is_asked_and_time_begins_anew(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "one@example.com"})
        later = now + HOLD - timedelta(minutes=1)
        await _import(conn, later, {"worker": "two@example.com"})
        assert await _told_at(conn, WORKER) == ["worker@example.com"] * 2
        assert await _signs_in(conn, WORKER, now + HOLD) is LinkState.HELD
        assert await _signs_in(conn, WORKER, later + HOLD) is LinkState.VALID
        # What nobody objected to in time counts: from now on that owner is asked.
        await _import(conn, later + HOLD, {"worker": "three@example.com"})
        assert (await _told_at(conn, WORKER))[-1] == "two@example.com"


async def test_an_address_put_there_meanwhile_and_refused_is_not_replaced_at_once(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "bounces@example.com"})
        await conn.execute(
            text("UPDATE people SET address_refused_at = :now WHERE id = :id"),
            {"now": now, "id": WORKER},
        )
        later = now + timedelta(hours=1)
        await mend_address(conn, WORKER, "thief@example.com", BY_HR, later)
        assert await _signs_in(conn, WORKER, now + HOLD) is LinkState.HELD
        assert await _told_at(conn, WORKER) == ["worker@example.com"] * 2


@pytest.mark.parametrize("reason", ["refused", "never signed in"])
async def test_an_address_that_was_refused_or_never_used_is_replaced_at_once(
    database: Database, now: datetime, reason: str
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await conn.execute(
            text(
                "UPDATE people SET address_refused_at = :now WHERE id = :id"
                if reason == "refused"
                else "UPDATE people SET signed_in = (CAST(:now AS timestamptz) IS NULL)"
                " WHERE id = :id"
            ),
            {"now": now, "id": WORKER},
        )
        old = await _link(conn, WORKER, now)
        await _import(conn, now, {"worker": "right@example.com"})
        assert await _signs_in(conn, WORKER, now) is LinkState.VALID
        assert (await find_link(conn, old, now)).state is LinkState.REVOKED
        assert await _told_at(conn, WORKER) == []


async def test_two_who_swap_addresses_are_not_told_at_each_others_and_time_does_not_help(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        swap = {"worker": ADDRESSES["lead"], "lead": ADDRESSES["worker"]}
        await _import(conn, now, swap)
        for person in (WORKER, LEAD):
            assert await _told_at(conn, person) == []
            assert await _signs_in(conn, person, now + 20 * HOLD) is LinkState.HELD


async def test_a_newcomer_with_the_old_address_is_not_told_for_its_former_owner(
    database: Database, now: datetime
) -> None:
    """Else an accomplice who is hired with it could confirm."""
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(
            conn,
            now,
            {"worker": "thief@example.com"},
            new={"accomplice": ADDRESSES["worker"]},
        )
        assert await _told_at(conn, WORKER) == []
        assert await _signs_in(conn, WORKER, now + 20 * HOLD) is LinkState.HELD


async def test_letter_case_is_no_change(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        session = await create_session(conn, WORKER, now)
        await _import(conn, now, {"worker": "Worker@Example.com"})
        assert await find_session(conn, session, now) is not None
        assert await held_addresses(conn, now) == []


async def test_the_owner_of_the_old_address_confirms_the_new_one(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "new@example.com"})
        token = await _old_link(conn, WORKER, now)
        assert await by_token(conn, token, now) is not None  # looking changes nothing
        assert await _signs_in(conn, WORKER, now) is LinkState.HELD
        await confirm_address(conn, token, now)
        assert await _signs_in(conn, WORKER, now) is LinkState.VALID
        with pytest.raises(IllegalState):
            await object_to_address(conn, token, now)


@pytest.mark.parametrize("after", [timedelta(hours=1), 2 * HOLD])
async def test_the_owner_of_the_old_address_takes_the_change_back_also_later(
    database: Database, now: datetime, after: timedelta
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "thief@example.com"})
        token = await _old_link(conn, WORKER, now)
        later = now + after
        thief = await create_session(conn, WORKER, later)
        stolen = await _link(conn, WORKER, later)
        await object_to_address(conn, token, later)
        assert await _email(conn, WORKER) == "worker@example.com"
        assert await find_session(conn, thief, later) is None
        assert (await find_link(conn, stolen, later)).state is LinkState.REVOKED
        told = await conn.execute(
            text("SELECT person_id FROM notifications WHERE event = :event ORDER BY 1"),
            {"event": Event.ADDRESS_OBJECTED},
        )
        assert list(told.scalars()) == [HR, ADMIN, SECOND_HR]
        # The same address again: time alone does not let it in any more.
        await _import(conn, later, {"worker": "thief@example.com"})
        assert await _signs_in(conn, WORKER, later + 20 * HOLD) is LinkState.HELD


async def test_the_link_of_the_mail_to_the_old_address_signs_nobody_in(
    database: Database, now: datetime
) -> None:
    from store.access.links import use_link

    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "new@example.com"})
        token = await _old_link(conn, WORKER, now)
        assert (await use_link(conn, token, now)).state is LinkState.UNKNOWN


def _reader(person: int, role: AccessRole, line: tuple[int, ...] = ()) -> Reader:
    return Reader(person, frozenset({role}), frozenset(line))


async def test_a_second_member_of_a_desk_stands_for_a_changed_address(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "new@example.com"})
        change = (await held_addresses(conn, now))[0]
        for reader in (
            _reader(SECOND_HR, AccessRole.HR),  # who changed it
            _reader(WORKER, AccessRole.HR),  # whose it is
            _reader(ADMIN, AccessRole.ADMINISTRATOR, (WORKER,)),  # who reports to them
            _reader(LEAD, AccessRole.MANAGER),
            Reader(None, service=True),
        ):
            with pytest.raises(Forbidden):
                await vouch(conn, change.id, reader, Actor(reader.person_id, "hr"), now)
        assert await vouch(conn, change.id, _reader(HR, AccessRole.HR), Actor(HR, "hr"), now)
        assert await _signs_in(conn, WORKER, now) is LinkState.VALID


async def test_what_a_script_changed_needs_two_members_of_desks(
    database: Database, now: datetime
) -> None:
    """Whoever holds the service key may well be one of them."""
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": "new@example.com"}, actor=SERVICE)
        change = (await held_addresses(conn, now))[0].id
        admin = _reader(ADMIN, AccessRole.ADMINISTRATOR)
        assert not await vouch(conn, change, admin, Actor(ADMIN, "administrator"), now)
        with pytest.raises(Forbidden):
            await vouch(conn, change, admin, Actor(ADMIN, "administrator"), now)
        assert await _signs_in(conn, WORKER, now) is LinkState.HELD
        assert await vouch(conn, change, _reader(HR, AccessRole.HR), Actor(HR, "hr"), now)
        assert await _signs_in(conn, WORKER, now) is LinkState.VALID


async def test_on_the_machine_an_address_is_confirmed_and_it_is_written_down(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await _import(conn, now, {"worker": ADDRESSES["lead"], "lead": "new@example.com"})
        await confirm_on_the_machine(conn, "worker", SERVICE, now)
        assert await _signs_in(conn, WORKER, now) is LinkState.VALID
        rows = await conn.execute(
            text("SELECT object_id FROM audit WHERE action = 'address_vouched'")
        )
        assert list(rows.scalars()) == [str(WORKER)]


@pytest.mark.parametrize(
    ("who", "address"),
    [("secondhr", "mine@example.com"), ("worker", ADDRESSES["hr"])],
    ids=["own record", "a desk's address to somebody else"],
)
async def test_nobody_changes_their_own_address_nor_gives_a_desk_away_by_one(
    database: Database, now: datetime, who: str, address: str
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
    changes = {who: address}
    if who == "worker":
        changes["hr"] = ADDRESSES["worker"]  # swapped: an accomplice would sit at the desk
    with pytest.raises(Invalid) as refused:
        async with database.begin() as conn:
            await _import(conn, now, changes)
    assert all(
        problem["column"] == "email" and problem["row"] for problem in refused.value.problems
    )
    async with database.begin() as conn:
        assert await _email(conn, HR) == "hr@example.com"
        assert await held_addresses(conn, now) == []


async def test_a_desks_address_that_was_somebodys_passes_to_no_newcomer(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        await conn.execute(
            text("UPDATE people SET status = 'left', email = 'left-hr@invalid' WHERE id = :id"),
            {"id": HR},
        )
        await conn.execute(
            text(
                "INSERT INTO address_changes (person_id, old_address, new_address, changed_at,"
                " changed_by_kind, state) VALUES (:id, 'hr@example.com', 'left-hr@invalid', :now,"
                " 'service', 'at_once')"
            ),
            {"id": HR, "now": now},
        )
    lines = (
        "employee_id,first_name,last_name,email,hire_date\n"
        "new,New,Example,HR@example.com,2026-01-01"
    )
    with pytest.raises(Invalid, match="desk"):
        async with database.begin() as conn:
            await import_people(
                conn, lines.encode(), effective_on=now.date(), actor=SERVICE, now=now
            )


async def test_a_members_address_changes_when_both_stand_in_the_company_file(
    database: Database, now: datetime
) -> None:
    """And it counts when somebody has stood for it: time alone does not make a member."""
    async with database.begin() as conn:
        await _company(conn, now)
        await conn.execute(
            text(
                "UPDATE company_settings SET content = jsonb_set(content, '{hr}',"
                ' \'["hr@example.com", "hr.new@example.com", "secondhr@example.com"]\')'
            )
        )
        await _import(conn, now, {"hr": "hr.new@example.com"})
        assert await _signs_in(conn, HR, now + 20 * HOLD) is LinkState.HELD
        assert await _told_at(conn, HR) == ["hr@example.com"]


async def test_a_leaver_who_is_back_with_another_address_does_not_sign_in_at_once(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await _company(conn, now)
        old = await _link(conn, WORKER, now, "task")
        await conn.execute(text("UPDATE people SET status = 'left' WHERE id = :id"), {"id": WORKER})
        await _import(conn, now, {"worker": "thief@example.com"})
        assert await _signs_in(conn, WORKER, now) is LinkState.HELD
        assert (await find_link(conn, old, now)).state is LinkState.REVOKED
        actions = await conn.execute(text("SELECT action FROM audit WHERE object_id = '5'"))
        assert sorted(actions.scalars()) == ["address_changed", "status_changed"]
