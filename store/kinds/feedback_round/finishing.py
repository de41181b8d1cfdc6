"""A round closes for a subject: what was sealed becomes a report, and nobody's any more.

In one transaction all answers are unsealed, the report is computed and frozen, what it shows is
kept without authors, and the seal is destroyed with everything under it. A crash before the commit
repeats the whole; after it there is nothing left to repeat.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from secrets import SystemRandom
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.anonymity import Answers, cell, partition
from domain.feedback_report import FeedbackReport, compute_report
from domain.relationships import IDENTIFIED, PROTECTED, Relationship
from domain.states import CycleState, ParticipantState
from store.base.arrays import literal
from store.base.halving import CHUNK, failure_code, in_halves
from store.base.statistics import know_sizes
from store.cycles.facts import CycleFacts, StageFacts
from store.engine.processes import hold, ring
from store.kinds.feedback_round.keeping import forget_reasons
from store.kinds.feedback_round.reading import Sheet, gather, readers_of, report_questions, sheet_of
from store.kinds.feedback_round.reviewing import tell_reviewers
from store.kinds.feedback_round.rules import Round, round_of, to_the_day
from store.kinds.feedback_round.seals import Seals, destroy, digest_key, seals_of, unseal

MOST_AT_ONCE = 250
"""Subjects in one transaction: their raters cannot save meanwhile."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is kept: without an author, by itself."""

    id: UUID
    subject_id: int
    relationship: Relationship
    question: str
    rating: int | None
    words: str | None


@dataclass(frozen=True, slots=True)
class _Finished:
    subject_id: int
    content: Mapping[str, Any]
    digest: str
    held: bool
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What lies unsealed before us, for as long as the transaction lasts."""

    subject_id: int
    key: bytes
    asked: Mapping[Relationship, int]
    sheets: tuple[Sheet, ...]

    @property
    def answers(self) -> dict[Relationship, Answers]:
        """By relationship."""
        return gather(self.sheets, self.asked)


async def close_subjects(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Close the round for those subjects of whom no rater is awaited any more: one chunk.

    For whoever is no longer in the cycle, and after its cancellation, the answers are destroyed
    unread. A subject whose report cannot be computed is held alone, sealed as before. Returns CHUNK
    if more may be left, else 0. Exactly once: what is through has no seal.
    """
    subjects = await _through(conn, cycle, stage, MOST_AT_ONCE)
    if not subjects:
        return 0
    round_ = round_of(cycle, stage)
    cancelled = cycle.state is CycleState.CANCELLED
    waiting: list[int] = []

    async def handle(some: Sequence[int]) -> None:
        seals = await _lock(conn, round_, some)
        staying = set() if cancelled else await _in(conn, cycle, seals.open)
        # Whose key was lost is asked about again (`lost_keys`), not closed without answers.
        locked = seals.open - (staying & seals.lost)
        collected = await collect(conn, round_, sorted(staying & locked), seals.keys)
        finished = [_finish(round_, one, SystemRandom()) for one in collected]
        await _write(conn, round_, finished, as_of)
        await destroy(conn, round_.id, sorted(locked))
        await _level(conn, round_.id, sorted(locked))
        await forget_reasons(conn, round_.id, sorted(locked))
        waiting.extend(one.subject_id for one in finished if one.held)

    async def park(one: int, error: Exception) -> None:
        await hold(
            conn,
            stage.process,
            code=f"cannot-report: {failure_code(error)}",
            as_of=as_of,
            mended_by="administrators",
            cycle_id=cycle.id,
            stage_id=stage.id,
            person_id=one,
        )

    await in_halves(conn, subjects, handle, park)
    await tell_reviewers(conn, round_, waiting, as_of)
    after = (cycle.stages[i].process for i in stage.successors)
    await ring(conn, cycle.process, *after, urgent=True)
    return CHUNK if len(subjects) == MOST_AT_ONCE else 0


async def _level(conn: AsyncConnection, round_id: UUID, subjects: Sequence[int]) -> None:
    """Make the raters' rows alike: how often each saved, and in which transaction each was done.

    Every row that a rater's act has changed is written once more, all in this transaction. So its
    number, or the place of the row, tells no hour any more.
    """
    await conn.execute(
        text(
            """
            WITH levelled AS (
                UPDATE tasks SET version = 1 WHERE stage_id = :stage AND role = 'rater'
                  AND subject_id = ANY(CAST(:subjects AS bigint[])) RETURNING id
            )
            UPDATE notifications n SET settled_at = n.settled_at FROM levelled l
            WHERE n.task_id = l.id AND n.state = 'suppressed'
            """
        ),
        {"stage": round_id, "subjects": literal(subjects)},
    )


