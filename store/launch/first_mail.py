"""The first mail of a cycle that is not launched yet, for one of those who will get it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import IllegalState
from domain.states import CycleState
from store.changes.long_leave import open_present
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.cycles.launch_rows import lock_checked
from store.cycles.readiness import ready_subjects
from store.launch.launching import open_checked
from store.tasks.holders import holders_for
from store.tasks.opening import MOST_AT_ONCE, open_planned


class NoFirstMail(IllegalState):
    """There is no mail to show. Says why, and no name."""

    code = "no-first-mail"
    title = "No mail to show"


@dataclass(frozen=True, slots=True)
class FirstMail:
    """A mail as it will leave at `at`, marked as a preview and without its attachments.

    `receiver` is who reads it: the person, or who stands in for them. `calendar`: an entry for the
    calendar is attached to it. `asked_too`: there are raters' requests beside it, which HR is not
    shown.
    """

    person_id: int
    receiver: str
    language: str
    at: datetime
    subject: str
    text: str
    html: str
    calendar: bool = False
    asked_too: bool = False


class MakesFirstMail(Protocol):
    """Makes the first mail to a person, or to the first by name, and leaves nothing of it."""

    async def __call__(
        self,
        conn: AsyncConnection,
        cycle_id: UUID,
        person_id: int | None,
        now: datetime,
        *,
        hidden: list[int],
    ) -> FirstMail:
        """`hidden` are the cases that the reader does not see. Raises AlmanacError if there is
        none to show."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """A launch that will be taken back: what opens with it, and for whom of those who hold it."""

    cycle: CycleFacts
    stages: tuple[StageFacts, ...]
    person_id: int
    at: datetime
    asks_raters: bool


async def open_for_one(
    conn: AsyncConnection,
    cycle_id: UUID,
    person_id: int | None,
    now: datetime,
    *,
    hidden: Sequence[int],
) -> Opening:
    """Launch the cycle as confirming it now would, with the tasks of one holder alone.

    Everything is to be rolled back by the caller, who then forgets the cycle. Without a person it
    is the first by name. Nobody is shown who is `hidden` from the reader, or has a task about
    somebody who is. Raises NoFirstMail, and what `confirm` raises.
    """
    checked = await lock_checked(conn, cycle_id)
    if checked.state not in (CycleState.CHECK, CycleState.WAITING):
        raise NoFirstMail("The cycle is launched or given up.")
    if checked.launched_by == "rolling":
        raise NoFirstMail(
            "People enter this cycle one by one, each with a first mail of their own."
        )
    launched = await open_checked(conn, checked, now)
    cycle = await load_cycle(conn, cycle_id)
    first = [stage for stage in cycle.stages.values() if not stage.predecessors]
    shown = tuple(s for s in first if not (s.traits.private or s.traits.for_all))
    at = max(now, launched.opens_at)
    held = await _held(conn, cycle, shown, at)
    person = await _first(conn, held, hidden) if person_id is None else person_id
    if person in hidden or any(subject in hidden for subject in held.get(person, ())):
        raise NoFirstMail("HR's rights end at one's own case and one's own managers.")
    if person not in held:
        raise NoFirstMail("This person gets no task when the cycle opens.")
    await _leave_out_others(conn, cycle_id, held[person])
    return Opening(cycle, shown, person, at, asks_raters=len(first) > len(shown))


async def _held(
    conn: AsyncConnection, cycle: CycleFacts, stages: Sequence[StageFacts], at: datetime
) -> Mapping[int, set[int]]:
    """The subjects of each holder's tasks."""
    held: dict[int, set[int]] = {}
    for stage in stages:
        ready = await ready_subjects(conn, cycle, stage, MOST_AT_ONCE)
        for subject, holder in (await holders_for(conn, cycle, stage, ready, at.date())).items():
            if holder.assignee_id is not None:
                held.setdefault(holder.assignee_id, set()).add(subject)
    return held


async def _first(conn: AsyncConnection, held: Mapping[int, set[int]], hidden: Sequence[int]) -> int:
    away = set(hidden)
    shown = [person for person, about in held.items() if person not in away and not about & away]
    first: int | None = await conn.scalar(
        text(
            "SELECT id FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"
            " ORDER BY last_name, first_name, id LIMIT 1"
        ),
        {"ids": sorted(shown)},
    )
    if first is None:
        raise NoFirstMail("Nobody whom you may read gets a task when the cycle opens.")
    return first


async def _leave_out_others(conn: AsyncConnection, cycle_id: UUID, about: set[int]) -> None:
    await conn.execute(
        text(
            "UPDATE participants SET state = 'out' WHERE cycle_id = :cycle AND state = 'in'"
            " AND person_id <> ALL(CAST(:about AS bigint[]))"
        ),
        {"cycle": cycle_id, "about": sorted(about)},
    )


async def opened_by(conn: AsyncConnection, opening: Opening, at: datetime) -> datetime | None:
    """Open what has come due by then; returns when the person is mailed or gets a task next."""
    for stage in opening.stages:
        await open_present(conn, opening.cycle, stage, at)
        await open_planned(conn, opening.cycle, stage, at)
    following: datetime | None = await conn.scalar(
        text(
            "SELECT min(at) FROM (SELECT send_at AS at FROM notifications"
            " WHERE cycle_id = :cycle AND person_id = :who AND state = 'queued'"
            " UNION ALL SELECT opens_at FROM tasks"
            " WHERE cycle_id = :cycle AND assignee_id = :who AND state = 'planned') d"
        ),
        {"cycle": opening.cycle.id, "who": opening.person_id},
    )
    return following
