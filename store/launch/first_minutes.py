"""The first minutes after a launch: what went out, what came back, who has begun."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from domain.notifications import Event
from store.access.visible import TOLD
from store.cycles.counted_tasks import tasks_of
from store.outbox.outbox import NewNotification, queue

FIRST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FirstMinutes:
    """Counts of a cycle shortly after its launch, and whose address was refused.

    `tasks` have opened so far; `forms_seen` and `done` are among them. Who has opened a form is a
    count and never a name.
    """

    opened_at: datetime | None
    as_of: datetime
    people: int
    tasks: int
    mails_sent: int
    mails_waiting: int
    mails_refused: int
    mails_unknown: int
    refused: tuple[int, ...]  # people
    forms_seen: int
    done: int
    held: int

    @property
    def is_over(self) -> bool:
        """True when the first ten minutes have passed."""
        return self.opened_at is not None and self.as_of > self.opened_at + FIRST


async def first_ten_minutes(
    conn: AsyncConnection, cycle_id: UUID, now: datetime, *, hidden: list[int]
) -> FirstMinutes:
    """Count what happened to the first mails and forms of a cycle, without `hidden` cases.

    Raises NotFound.
    """
    values = {"id": cycle_id, "hidden": hidden, "now": now}
    row = (await conn.execute(text(_COUNTS), values)).one_or_none()
    if row is None:
        raise NotFound(f"there is no cycle {cycle_id}")
    return FirstMinutes(
        opened_at=row.opened_at,
        as_of=now,
        people=row.participants,
        tasks=row.tasks,
        mails_sent=row.sent,
        mails_waiting=row.waiting,
        mails_refused=row.failed,
        mails_unknown=row.unknown,
        refused=tuple(row.refused or ()),
        forms_seen=row.seen,
        done=row.done,
        held=row.held,
    )


async def send_preview(
    conn: AsyncConnection, cycle_id: UUID, person_id: int, preview_of: int, now: datetime
) -> bool:
    """Send oneself the first mail of the cycle to somebody, as a preview; at most once a minute.

    It is made when it is sent. If there is none by then, a mail comes that says that mail works.
    False: one is on its way already. Raises NotFound.
    """
    if not await conn.scalar(text("SELECT 1 FROM cycles WHERE id = :id"), {"id": cycle_id}):
        raise NotFound(f"there is no cycle {cycle_id}")
    queued = await queue(
        conn,
        [
            NewNotification(
                key=f"test:{cycle_id}:{person_id}:{now:%Y%m%dT%H%M}",
                event=Event.TEST_MAIL,
                person_id=person_id,
                at=now,
                send_at=now,
                cause="asked_for",
                cycle_id=cycle_id,
                data={"preview_of": preview_of},
            )
        ],
    )
    return queued > 0


OF_THE_LAUNCH = "n.event NOT IN ('test_mail', 'launch_check', 'launch_waiting', 'launched_report')"
"""Of `notifications n`: what people are told. Not what the desk is told about the launch: the
report of these numbers would count itself."""

_COUNTS = f"""
WITH mailed AS (
  SELECT DISTINCT m.id, m.state, m.person_id FROM notifications n JOIN mails m ON m.id = n.mail_id
  WHERE n.cycle_id = :id AND {OF_THE_LAUNCH} AND {TOLD}
), opened AS (
  SELECT k.status, k.seen_at FROM ({tasks_of("CAST(:id AS uuid)")}) k
  WHERE k.status IN ('in_time', 'late', 'done', 'expired')
)
SELECT c.opened_at, c.participants,
  (SELECT count(*) FROM opened) AS tasks,
  (SELECT count(*) FROM mailed WHERE state = 'sent') AS sent,
  (SELECT count(*) FROM mailed WHERE state = 'failed') AS failed,
  (SELECT count(*) FROM mailed WHERE state = 'unknown') AS unknown,
  (SELECT count(DISTINCT n.person_id) FROM notifications n WHERE n.cycle_id = :id
    AND {OF_THE_LAUNCH} AND n.state IN ('queued', 'sending') AND NOT n.ride_along
    AND {TOLD}) AS waiting,
  (SELECT array_agg(DISTINCT person_id ORDER BY person_id) FROM mailed
    WHERE state = 'failed' AND person_id IS NOT NULL) AS refused,
  (SELECT count(*) FROM opened WHERE seen_at IS NOT NULL) AS seen,
  (SELECT count(*) FROM opened WHERE status = 'done') AS done,
  (SELECT count(*) FROM held_rows WHERE cycle_id = :id AND cleared_at IS NULL) AS held
FROM cycles c WHERE c.id = :id
"""