async def still_sealed(conn: AsyncConnection, stage_id: UUID) -> bool:
    """Does anything of the round lie sealed? Then its step is not closed, whatever its tasks."""
    found = await conn.scalar(
        text("SELECT EXISTS (SELECT FROM round_seals WHERE stage_id = :id)"), {"id": stage_id}
    )
    return bool(found)


async def _through(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, limit: int
) -> list[int]:
    await know_sizes(conn, "round_seals", "tasks")
    rows = await conn.execute(
        text(
            """
            SELECT s.subject_id FROM round_seals s
            WHERE s.stage_id = :stage
              AND NOT EXISTS (SELECT FROM tasks t WHERE t.stage_id = :stage
                AND t.subject_id = s.subject_id AND t.state IN ('planned', 'open'))
              AND NOT EXISTS (SELECT FROM held_rows h WHERE h.stage_id = :stage
                AND h.person_id = s.subject_id AND h.cleared_at IS NULL)
            ORDER BY s.subject_id LIMIT :limit
            """
        ),
        {"stage": stage.id, "limit": limit},
    )
    return list(rows.scalars())


async def _lock(conn: AsyncConnection, round_: Round, subjects: Sequence[int]) -> Seals:
    """Lock the raters' tasks, then the seals. Whoever took an answer back meanwhile stays open."""
    rows = await conn.execute(
        text(
            "SELECT subject_id, state FROM tasks WHERE stage_id = :stage "
            "AND subject_id = ANY(CAST(:subjects AS bigint[])) ORDER BY id FOR UPDATE"
        ),
        {"stage": round_.id, "subjects": literal(subjects)},
    )
    awaited = {row.subject_id for row in rows if row.state in ("planned", "open")}
    through = [subject for subject in subjects if subject not in awaited]
    return await seals_of(conn, round_.id, through, lock="UPDATE")


async def _in(conn: AsyncConnection, cycle: CycleFacts, subjects: Iterable[int]) -> set[int]:
    rows = await conn.execute(
        text(
            "SELECT person_id FROM participants WHERE cycle_id = :cycle AND state = :state "
            "AND person_id = ANY(CAST(:subjects AS bigint[]))"
        ),
        {"cycle": cycle.id, "state": ParticipantState.IN, "subjects": literal(subjects)},
    )
    return set(rows.scalars())


async def collect(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], keys: Mapping[int, bytes]
) -> list[Collected]:
    """Unseal what was submitted about these subjects. The caller holds their tasks' locks.

    A rater who declined or left without an answer was not asked, as far as a report goes. Of a
    draft nothing is read but whether its rater agrees to a group of two.
    """
    if not subjects:
        return []
    # Answers come one by one, and nobody looked at the table yet where autovacuum did not.
    await know_sizes(conn, "raters", "sealed_answers", "tasks")
    rows = await conn.execute(text(_COLLECTED), {"stage": round_.id, "subjects": literal(subjects)})
    latest = {row.id: row for row in rows}  # somebody may have been named twice
    asked: dict[int, Counter[Relationship]] = defaultdict(Counter)
    sheets: dict[int, list[Sheet]] = defaultdict(list)
    form, scale = round_.form, round_.scale
    for row in latest.values():
        name = Relationship(row.relationship)
        asked[row.subject_id][name] += 1
        if row.sealed is None:
            continue
        written = unseal(keys[row.subject_id], row.id, row.sealed)
        answers = written.answers if row.submitted and written.answers else {}
        sheets[row.subject_id].append(sheet_of(form, scale, name, answers, agrees=written.agrees))
    return [Collected(s, keys[s], asked[s], tuple(sheets[s])) for s in subjects]


_COLLECTED = """
SELECT t.subject_id, t.id, r.relationship, s.sealed, s.submitted AND t.state = 'done' AS submitted
FROM tasks t
JOIN raters r ON r.stage_id = t.stage_id AND r.subject_id = t.subject_id
  AND r.person_id = t.assignee_id AND r.state <> 'not_asked'
LEFT JOIN sealed_answers s ON s.task_id = t.id
WHERE t.stage_id = :stage AND t.subject_id = ANY(CAST(:subjects AS bigint[]))
  AND t.state IN ('planned', 'open', 'done', 'expired', 'excused')
ORDER BY r.id
"""


