"""The people among whom raters are chosen: found by words, named, and whose lists wait for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.arrays import literal
from store.base.search_patterns import patterns
from store.cycles.facts import load_cycle
from store.kinds.feedback_round.loads import loads
from store.kinds.feedback_round.rules import Round, round_of
from store.people.outside import EXTERNAL
from store.people.reporting_lines import CURRENT_LINES

MOST_FOUND = 12
"""Colleagues whom one search shows; who finds more types another letter."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A list of raters as its task has it: which step, about whom.

    `asked`: those on it have been asked, so that it is past changing.
    """

    round: Round
    step: str
    subject_id: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody as lists of raters show them; `address` only of people outside."""

    id: int
    name: str
    first_name: str
    department: str
    job_title: str
    projects: frozenset[str]
    address: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A colleague whom a search found. `full`: has as many requests as the round allows."""

    person_id: int
    full: bool
    listed: bool


@dataclass(frozen=True, slots=True)
class WaitingList:
    """Another list of the same cycle that waits for the same person."""

    task_id: UUID
    subject: str


async def standing(conn: AsyncConnection, task_id: UUID) -> Standing | None:
    """What list a task is about; none if it is about no list of raters. Reads only."""
    row = (
        await conn.execute(
            text("SELECT cycle_id, stage_id, subject_id FROM tasks WHERE id = :id"), {"id": task_id}
        )
    ).one_or_none()
    if row is None or row.subject_id is None:
        return None
    cycle = await load_cycle(conn, row.cycle_id)
    stage = cycle.stages[row.stage_id]
    step = stage.key.rpartition(".")[2]
    if stage.round is None or not stage.traits.chooses:
        return None
    return await _standing(conn, round_of(cycle, stage), step, row.subject_id)


async def standing_of(conn: AsyncConnection, round_id: UUID, subject_id: int) -> Standing | None:
    """The list of a subject in a round; none if there is no such round, or they are not in it."""
    cycle_id = await conn.scalar(
        text(
            "SELECT s.cycle_id FROM stages s JOIN participants p ON p.cycle_id = s.cycle_id "
            "AND p.person_id = :subject AND p.state = 'in' "
            "WHERE s.id = :id AND s.kind = 'collect'"
        ),
        {"id": round_id, "subject": subject_id},
    )
    if cycle_id is None:
        return None
    cycle = await load_cycle(conn, cycle_id)
    round_ = round_of(cycle, cycle.stages[round_id])
    return await _standing(conn, round_, "collect", subject_id)


async def _standing(conn: AsyncConnection, round_: Round, step: str, subject_id: int) -> Standing:
    asked = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM round_seals WHERE stage_id = :round "
            "AND subject_id = :subject) OR EXISTS (SELECT FROM feedback_reports "
            "WHERE stage_id = :round AND subject_id = :subject)"
        ),
        {"round": round_.id, "subject": subject_id},
    )
    return Standing(round_, step, subject_id, bool(asked))


async def faces(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Face]:
    """People by id, with what tells two of the same name apart."""
    rows = await conn.execute(
        text(
            "SELECT id, first_name || ' ' || last_name AS name, first_name, department, job_title, "
            "projects, status, email FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": literal(sorted(set(ids)))},
    )
    return {
        row.id: Face(
            row.id,
            row.name.strip(),
            row.first_name,
            row.department or "",
            row.job_title or "",
            frozenset(row.projects),
            row.email if row.status == EXTERNAL else "",
        )
        for row in rows
    }


async def find_colleagues(
    conn: AsyncConnection, round_: Round, subject_id: int, words: str, on: date
) -> list[Found]:
    """Who could be asked about a subject, by words of their name, department, job or projects.

    Every word must be found. Never the subject, their manager, their reports, or people outside:
    they are asked in other ways. Those who are full come too, marked: it answers the question why
    they cannot be chosen. At most `MOST_FOUND`, names that begin with the words first.
    """
    wanted = patterns(words)
    if not wanted:
        return []
    rows = (
        await conn.execute(
            text(_SEARCH),
            {
                "subject": subject_id,
                "round": round_.id,
                "on": on,
                "words": literal(wanted),
                "first": wanted[0][1:],
                "most": MOST_FOUND,
            },
        )
    ).all()
    held = await loads(conn, round_.id, [row.id for row in rows])
    return [Found(row.id, held.get(row.id, 0) >= round_.load, row.listed) for row in rows]


_SEARCH = f"""
WITH line AS ({CURRENT_LINES})
SELECT p.id, EXISTS (SELECT FROM raters r WHERE r.stage_id = :round AND r.subject_id = :subject
  AND r.person_id = p.id AND r.state <> 'not_asked') AS listed
FROM people p LEFT JOIN line l ON l.person_id = p.id
WHERE p.status = 'active' AND (p.left_on IS NULL OR p.left_on > :on) AND p.id <> :subject
  AND l.manager_id IS DISTINCT FROM :subject
  AND NOT EXISTS (SELECT FROM line m WHERE m.person_id = :subject AND m.manager_id = p.id)
  AND concat_ws(' ', p.first_name, p.last_name, p.department, p.job_title,
    array_to_string(p.projects, ' ')) ILIKE ALL (CAST(:words AS text[]))
ORDER BY NOT (p.first_name ILIKE :first OR p.last_name ILIKE :first), p.last_name, p.first_name,
  p.id
LIMIT :most
"""


async def has_reports(conn: AsyncConnection, person_id: int, on: date) -> bool:
    """Does anybody report to this person?"""
    found = await conn.scalar(
        text(
            f"WITH line AS ({CURRENT_LINES}) SELECT EXISTS (SELECT FROM line WHERE manager_id = :p)"
        ),
        {"p": person_id, "on": on},
    )
    return bool(found)


async def other_lists(
    conn: AsyncConnection, cycle_id: UUID, person_id: int, task_id: UUID
) -> list[WaitingList]:
    """The other lists of a cycle that somebody is to look over, nearest deadline first."""
    rows = await conn.execute(
        text(
            "SELECT t.id, p.first_name || ' ' || p.last_name FROM tasks t "
            "JOIN stages s ON s.id = t.stage_id JOIN people p ON p.id = t.subject_id "
            "WHERE t.cycle_id = :cycle AND t.assignee_id = :person AND t.id <> :task "
            "AND t.state = 'open' AND s.kind IN ('nominate', 'approve') AND t.role <> 'subject' "
            "ORDER BY t.due_at, p.last_name, p.first_name, t.id"
        ),
        {"cycle": cycle_id, "person": person_id, "task": task_id},
    )
    return [WaitingList(*row) for row in rows]


async def named_by_subject(conn: AsyncConnection, round_: Round, subject_id: int) -> UUID | None:
    """The task in which a subject named raters of their own; none if somebody else did."""
    found = await conn.scalar(
        text(
            "SELECT t.id FROM tasks t JOIN stages s ON s.id = t.stage_id "
            "WHERE s.cycle_id = :cycle AND s.key = :key AND t.subject_id = :subject "
            "AND t.role = 'subject' ORDER BY t.created_at DESC LIMIT 1"
        ),
        {
            "cycle": round_.cycle.id,
            "key": f"{round_.collect.key.rpartition('.')[0]}.nominate",
            "subject": subject_id,
        },
    )
    return found if isinstance(found, UUID) else None
