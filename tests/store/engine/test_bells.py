"""Bells: nothing is lost, nothing rings twice for nothing, nobody waits behind a mass."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from domain.processes.mail import MAIL
from domain.progress import Progress
from store.base.session import Database
from store.engine.bells import (
    MASS,
    Lane,
    clear_stray_bells,
    give_back,
    passed_on,
    ring_overdue,
    take_bells,
)
from store.engine.processes import arm, find, ring, start
from tests.store.ringing import begin, pass_on, take, turn


async def many(database: Database, count: int, now: datetime) -> list[str]:
    """So many open processes that have advanced before."""
    async with database.begin() as conn:
        rows = await conn.execute(
            text(
                "INSERT INTO processes (id, kind, created_at, advanced_at) "
                "SELECT 'stage-' || n, 'stage', :now, :now FROM generate_series(1, :count) n "
                "RETURNING id"
            ),
            {"now": now, "count": count},
        )
        return list(rows.scalars())


async def reconcile(database: Database, now: datetime) -> int:
    async with database.begin() as conn:
        return await ring_overdue(conn, now)


async def test_a_bell_taken_by_a_relay_that_died_rings_again(
    database: Database, now: datetime
) -> None:
    await begin(database, now)
    async with database.begin() as conn:
        dying = await take_bells(conn, now, Lane.MASS, 10)
    assert [one.process.id for one in dying] == ["mail"]
    assert await take(database, now) == [], "for a while it is that relay's"
    await_end = "UPDATE bells SET taken_until = clock_timestamp() - interval '1 second'"
    async with database.begin() as conn:
        await conn.execute(text(await_end))
    assert await pass_on(database, now) == ["mail"]


async def test_two_relays_take_different_bells_and_wait_for_nobody(
    database: Database, now: datetime
) -> None:
    ids = await many(database, 30, now)
    async with database.begin() as conn:
        await ring(conn, *ids)
    async with database.begin() as one, database.begin() as other:
        first = await take_bells(one, now, Lane.MASS, 10)
        second = await take_bells(other, now, Lane.MASS, 10)
    assert len(first) == len(second) == 10
    assert not {t.process.id for t in first} & {t.process.id for t in second}


async def test_a_process_whose_row_is_held_by_somebody_keeps_nobody_waiting(
    database: Database, now: datetime
) -> None:
    ids = await many(database, 2, now)
    async with database.begin() as conn:
        await ring(conn, *ids)
    async with database.begin() as holder:
        await holder.execute(text("SELECT 1 FROM processes WHERE id = 'stage-1' FOR UPDATE"))
        assert await pass_on(database, now) == ["stage-2"]
    assert await pass_on(database, now) == ["stage-1"]


async def test_a_bell_rung_while_another_is_passed_on_is_not_deleted_with_it(
    database: Database, now: datetime
) -> None:
    await many(database, 1, now)
    async with database.begin() as conn:
        await ring(conn, "stage-1")
    taken = await take(database, now)
    async with database.begin() as conn:
        await ring(conn, "stage-1")
    async with database.begin() as conn:
        await passed_on(conn, taken, now)
    assert await pass_on(database, now) == ["stage-1"]


async def test_what_the_engine_did_not_take_rings_again_after_a_pause(
    database: Database, now: datetime
) -> None:
    await begin(database, now)
    taken = await take(database, now)
    async with database.begin() as conn:
        await give_back(conn, taken, seconds=3600)
    assert await take(database, now) == [], "others go first"
    async with database.begin() as conn:
        await give_back(conn, taken, seconds=0)
    assert await pass_on(database, now) == ["mail"]


async def test_a_busy_process_is_rung_once_a_window_and_urgent_bells_at_once(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, MAIL.id, MAIL, now=now, window_seconds=600)
    assert await pass_on(database, now) == ["mail"]
    async with database.begin() as conn:
        await ring(conn, "mail")
    assert await pass_on(database, now + timedelta(seconds=599)) == []
    assert await pass_on(database, now + timedelta(seconds=600)) == ["mail"]
    async with database.begin() as conn:
        await ring(conn, "mail", urgent=True)
    assert await pass_on(database, now + timedelta(seconds=601)) == ["mail"]


async def test_bells_of_what_has_ended_are_cleared(database: Database, now: datetime) -> None:
    await many(database, 2, now)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE processes SET state = 'closed' WHERE id = 'stage-1'"))
        await ring(conn, "stage-1", "stage-of-a-deleted-cycle")
    async with database.begin() as conn:
        assert await clear_stray_bells(conn), "there was something"
        assert not await clear_stray_bells(conn)


# --- Lanes --------------------------------------------------------------------------------------


async def test_a_persons_bell_is_in_a_lane_of_its_own_beside_a_mass(
    database: Database, now: datetime
) -> None:
    ids = await many(database, MASS + 2, now)
    async with database.begin() as conn:
        await ring(conn, *ids[1:])
    async with database.begin() as conn:
        await ring(conn, ids[0])
    async with database.begin() as conn:
        people = await take_bells(conn, now, Lane.PEOPLE, 100)
        assert [one.process.id for one in people] == [ids[0]]
        assert len(await take_bells(conn, now, Lane.MASS, 100)) == MASS + 1


async def test_in_the_lane_of_masses_transactions_take_turns(
    database: Database, now: datetime
) -> None:
    ids = await many(database, 2 * MASS + 2, now)
    for some in (ids[: MASS + 1], ids[MASS + 1 :]):
        async with database.begin() as conn:
            await ring(conn, *some)
    async with database.begin() as conn:
        await start(conn, MAIL.id, MAIL, now=now)
    async with database.begin() as conn:
        taken = await take_bells(conn, now, Lane.MASS, 3)
    assert [one.process.id for one in taken] == [ids[0], ids[MASS + 1], "mail"]


# --- The reconciler -----------------------------------------------------------------------------


async def test_what_should_have_looked_a_minute_ago_is_rung(
    database: Database, now: datetime
) -> None:
    await begin(database, now)
    await pass_on(database, now)
    await turn(database, Progress(next_due_at=now + timedelta(hours=1)), now)
    assert await reconcile(database, now + timedelta(minutes=60)) == 0
    assert await reconcile(database, now + timedelta(minutes=62)) == 1
    assert await reconcile(database, now + timedelta(minutes=62)) == 0, "one bell is enough"


@pytest.mark.parametrize("armed", [None, timedelta(days=3)])
async def test_what_was_rung_and_not_advanced_for_a_minute_is_rung_whatever_is_armed(
    database: Database, now: datetime, armed: timedelta | None
) -> None:
    await begin(database, now)
    await pass_on(database, now)
    await turn(database, Progress(next_due_at=None if armed is None else now + armed), now)
    assert await reconcile(database, now + timedelta(hours=1)) == 0, "it sleeps as it should"
    async with database.begin() as conn:
        await ring(conn, "mail")
    at = now + timedelta(hours=2)
    assert await pass_on(database, at) == ["mail"]  # and the engine loses it
    assert await reconcile(database, at + timedelta(seconds=59)) == 0
    assert await reconcile(database, at + timedelta(seconds=61)) == 1


async def test_a_bell_passed_on_during_a_turn_is_not_taken_for_heard(
    database: Database, now: datetime
) -> None:
    await begin(database, now)
    await pass_on(database, now)
    async with database.begin() as conn:
        process = await find(conn, "mail")
        assert process is not None
        await ring(conn, "mail")
    assert await pass_on(database, now) == ["mail"]
    async with database.begin() as conn:
        await arm(conn, "mail", Progress(), now, "run", heard=process.unheard)
    assert await reconcile(database, now + timedelta(seconds=61)) == 1


async def test_what_goes_on_not_looking_is_rung_less_and_less_often(
    database: Database, now: datetime
) -> None:
    """Each ring makes the history longer of a process whose turn fails for weeks."""
    await begin(database, now)
    await pass_on(database, now)
    rung = []
    for minute in range(1, 12 * 60):
        at = now + timedelta(minutes=minute, seconds=1)
        if await reconcile(database, at):
            rung.append(minute)
            await pass_on(database, at)
    gaps = [later - earlier for earlier, later in pairwise(rung)]
    assert rung[0] == 1
    assert gaps == sorted(gaps)
    assert 55 <= gaps[-1] <= 65, "and never less often than once an hour"
    assert len(rung) < 25
