"""Processes and bells: the rows from which the engine is driven, and can be rebuilt.

Whoever changes a fact inserts a bell in the same transaction (append-only, no unique key). What the
relay does with bells is in `store.engine.bells`. A turn says here what it found: when the process
looks again, and which bells it has heard, so that PostgreSQL alone suffices to bring back a lost
engine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ids import ProcessId
from domain.processes.kind import ProcessKind
from domain.processes.registry import PROCESSES
from domain.progress import Progress

LARGEST_WINDOW = 900
"""Seconds. At 10,000 people answering at all hours, a bell each would cost more than the work."""


def window_for(people: int) -> int:
    """Seconds during which the bells of a busy process are gathered, for so many people.

    Up to 200 people every bell is passed on at once; from 9,000 on once in fifteen minutes.
    """
    return 0 if people <= 200 else min(LARGEST_WINDOW, people // 10)


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """What a workflow needs to know of its own row.

    `unheard` names the last bell that was passed on, as long as no turn after it has ended.
    """

    id: ProcessId
    kind: ProcessKind
    cycle_id: UUID | None
    stage_id: UUID | None
    unheard: UUID | None = None
    subject_id: int | None = None
    argument: Mapping[str, Any] = field(default_factory=dict)
    """What it is to do, in ids, codes and dates: the kind's own."""
    key: str | None = None
    """The id of its stage in the definition, where that was asked for."""


_ROW = "id, kind, cycle_id, stage_id, unheard, subject_id, argument"


async def start(
    conn: AsyncConnection,
    process_id: str,
    kind: ProcessKind,
    *,
    now: datetime,
    cycle_id: UUID | None = None,
    stage_id: UUID | None = None,
    subject_id: int | None = None,
    argument: Mapping[str, Any] | None = None,
    window_seconds: int = 0,
) -> None:
    """Begin a process: its row and its first bell. Idempotent; a closed process opens again.

    `argument` holds ids, codes and dates only; it stays as it was when the process began.
    """
    await conn.execute(
        text(
            """
            INSERT INTO processes
                (id, kind, cycle_id, stage_id, subject_id, argument, window_seconds, created_at)
            VALUES (:id, :kind, :cycle_id, :stage_id, :subject_id, CAST(:argument AS jsonb),
                :window, :now)
            ON CONFLICT (id) DO UPDATE SET state = 'open' WHERE processes.state <> 'open'
            """
        ),
        {
            "id": process_id,
            "kind": kind.code,
            "cycle_id": cycle_id,
            "stage_id": stage_id,
            "subject_id": subject_id,
            "argument": json.dumps(argument or {}),
            "window": window_seconds,
            "now": now,
        },
    )
    await conn.execute(
        text("INSERT INTO bells (process_id, urgent, starts) VALUES (:id, true, true)"),
        {"id": process_id},
    )


async def ring(conn: AsyncConnection, *process_ids: str, urgent: bool = False) -> None:
    """Wake processes after this transaction commits. Urgent bells wait for no window."""
    if process_ids:
        await conn.execute(
            text(
                "INSERT INTO bells (process_id, urgent) "
                "SELECT unnest(CAST(:ids AS text[])), :urgent"
            ),
            {"ids": list(process_ids), "urgent": urgent},
        )


async def ring_cycle(conn: AsyncConnection, cycle_id: UUID) -> None:
    """Wake everything of a cycle at once: somebody steered it. Closed processes open again."""
    await conn.execute(
        text("UPDATE processes SET state = 'open' WHERE cycle_id = :cycle AND state <> 'open'"),
        {"cycle": cycle_id},
    )
    await conn.execute(
        text(
            "INSERT INTO bells (process_id, urgent) "
            "SELECT id, true FROM processes WHERE cycle_id = :cycle"
        ),
        {"cycle": cycle_id},
    )


async def ring_before(conn: AsyncConnection, process_id: str, instant: datetime) -> None:
    """Wake a process only if it would otherwise look later than `instant`.

    The shared lock keeps it from arming itself anew before this transaction's rows can be seen;
    see `rearm`.
    """
    await conn.execute(
        text(
            """
            WITH process AS (
                SELECT id, armed_until FROM processes
                WHERE id = :id AND state = 'open' FOR SHARE
            )
            INSERT INTO bells (process_id, urgent)
            SELECT id, true FROM process WHERE armed_until IS NULL OR armed_until > :instant
            """
        ),
        {"id": process_id, "instant": instant},
    )


async def lock_process(conn: AsyncConnection, process_id: str) -> None:
    """Taken before a process computes when it looks again, until `rearm` has written it down.

    Whoever meanwhile writes something that is due earlier either commits first, and is seen by the
    computation, or waits, and then sees the new instant.
    """
    await conn.execute(
        text("SELECT 1 FROM processes WHERE id = :id FOR UPDATE"), {"id": process_id}
    )


async def rearm(conn: AsyncConnection, process_id: str, instant: datetime | None) -> None:
    """Write down when a process looks again, under `lock_process`."""
    await conn.execute(
        text("UPDATE processes SET armed_until = :instant WHERE id = :id"),
        {"id": process_id, "instant": instant},
    )


