"""Sessions: who is signed in, in which roles today; signing out here and everywhere."""

from datetime import datetime, timedelta

from sqlalchemy import text

from domain.access import AccessRole, Level
from store.access.sessions import (
    LIFETIMES,
    create_session,
    find_session,
    list_sessions,
    revoke_all,
    revoke_session,
    revoke_token,
)
from store.base.session import Database
from tests.store.people_rows import ADMIN, HR, LEAD, WORKER, insert_people


async def test_a_session_tells_roles_and_zone_of_today(database: Database, now: datetime) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        roles = {}
        for person in (WORKER, LEAD, HR, ADMIN):
            found = await find_session(conn, await create_session(conn, person, now), now)
            assert found is not None
            roles[person] = found.roles - {AccessRole.PARTICIPANT}
            assert found.zone == "America/Los_Angeles"
    assert roles == {
        WORKER: set(),
        LEAD: {AccessRole.MANAGER},
        HR: {AccessRole.HR},
        ADMIN: {AccessRole.ADMINISTRATOR},
    }


async def test_sessions_end_with_time_with_leaving_and_by_signing_out(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        token = await create_session(conn, WORKER, now)
        other = await create_session(conn, WORKER, now)
        assert await find_session(conn, token, now + LIFETIMES[Level.FULL]) is None
        await revoke_token(conn, token, now)
        assert await find_session(conn, token, now) is None
        assert await find_session(conn, other, now) is not None
        await conn.execute(text("UPDATE people SET status = 'left' WHERE id = :id"), {"id": WORKER})
        assert await find_session(conn, other, now) is None


async def test_signing_out_everywhere_ends_every_session_of_that_person_only(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        tokens = [await create_session(conn, WORKER, now) for _ in range(3)]
        bystander = await create_session(conn, LEAD, now)
        listed = await list_sessions(conn, WORKER, now, tokens[0])
        assert [session.current for session in listed].count(True) == 1
        assert not await revoke_session(conn, LEAD, listed[0].id, now)
        assert await revoke_session(conn, WORKER, listed[0].id, now)
        assert await revoke_all(conn, WORKER, now) == 2
        assert [await find_session(conn, token, now) for token in tokens] == [None] * 3
        assert await find_session(conn, bystander, now) is not None


async def test_when_a_browser_was_seen_is_written_down_now_and_then(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
        token = await create_session(conn, WORKER, now)
        seen = []
        for minutes in (1, 7):
            await find_session(conn, token, now + timedelta(minutes=minutes))
            seen.append((await list_sessions(conn, WORKER, now, token))[0].seen_at)
    assert seen == [now, now + timedelta(minutes=7)]
