"""Bells and processes: nothing is lost, nothing rings twice for nothing."""

from datetime import datetime, timedelta

from domain.progress import Progress
from domain.states import ProcessKind
from store.processes import (
    arm,
    claim_bells,
    mark_rung,
    ring,
    ring_before,
    ring_overdue,
    start,
    window_for,
)
from store.session import Database


async def test_starting_a_process_twice_makes_one_row_and_it_is_claimed_once(
    database: Database, now: datetime
) -> None:
    for _ in range(2):
        async with database.begin() as conn:
            await start(conn, "mail", ProcessKind.MAIL, now=now)
    async with database.begin() as conn:
        claimed = await claim_bells(conn, now)
        assert [p.id for p in claimed] == ["mail"]
    async with database.begin() as conn:
        assert await claim_bells(conn, now) == []


async def test_a_bell_claimed_by_a_relay_that_died_rings_again(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, "mail", ProcessKind.MAIL, now=now)
    async with database.engine.connect() as dying, dying.begin() as transaction:
        assert len(await claim_bells(dying, now)) == 1
        async with database.begin() as other:
            assert await claim_bells(other, now) == [], "a second relay waits for nobody"
        await transaction.rollback()
    async with database.begin() as conn:
        assert len(await claim_bells(conn, now)) == 1


async def test_a_busy_process_is_rung_once_a_window_and_urgent_bells_at_once(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, "mail", ProcessKind.MAIL, now=now, window_seconds=600)
        assert len(await claim_bells(conn, now)) == 1
        await mark_rung(conn, ["mail"], now)
        await ring(conn, "mail")
        assert await claim_bells(conn, now + timedelta(seconds=599)) == []
        assert len(await claim_bells(conn, now + timedelta(seconds=600))) == 1
        await mark_rung(conn, ["mail"], now + timedelta(seconds=600))
        await ring(conn, "mail", urgent=True)
        assert len(await claim_bells(conn, now + timedelta(seconds=601))) == 1


async def test_the_reconciler_rings_what_should_have_looked_a_minute_ago(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, "mail", ProcessKind.MAIL, now=now)
        await claim_bells(conn, now)
        await arm(conn, "mail", Progress(next_due_at=now + timedelta(hours=1)), now, "run")
        assert await ring_overdue(conn, now + timedelta(minutes=60)) == 0
        assert await ring_overdue(conn, now + timedelta(minutes=62)) == 1
        assert await ring_overdue(conn, now + timedelta(minutes=62)) == 0, "one bell is enough"


async def test_a_process_is_rung_only_for_an_instant_before_the_armed_one(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, "mail", ProcessKind.MAIL, now=now)
        await claim_bells(conn, now)
        await arm(conn, "mail", Progress(next_due_at=now + timedelta(hours=1)), now, "run")
        await ring_before(conn, "mail", now + timedelta(hours=2))
        assert await claim_bells(conn, now) == []
        await ring_before(conn, "mail", now + timedelta(minutes=30))
        assert len(await claim_bells(conn, now)) == 1


async def test_a_process_that_closes_while_a_bell_waits_stays_open(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await start(conn, "mail", ProcessKind.MAIL, now=now)
        await arm(conn, "mail", Progress(closed=True), now, "run")
        assert len(await claim_bells(conn, now)) == 1
        await arm(conn, "mail", Progress(closed=True), now, "run")
        await ring(conn, "mail")
        assert await claim_bells(conn, now) == [], "closed and nothing was waiting"


def test_the_window_grows_with_the_company_and_ends_at_a_quarter_of_an_hour() -> None:
    assert window_for(107) == 0
    assert window_for(1_000) == 100
    assert window_for(10_000) == window_for(100_000) == 900
