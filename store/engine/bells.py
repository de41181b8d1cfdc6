"""The relay's side of the bells: taken for a while, passed on, deleted; or rung again.

A bell is taken for some seconds, its process is signalled outside any transaction, and then the
bell is deleted. A relay that dies in between leaves bells that ring again: harmless. What was
passed on is remembered on the process until a turn has begun after it, so that a bell that the
engine took and then lost is rung again.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ids import ProcessId
from domain.processes.registry import PROCESSES
from store.engine.processes import ProcessRow

RECONCILE_AFTER = timedelta(minutes=1)
"""So long after its instant, or after its bell, a process that did not look is rung again."""

LONGEST_BETWEEN = timedelta(hours=1)
"""What goes on not looking is rung less and less often: each ring makes its history longer."""

TAKEN_SECONDS = 20.0
"""How long a relay may take to pass on what it took, before another one may take it."""

PAUSE_SECONDS = 2.0
"""How long a bell lies that could not be passed on: so long others go first."""

LOOKS = 3
"""What another relay takes between our look and our hand is not there any more: look again."""

MASS = 20
"""From one transaction that rings more processes than this no person waits for each bell."""


class Lane(StrEnum):
    """Bells for which somebody may be waiting go before those that were rung by the thousand."""

    PEOPLE = "people"
    MASS = "mass"


@dataclass(frozen=True, slots=True)
class Taken:
    """A process to be signalled, and the bells that are done with then."""

    process: ProcessRow
    bells: tuple[int, ...]


_LANES = """
WITH ready AS (
    SELECT b.id, b.process_id, b.starts, b.tx
    FROM bells b JOIN processes p ON p.id = b.process_id
    WHERE p.state = 'open'
      AND (b.taken_until IS NULL OR b.taken_until <= clock_timestamp())
      AND (b.urgent OR p.window_seconds = 0 OR p.last_rung_at IS NULL
        OR p.last_rung_at <= :now - make_interval(secs => p.window_seconds))
), laned AS (
    SELECT id, process_id, starts OR count(*) OVER (PARTITION BY tx) > :mass AS slow,
        row_number() OVER (PARTITION BY tx ORDER BY id) AS place
    FROM ready
), each AS (
    SELECT process_id, bool_and(slow) AS slow, min(place) AS place, min(id) AS first
    FROM laned GROUP BY process_id
), chosen AS (
    SELECT process_id, CASE WHEN slow THEN place END AS place, first FROM each
    WHERE slow = :slow ORDER BY 2, 3 LIMIT :candidates
), locked AS (
    SELECT p.id FROM chosen c JOIN processes p ON p.id = c.process_id
    ORDER BY c.place, c.first LIMIT :limit FOR NO KEY UPDATE OF p SKIP LOCKED
), bell AS (
    SELECT b.id FROM bells b WHERE b.process_id IN (SELECT id FROM locked)
      AND (b.taken_until IS NULL OR b.taken_until <= clock_timestamp())
    FOR UPDATE SKIP LOCKED
)
UPDATE bells SET taken_until = clock_timestamp() + make_interval(secs => :seconds)
FROM bell WHERE bells.id = bell.id
RETURNING bells.id, bells.process_id
"""
"""A lease is no business: it goes by the one clock that all relays share, the database's."""


async def take_bells(
    conn: AsyncConnection,
    now: datetime,
    lane: Lane,
    limit: int,
    *,
    seconds: float = TAKEN_SECONDS,
) -> list[Taken]:
    """Take the bells of up to so many processes that may ring now, for so many seconds.

    A bell of a busy process stays until its window is over. In the lane of masses the ringers take
    turns: the first bell of each transaction goes before the second of any. Rows that somebody
    else holds are left to the next call. `now` is the relay's clock. The caller commits, signals,
    and calls `passed_on` or `give_back`.
    """
    values = {
        "now": now,
        "slow": lane is Lane.MASS,
        "mass": MASS,
        "candidates": limit * 4,
        "limit": limit,
        "seconds": seconds,
    }
    bells: dict[str, list[int]] = defaultdict(list)
    for _ in range(LOOKS):
        for bell, process_id in await conn.execute(text(_LANES), values):
            bells[process_id].append(bell)
        if bells:
            break
    if not bells:
        return []
    found = await conn.execute(
        text(
            "UPDATE processes p SET unheard = gen_random_uuid(), "
            "unheard_since = coalesce(unheard_since, :now) WHERE id = ANY(:ids) "
            "RETURNING id, kind, cycle_id, stage_id, "
            "(SELECT key FROM stages s WHERE s.id = p.stage_id) AS key"
        ),
        {"ids": list(bells), "now": now},
    )
    processes = [
        ProcessRow(ProcessId(r.id), PROCESSES[r.kind], r.cycle_id, r.stage_id, key=r.key)
        for r in found
    ]
    processes.sort(key=lambda process: min(bells[process.id]))
    return [Taken(process, tuple(bells[process.id])) for process in processes]


