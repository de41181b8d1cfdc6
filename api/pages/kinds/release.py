"""The page of the release task, and its button."""

from collections.abc import Sequence

from api.authentication import Call
from api.pages.frame.views import Notice, Problem
from api.pages.tasks.desk import Desk, head
from api.pages.tasks.views import ReleasePart, ReleaseTask
from store.kinds.release import preview_release
from store.kinds.release import release as release_results
from store.views.task_pages import release_parts


async def release_page(
    call: Call, desk: Desk, chosen: tuple[str, ...], notice: Notice | None
) -> ReleaseTask:
    """What can be released, department by department."""
    parts = await release_parts(call.conn, desk.facts.cycle_id)
    meets = any(stage.kind == "meeting" for stage in desk.definition.stages)
    return ReleaseTask(
        title="Release the results",
        part="tasks",
        notice=notice,
        task=head(desk, call),
        version=desk.version,
        parts=tuple(ReleasePart(p.department, p.ready, p.waiting, p.released) for p in parts),
        next_step="Each person sees their own when the conversation was held."
        if meets
        else "Each person can read their own at once.",
        chosen=chosen,
    )


async def release(
    call: Call, desk: Desk, chosen: Sequence[str], confirmed: str
) -> tuple[Problem, ...]:
    """Release the chosen departments if the number is theirs; else what is wrong."""
    parts = await release_parts(call.conn, desk.facts.cycle_id)
    picked = [part for part in parts if part.department in chosen and part.ready]
    if not picked:
        return (Problem("departments", "Choose at least one department.", "#f-departments"),)
    foreseen = await preview_release(
        call.conn, desk.facts.id, [part.department for part in picked], call.now
    )
    count = foreseen.counts["people"]
    if confirmed != str(count):
        text = f"The departments that you chose have {count} results: type {count} to release them."
        return (Problem("confirm", text, "#f-confirm"),)
    await release_results(
        call.conn,
        desk.facts.id,
        call.actor,
        call.now,
        departments=[part.department for part in picked],
    )
    return ()
