"""Reports of 360 rounds as somebody finds them: about themselves, and about people below."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Reader
from store.base.stage_kinds import PRIVATE, STEPS
from store.kinds.feedback_round.report_access import Because, ReportStanding, report_standings


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A round about somebody, and where its report stands for the reader.

    `alone`: the cycle has nothing but rounds, so there is no other result to read.
    """

    standing: ReportStanding
    cycle: str
    name: str
    first_name: str
    department: str | None
    alone: bool


async def found_reports(conn: AsyncConnection, reader: Reader, now: datetime) -> list[FoundReport]:
    """Rounds about the reader, also those under way, and readable reports of people below.

    The newest cycle first. Of others nothing is told but what can be read. Reads only.
    """
    rows = await conn.execute(text(_AROUND), {"me": reader.person_id, "on": now.date()})
    around = {(row.cycle_id, row.person_id): row for row in rows}
    return [
        FoundReport(one, row.title, row.name, row.first_name, row.department, row.alone)
        for one in await _standings(conn, reader, list(around), now)
        if one.because is not Because.NONE
        and (one.read_as is not None or one.about.subject_id == reader.person_id)
        for row in [around[one.about.cycle_id, one.about.subject_id]]
    ]


async def _standings(
    conn: AsyncConnection, reader: Reader, cases: Sequence[tuple[UUID, int]], now: datetime
) -> list[ReportStanding]:
    place = {case: n for n, case in enumerate(cases)}
    found = await report_standings(conn, reader, cases, now)
    return sorted(found, key=lambda one: place[one.about.cycle_id, one.about.subject_id])


_AROUND = f"""
WITH RECURSIVE below(person_id, depth) AS (
  SELECT person_id, 1 FROM reporting_lines WHERE manager_id = :me
    AND valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)
  UNION
  SELECT l.person_id, b.depth + 1 FROM below b JOIN reporting_lines l
    ON l.manager_id = b.person_id AND l.valid_from <= :on
    AND (l.valid_to IS NULL OR l.valid_to > :on) WHERE b.depth < 100)
SELECT p.cycle_id, p.person_id, c.title, w.first_name || ' ' || w.last_name AS name,
  w.first_name, coalesce(p.department, w.department) AS department,
  NOT EXISTS (SELECT FROM stages s WHERE s.cycle_id = c.id
    AND s.kind NOT IN {STEPS}) AS alone
FROM participants p JOIN cycles c ON c.id = p.cycle_id JOIN people w ON w.id = p.person_id
WHERE p.state = 'in' AND c.state NOT IN ('check', 'waiting_for_approval', 'cancelled')
  AND EXISTS (SELECT FROM stages s WHERE s.cycle_id = c.id AND s.kind IN {PRIVATE})
  AND (p.person_id = :me OR (p.person_id IN (SELECT person_id FROM below)
    AND EXISTS (SELECT FROM feedback_reports r JOIN stages s ON s.id = r.stage_id
      WHERE s.cycle_id = c.id AND r.subject_id = p.person_id)))
ORDER BY c.id DESC, w.last_name, w.first_name, p.person_id LIMIT 350
"""