async def passed_on(conn: AsyncConnection, taken: Sequence[Taken], now: datetime) -> None:
    """These processes were signalled: their bells go, and their windows begin. Repeatable.

    Nothing waits for a process whose row somebody holds: its window begins with the next bell.
    """
    if not taken:
        return
    await conn.execute(
        text("DELETE FROM bells WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": [bell for one in taken for bell in one.bells]},
    )
    await conn.execute(
        text(
            "UPDATE processes p SET last_rung_at = :now FROM (SELECT id FROM processes "
            "WHERE id = ANY(:ids) FOR NO KEY UPDATE SKIP LOCKED) free WHERE p.id = free.id"
        ),
        {"ids": [one.process.id for one in taken], "now": now},
    )


async def give_back(
    conn: AsyncConnection, taken: Sequence[Taken], *, seconds: float = PAUSE_SECONDS
) -> None:
    """The engine did not take these: they ring again in so many seconds. Repeatable."""
    if taken:
        await conn.execute(
            text(
                "UPDATE bells SET taken_until = clock_timestamp() + make_interval(secs => :seconds)"
                " WHERE id = ANY(CAST(:ids AS bigint[]))"
            ),
            {"ids": [bell for one in taken for bell in one.bells], "seconds": seconds},
        )


async def clear_stray_bells(conn: AsyncConnection) -> bool:
    """Remove bells of processes that have ended or are gone. Is any bell left?"""
    if not await conn.scalar(text("SELECT EXISTS (SELECT FROM bells)")):
        return False
    await conn.execute(
        text(
            "DELETE FROM bells b WHERE NOT EXISTS "
            "(SELECT FROM processes p WHERE p.id = b.process_id AND p.state = 'open')"
        )
    )
    return True


async def next_bell(conn: AsyncConnection) -> datetime | None:
    """When the earliest of the waiting bells may ring; none if no bell waits."""
    instant: datetime | None = await conn.scalar(
        text(
            "SELECT min(p.last_rung_at + make_interval(secs => p.window_seconds)) "
            "FROM bells b JOIN processes p ON p.id = b.process_id WHERE p.state = 'open'"
        )
    )
    return instant


async def ring_overdue(conn: AsyncConnection, now: datetime) -> int:
    """The reconciler: ring every open process that should have looked a minute ago.

    That is one whose armed instant has passed, one that was never advanced since it was created,
    and one whose bell was passed on and after which no turn has begun, whatever it is armed for.
    While a process goes on not looking, the time between two rings doubles, up to an hour. `now`
    is the relay's clock. Returns how many were rung.
    """
    result = await conn.execute(
        text(
            """
            INSERT INTO bells (process_id, urgent)
            SELECT id, true FROM processes p
            WHERE state = 'open'
              AND (coalesce(armed_until, CASE WHEN advanced_at IS NULL THEN created_at END)
                  < :before OR unheard_since < :before)
              AND (last_rung_at IS NULL OR unheard_since IS NULL OR last_rung_at < :now
                  - least(greatest(last_rung_at - unheard_since, :after), :longest))
              AND NOT EXISTS (SELECT 1 FROM bells b WHERE b.process_id = p.id)
            ORDER BY id
            """
        ),
        {
            "now": now,
            "before": now - RECONCILE_AFTER,
            "after": RECONCILE_AFTER,
            "longest": LONGEST_BETWEEN,
        },
    )
    return result.rowcount


@dataclass(frozen=True, slots=True)
class Place:
    """Where a workflow stood at its last turn: its run and the events of it. None: no turn yet."""

    process_id: str
    run_id: str | None
    events: int | None


async def open_places(conn: AsyncConnection, after: str, limit: int) -> list[Place]:
    """Open processes behind an id, in order of ids, of which no bell is waiting anyway."""
    rows = await conn.execute(
        text(
            "SELECT id, run_id, events FROM processes p WHERE state = 'open' AND id > :after "
            "AND NOT EXISTS (SELECT FROM bells b WHERE b.process_id = p.id AND b.urgent) "
            "ORDER BY id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [Place(*row) for row in rows]
