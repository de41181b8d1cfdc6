"""Break the whole stack as a user runs it, at seeded moments, and count what must hold.

    .venv/bin/python -m tests.faults.driver --seeds 20

A line for each seed, then a table; exit code 1 on any breach. Takes some minutes a seed and is no
part of `make test`. The schedule of a seed is always the same; what it meets is not.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx2 import Client
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from play.answers import plausible
from store.access.sessions import create_session
from store.base.session import Database
from store.cycles.facts import load_cycle
from tests.faults.crowd import Crowd, Work, wait
from tests.faults.stack import LOS_ANGELES
from tests.faults.test_faults import DEFINITION
from tests.faults.user_stack import Unwell, UserStack
from tests.faults.verdict import Verdict, judge, settle

FAULTS = 10
"""In one seed."""

Act = Callable[[UserStack], bool]

KINDS: Mapping[str, Act] = {
    "kill the worker (with relay and sender)": lambda s: s.send("worker", signal.SIGKILL),
    "kill the pages": lambda s: s.send("pages", signal.SIGKILL),
    "kill the inbox": lambda s: s.send("inbox", signal.SIGKILL),
    "kill Temporal": lambda s: s.send("Temporal", signal.SIGKILL),
    "stop PostgreSQL at once": lambda s: s.send("PostgreSQL", signal.SIGQUIT),
    "kill a process of PostgreSQL": lambda s: s.kill_backend(),
    "end all connections": lambda s: s.end_connections(),
    "freeze the worker for 40 s": lambda s: s.freeze("worker", 40),
    "freeze the pages for 10 s": lambda s: s.freeze("pages", 10),
    "freeze Temporal for 15 s": lambda s: s.freeze("Temporal", 15),
    "freeze the inbox for 25 s": lambda s: s.freeze("inbox", 25),
    "kill worker, Temporal and PostgreSQL": lambda s: all(
        [
            s.send("worker", signal.SIGKILL),
            s.send("Temporal", signal.SIGKILL),
            s.send("PostgreSQL", signal.SIGQUIT),
        ]
    ),
    "Ctrl-C and start": lambda s: s.restart(signal.SIGINT),
    "kill the supervisor and start": lambda s: s.restart(signal.SIGKILL),
    "lose Temporal's file": lambda s: s.restart(signal.SIGINT, lose_engine=True),
}

RARE = ("Ctrl-C and start", "kill the supervisor and start", "lose Temporal's file")
"""They take long; one of them in each seed."""


def schedule(seed: int) -> list[tuple[float, str]]:
    """The faults of a seed, each with the seconds that pass before it."""
    chance = random.Random(seed)
    often = [kind for kind in KINDS if kind not in RARE]
    kinds = chance.choices(often, k=FAULTS - 1)
    kinds.insert(chance.randrange(FAULTS), chance.choice(RARE))
    return [(chance.uniform(0.5, 5.0), kind) for kind in kinds]


@dataclass
class Run:
    """What one seed came to."""

    seed: int
    verdict: Verdict = field(default_factory=Verdict)
    done: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def line(self) -> str:
        """One line for a person."""
        state = "BROKEN" if self.verdict.breaches else "held"
        counted = " ".join(f"{key} {value}" for key, value in self.verdict.counted.items())
        people = " ".join(f"{key} {value}" for key, value in sorted(self.people.items()))
        return (
            f"seed {self.seed:>4}  {state:<6}  {sum(self.done.values()):>2} faults  "
            f"{self.seconds:>4.0f} s  {counted}  |  {people}"
        )


async def one(seed: int, folder: Path) -> Run:
    """Live one seed through. Breaches are in what is returned; nothing is left running."""
    began = time.monotonic()
    run = Run(seed)
    stack = UserStack(folder / "data")
    stack.env["PAGES"] = f"http://127.0.0.1:{stack.env['ALMANAC_API_PORT']}"
    try:
        await asyncio.to_thread(stack.start)
        await _live(stack, run)
    except Unwell as error:
        run.verdict.breaches.append(str(error))
    finally:
        await asyncio.to_thread(stack.end)
    run.seconds = time.monotonic() - began
    return run


async def _live(stack: UserStack, run: Run) -> None:
    database = Database(stack.run["database_url"], pool_size=3, application="driver")
    crowd = Crowd(stack, [], await addresses(database), random.Random(run.seed))
    seen: set[str] = set()
    try:
        launch(stack)
        await find_work(database, crowd, seen)
        crowd.begin()
        for seconds, kind in schedule(run.seed):
            await asyncio.to_thread(wait, seconds)
            stack.alive()
            if await asyncio.to_thread(KINDS[kind], stack):
                run.done[kind] += 1
            await find_work(database, crowd, seen)
        await settle(database, stack)
        await find_work(database, crowd, seen)
        await asyncio.to_thread(wait, 5.0)  # some act after the last fault, too
        await asyncio.to_thread(crowd.end)
        await settle(database, stack)
        run.verdict = await judge(database, stack, crowd.told)
        run.verdict.breaches += crowd.wrong
    finally:
        await asyncio.to_thread(crowd.end)
        run.people = crowd.counts
        await database.close()


def launch(stack: UserStack) -> None:
    """HR launches a cycle of the whole company by the API, twice under one key."""
    key = {"Authorization": f"Bearer {stack.run['service_key']}"}
    with Client(base_url=stack.run["pages"], headers=key, timeout=120) as hr:
        published = hr.post("/api/definitions", json={"text": DEFINITION})
        today = datetime.now(LOS_ANGELES).date().isoformat()
        body = {"definition": "pulse", "launch_on": today}
        once = {"Idempotency-Key": "driver-launch"}
        prepared = [hr.post("/api/cycles", json=body, headers=once) for _ in range(2)]
        if published.status_code >= 400 or prepared[0].status_code >= 400:
            raise Unwell(f"HR could not launch: {published.text} {prepared[0].text}")
        if prepared[0].json() != prepared[1].json():
            raise Unwell("one key, two cycles")
        cycle = prepared[0].json()["id"]
        for _ in range(2):
            confirmed = hr.post(f"/api/cycles/{cycle}/confirm")
            if confirmed.status_code >= 400:
                raise Unwell(f"HR could not launch: {confirmed.text}")


async def addresses(database: Database) -> list[str]:
    async with database.begin() as conn:
        rows = await conn.execute(text("SELECT email FROM people WHERE status = 'active'"))
        return sorted(rows.scalars())


async def find_work(database: Database, crowd: Crowd, seen: set[str]) -> None:
    """Sign in whoever has something new to write. While the database is away: later."""
    new: list[Work] = []
    try:
        async with database.begin() as conn:
            rows = await conn.execute(_OPEN)
            for row in [row for row in rows if str(row.id) not in seen][:60]:
                cycle = await load_cycle(conn, UUID(str(row.cycle_id)))
                answers: dict[str, Any] = plausible(
                    cycle.definition, cycle.stages[row.stage_id].spec
                )
                token = await create_session(conn, row.assignee_id, datetime.now(UTC))
                new.append(Work(str(row.id), row.assignee_id, token, answers))
    except (SQLAlchemyError, OSError):
        return
    # Only now: a session that was not committed signs nobody in.
    seen.update(work.task_id for work in new)
    crowd.work.extend(new)


_OPEN = text("""
SELECT t.id, t.cycle_id, t.stage_id, t.assignee_id FROM tasks t
JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
WHERE t.state = 'open' AND t.assignee_id IS NOT NULL AND s.kind = 'form'
  AND c.state = 'open' AND t.role IN ('subject', 'manager') ORDER BY md5(t.id::text)
