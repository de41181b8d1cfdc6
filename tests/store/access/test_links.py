"""Mailed links: bound, expiring, revocable; looking changes nothing."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from store.access.links import (
    LinkState,
    NewLink,
    create_link,
    create_links,
    find_link,
    is_local_path,
    revoke_for_person,
    use_link,
)
from store.base.session import Database
from tests.store.people_rows import WORKER, insert_people

HOUR = timedelta(hours=1)


async def _link(database: Database, now: datetime, purpose: str = "sign_in") -> str:
    async with database.begin() as conn:
        await insert_people(conn, now)
        return await create_link(
            conn,
            person_id=WORKER,
            purpose=purpose,
            task_id=None,
            target="/tasks",
            now=now,
            lifetime=HOUR,
        )


async def test_only_the_hash_of_a_token_is_stored(database: Database, now: datetime) -> None:
    token = await _link(database, now)
    async with database.begin() as conn:
        row = (await conn.execute(text("SELECT * FROM links"))).one()
    assert len(row.token_hash) == 32
    assert token not in str(row)


@pytest.mark.parametrize(
    ("purpose", "second"), [("task", LinkState.VALID), ("sign_in", LinkState.USED)]
)
async def test_looking_changes_nothing_and_the_link_of_a_task_may_be_used_again(
    database: Database, now: datetime, purpose: str, second: LinkState
) -> None:
    token = await _link(database, now, purpose)
    async with database.begin() as conn:
        found = await find_link(conn, token, now)
        assert (found.state, found.person_id, found.target) == (LinkState.VALID, WORKER, "/tasks")
        assert await conn.scalar(text("SELECT used_at FROM links")) is None
        for minutes, state in ((1, LinkState.VALID), (2, second)):
            used = await use_link(conn, token, now + timedelta(minutes=minutes))
            assert used.state is state


async def test_links_expire_and_are_revoked(database: Database, now: datetime) -> None:
    token = await _link(database, now)
    async with database.begin() as conn:
        assert (await use_link(conn, token, now + HOUR)).state is LinkState.EXPIRED
        assert (await find_link(conn, "somethingelse", now)).state is LinkState.UNKNOWN
        assert await revoke_for_person(conn, WORKER, now) == 1
        assert (await use_link(conn, token, now)).state is LinkState.REVOKED


async def test_links_of_people_who_left_are_revoked(database: Database, now: datetime) -> None:
    token = await _link(database, now)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE people SET status = 'left' WHERE id = :id"), {"id": WORKER})
        assert (await use_link(conn, token, now)).state is LinkState.REVOKED


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "tasks", "/a\nb", ""]
)
async def test_a_link_never_leads_to_another_site(
    database: Database, now: datetime, target: str
) -> None:
    assert not is_local_path(target)
    async with database.begin() as conn:
        with pytest.raises(ValueError, match="path of this site"):
            await create_links(conn, [NewLink(WORKER, "sign_in", target)], now=now, lifetime=HOUR)
