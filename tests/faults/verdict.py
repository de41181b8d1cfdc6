"""Whether everything that must hold holds, counted from rows, mails, histories and logs."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client

from play.answers import WORDS
from store.base.session import Database
from tests.faults.stack import QUIET, read_mails
from tests.faults.user_stack import PATIENCE, Unwell, UserStack
from tests.invariants import broken, mails_differ

MOST_EVENTS = 4_096
"""Of one run of a workflow."""

CALM = 5
"""So many looks in a row must find nothing that is due."""

ALLOWED = ("a barrier opened after everybody before it was through",)
"""Speaks of a cycle that is over; here cycles are in the middle."""

_PROGRESS = """
SELECT (SELECT count(*) FROM bells), (SELECT max(advanced_at) FROM processes),
    (SELECT count(*) FROM notifications WHERE state = 'queued'),
    (SELECT count(*) FROM mails WHERE state = 'sending'),
    (SELECT max(next_try_at) FROM mails WHERE state = 'sending')
"""
"""What changes as long as the stack works at something."""


@dataclass
class Verdict:
    """What was found: breaches by invariant, and what was counted."""

    breaches: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)


async def settle(database: Database, stack: UserStack) -> None:
    """Wait until nothing is due any more, as long as something goes on. Raises Unwell."""
    calm, before, moved = 0, "", time.monotonic()
    while calm < CALM:
        stack.alive()
        try:
            async with database.begin() as conn:
                due = (await conn.execute(text(QUIET), {"now": datetime.now(UTC)})).one()
                sending = await conn.scalar(
                    text("SELECT count(*) FROM mails WHERE state = 'sending'")
                )
                now = str((await conn.execute(text(_PROGRESS))).one())
        except (SQLAlchemyError, OSError):
            now, due, sending = "unreachable", None, None
        calm = calm + 1 if due is not None and not any(due) and not sending else 0
        if now != before:
            before, moved = now, time.monotonic()
        if time.monotonic() - moved > PATIENCE:
            raise Unwell(f"nothing goes on, and not settled: {due}, {sending} under way\n{now}")
        await asyncio.sleep(0.5)


async def judge(
    database: Database,
    stack: UserStack,
    told: Mapping[str, Mapping[str, Any]],
    *,
    torn: bool = False,
) -> Verdict:
    """Look at everything, at rest."""
    found = Verdict()
    async with database.begin() as conn:
        for name, rows in (await broken(conn, allowed=ALLOWED)).items():
            found.breaches.append(f"{name}: {rows[:3]}")
        found.breaches += await mails_differ(conn, read_mails(stack.folder / "mails"))
        for task_id, answer in told.items():
            found.breaches += await _kept(conn, task_id, answer)
        counts = (await conn.execute(text(_COUNTS))).one()
        found.counted = {key: int(value) for key, value in counts._mapping.items()}
        rows = await conn.execute(text("SELECT id FROM processes WHERE state = 'open'"))
        open_processes = set(rows.scalars())
    found.breaches += await _engine(stack, open_processes)
    found.breaches += _logs(stack, torn=torn)
    return found


async def _kept(conn: Any, task_id: str, answer: Mapping[str, Any]) -> list[str]:
    """An acknowledged submission is there, once, in the revision that was told."""
    row = (
        await conn.execute(
            text(
                "SELECT t.state, t.role, t.revision,"
                " (SELECT count(*) FROM responses r WHERE r.task_id = t.id) AS responses,"
                " (SELECT count(*) FROM sealed_answers s WHERE s.task_id = t.id) AS sealed"
                " FROM tasks t WHERE t.id = CAST(:id AS uuid)"
            ),
            {"id": task_id},
        )
    ).one()
    if row.state != "done":
        return [f"task {task_id} was acknowledged and is {row.state}"]
    if row.role != "rater" and (row.revision, row.responses) != (answer["revision"], 1):
        return [f"task {task_id}: told {answer['revision']}, kept {row.revision}/{row.responses}"]
    return []


_COUNTS = """
SELECT (SELECT count(*) FROM tasks WHERE state = 'done') AS done,
    (SELECT count(*) FROM mails WHERE state = 'sent') AS mails,
    (SELECT count(*) FROM mails WHERE unanswered > 0) AS unknown
"""


async def _engine(stack: UserStack, open_processes: set[str]) -> list[str]:
    """The engine runs what the rows say is open, nothing else, and histories stay short."""
    run = stack.run
    client = await Client.connect(run["temporal"], namespace=run["temporal_namespace"])
    wrong = []
    running: set[str] = set()
    async for flow in client.list_workflows('ExecutionStatus="Running"'):
        running.add(flow.id)
        description = await client.get_workflow_handle(flow.id, run_id=flow.run_id).describe()
        if description.history_length >= MOST_EVENTS:
            wrong.append(f"{flow.id}: {description.history_length} events in one run")
        history = await client.get_workflow_handle(flow.id, run_id=flow.run_id).fetch_history()
        written = history.to_json()
        if WORDS in written or "@example.com" in written:
            wrong.append(f"{flow.id}: its history holds what somebody wrote, or an address")
    if missing := open_processes - running:
        wrong.append(f"open in the rows and not running: {sorted(missing)[:3]}")
    if extra := running - open_processes:
        wrong.append(f"running and not open in the rows: {sorted(extra)[:3]}")
    return wrong


def _logs(stack: UserStack, *, torn: bool) -> list[str]:
    """Each line of ours is JSON, and none holds what somebody wrote.

    `torn`: a disk was full; the beginning of a line may stand alone, never before another.
    """
    wrong = []
    for file in sorted((stack.folder / "logs").glob("*.log")):
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if WORDS in line or "@example.com" in line:
                wrong.append(f"{file.name}:{number} holds what somebody wrote, or an address")
            alone = torn and line.startswith("{") and line.count('"timestamp"') <= 1
            if file.stem in ("worker", "pages", "inbox") and not (_is_json(line) or alone):
                wrong.append(f"{file.name}:{number} is no JSON: {line[:80]}")
    for file in sorted(Path(stack.folder.parent).glob("run-*.out")):
        if "Traceback" in file.read_text(errors="replace"):
            wrong.append(f"{file.name} holds a traceback")
    return wrong[:10]


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
