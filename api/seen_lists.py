"""A list of raters through the eyes of a reader."""

from uuid import UUID

from api.authentication import Call
from api.seen_tasks import Seen, see_task
from domain.access import may_work_on
from domain.errors import NotFound
from domain.kinds.registry import TRAITS
from domain.states import TaskState
from store.kinds.feedback_round.colleagues import Standing, standing

KINDS = tuple(kind.name for kind in TRAITS.values() if kind.chooses)
"""Kinds of tasks that are lists of raters."""


def may_read_list(seen: Seen) -> bool:
    """Whether the reader may see who is on it: whose it is, and who looks it over. Nobody else.

    HR as such does not, nor a script: who is asked helps to guess who said what. Where the list is
    the desk's to look over, whoever does it there sees it.
    """
    reader, access = seen.reader, seen.access
    theirs = (access.assignee_id, access.acting_id, access.author_id)
    if reader.person_id is not None and reader.person_id in theirs:
        return True
    return seen.facts.state == TaskState.OPEN and may_work_on(reader, access)


def may_change_list(seen: Seen, list_: Standing) -> bool:
    """Whether the reader may change it now."""
    working = seen.facts.state == TaskState.OPEN and may_work_on(seen.reader, seen.access)
    return working and not list_.asked


async def see_list(call: Call, task_id: UUID) -> tuple[Seen, Standing]:
    """The list of a task, if the reader may see it. Raises NotFound for all others."""
    seen = await see_task(call, task_id)
    list_ = await standing(call.conn, task_id) if may_read_list(seen) else None
    if list_ is None:
        raise NotFound(f"The task {task_id} is no list of raters.")
    return seen, list_
