"""Who takes part in a cycle: everybody in the company, in or out, with one stated reason.

There is no third list (language reference §2, audience). One statement reads the company, the
conditions are evaluated in memory, one statement writes the result: the cost is linear in people.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions import expressions
from definitions.expressions import ExpressionError, PersonFacts
from definitions.models import Definition
from domain.states import ParticipantState, PersonStatus, Role
from store.base.arrays import literal
from store.people.reporting_lines import CURRENT_LINES

BATCH = 5_000

NEEDS_A_MANAGER = (Role.MANAGER, Role.MANAGER_2)
"""Whose tasks nobody can do for somebody with nobody up the line."""


class Reason(StrEnum):
    """Why somebody is in or out of a cycle."""

    AUDIENCE = "audience"  # in: the definition means them; out: it does not
    CHOSEN = "chosen"  # in: HR chose them by name
    LATE = "late"  # in: became eligible after the launch
    SELF_ONLY = "self_only"  # in, but with nobody to review them
    ADDED = "added_by_hr"  # in: HR's act
    REVIEWER_NAMED = "reviewer_named"  # in: nobody up the line, HR named somebody
    NOT_YET_HIRED = "not_yet_hired"
    LEFT = "left"
    TENURE = "tenure"
    NOT_CHOSEN = "not_chosen"  # the cycle is for people chosen by name, and they are not
    EXCLUDED = "excluded"  # `because` holds HR's words
    NO_MANAGER = "no_manager"
    UNCLEAR = "unclear"  # a condition cannot be decided for this record
    HIRED_BEFORE = "hired_before"  # rolling: hired before the definition was switched on
    REMOVED = "removed_by_hr"  # HR's act

    @property
    def by_hand(self) -> bool:
        """True for what HR decided about this person: no later evaluation changes it."""
        return self in (Reason.ADDED, Reason.REMOVED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One person with regard to one cycle."""

    person_id: int
    state: ParticipantState
    reason: Reason
    because: str | None = None
    department: str | None = None
    reviewer_id: int | None = None

    @property
    def is_in(self) -> bool:
        """True if the person is a participant."""
        return self.state is ParticipantState.IN


@dataclass(frozen=True, slots=True)
class Subject:
    """What the conditions of a definition may ask about somebody."""

    person_id: int
    hire_date: date
    left_on: date | None
    active: bool
    manager_id: int | None
    department: str | None
    record: Row[Any]
    on: date

    @property
    def facts(self) -> PersonFacts:
        """The record as conditions see it; made when asked for: often dates decide."""
        row = self.record
        return PersonFacts(
            employee_id=row.employee_id,
            first_name=row.first_name,
            last_name=row.last_name,
            email=row.email,
            department=row.department,
            city=row.office,
            country=row.country,
            job_title=row.job_title,
            level=row.level,
            employment=row.employment,
            status=row.status,
            language=row.language,
            hire_date=row.hire_date,
            tenure_days=(self.on - row.hire_date).days,
            is_manager=row.reports > 0,
            reports=row.reports,
            manager_id=row.manager_employee_id,
        )

    def gone(self, on: date) -> bool:
        """Whether they have left by that day."""
        if self.left_on is not None:
            return self.left_on <= on
        return not self.active


async def subjects_in_batches(
    conn: AsyncConnection, on: date, person_ids: Sequence[int] | None = None
) -> AsyncIterator[list[Subject]]:
    """Read the worker records as of a day, streamed; without those who left before it.

    Whoever judges them does so batch by batch: the server ends a transaction that leaves it alone
    for too long.
    """
    concerned = "" if person_ids is None else "AND p.id = ANY(CAST(:ids AS bigint[]))"
    stream = await conn.stream(
        text(_SUBJECTS.format(lines=CURRENT_LINES, concerned=concerned)),
        {"on": on, **({} if person_ids is None else {"ids": literal(person_ids)})},
        execution_options={"yield_per": BATCH},
    )
    async for rows in stream.partitions():
        yield [_subject(row, on) for row in rows]


async def read_subjects(
    conn: AsyncConnection, on: date, person_ids: Sequence[int] | None = None
) -> list[Subject]:
    """Read the same at once: for few."""
    return [s async for batch in subjects_in_batches(conn, on, person_ids) for s in batch]


def _subject(row: Row[Any], on: date) -> Subject:
    return Subject(
        person_id=row.id,
        hire_date=row.hire_date,
        left_on=row.left_on,
        active=row.status == PersonStatus.ACTIVE,
        manager_id=row.manager_id,
        department=row.department,
        record=row,
        on=on,
    )


