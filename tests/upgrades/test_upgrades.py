"""A database of an earlier release with cycles under way is upgraded and lives on to its end."""

import asyncio
import gzip
import subprocess
import tarfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from activities.notifications.sender import Sender
from activities.processes import advance_cycles
from activities.turn import unwatched
from domain.access import Actor
from embedded.postgres_files import find_binaries
from play.answers import plausible
from play.mail import SETTINGS, KeepingRelay
from play.scenario import Scenario
from store.base.migrate import head, upgrade
from store.base.session import Database
from store.cycles.facts import load_cycle
from store.tasks.submitting import submit
from tests.invariants import broken
from tests.upgrades.record import RECORDED, SCHEMA

BREAKS_OFF = datetime(2027, 1, 27, 20, tzinfo=UTC)
"""Noon in Los Angeles, when the recording ends."""

pytestmark = pytest.mark.timeout(900)
RELEASES = sorted(path.name.removesuffix(".sql.gz") for path in RECORDED.glob("*.sql.gz"))


@pytest.fixture(params=RELEASES)
def left(request: pytest.FixtureRequest, owner_url: str, tmp_path: Path) -> Path:
    """The database as that release left it; the answer is the folder with its seal keys."""
    facts = gzip.decompress((RECORDED / f"{request.param}.sql.gz").read_bytes())
    psql = find_binaries(None, None).program("psql")
    subprocess.run(
        [psql, "--quiet", "-v", "ON_ERROR_STOP=1", owner_url],
        input=facts,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    keys = tmp_path / "keys"
    with tarfile.open(RECORDED / f"{request.param}-keys.tar.gz") as tar:
        tar.extractall(keys, filter="data")
    return keys


@pytest.fixture
async def upgraded(owner_url: str, left: Path) -> AsyncIterator[Database]:
    """The same after the migrations since."""
    database = Database(owner_url, schema=SCHEMA, seal_keys=left)
    before = await _counted(database)
    await asyncio.to_thread(upgrade, owner_url, SCHEMA)
    assert await _counted(database) == before
    yield database
    await database.close()


async def _counted(database: Database) -> list[tuple[object, ...]]:
    """How many tasks there are in each state, and what else must outlive an upgrade."""
    async with database.begin() as conn:
        rows = await conn.execute(
            text(
                "SELECT state, count(*) FROM tasks GROUP BY state UNION ALL "
                "SELECT 'responses', count(*) FROM responses UNION ALL "
                "SELECT 'sealed', count(*) FROM sealed_answers UNION ALL "
                "SELECT 'mails', count(*) FROM mails UNION ALL "
                "SELECT 'running', count(*) FROM processes WHERE state = 'open' ORDER BY 1"
            )
        )
        return [tuple(row) for row in rows]


async def test_a_company_in_the_middle_of_its_review_lives_on_to_the_end(
    upgraded: Database,
) -> None:
    assert dict(await _counted(upgraded))["sealed"], "raters have answered, and nobody has read it"
    await _answer(upgraded, BREAKS_OFF)
    relay = KeepingRelay(
        Scenario(scenario="after", definition="annual", launch="2027-01-12"),
        ZoneInfo("UTC"),
        BREAKS_OFF,
    )
    sender = Sender(upgraded, SETTINGS, lambda: relay)
    now: datetime | None = BREAKS_OFF
    while now is not None:
        relay.as_of = now
        wishes = await advance_cycles(upgraded, now)
        wishes.append(await sender.advance(unwatched(upgraded), now))
        due = [max(w.next_due_at, now + timedelta(seconds=1)) for w in wishes if w.next_due_at]
        now = None if await _over(upgraded) else min(due, default=None)
    await sender.close()
    async with upgraded.begin() as conn:
        assert (await conn.scalars(text("SELECT DISTINCT state FROM cycles"))).all() == ["closed"]
        live = "SELECT count(*) FROM tasks WHERE state IN ('planned', 'open')"
        assert await conn.scalar(text(live)) == 0
        assert await conn.scalar(text("SELECT count(*) FROM sealed_answers")) == 0
        assert await conn.scalar(text("SELECT count(*) FROM feedback_reports")) > 0
        assert relay.kept, "mails went on"
        # No engine writes down here what its workflows said.
        assert await broken(conn, allowed=["a closed cycle has no open process"]) == {}


async def _answer(database: Database, now: datetime) -> None:
    """Everybody who still has to write a review of themselves does so, after the upgrade."""
    async with database.begin() as conn:
        rows = await conn.execute(
            text(
                "SELECT t.id, t.cycle_id, t.assignee_id FROM tasks t JOIN stages s "
                "ON s.id = t.stage_id WHERE s.key = 'self' AND t.state = 'open'"
            )
        )
        writing = [(UUID(str(task)), cycle, person) for task, cycle, person in rows]
    assert writing
    for task, cycle_id, person in writing:
        async with database.begin() as conn:
            cycle = await load_cycle(conn, cycle_id)
            answers = plausible(cycle.definition, cycle.by_key("self").spec)
            await submit(conn, task, Actor(person, "person"), answers, now=now)


async def _over(database: Database) -> bool:
    async with database.begin() as conn:
        left = await conn.scalar(
            text(
                "SELECT EXISTS (SELECT FROM cycles WHERE state NOT IN ('closed', 'cancelled')) OR "
                "EXISTS (SELECT FROM notifications WHERE state IN ('queued', 'sending') "
                "AND NOT ride_along)"
            )
        )
    return not left


def test_the_release_before_this_one_is_recorded() -> None:
    """A migration is added only after what it starts from was recorded."""
    assert RELEASES
    assert f"{int(head()) - 1:04d}" in RELEASES