def _finish(round_: Round, collected: Collected, random: Random) -> _Finished:
    """The report, and what of the answers it shows. Pure but for the order of things."""
    reports: dict[str, FeedbackReport] = {}
    digest = ""
    threshold = round_.rules.threshold
    for reader in readers_of(round_.form):
        computed = compute_report(
            collected.answers,
            round_.rules,
            round_.scale,
            report_questions(round_.form, collected.sheets, reader, threshold),
            random=random,
            key=digest_key(collected.key),
        )
        reports[reader], digest = computed.report, computed.digest
    kept = _kept(round_, collected, reports)
    content = {reader: _with_ids(report, kept) for reader, report in reports.items()}
    comments = any(one.words is not None and one.relationship in PROTECTED for one in kept)
    held = round_.hold_comments and comments
    return _Finished(collected.subject_id, content, digest, held, tuple(kept))


def _kept(round_: Round, collected: Collected, reports: Mapping[str, FeedbackReport]) -> list[Kept]:
    """What some report shows. What may be shown to nobody is not kept."""
    answers, subject = collected.answers, collected.subject_id
    widest = list(reports.values())[-1]
    kept: list[Kept] = []
    for name in IDENTIFIED & answers.keys():
        kept += [
            Kept(uuid4(), subject, name, question, value, None)
            for question, values in answers[name].ratings.items()
            for value in values
        ]
    rated = [one.question for one in widest.competencies]
    for group in partition(answers, round_.rules).groups:
        for question in rated:
            if cell(group, question, answers, round_.rules, round_.scale) is None:
                continue
            kept += [
                Kept(uuid4(), subject, group.name, question, value, None)
                for part in group.parts
                for value in answers[part].ratings.get(question, ())
            ]
    kept += [
        Kept(uuid4(), subject, comments.group, theme.question, None, words)
        for theme in widest.themes
        for comments in theme.comments
        for words in comments.texts
    ]
    return kept


def _with_ids(report: FeedbackReport, kept: Sequence[Kept]) -> dict[str, object]:
    """The report as JSON; beside the texts of each group stand the ids of the answers."""
    ids: dict[tuple[Relationship, str, str], list[str]] = defaultdict(list)
    for one in kept:
        if one.words is not None:
            ids[one.relationship, one.question, one.words].append(str(one.id))
    themes = [
        {
            "question": theme.question,
            "comments": [
                {
                    "group": comments.group,
                    "texts": list(comments.texts),
                    "ids": [ids[comments.group, theme.question, t].pop() for t in comments.texts],
                }
                for comments in theme.comments
            ],
        }
        for theme in report.themes
    ]
    return {**report.as_json(), "themes": themes}


async def _write(
    conn: AsyncConnection, round_: Round, finished: Sequence[_Finished], as_of: datetime
) -> None:
    """Everything of all these subjects in one order that means nothing, in one statement each."""
    answers = [answer for one in finished for answer in one.kept]
    SystemRandom().shuffle(answers)
    await conn.execute(
        text(
            "INSERT INTO feedback_answers (id, stage_id, subject_id, relationship, question, "
            "rating, words) SELECT n.id, :stage, n.subject, n.relationship, n.question, n.rating, "
            "n.words FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS bigint[]), "
            "CAST(:relationships AS text[]), CAST(:questions AS text[]), CAST(:ratings AS int[]), "
            "CAST(:words AS text[])) WITH ORDINALITY "
            "AS n(id, subject, relationship, question, rating, words, place) ORDER BY n.place"
        ),
        {
            "stage": round_.id,
            "ids": literal(one.id for one in answers),
            "subjects": literal(one.subject_id for one in answers),
            "relationships": literal(one.relationship.value for one in answers),
            "questions": literal(one.question for one in answers),
            "ratings": literal(one.rating for one in answers),
            "words": literal(one.words for one in answers),
        },
    )
    # No ON CONFLICT: a second report about the same subject is an error, not a repetition.
    await conn.execute(
        text(
            "INSERT INTO feedback_reports (stage_id, subject_id, content, digest, made_at, held) "
            "SELECT :stage, n.subject, CAST(n.content AS jsonb), n.digest, :at, n.held FROM unnest("
            "CAST(:subjects AS bigint[]), CAST(:contents AS text[]), CAST(:digests AS text[]), "
            "CAST(:held AS boolean[])) AS n(subject, content, digest, held)"
        ),
        {
            "stage": round_.id,
            "at": to_the_day(round_.cycle, as_of),
            "subjects": literal(one.subject_id for one in finished),
            "contents": literal(json.dumps(one.content) for one in finished),
            "digests": literal(one.digest for one in finished),
            "held": literal(one.held for one in finished),
        },
    )
