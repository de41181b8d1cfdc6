"""When a result may be read, and by whom: HR releases, the conversation opens it (§2, §8)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from store.cycles.facts import CycleFacts, StageFacts
from store.outbox.notices import Notice, tell_all


async def after_submission(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    subject_id: int | None,
    now: datetime,
) -> None:
    """Open the result to the subject if this submission is what opens it.

    A held conversation opens it (after the release, where there is one). Without a conversation
    and without a release the manager's text is open as soon as it was submitted.
    """
    if subject_id is None:
        return
    releases, meetings = cycle.releases, cycle.conversations
    if stage.traits.held:
        await open_results(conn, cycle, [subject_id], now, needs_release=bool(releases))
    elif not releases and not meetings and stage.spec.assignee == "manager":
        await open_results(conn, cycle, [subject_id], now, needs_release=False)


async def open_results(
    conn: AsyncConnection,
    cycle: CycleFacts,
    subjects: Sequence[int],
    now: datetime,
    *,
    needs_release: bool,
) -> list[int]:
    """Let these subjects read their result from now on, and tell those for whom that is new."""
    rows = await conn.execute(
        text(
            "UPDATE participants SET opened_at = :now WHERE cycle_id = :cycle "
            "AND person_id = ANY(CAST(:subjects AS bigint[])) AND opened_at IS NULL "
            "AND (NOT :needs_release OR released_at IS NOT NULL) RETURNING person_id"
        ),
        {
            "now": now,
            "cycle": cycle.id,
            "subjects": list(subjects),
            "needs_release": needs_release,
        },
    )
    opened = [r.person_id for r in rows]
    readable = await with_something_to_read(conn, cycle, opened)
    await tell_all(
        conn,
        [
            Notice(
                p,
                Event.RESULT_OPENED,
                f"cycle:{cycle.id}:result:{p}",
                "result_opened",
                cycle_id=cycle.id,
                subject_id=p,
            )
            for p in opened
            if p in readable
        ],
        now,
    )
    return opened


async def with_something_to_read(
    conn: AsyncConnection, cycle: CycleFacts, subjects: Sequence[int]
) -> set[int]:
    """Return the subjects about whom somebody else has written: there is a result to be read.

    In a cycle with a feedback round all of them: whether there is a report would tell whether
    anybody has answered.
    """
    if cycle.asks_raters or not subjects:
        return set(subjects)
    forms = cycle.definition.forms
    written = [
        stage.id
        for stage in cycle.stages.values()
        if stage.spec.assignee != "subject"
        and stage.traits.form == "stage"
        and (stage.spec.form or stage.key) in forms
    ]
    rows = await conn.execute(
        text(
            "SELECT DISTINCT subject_id FROM tasks WHERE cycle_id = :cycle AND state = 'done' "
            "AND stage_id = ANY(CAST(:stages AS uuid[])) "
            "AND subject_id = ANY(CAST(:subjects AS bigint[]))"
        ),
        {"cycle": cycle.id, "stages": written, "subjects": list(subjects)},
    )
    return set(rows.scalars())


async def release_results(
    conn: AsyncConnection,
    cycle: CycleFacts,
    subjects: Sequence[int] | None,
    now: datetime,
) -> list[int]:
    """Release the results of these subjects (none given: of everybody in the cycle).

    From now on their managers see them; the subjects at once where there is no conversation.
    Managers are told once a day with a count. Returns whose result is newly released.
    """
    rows = await conn.execute(
        text(
            "UPDATE participants SET released_at = :now WHERE cycle_id = :cycle AND state = 'in' "
            "AND released_at IS NULL AND (CAST(:subjects AS bigint[]) IS NULL "
            "OR person_id = ANY(CAST(:subjects AS bigint[]))) RETURNING person_id"
        ),
        {
            "now": now,
            "cycle": cycle.id,
            "subjects": None if subjects is None else list(subjects),
        },
    )
    released = [r.person_id for r in rows]
    if not cycle.conversations:
        await open_results(conn, cycle, released, now, needs_release=True)
    return released


async def tell_managers_of_release(
    conn: AsyncConnection, cycle: CycleFacts, managers: dict[int, int], now: datetime
) -> None:
    """One line to each manager whose people's results were released: {manager: how many}."""
    await tell_all(
        conn,
        [
            Notice(
                m,
                Event.RESULTS_RELEASED,
                f"cycle:{cycle.id}:released:{now.isoformat()}",
                "released",
                cycle_id=cycle.id,
                data={"people": count},
            )
            for m, count in managers.items()
        ],
        now,
    )


async def tell_downstream(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    subject_id: int | None,
    revision: int,
    now: datetime,
) -> None:
    """What others wrote on the ground of this was written on an older text: tell its authors."""
    if subject_id is None:
        return
    later: list[UUID] = [s.id for s in cycle.later_than(stage)]
    rows = await conn.execute(
        text(
            "SELECT DISTINCT coalesce(ended_by_id, assignee_id) AS person FROM tasks "
            "WHERE stage_id = ANY(:stages) AND subject_id = :subject "
            "AND state IN ('open', 'done') AND assignee_id IS NOT NULL AND assignee_id <> :subject"
        ),
        {"stages": later, "subject": subject_id},
    )
    await tell_all(
        conn,
        [
            Notice(
                r.person,
                Event.INPUT_CHANGED,
                f"stage:{stage.id}:{subject_id}:changed:{revision}",
                "input_changed",
                cycle_id=cycle.id,
                subject_id=subject_id,
                data={"stage": stage.key},
            )
            for r in rows
        ],
        now,
    )
