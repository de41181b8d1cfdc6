"""What steering one task would do: the act itself, tried and taken back.

So a preview refuses what the act refuses, and names the date that the act would set.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState
from store.steering import task as task_steering
from store.steering.cycle import Preview
from store.tasks.rows import TaskFacts, lock_task

_NOBODY = Actor(None, "engine")
_SOME_REASON = "preview"


async def preview_reassign(
    conn: AsyncConnection, task_id: UUID, to_person: int, actor: Actor, now: datetime
) -> Preview:
    """What giving a task to somebody else would do. Raises what `reassign` raises."""
    _, _, before = await lock_task(conn, task_id)
    if before.assignee_id == to_person:
        raise IllegalState("That person holds it already.")
    after = await _tried(
        conn,
        task_id,
        lambda: task_steering.reassign(conn, task_id, to_person, actor, now),
    )
    moved = after.due_on != before.due_on
    due = f"due {after.due_on:%a %d %b %Y}" + (", later than now." if moved else ", as now.")
    told = (
        "Both people are told at once. A draft stays with whoever wrote it."
        if before.assignee_id is not None
        else "They are told at once."
    )
    name = await _name(conn, to_person)
    return Preview("reassign", (f"{name} holds the task from now on, {due}", told), {"tasks": 1})


async def preview_reopen(conn: AsyncConnection, task_id: UUID, now: datetime) -> Preview:
    """What reopening would do. Raises what `reopen` raises, except for a missing reason."""
    _, _, before = await lock_task(conn, task_id)
    after = await _tried(
        conn,
        task_id,
        lambda: task_steering.reopen(conn, task_id, _SOME_REASON, _NOBODY, now),
    )
    sentences = [f"The task is open again, due {after.due_on:%a %d %b %Y}. Its holder is told."]
    if before.revision:
        sentences.append("What was submitted becomes a draft; the next one is a new revision.")
        sentences.append("What was written afterwards stays; its authors hear of the change.")
    return Preview("reopen", tuple(sentences), {"tasks": 1})


async def preview_nudge(
    conn: AsyncConnection, task_id: UUID, actor: Actor, now: datetime
) -> Preview:
    """What nudging would do. Raises what `nudge` raises."""
    task = await _tried(conn, task_id, lambda: task_steering.nudge(conn, task_id, actor, now))
    name = await _name(conn, task.assignee_id or 0)
    sentence = f"{name} gets one line more with the next daily mail, with your name. Once a day."
    return Preview("nudge", (sentence,), {"tasks": 1})


async def preview_excuse(
    conn: AsyncConnection, task_id: UUID, actor: Actor, now: datetime
) -> Preview:
    """What excusing would do. Raises what `excuse` raises, except for a missing reason."""
    await _tried(
        conn,
        task_id,
        lambda: task_steering.excuse(conn, task_id, _SOME_REASON, actor, now),
    )
    return Preview(
        "excuse",
        (
            "It is asked of nobody any more and counts as closed; what waits for it goes on.",
            "No further mail is sent about it. HR can reopen it.",
        ),
        {"tasks": 1},
    )


async def _tried(
    conn: AsyncConnection, task_id: UUID, act: Callable[[], Awaitable[object]]
) -> TaskFacts:
    """The task as the act would leave it; nothing of the act stays."""
    savepoint = await conn.begin_nested()
    try:
        await act()
        _, _, task = await lock_task(conn, task_id)
    finally:
        await savepoint.rollback()
    return task


async def _name(conn: AsyncConnection, person_id: int) -> str:
    query = text("SELECT first_name || ' ' || last_name FROM people WHERE id = :id")
    return str(await conn.scalar(query, {"id": person_id}))
