"""A cycle in numbers, for the mails to desks: how a launch went, how a cycle ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from store.access.facts import hidden_cases, reader_of, roles_of
from store.launch.first_minutes import first_ten_minutes
from store.views.lists.cycles import list_stages


@dataclass(frozen=True, slots=True)
class CycleCounts:
    """A cycle in numbers, as of now: those of its pages, for the same reader."""

    people_in: int
    tasks: int
    done: int
    mails_sent: int
    mails_waiting: int
    mails_refused: int
    held: int
    expired_by_stage: tuple[tuple[str, int], ...]

    @property
    def expired(self) -> int:
        return sum(count for _, count in self.expired_by_stage)


async def cycle_counts(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, *, hidden: list[int]
) -> CycleCounts:
    """Count a cycle's people, tasks and mails without `hidden` cases. Raises NotFound."""
    look = await first_ten_minutes(conn, cycle_id, now, hidden=hidden)
    stages = await list_stages(conn, cycle_id, now, hidden=hidden)
    return CycleCounts(
        people_in=look.people,
        tasks=look.tasks,
        done=look.done,
        mails_sent=look.mails_sent,
        mails_waiting=look.mails_waiting,
        mails_refused=look.mails_refused,
        held=look.held,
        expired_by_stage=tuple((s.title, s.expired) for s in stages if s.expired),
    )


async def counts_for(
    conn: AsyncConnection, asked: Iterable[tuple[UUID, int]], now: datetime
) -> dict[tuple[UUID, int], CycleCounts]:
    """The numbers of each cycle for each of its readers, by (cycle, person)."""
    found = {}
    for cycle_id, person_id in set(asked):
        on = now.date()
        reader = await reader_of(conn, person_id, await roles_of(conn, person_id, on), on)
        hidden = hidden_cases(reader, cycle_id)
        found[cycle_id, person_id] = await cycle_counts(conn, cycle_id, now, hidden=hidden)
    return found
