"""Record histories of every workflow anew, from plays: `python -m tests.replay.record`.

Run it when a change of commands is meant (it then needs `patched()` for what runs already) and
look at the difference before it is committed. Histories name ids and instants only; what they say
of the machine they were recorded on is taken out.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from domain.states import ProcessKind
from embedded.postgres import ephemeral_postgres
from embedded.temporal import test_server_binary
from play.run import Stage, play
from play.scenario_file import read_scenario
from play.world import World
from workflows.registry import NAMES

HISTORIES = Path(__file__).parent / "histories"
SCENARIOS = Path(__file__).parent.parent / "cycles" / "scenarios"

RECORDED: Mapping[str, tuple[ProcessKind, ...]] = {
    "cancel": tuple(ProcessKind),
    "pause": (ProcessKind.REVIEW_CYCLE, ProcessKind.STAGE),
    "worker_down": (ProcessKind.STAGE,),
    "round/declines": (ProcessKind.FEEDBACK_ROUND,),
}
"""Which processes' histories are kept of which scenario."""


async def record(url: str, name: str, folder: Path = HISTORIES) -> list[Path]:
    """Play a scenario and keep the histories of its processes. Returns the files."""
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
            kind = ProcessKind(row.kind)
            if kind not in RECORDED[name]:
                continue
            handle = world.client.get_workflow_handle(row.id, run_id=row.run_id)
            history = json.loads((await handle.fetch_history()).to_json())
            stage = f"-{row.key}" if row.key else ""
            path = folder / f"{NAMES[kind]}-{Path(name).name}{stage}.json"
            path.write_text(json.dumps(_of_no_machine(history), indent=1) + "\n", encoding="utf-8")
            written.append(path)

    where = Stage(url, test_server_binary(), before_end=keep)
    scenario = SCENARIOS / f"{name}.yaml"
    await play(read_scenario(scenario), scenario.with_name("people.csv"), where)
    return written


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
    """Record everything into `histories/`."""
    HISTORIES.mkdir(exist_ok=True)
    for old in HISTORIES.glob("*.json"):
        old.unlink()
    with ephemeral_postgres() as server:
        for name in RECORDED:
            asyncio.run(record(server.dsn, name))


if __name__ == "__main__":
    main()
