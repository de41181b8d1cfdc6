"""What mails must know of raters: who is outside the company, and in which group somebody stands.

Never who has answered: there is no query for that here.
"""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notifications.mail_facts import Relationship
from store.mail.details import TaskDetail

_GROUPS: tuple[Relationship, ...] = get_args(Relationship)


async def outsiders(conn: AsyncConnection, people: Sequence[int]) -> frozenset[int]:
    """Return which of these people are outside the company and have no account."""
    rows = await conn.execute(
        text(
            "SELECT id FROM people WHERE id = ANY(CAST(:ids AS bigint[])) AND status = 'external'"
        ),
        {"ids": sorted(set(people))},
    )
    return frozenset(rows.scalars())


async def relationships(conn: AsyncConnection, tasks: Sequence[UUID]) -> dict[UUID, str]:
    """Return in which group each of these raters' tasks was asked for."""
    rows = await conn.execute(
        text(
            "SELECT t.id, r.relationship FROM tasks t JOIN raters r ON r.stage_id = t.stage_id "
            "AND r.subject_id = t.subject_id AND r.person_id = t.assignee_id "
            "WHERE t.id = ANY(CAST(:ids AS uuid[])) AND r.state = 'asked'"
        ),
        {"ids": list(tasks)},
    )
    return {row[0]: row[1] for row in rows}


def relationship_of(
    task: TaskDetail, said: object, manager: int | None, *, external: bool
) -> Relationship | None:
    """Return the group of a rater; None where it is one of the protected ones and not known.

    `said` is what the rows hold. Where they hold nothing, those who are identified are
    known by who they are: nobody may be promised to be one of many who is not.
    """
    found = next((group for group in _GROUPS if group == said), None)
    if found is not None or task.assignee_id is None:
        return found
    if task.assignee_id == task.subject_id:
        return "self"
    if external:
        return "external"
    return "manager" if task.assignee_id == manager else None
