"""The engine loses what it had taken: everything goes on from the facts, at once and once."""

from datetime import date, timedelta

import pytest

from store.engine.bells import RECONCILE_AFTER
from tests.faults.stack import Installation, morning
from tests.faults.test_faults import DEFINITION
from tests.waiting import until

pytestmark = pytest.mark.timeout(1800)

MANAGERS = (
    "SELECT count(*) AS n FROM tasks t JOIN stages s ON s.id = t.stage_id WHERE s.key = 'manager'"
)


async def last_four_submit(there: Installation) -> None:
    """The last four self reviews are submitted; a relay hands the bells to the engine, which
    has no worker."""
    there.kill_workers()
    for task in (await there.open_tasks("self"))[:4]:
        await there.submit(task.id, task.assignee_id)
    assert await there.pass_bells_on() > 0
    [bells] = await there.rows("SELECT count(*) AS n FROM bells")
    assert bells.n == 0, "the engine has taken them"


async def four_managers_have_a_review(there: Installation) -> None:
    async def look() -> int:
        [found] = await there.rows(MANAGERS)
        return int(found.n)

    assert await until("a review for each of four managers", look, lambda n: n >= 4) == 4
    await there.settle()
    await there.sound()


async def test_bells_that_the_engine_took_and_lost_with_its_database_ring_again(
    there: Installation,
) -> None:
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    await last_four_submit(there)
    there.stop_engine()
    there.start_engine(lose_everything=True)
    there.start_worker()
    await four_managers_have_a_review(there)


async def test_bells_that_the_engine_took_and_lost_with_its_last_commits_ring_again(
    there: Installation,
) -> None:
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    there.kill_workers()
    there.stop_engine()
    there.keep_engine()
    there.start_engine()
    await last_four_submit(there)
    there.stop_engine()
    there.start_engine(as_kept=True)
    await there.at(there.now() + RECONCILE_AFTER + timedelta(seconds=1))
    await four_managers_have_a_review(there)


async def test_what_is_armed_has_its_workflow_back_before_its_instant(
    there: Installation,
) -> None:
    """Engine and workflows are gone while the worker lives; nothing is due for days."""
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    [before] = await there.rows("SELECT count(DISTINCT run_id) AS n FROM processes")
    runs = {row.run_id for row in await there.rows("SELECT run_id FROM processes")}
    there.stop_engine()
    there.start_engine(lose_everything=True)

    async def look() -> int:
        rows = await there.rows("SELECT run_id FROM processes WHERE state = 'open'")
        return sum(row.run_id in runs for row in rows)

    assert before.n > 2
    await until("every process to have a workflow in the new engine", look, lambda old: old == 0)
    await there.settle()
    await there.sound()


async def test_what_was_started_in_commits_that_the_engine_lost_is_started_again(
    there: Installation,
) -> None:
    there.start_worker()
    await there.settle()
    there.kill_workers()
    there.stop_engine()
    there.keep_engine()
    there.start_engine()
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    there.stop_engine()
    there.start_engine(as_kept=True)
    await there.at(morning(date(2027, 1, 14)) + timedelta(minutes=5))
    await there.settle()
    [reminded] = await there.rows(
        "SELECT count(*) AS n FROM notifications WHERE rung = 'remind:-1' AND state = 'sent'"
    )
    assert reminded.n > 40, "the ladder goes on"
    await there.sound()
