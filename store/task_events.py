"""What became of a task: its changes, as a list that is only added to."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.arrays import literal


async def record_events(
    conn: AsyncConnection,
    events: Sequence[tuple[UUID, datetime, str, Mapping[str, object]]],
    actor_id: int | None = None,
) -> None:
    """Write down changes of tasks: (task, business instant, event, detail without words)."""
    if not events:
        return
    await conn.execute(
        text(
            "INSERT INTO task_events (task_id, at, event, actor_id, detail) "
            "SELECT n.task, n.at, n.event, :actor, CAST(n.detail AS jsonb) FROM unnest("
            "CAST(:tasks AS uuid[]), CAST(:ats AS timestamptz[]), CAST(:events AS text[]), "
            "CAST(:details AS text[])) AS n(task, at, event, detail)"
        ),
        {
            "actor": actor_id,
            "tasks": literal(e[0] for e in events),
            "ats": literal(e[1] for e in events),
            "events": literal(e[2] for e in events),
            "details": literal(json.dumps(dict(e[3])) for e in events),
        },
    )
