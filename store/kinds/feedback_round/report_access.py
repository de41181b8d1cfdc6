"""Who may read the report of a 360 round, and from when: every page, file and answer asks here.

The rule, with its reasons (language reference §2 and §8):

- **Nobody while the round is open for the subject.** There is no report then, and nobody is told
  how far it is.
- **Nobody while a reviewer has comments before them**: what is read before could be subtracted
  from what is read afterwards.
- **The subject** once their result is open (after the release, or the conversation; at once in a
  round that stands alone), and not before the day that the definition leaves to the manager.
- **Their manager** as soon as there is a report: it is written for the text that they write next.
- **Everybody further up the line** with the result, as for the manager's text.
- **HR**, unless the definition lets HR read completion only; never about themselves or their own
  line, where they are participants like everybody else.
- **Nobody else**: no administrator as such, no rater, no delegate (a leave hands over tasks, not
  what others say of somebody), no script.

Each asker gets the questions that are visible to them, and everybody the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions import forms
from domain.access import Reader, hr_over
from store.base.arrays import literal
from store.people.reporting_lines import lines_above


class Because(StrEnum):
    """Why somebody may read a report, or why not."""

    OWN = "own"
    MANAGES = "manages"
    LEADS = "leads"
    HR = "hr"
    UNDER_WAY = "under_way"  # the round is open, or a reviewer is at it
    NOT_OPENED = "not_opened"  # there is one, and it waits for the opening of the result
    NONE = "none"  # the round is over, and nothing was made: nobody could be asked
    NOT_YOURS = "not_yours"


_AS: dict[Because, forms.Reader] = {
    Because.OWN: "subject",
    Because.MANAGES: "manager",
    Because.LEADS: "manager",
    Because.HR: "hr",
}


@dataclass(frozen=True, slots=True)
class RoundAbout:
    """A round about somebody in a cycle, as far as access goes. `line`: above them, nearest first.

    `made_on` is the company's day on which the report was made; none: there is no report, and there
    will be none if the round is `over`. `readable_on` is the day from which the subject may read,
    fixed as soon as anybody may.
    """

    cycle_id: UUID
    subject_id: int
    round_id: UUID
    stage: str
    title: str
    made_on: date | None
    over: bool
    held: bool
    readable_on: date | None
    today: date
    released: bool
    opened: bool
    hr_reads: bool
    line: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportStanding:
    """Where a report stands for one reader. `read_as` is empty for whoever may not read it."""

    about: RoundAbout
    because: Because

    @property
    def read_as(self) -> forms.Reader | None:
        """Whose questions the reader sees; none: they may not read."""
        return _AS.get(self.because)


def because(reader: Reader, about: RoundAbout) -> Because:
    """Whether the reader may read the report, as the reason for it. Pure."""
    own = reader.person_id is not None and reader.person_id == about.subject_id
    desk = (
        reader.person_id is not None
        and about.hr_reads
        and hr_over(reader, about.subject_id, about.cycle_id)
    )
    if not (own or desk or reader.person_id in about.line):
        return Because.NOT_YOURS
    if about.made_on is None:
        return Because.NONE if about.over else Because.UNDER_WAY
    if about.held:
        return Because.UNDER_WAY
    if own:
        day_has_come = about.readable_on is not None and about.readable_on <= about.today
        return Because.OWN if about.opened and day_has_come else Because.NOT_OPENED
    if desk:
        return Because.HR
    if reader.person_id == about.line[0]:
        return Because.MANAGES
    return Because.LEADS if about.opened or about.released else Because.NOT_OPENED


async def report_standing(
    conn: AsyncConnection,
    reader: Reader,
    cycle_id: UUID,
    subject_id: int,
    now: datetime,
    *,
    stage: str | None = None,
) -> ReportStanding | None:
    """Where the report about a subject stands for a reader; none if there is no such round.

    `stage`: the round as the definition names it; without it, the last one of the cycle. The same
    statements run whoever asks and whatever is there. Reads only.
    """
    found = await report_standings(conn, reader, [(cycle_id, subject_id)], now)
    fitting = [one for one in found if stage is None or one.about.stage == stage]
    return fitting[-1] if fitting else None


async def report_standings(
    conn: AsyncConnection, reader: Reader, cases: Sequence[tuple[UUID, int]], now: datetime
) -> list[ReportStanding]:
    """The same for many pairs of cycle and subject, in the order of cycles and their rounds."""
    lines = await lines_above(conn, [subject for _, subject in cases], now.date())
    rows = await conn.execute(
        text(_ROUNDS),
        {
            "now": now,
            "cycles": literal(cycle for cycle, _ in cases),
            "subjects": literal(subject for _, subject in cases),
        },
    )
    found = [_round_about(row, tuple(lines.get(row.subject_id, ()))) for row in rows]
    return [ReportStanding(one, because(reader, one)) for one in found]


_ROUNDS = """
SELECT c.id AS cycle_id, p.person_id AS subject_id, s.id AS round_id,
  split_part(s.key, '.', 1) AS stage, s.title,
  CAST(r.made_at AT TIME ZONE z.zone AS date) AS made_on,
  s.state = 'closed' OR c.state IN ('closed', 'cancelled') OR EXISTS (SELECT FROM skips k
    WHERE k.stage_id = s.id AND k.subject_id = p.person_id) AS over,
  coalesce(r.held, false) AS held, r.readable_on,
  CAST(CAST(:now AS timestamptz) AT TIME ZONE z.zone AS date) AS today,
  p.released_at IS NOT NULL AS released, p.opened_at IS NOT NULL AS opened,
  coalesce(v.content #>> '{policies,hr_reads}', 'all') <> 'completion only' AS hr_reads
FROM unnest(CAST(:cycles AS uuid[]), CAST(:subjects AS bigint[])) AS w(cycle_id, subject_id)
JOIN participants p ON p.cycle_id = w.cycle_id AND p.person_id = w.subject_id AND p.state = 'in'
JOIN cycles c ON c.id = p.cycle_id
CROSS JOIN LATERAL (SELECT coalesce(c.calendars ->> 'zone', 'UTC') AS zone) z
JOIN definition_versions v ON v.id = c.version_id
JOIN stages s ON s.cycle_id = c.id AND s.kind = 'collect'
LEFT JOIN feedback_reports r ON r.stage_id = s.id AND r.subject_id = p.person_id
ORDER BY c.id, p.person_id, s.position
"""


def _round_about(row: Any, line: tuple[int, ...]) -> RoundAbout:
    return RoundAbout(
        cycle_id=row.cycle_id,
        subject_id=row.subject_id,
        round_id=row.round_id,
        stage=row.stage,
        title=row.title,
        made_on=row.made_on,
        over=row.over,
        held=row.held,
        readable_on=row.readable_on,
        today=row.today,
        released=row.released,
        opened=row.opened,
        hr_reads=row.hr_reads,
        line=line,
    )
