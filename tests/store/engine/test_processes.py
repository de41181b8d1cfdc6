"""Processes: started once, rung where it matters, closed only when no bell is waiting."""

from datetime import datetime, timedelta

from sqlalchemy import text

from domain.processes.stage import STAGE
from domain.progress import Progress
from store.base.session import Database
from store.engine.bells import passed_on
from store.engine.processes import arm, find, ring, ring_before, start, window_for
from tests.store.ringing import begin, pass_on, take, turn


async def test_starting_a_process_twice_makes_one_row_and_it_is_rung_once(
    database: Database, now: datetime
) -> None:
    for _ in range(2):
        await begin(database, now)
    assert await pass_on(database, now) == ["mail"]
    assert await pass_on(database, now) == []


async def test_a_process_is_rung_only_for_an_instant_before_the_armed_one(
    database: Database, now: datetime
) -> None:
    await begin(database, now)
    await pass_on(database, now)
    await turn(database, Progress(next_due_at=now + timedelta(hours=1)), now)
    async with database.begin() as conn:
        await ring_before(conn, "mail", now + timedelta(hours=2))
    assert await pass_on(database, now) == []
    async with database.begin() as conn:
        await ring_before(conn, "mail", now + timedelta(minutes=30))
    assert await pass_on(database, now) == ["mail"]


async def test_a_process_that_closes_while_a_bell_waits_stays_open(
    database: Database, now: datetime
) -> None:
    await begin(database, now)
    await pass_on(database, now)
    await turn(database, Progress(closed=True), now, during="mail")
    assert await pass_on(database, now) == ["mail"]
    await turn(database, Progress(closed=True), now)
    async with database.begin() as conn:
        await ring(conn, "mail")
    assert await pass_on(database, now) == [], "closed and nothing was waiting"


async def test_a_process_closes_although_the_bell_of_its_turn_is_not_deleted_yet(
    database: Database, now: datetime
) -> None:
    """The engine is as quick as that: its turn is over before the relay has tidied up."""
    await begin(database, now)
    taken = await take(database, now)
    await turn(database, Progress(closed=True), now)
    async with database.begin() as conn:
        await passed_on(conn, taken, now)
        state = await conn.scalar(text("SELECT state FROM processes WHERE id = 'mail'"))
    assert state == "closed"


async def test_a_process_that_closes_while_a_bell_is_passed_on_stays_open(
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
        closed = Progress(closed=True)
        await arm(conn, "mail", closed, now, "run", heard=process.unheard)
        state = await conn.scalar(text("SELECT state FROM processes WHERE id = 'mail'"))
    assert state == "open"


def test_the_window_grows_with_the_company_and_ends_at_a_quarter_of_an_hour() -> None:
    assert window_for(107) == 0
    assert window_for(1_000) == 100
    assert window_for(10_000) == window_for(100_000) == 900


async def test_a_process_carries_whom_it_is_about_and_what_it_is_to_do(
    demo: Database, now: datetime
) -> None:
    """What began it stays: a second start of the same process changes neither."""
    async with demo.begin() as conn:
        [person, other] = (await conn.scalars(text("SELECT id FROM people LIMIT 2"))).all()
        begun_with = {"until": "2027-06-30"}
        await start(conn, "stage-1", STAGE, subject_id=person, argument=begun_with, now=now)
        await start(conn, "stage-1", STAGE, subject_id=other, argument={}, now=now)
        found = await find(conn, "stage-1")
    assert found is not None
    assert (found.subject_id, found.argument) == (person, {"until": "2027-06-30"})
