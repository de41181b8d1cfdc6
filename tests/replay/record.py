"""Record the histories that `test_replay` replays: `python -m tests.replay.record`.

To be run after a deliberate change of a workflow's commands, once no open process can have a
history of the old kind any more. It plays a small cycle and a recurring one.
"""

import asyncio
import json
from pathlib import Path

from embedded.postgres import ephemeral_postgres
from embedded.temporal import test_server_binary
from play.run import Stage, play
from play.scenario_file import read_scenario
from play.world import World
from workflows.registry import NAMES

HERE = Path(__file__).parent
HISTORIES = HERE / "histories"
SCENARIO = HERE / "recorded.yaml"
PEOPLE = HERE.parent / "cycles" / "scenarios" / "people.csv"


async def histories(world: World) -> dict[str, list[str]]:
    """Every run of every process of a play, by workflow, as JSON in a stable order."""
    found: dict[str, list[str]] = {name: [] for name in NAMES.values()}
    async with world.database.begin() as conn:
        rows = await conn.exec_driver_sql("SELECT id, kind FROM processes ORDER BY id")
        processes = [(row.id, row.kind) for row in rows]
    names = {kind.value: name for kind, name in NAMES.items()}
    for process_id, kind in processes:
        handle = world.client.get_workflow_handle(process_id)
        history = json.loads((await handle.fetch_history()).to_json())
        _without_machine(history)
        found[names[kind]].append(json.dumps(history, separators=(",", ":")))
    return found


def _without_machine(part: object) -> None:
    """Take out which process of which machine it was."""
    if isinstance(part, dict):
        if isinstance(part.get("identity"), str):
            part["identity"] = "worker"
        for value in part.values():
            _without_machine(value)
    elif isinstance(part, list):
        for value in part:
            _without_machine(value)


async def main() -> None:
    """Write the histories anew."""
    recorded: dict[str, list[str]] = {}

    async def keep(world: World) -> None:
        recorded.update(await histories(world))

    with ephemeral_postgres() as server:
        stage = Stage(server.dsn, test_server_binary(), before_end=keep)
        await play(read_scenario(SCENARIO), PEOPLE, stage)
    HISTORIES.mkdir(exist_ok=True)
    for old in HISTORIES.glob("*.json"):
        old.unlink()
    for name, runs in recorded.items():
        for number, run in enumerate(runs, start=1):
            (HISTORIES / f"{name}-{number}.json").write_text(run + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
