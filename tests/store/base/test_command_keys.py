"""Idempotency keys: one effect and one answer, however often and however fast they come."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from domain.errors import IllegalState, Invalid, KeyReused
from store.base.command_keys import KEPT, Answer, fingerprint, forget_old, run_once
from store.base.session import Database

PRINT = fingerprint("POST", "/api/x", b"{}")


async def _effects(database: Database) -> int:
    async with database.begin() as conn:
        return int(await conn.scalar(text("SELECT count(*) FROM bells")) or 0)


async def _command(
    database: Database, now: datetime, key: str = "k", print_: str = PRINT
) -> Answer:
    async with database.begin() as conn:

        async def effect() -> Answer:
            await conn.execute(text("INSERT INTO bells (process_id) VALUES ('p')"))
            await asyncio.sleep(0.02)
            number = await conn.scalar(text("SELECT max(id) FROM bells"))
            return 201, {"number": number}

        return await run_once(conn, "person:1", key, print_, now, effect)


async def test_twenty_at_once_have_one_effect_and_the_same_answer(
    database: Database, now: datetime
) -> None:
    answers = await asyncio.gather(*(_command(database, now) for _ in range(20)))
    assert await _effects(database) == 1
    assert len({str(answer) for answer in answers}) == 1
    assert answers[0][0] == 201


async def test_another_request_under_the_same_key_is_refused(
    database: Database, now: datetime
) -> None:
    await _command(database, now)
    with pytest.raises(KeyReused):
        await _command(database, now, print_=fingerprint("POST", "/api/x", b'{"a":1}'))
    assert await _effects(database) == 1


async def test_a_command_that_failed_may_be_tried_again(database: Database, now: datetime) -> None:
    async def refuse() -> Answer:
        raise IllegalState("not now")

    with pytest.raises(IllegalState):
        async with database.begin() as conn:
            await run_once(conn, "person:1", "k", PRINT, now, refuse)
    assert (await _command(database, now))[0] == 201


async def test_keys_are_forgotten_after_a_week(database: Database, now: datetime) -> None:
    first = await _command(database, now)
    assert await _command(database, now + KEPT - timedelta(seconds=1)) == first
    assert await _command(database, now + KEPT + timedelta(seconds=1)) != first
    async with database.begin() as conn:
        assert await forget_old(conn, now + 3 * KEPT) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
async def test_an_unusable_key_is_refused(database: Database, now: datetime, key: str) -> None:
    with pytest.raises(Invalid):
        await _command(database, now, key=key)
