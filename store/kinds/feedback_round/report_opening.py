"""Reports become readable: for the manager at once, for the subject with their result.

The day from which the subject may read is fixed when the report is there and no comment waits for
its reviewer: that day, or so many working days later as the definition gives the manager
(`manager_first`). Where HR releases, or a conversation or the manager's text opens the result, the
report waits for that as well; a round that stands alone opens by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notifications import Event
from store.base.arrays import literal
from store.base.halving import CHUNK
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.results import open_results
from store.kinds.feedback_round.rules import Round, round_of, to_the_day
from store.outbox.notices import Notice, tell_all
from store.people.times import managers_of


def opens_by_itself(cycle: CycleFacts) -> bool:
    """Is there no release, no conversation and no manager's text that opens the results?"""
    return not any(
        stage.traits.opens_results
        or stage.traits.held
        or (stage.traits.needs_form and stage.spec.assignee == "manager")
        for stage in cycle.stages.values()
    )


async def open_reports(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Let the reports that are ready be read, and tell those for whom that is new: one chunk.

    Returns CHUNK if more may be left, else 0. Idempotent: a report is handled once.
    """
    round_ = round_of(cycle, stage)
    today = cycle.company.local_date(as_of)
    ready = await _ready(conn, round_, _subjects_from(round_, today))
    await _tell_managers(conn, round_, ready, today, as_of)
    await _tell_subjects(conn, round_, ready, today, as_of)
    opened: Sequence[int] = ()
    if opens_by_itself(cycle):
        opened = await _due(conn, round_, as_of)
        await open_results(conn, cycle, opened, as_of, needs_release=False)
    return CHUNK if max(len(ready), len(opened)) >= CHUNK else 0


@dataclass(frozen=True, slots=True)
class Unopened:
    """Reports that are not open yet: some wait for a reviewer; the next opens by itself then."""

    reviewed: bool
    opens_at: datetime | None

    @property
    def any(self) -> bool:
        """Is there still something to open?"""
        return not self.reviewed or self.opens_at is not None


async def unopened(conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts) -> Unopened:
    """What a round still has to open when everything is collected. Reads only."""
    row = (
        await conn.execute(
            text(
                "SELECT coalesce(bool_or(r.held), false) AS held, min(r.readable_on) "
                "FILTER (WHERE p.opened_at IS NULL) AS day FROM feedback_reports r "
                "JOIN participants p ON p.cycle_id = :cycle AND p.person_id = r.subject_id "
                "AND p.state = 'in' WHERE r.stage_id = :stage"
            ),
            {"cycle": cycle.id, "stage": stage.id},
        )
    ).one()
    opens = opens_by_itself(cycle) and row.day is not None
    return Unopened(not row.held, cycle.company.opening(row.day) if opens else None)


def _subjects_from(round_: Round, today: date) -> date:
    """The day from which subjects read what is ready today."""
    return round_.cycle.company.calendar.after(today, round_.manager_first or 0)


async def _ready(conn: AsyncConnection, round_: Round, readable_on: date) -> list[int]:
    rows = await conn.execute(
        text(
            """
            UPDATE feedback_reports SET readable_on = :on
            WHERE stage_id = :stage AND subject_id IN (
                SELECT subject_id FROM feedback_reports WHERE stage_id = :stage
                  AND NOT held AND readable_on IS NULL
                ORDER BY subject_id LIMIT :limit FOR UPDATE)
            RETURNING subject_id
            """
        ),
        {"stage": round_.id, "on": readable_on, "limit": CHUNK},
    )
    return sorted(rows.scalars())


async def _due(conn: AsyncConnection, round_: Round, as_of: datetime) -> list[int]:
    """Whose day has come: at 09:00, whatever wakes the round before; at once on the day itself."""
    company, today = round_.cycle.company, round_.cycle.company.local_date(as_of)
    begun = today if company.opening(today) <= as_of else today - timedelta(days=1)
    rows = await conn.execute(
        text(
            "SELECT r.subject_id FROM feedback_reports r JOIN participants p "
            "ON p.cycle_id = :cycle AND p.person_id = r.subject_id AND p.state = 'in' "
            "AND p.opened_at IS NULL WHERE r.stage_id = :stage AND (r.readable_on <= :begun "
            "OR (r.readable_on = :today AND r.made_at = :made)) ORDER BY 1 LIMIT :limit"
        ),
        {
            "cycle": round_.cycle.id,
            "stage": round_.id,
            "begun": begun,
            "today": today,
            "made": to_the_day(round_.cycle, as_of),
            "limit": CHUNK,
        },
    )
    return list(rows.scalars())


async def _tell_subjects(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], today: date, as_of: datetime
) -> None:
    """Whose result is open already gets no other mail that leads to the report."""
    cycle = round_.cycle
    rows = await conn.execute(
        text(
            "SELECT person_id FROM participants WHERE cycle_id = :cycle AND state = 'in' "
            "AND opened_at <= :at AND person_id = ANY(CAST(:subjects AS bigint[]))"
        ),
        {"cycle": cycle.id, "at": as_of, "subjects": literal(subjects)},
    )
    await tell_all(
        conn,
        [
            Notice(
                person,
                Event.REPORT_OPENED,
                f"round:{round_.id}:report",
                "report_opened",
                cycle_id=cycle.id,
                subject_id=person,
            )
            for person in rows.scalars()
        ],
        as_of,
        not_before=cycle.company.opening(_subjects_from(round_, today)),
    )


async def _tell_managers(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], today: date, as_of: datetime
) -> None:
    """Who reads first, or has no text to write with it, is told; others find it beside the form."""
    cycle = round_.cycle
    if not subjects or not (opens_by_itself(cycle) or round_.manager_first):
        return
    later = None
    if round_.manager_first and opens_by_itself(cycle):
        later = _subjects_from(round_, today).isoformat()
    managers = await managers_of(conn, subjects, today)
    await tell_all(
        conn,
        [
            Notice(
                manager,
                Event.REPORT_READY,
                f"round:{round_.id}:{subject}:report",
                "report_ready",
                cycle_id=cycle.id,
                subject_id=subject,
                data={"subject_on": later} if later else {},
            )
            for subject, manager in managers.items()
            if manager != subject
        ],
        as_of,
    )