async def find(conn: AsyncConnection, process_id: str) -> ProcessRow | None:
    """The row of a process, or none if it was never started or its cycle is gone."""
    row = (
        await conn.execute(
            text(f"SELECT {_ROW} FROM processes WHERE id = :id"),
            {"id": process_id},
        )
    ).one_or_none()
    if row is None:
        return None
    return _process(row)


async def open_processes(
    conn: AsyncConnection, kind: ProcessKind, cycle_id: UUID | None = None
) -> list[ProcessRow]:
    """The open processes of a kind, of all cycles or of one, in the order of their ids."""
    rows = await conn.execute(
        text(
            f"SELECT {_ROW} FROM processes WHERE kind = :kind "
            "AND state = 'open' AND (CAST(:cycle AS uuid) IS NULL OR cycle_id = :cycle) ORDER BY id"
        ),
        {"kind": kind.code, "cycle": cycle_id},
    )
    return [_process(row) for row in rows]


def _process(row: Row[Any]) -> ProcessRow:
    return ProcessRow(
        ProcessId(row.id),
        PROCESSES[row.kind],
        row.cycle_id,
        row.stage_id,
        row.unheard,
        row.subject_id,
        row.argument,
    )


async def arm(
    conn: AsyncConnection,
    process_id: str,
    progress: Progress,
    as_of: datetime,
    run_id: str | None,
    *,
    heard: UUID | None = None,
    events: int | None = None,
) -> None:
    """Write down what `advance` said: when it looks again, and that it went well.

    Args:
        heard: `ProcessRow.unheard` as it was when the turn began: this bell need not ring again.
        events: How long the run's history was then; an engine in which it is shorter lost some.

    A process that closes while a bell for it is waiting stays open, so that the bell is heard.
    """
    await conn.execute(
        text(
            """
            UPDATE processes SET armed_until = :until, waits_for = :waits, advanced_at = :as_of,
                run_id = coalesce(:run_id, run_id), events = coalesce(:events, events),
                failures = 0, failure = NULL, failed_at = NULL,
                unheard = CASE WHEN unheard IS DISTINCT FROM :heard THEN unheard END,
                unheard_since = CASE WHEN unheard IS DISTINCT FROM :heard THEN unheard_since END,
                state = CASE WHEN :closed AND unheard IS NOT DISTINCT FROM :heard AND NOT EXISTS
                    (SELECT 1 FROM bells WHERE process_id = :id AND taken_until IS NULL)
                    THEN 'closed' ELSE 'open' END
            WHERE id = :id
            """
        ),
        {
            "id": process_id,
            "until": None if progress.closed else progress.next_due_at,
            "waits": progress.waits_for,
            "as_of": as_of,
            "run_id": run_id,
            "events": events,
            "heard": heard,
            "closed": progress.closed,
        },
    )


async def record_failure(
    conn: AsyncConnection, process_id: str, code: str, as_of: datetime
) -> None:
    """Write down that `advance` failed: a code and a place, for the administrators' page."""
    await conn.execute(
        text(
            "UPDATE processes SET failures = failures + 1, failure = :code, failed_at = :as_of "
            "WHERE id = :id"
        ),
        {"id": process_id, "code": code, "as_of": as_of},
    )


async def hold(
    conn: AsyncConnection,
    process_id: str,
    *,
    code: str,
    as_of: datetime,
    mended_by: str,
    cycle_id: UUID | None = None,
    stage_id: UUID | None = None,
    person_id: int | None = None,
    task_id: UUID | None = None,
    what: str = "",
) -> None:
    """Park one row that cannot be handled, so that the others go on. Idempotent.

    `what` is the id of something that has no row of its own, like a definition.
    """
    await conn.execute(
        text(
            """
            INSERT INTO held_rows
                (process_id, cycle_id, stage_id, person_id, task_id, code, mended_by, at, what)
            VALUES (:process, :cycle, :stage, :person, :task, :code, :mended_by, :as_of, :what)
            ON CONFLICT DO NOTHING
            """
        ),
        {
            "process": process_id,
            "cycle": cycle_id,
            "stage": stage_id,
            "person": person_id,
            "task": task_id,
            "code": code,
            "mended_by": mended_by,
            "as_of": as_of,
            "what": what,
        },
    )


async def unhold(
    conn: AsyncConnection,
    process_id: str,
    as_of: datetime,
    *,
    what: str = "",
    cycle_id: UUID | None = None,
) -> None:
    """Note that what was held as `what` or as a cycle could be handled after all. Idempotent."""
    await conn.execute(
        text(
            "UPDATE held_rows SET cleared_at = :as_of WHERE process_id = :process AND what = :what "
            "AND cycle_id IS NOT DISTINCT FROM CAST(:cycle AS uuid) AND person_id IS NULL "
            "AND task_id IS NULL AND cleared_at IS NULL"
        ),
        {"process": process_id, "what": what, "cycle": cycle_id, "as_of": as_of},
    )


async def release_held(conn: AsyncConnection, held_id: int, now: datetime) -> str | None:
    """Try a held row again: it is looked at with the next turn. Returns its process, if any."""
    row = (
        await conn.execute(
            text(
                "UPDATE held_rows SET cleared_at = :now WHERE id = :id AND cleared_at IS NULL "
                "RETURNING process_id"
            ),
            {"id": held_id, "now": now},
        )
    ).one_or_none()
    if row is None:
        return None
    await ring(conn, row.process_id, urgent=True)
    return str(row.process_id)
