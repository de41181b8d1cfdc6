"""The loop: a bell is never lost, a new run goes on, a closed process ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

import workflows.process as process
from domain.progress import Advance, Progress, Start, Waiting
from embedded.temporal import test_server_binary as skipping_server
from engine.client import data_converter
from tests.waiting import until
from workflows.stage import StageWorkflow

QUEUE = "test-process"
START = Start(process_id="stage-1")


class Script:
    """An engine that answers from a list, and remembers when it was asked."""

    def __init__(self, *answers: Progress) -> None:
        self.answers = list(answers)
        self.calls: list[Advance] = []

    @activity.defn(name="advance_stage")
    async def advance_stage(self, call: Advance) -> Progress:
        self.calls.append(call)
        return self.answers.pop(0) if self.answers else Progress(closed=True)


@asynccontextmanager
async def _engine(*activities: Callable[..., object]) -> AsyncIterator[WorkflowEnvironment]:
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(skipping_server()), data_converter=data_converter()
    )
    async with (
        environment,
        Worker(
            environment.client,
            task_queue=QUEUE,
            workflows=[StageWorkflow],
            activities=list(activities),
        ),
    ):
        yield environment


async def test_it_advances_at_the_armed_instant_and_never_before() -> None:
    script = Script(Progress())
    async with _engine(script.advance_stage) as environment:
        due = await environment.get_current_time() + timedelta(days=3)
        script.answers = [Progress(next_due_at=due), Progress(closed=True)]
        await environment.client.execute_workflow(
            StageWorkflow.run, START, id="stage-1", task_queue=QUEUE
        )
    assert len(script.calls) == 2
    assert script.calls[1].as_of >= due
    assert script.calls[1].as_of - due < timedelta(seconds=5)


async def test_a_bell_wakes_it_before_the_armed_instant() -> None:
    script = Script()
    async with _engine(script.advance_stage) as environment:
        now = await environment.get_current_time()
        script.answers = [
            Progress(next_due_at=now + timedelta(days=300)),
            Progress(closed=True),
        ]
        handle = await environment.client.start_workflow(
            StageWorkflow.run, START, id="stage-1", task_queue=QUEUE
        )
        await environment.sleep(timedelta(days=1))
        await handle.signal("ring")
        await handle.result()
    assert len(script.calls) == 2
    assert script.calls[1].as_of - now < timedelta(days=2)


async def test_a_bell_during_the_last_turn_is_heard() -> None:
    """It rings while `advance` says closed: the process looks once more."""
    heard: list[Advance] = []

    @activity.defn(name="advance_stage")
    async def closes_while_it_rings(call: Advance) -> Progress:
        heard.append(call)
        if len(heard) == 1:
            handle = activity.client().get_workflow_handle("stage-1")
            await handle.signal("ring")
        return Progress(closed=True)

    async with _engine(closes_while_it_rings) as environment:
        await environment.client.execute_workflow(
            StageWorkflow.run, START, id="stage-1", task_queue=QUEUE
        )
    assert len(heard) == 2


async def test_it_continues_as_new_at_its_own_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_EVENTS", 30)
    script = Script(*[Progress(again=True) for _ in range(40)])
    async with _engine(script.advance_stage) as environment:
        handle = await environment.client.start_workflow(
            StageWorkflow.run, START, id="stage-1", task_queue=QUEUE
        )
        await handle.result()
        first = environment.client.get_workflow_handle(
            "stage-1", run_id=handle.first_execution_run_id
        )
        history = await first.fetch_history()
    assert len(script.calls) == 41
    assert len(history.events) < 60


async def test_it_says_what_it_waits_for_and_until_when() -> None:
    script = Script()
    async with _engine(script.advance_stage) as environment:
        due = await environment.get_current_time() + timedelta(days=300)
        script.answers = [Progress(next_due_at=due, waits_for="rung", did={"opened": 40})]
        handle = await environment.client.start_workflow(
            StageWorkflow.run, START, id="stage-1", task_queue=QUEUE
        )
        await until(
            "the answer to what it waits for",
            lambda: handle.query(StageWorkflow.waiting),
            lambda seen: seen == Waiting(waits_for="rung", until=due),
        )
        await handle.signal("ring")
        await handle.result()


async def test_its_history_reads_as_a_story() -> None:
    """Summaries and details say why it looked, what it did, and what it waits for."""
    script = Script()
    async with _engine(script.advance_stage) as environment:
        due = await environment.get_current_time() + timedelta(days=3)
        script.answers = [
            Progress(next_due_at=due, waits_for="rung", did={"opened": 40}),
            Progress(closed=True, waits_for="closed"),
        ]
        handle = await environment.client.start_workflow(
            StageWorkflow.run, START, id="stage-1", task_queue=QUEUE
        )
        await handle.result()
        history = await handle.fetch_history()
    read = data_converter().payload_converter
    told = [
        read.from_payload(event.user_metadata.summary, str)
        for event in history.events
        if event.user_metadata.HasField("summary")
    ]
    until = f"{due:%Y-%m-%d %H:%M:%S}Z"
    assert told == [
        "Stage looks · it begins",
        f"waits for the next reminder or escalation until {until}",
        "Stage looks · due: rung",
    ]


async def test_activities_of_mail_wait_in_a_queue_of_their_own() -> None:
    """Which one is in the argument: a replay must decide the same, whatever is set by then."""
    script = Script()
    async with (
        _engine() as environment,
        Worker(environment.client, task_queue=f"{QUEUE}-beside", activities=[script.advance_stage]),
    ):
        await environment.client.execute_workflow(
            StageWorkflow.run,
            Start(process_id="stage-1", queue=f"{QUEUE}-beside"),
            id="stage-1",
            task_queue=QUEUE,
        )
    assert len(script.calls) == 1


async def test_a_run_that_began_with_the_bare_id_goes_on_with_the_typed_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "MOST_EVENTS", 30)
    script = Script(*[Progress(again=True) for _ in range(12)])
    async with _engine(script.advance_stage) as environment:
        handle = await environment.client.start_workflow(
            "Stage", "stage-1", id="stage-1", task_queue=QUEUE
        )
        await handle.result()
        latest = await environment.client.get_workflow_handle("stage-1").fetch_history()
    begun = latest.events[0].workflow_execution_started_event_attributes
    [argument] = data_converter().payload_converter.from_payloads(begun.input.payloads, [Start])
    assert begun.continued_execution_run_id
    assert argument == Start(process_id="stage-1", queue=QUEUE)
