"""When a stage looks again, to the second; and that a full chunk is not taken for the last one."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities import stages
from activities.stages import advance_stage, next_instant, work
from activities.turn import unwatched
from domain.progress import Progress
from store.base.halving import CHUNK
from store.base.session import Database
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.tasks.late_joiners import entry_until
from tests.store.running import LAUNCHED, launched, published, utc

SECOND = timedelta(seconds=1)
CLOSES = utc(2, 20)


async def stage_of(conn: AsyncConnection, cycle_id: UUID) -> tuple[CycleFacts, StageFacts]:
    cycle = await load_cycle(conn, cycle_id)
    return cycle, cycle.by_key("self")


@pytest.fixture
async def cycle_id(demo: Database) -> UUID:
    """A cycle whose first stage has open tasks without rungs, all of which close at one instant."""
    cycle = await launched(demo, await published(demo))
    async with demo.begin() as conn:
        await conn.execute(
            text(
                "UPDATE tasks SET state = 'open', next_rung = NULL, "
                "next_rung_at = NULL, closes_at = :at"
            ),
            {"at": CLOSES},
        )
    return cycle


async def armed(database: Database, cycle_id: UUID, as_of: datetime) -> Progress:
    async with database.begin() as conn:
        return await next_instant(conn, *await stage_of(conn, cycle_id), as_of)


async def test_it_looks_in_the_second_after_a_close(demo: Database, cycle_id: UUID) -> None:
    """23:59:59 belongs to the day: at that instant nothing has closed yet."""
    async with demo.begin() as conn:
        until = await entry_until(conn, (await stage_of(conn, cycle_id))[0])
    assert until is not None
    progress = await armed(demo, cycle_id, until + SECOND)
    assert (progress.next_due_at, progress.waits_for) == (CLOSES + SECOND, "close")


async def test_it_looks_in_the_second_after_the_last_entry(demo: Database, cycle_id: UUID) -> None:
    async with demo.begin() as conn:
        until = await entry_until(conn, (await stage_of(conn, cycle_id))[0])
        await conn.execute(text("UPDATE tasks SET closes_at = NULL"))
    assert until is not None
    last = await armed(demo, cycle_id, until)
    assert (last.next_due_at, last.waits_for) == (until + SECOND, "entry")
    assert (await armed(demo, cycle_id, until + SECOND)).waits_for == "people"


async def test_a_launch_to_come_is_waited_for_and_one_that_has_come_is_not(
    demo: Database, cycle_id: UUID
) -> None:
    async with demo.begin() as conn:
        cycle, stage = await stage_of(conn, cycle_id)
        opens = replace(cycle, opened_at=LAUNCHED)
        before = await next_instant(conn, opens, stage, LAUNCHED - SECOND)
        then = await next_instant(conn, opens, stage, LAUNCHED)
    assert (before.next_due_at, before.waits_for) == (LAUNCHED, "opening")
    assert then.waits_for != "opening"


async def test_a_stage_opens_at_the_instant_of_the_launch_not_before(
    demo: Database, cycle_id: UUID
) -> None:
    for as_of, state in ((LAUNCHED - SECOND, "waiting"), (LAUNCHED, "open")):
        async with demo.begin() as conn:
            await conn.execute(text("UPDATE stages SET state = 'waiting', opened_at = NULL"))
            cycle, stage = await stage_of(conn, cycle_id)
            await stages.note_opened(conn, replace(cycle, opened_at=LAUNCHED), stage, as_of)
            found = await conn.scalar(text("SELECT state FROM stages WHERE key = 'self'"))
        assert found == state


class Steps:
    """Steps of a turn that find so many rows."""

    def __init__(self, *found: int) -> None:
        self.found = list(found)
        self.taken = 0

    async def __call__(self, *_: object) -> int:
        self.taken += 1
        return self.found.pop(0) if self.found else 0


async def test_a_full_chunk_ends_the_transaction(demo: Database, cycle_id: UUID) -> None:
    """What it holds is let go, and the turn goes on with the next chunk."""
    first, second = Steps(CHUNK), Steps(1)
    async with demo.begin() as conn:
        facts = await stage_of(conn, cycle_id)
        left = await work(conn, *facts, LAUNCHED, set(), [first, second])
    assert (left, first.taken, second.taken) == (CHUNK, 1, 0)


async def test_a_question_that_reads_everybody_is_asked_until_it_finds_less_than_a_chunk(
    demo: Database, cycle_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = Steps(CHUNK, CHUNK - 1, 0)
    monkeypatch.setattr(stages, "ASKS_EVERYBODY", (asks,))
    passed: set[stages.Step] = set()
    async with demo.begin() as conn:
        facts = await stage_of(conn, cycle_id)
        for _ in range(3):
            await work(conn, *facts, LAUNCHED, passed, [asks])
    assert asks.taken == 2


@pytest.mark.parametrize(
    ("step", "state"), [("cancel_all", "cancelled"), ("work", "open")], ids=["cancelled", "open"]
)
async def test_a_turn_goes_on_after_a_full_chunk(
    demo: Database, cycle_id: UUID, monkeypatch: pytest.MonkeyPatch, step: str, state: str
) -> None:
    chunks = Steps(CHUNK, 0)

    async def counted(*_: object, **__: object) -> int:
        return await chunks()

    monkeypatch.setattr(stages, step, counted)
    async with demo.begin() as conn:
        await conn.execute(text("UPDATE cycles SET state = :state"), {"state": state})
        _, stage = await stage_of(conn, cycle_id)
    await advance_stage(unwatched(demo), cycle_id, stage.id, LAUNCHED)
    assert chunks.taken == 2
