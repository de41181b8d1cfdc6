"""Record histories of every workflow, from plays: `python -m tests.replay.record`.

Run it when a change of commands is meant (it then needs `patched()` for what runs already) and
look at what is new before it is committed. A history is kept where its events differ from those of
every recording that is there; none is ever written over or deleted, for what ran under it may still
run somewhere. Histories name ids and instants only; what they say of the machine they were recorded
on is taken out.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import text
from temporalio import activity
from temporalio.worker import Worker

from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.processes.kind import ProcessKind
from domain.processes.registry import PROCESSES
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.processes.stage import STAGE
from domain.progress import Advance, Progress, Start
from embedded.postgres import ephemeral_postgres
from embedded.temporal import start_dev_server, test_server_binary
from engine.client import TemporalAddress, connect
from play.run import Stage, play
from play.scenario_file import read_scenario
from play.world import World
from workflows import process
from workflows.stage import StageWorkflow

HISTORIES = Path(__file__).parent / "histories"
SCENARIOS = Path(__file__).parent.parent / "cycles" / "scenarios"

RECORDED: Mapping[str, tuple[ProcessKind, ...]] = {
    "cancel": tuple(PROCESSES.values()),
    "pause": (REVIEW_CYCLE, STAGE),
    "worker_down": (STAGE,),
    "round/declines": (FEEDBACK_ROUND,),
}
"""Which processes' histories are kept of which scenario."""


async def record(url: str, name: str, folder: Path = HISTORIES) -> list[Path]:
    """Play a scenario and add the histories of its processes that are new. Returns the files."""
    written: list[Path] = []

    async def keep(world: World) -> None:
        async with world.database.begin() as conn:
            rows = (
                await conn.execute(
                    text(
                        "SELECT p.id, p.kind, p.run_id, s.key FROM processes p "
                        "LEFT JOIN stages s ON s.id = p.stage_id WHERE p.run_id IS NOT NULL"
                    )
                )
            ).all()
        for row in rows:
            kind = PROCESSES[row.kind]
            if kind not in RECORDED[name]:
                continue
            handle = world.client.get_workflow_handle(row.id, run_id=row.run_id)
            history = json.loads((await handle.fetch_history()).to_json())
            stage = f"-{row.key}" if row.key else ""
            path = add(folder, f"{kind.workflow}-{Path(name).name}{stage}", _of_no_machine(history))
            if path is not None:
                written.append(path)

    where = Stage(url, test_server_binary(), before_end=keep)
    scenario = SCENARIOS / f"{name}.yaml"
    await play(read_scenario(scenario), scenario.with_name("people.csv"), where)
    return written


async def record_continued(folder: Path = HISTORIES) -> list[Path]:
    """Add the history of a stage that had continued as new, as a full server keeps it."""
    answers = [Progress(again=True)] * 12

    @activity.defn(name=STAGE.phases[0].activity)
    async def advance(call: Advance) -> Progress:
        return answers.pop() if answers else Progress(closed=True, waits_for="closed")

    with tempfile.TemporaryDirectory() as made, mock.patch.object(process, "MOST_EVENTS", 30):
        server = start_dev_server(None, log=Path(made) / "log", headless=True)
        try:
            client = await connect(TemporalAddress(server.address))
            worker = Worker(
                client, task_queue="record", workflows=[StageWorkflow], activities=[advance]
            )
            async with worker:
                begun = await client.start_workflow(
                    StageWorkflow.run,
                    Start(process_id="stage-continued", queue="record"),
                    id="stage-continued",
                    task_queue="record",
                    static_summary="Stage: self",
                )
                await begun.result()
                handle = client.get_workflow_handle("stage-continued")
                history = json.loads((await handle.fetch_history()).to_json())
        finally:
            server.stop()
    path = add(folder, "Stage-continued", _of_no_machine(history))
    return [] if path is None else [path]


def add(folder: Path, name: str, history: Mapping[str, Any]) -> Path | None:
    """Write a history beside the recordings of this name; none if one of them went the same way.

    The first is `NAME.json`, those after it are `NAME.2.json` and so on.
    """
    kept = [folder / f"{name}.json", *sorted(folder.glob(f"{name}.[0-9]*.json"))]
    kept = [path for path in kept if path.exists()]
    way = _way(history)
    if any(_way(json.loads(path.read_text(encoding="utf-8"))) == way for path in kept):
        return None
    path = folder / (f"{name}.{len(kept) + 1}.json" if kept else f"{name}.json")
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(history, indent=1) + "\n")
    return path


def _way(history: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The events of a history in order, each with the activity that it is about."""
    return [
        (event["eventType"], _activity(event.get("activityTaskScheduledEventAttributes", {})))
        for event in history["events"]
    ]


def _activity(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get("activityType", {}).get("name", ""))


def _of_no_machine(value: Any) -> Any:
    """Without names of hosts and processes."""
    match value:
        case dict():
            return {
                key: "worker" if key == "identity" else _of_no_machine(each)
                for key, each in value.items()
                if key not in ("binaryChecksum", "workerVersion")
            }
        case list():
            return [_of_no_machine(each) for each in value]
        case _:
            return value


def main() -> None:
    """Record everything, and add what is new to `histories/`."""
    HISTORIES.mkdir(exist_ok=True)
    with ephemeral_postgres() as server:
        for name in RECORDED:
            for path in asyncio.run(record(server.dsn, name)):
                sys.stdout.write(f"added {path.name}\n")
    for path in asyncio.run(record_continued()):
        sys.stdout.write(f"added {path.name}\n")


if __name__ == "__main__":
    main()