_SUBJECTS = """
WITH line AS ({lines})
SELECT p.id, p.employee_id, p.first_name, p.last_name, p.email, p.hire_date, p.left_on, p.status,
       p.department, p.office, p.country, p.job_title, p.level, p.employment, p.language,
       l.manager_id, m.employee_id AS manager_employee_id, coalesce(r.reports, 0) AS reports
FROM people p
LEFT JOIN line l ON l.person_id = p.id
LEFT JOIN people m ON m.id = l.manager_id
LEFT JOIN (
  SELECT line.manager_id, count(*) AS reports FROM line JOIN people w ON w.id = line.person_id
  WHERE coalesce(w.left_on > :on, w.status = 'active') GROUP BY 1
) r ON r.manager_id = p.id
WHERE coalesce(p.left_on > :on, p.status = 'active') {concerned}
ORDER BY p.id
"""


class Audience:
    """The audience of one definition, its conditions compiled once."""

    def __init__(
        self,
        definition: Definition,
        on: date,
        *,
        reviewers: Mapping[int, int] | None = None,
        without_tenure: bool = False,
        chosen: Collection[int] | None = None,
    ) -> None:
        """`on` is the launch date, or the day on which somebody would enter late.

        `reviewers` are those whom HR named for people with nobody up the line. In a rolling
        cycle `tenure` is counted at the hire date, where it can only be nought.

        `chosen` are the only ones who may be in, if HR chose people by name. For them neither
        conditions nor `tenure` count, as for somebody whom HR adds; whoever is not there on the
        day, or has nobody to review them, is out all the same.
        """
        self._audience = definition.audience
        self._on = on
        self._reviewers = dict(reviewers or {})
        who = self._audience.who
        self._who = None if who is None else expressions.compile(who)
        self._exclude = [
            (expressions.compile(rule.when), rule.because) for rule in self._audience.exclude
        ]
        self._without_tenure = without_tenure
        self._chosen = None if chosen is None else frozenset(chosen)
        # Who is asked in a 360 round may be approved by anybody at the HR desk.
        self._managed = any(
            stage.assignee in NEEDS_A_MANAGER and not stage.traits.holder_may_be_missing
            for stage in definition.stages
        )

    def judge(self, subject: Subject) -> Verdict:
        """Say whether somebody is in, and the one reason that is stated."""
        if self._chosen is not None:
            return self._judge_by_name(subject, subject.person_id in self._chosen)
        because: str | None = None
        reason = self._out_for_dates(subject)
        if reason is None:
            try:
                reason, because = self._out_for_conditions(subject)
            except ExpressionError:
                reason = Reason.UNCLEAR
        if reason is not None:
            return self._verdict(subject, ParticipantState.OUT, reason, because)
        return self._in(subject)

    def _judge_by_name(self, subject: Subject, chosen: bool) -> Verdict:
        reason = self._not_there(subject) if chosen else Reason.NOT_CHOSEN
        if reason is not None:
            return self._verdict(subject, ParticipantState.OUT, reason)
        verdict = self._in(subject)
        if verdict.reason is Reason.AUDIENCE or (
            verdict.reason is Reason.NO_MANAGER and not self._managed
        ):
            return self._verdict(subject, ParticipantState.IN, Reason.CHOSEN)
        return verdict

    def _not_there(self, subject: Subject) -> Reason | None:
        if subject.gone(self._on):
            return Reason.LEFT
        return Reason.NOT_YET_HIRED if subject.hire_date > self._on else None

    def _out_for_dates(self, subject: Subject) -> Reason | None:
        absent = self._not_there(subject)
        if absent is not None:
            return absent
        tenure = self._audience.tenure
        if not self._without_tenure and tenure.after(subject.hire_date) > self._on:
            return Reason.TENURE
        return None

    def _out_for_conditions(self, subject: Subject) -> tuple[Reason | None, str | None]:
        if self._who is not None and not self._who.evaluate(subject.facts):
            return Reason.AUDIENCE, None
        for rule, because in self._exclude:
            if rule.evaluate(subject.facts):
                return Reason.EXCLUDED, because
        return None, None

    def _in(self, subject: Subject) -> Verdict:
        if subject.manager_id is not None:
            return self._verdict(subject, ParticipantState.IN, Reason.AUDIENCE)
        if subject.person_id in self._reviewers:
            return self._verdict(subject, ParticipantState.IN, Reason.REVIEWER_NAMED)
        if self._audience.without_manager == "self_only":
            return self._verdict(subject, ParticipantState.IN, Reason.SELF_ONLY)
        return self._verdict(subject, ParticipantState.OUT, Reason.NO_MANAGER)

    def _verdict(
        self,
        subject: Subject,
        state: ParticipantState,
        reason: Reason,
        because: str | None = None,
    ) -> Verdict:
        reviewer = self._reviewers.get(subject.person_id)
        return Verdict(subject.person_id, state, reason, because, subject.department, reviewer)
