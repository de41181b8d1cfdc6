"""What became of a task: its changes, as a list that is only added to."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.arrays import literal


async def record_events(
    conn: AsyncConnection,
    events: Sequence[tuple[UUID, datetime, str, Mapping[str, object]]],
    actor_id: int | None = None,
    *,
    words: str | None = None,
) -> None:
    """Write down changes of tasks: (task, business instant, event, detail without words).

    `words` is the reason that the actor gave for all of them.
    """
    if not events:
        return
    await conn.execute(
        text(
            "INSERT INTO task_events (task_id, at, event, actor_id, detail, words) "
            "SELECT n.task, n.at, n.event, :actor, CAST(n.detail AS jsonb), :words FROM unnest("
            "CAST(:tasks AS uuid[]), CAST(:ats AS timestamptz[]), CAST(:events AS text[]), "
            "CAST(:details AS text[])) AS n(task, at, event, detail)"
        ),
        {
            "actor": actor_id,
            "words": words,
            "tasks": literal(e[0] for e in events),
            "ats": literal(e[1] for e in events),
            "events": literal(e[2] for e in events),
            "details": literal(json.dumps(dict(e[3])) for e in events),
        },
    )
