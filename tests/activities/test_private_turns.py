"""What a turn did is told in histories, but nothing of a process whose numbers are private."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities import processes
from activities.engine import Engine
from activities.processes import Tools
from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.processes.kind import ProcessKind
from domain.processes.registry import PROCESSES
from domain.processes.stage import STAGE
from domain.progress import Advance, Progress
from store.base.session import Database
from store.engine.processes import start
from tests.store.running import LAUNCHED


@pytest.mark.parametrize(
    ("kind", "told"), [(STAGE, {"opened": 7}), (FEEDBACK_ROUND, {})], ids=lambda one: str(one)[:20]
)
async def test_numbers_of_a_private_process_stay_with_us(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: ProcessKind, told: dict[str, int]
) -> None:
    async def work(*_: object) -> Progress:
        return Progress(next_due_at=LAUNCHED + timedelta(days=1), did={"opened": 7})

    monkeypatch.setitem(processes.WORK, kind.code, work)  # type: ignore[arg-type]
    process = kind.id_of(UUID(int=1))
    async with database.begin() as conn:
        await start(conn, process, kind, now=LAUNCHED)
    engine = Engine(database, tools=Tools())
    call = Advance(process_id=process, as_of=LAUNCHED)
    [advance, *_] = [
        one
        for one in engine.activities()
        if one.__temporal_activity_definition.name == kind.phases[0].activity  # type: ignore[attr-defined]
    ]
    progress = await ActivityEnvironment().run(advance, call)
    assert progress.did == told
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM processes")) == 1


def test_rounds_are_private() -> None:
    assert [kind.code for kind in PROCESSES.values() if kind.private] == ["feedback_round"]