""")


def table(runs: list[Run]) -> str:
    """Faults by kind, then every breach."""
    done: Counter[str] = Counter()
    for run in runs:
        done.update(run.done)
    lines = [f"  {count:>4}  {kind}" for kind, count in done.most_common()]
    broken = [run for run in runs if run.verdict.breaches]
    lines.append(
        f"{len(runs)} seeds, {sum(done.values())} faults, "
        f"{sum(run.people['submitted'] for run in runs)} submissions, "
        f"{sum(run.verdict.counted.get('mails', 0) for run in runs)} mails: "
        f"{len(broken)} broken"
    )
    for run in broken:
        lines += [f"  seed {run.seed}: {breach}" for breach in run.verdict.breaches]
    return "\n".join(lines)


def main() -> int:
    """Run the seeds that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.driver", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a broken seed")
    asked = parser.parse_args()
    runs = []
    for seed in range(asked.first, asked.first + asked.seeds):
        folder = Path(tempfile.mkdtemp(prefix=f"almanac-faults-{seed}-"))
        folder.chmod(0o755)
        run = asyncio.run(one(seed, folder))
        runs.append(run)
        print(run.line(), flush=True)  # noqa: T201 - what a command is for
        for breach in run.verdict.breaches:
            print(f"    {breach}", flush=True)  # noqa: T201
        if run.verdict.breaches and asked.keep:
            print(f"    its folder: {folder}", flush=True)  # noqa: T201
        else:
            _remove(folder)
    print(table(runs))  # noqa: T201
    return 1 if any(run.verdict.breaches for run in runs) else 0


def _remove(folder: Path) -> None:
    note = folder / "data" / "postgres" / "location"
    if note.exists():
        shutil.rmtree(note.read_text().strip(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
