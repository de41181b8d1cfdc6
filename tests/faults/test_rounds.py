"""A 360 round on the full server, whose worker is killed again and again in the midst of it."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.access import Actor
from store.kinds.feedback_round.rating import submit_rating
from tests.faults.stack import Installation
from tests.waiting import until

pytestmark = pytest.mark.timeout(1800)

RATERS = 4
ROUND = f"""
definition: round
title: 360 {{period}}
purpose: To see what holds of a round when everything breaks.
period: this quarter
stages:
  - id: feedback
    kind: feedback_round
    form: feedback
    collect: {{due: 5 working days}}
    raters:
      peers: {{ask: {RATERS}}}
      reports: {{ask: 0}}
      others: {{ask: 0}}
      external: {{ask: 0}}
forms:
  feedback:
    - section: Working together
      questions:
        - {{id: keep, ask: What should stay?}}
"""

NAMED = """
INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, position,
    created_at)
SELECT s.id, p.ids[n], p.ids[(n + k - 1) % p.size + 1], 'peers', 'asked', 'subject', k, :now
FROM stages s, (SELECT array_agg(person_id ORDER BY person_id) AS ids, count(*)::int AS size
    FROM participants WHERE state = 'in') p,
    generate_series(1, p.size) n, generate_series(1, :raters) k
WHERE s.kind = 'collect'
"""
"""Everybody is asked about by the next four, and nobody has too many requests."""

NO_LISTS = """
INSERT INTO skips (stage_id, subject_id, reason, at)
SELECT s.id, p.person_id, 'by_rule', :now FROM stages s, participants p
WHERE s.kind IN ('nominate', 'approve') AND p.state = 'in'
"""

ONE_OFFICE = """
UPDATE people SET profile_id = (SELECT min(profile_id) FROM people WHERE office = 'Seattle')
"""

WAITS = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = CAST(:name AS regclass))
"""

HALF = """
SELECT s.subject_id FROM (SELECT DISTINCT subject_id FROM raters) s
LEFT JOIN round_seals k USING (subject_id) LEFT JOIN feedback_reports f USING (subject_id)
LEFT JOIN LATERAL (SELECT count(*) AS n FROM tasks t WHERE t.subject_id = s.subject_id
    AND t.role = 'rater') asked ON true
LEFT JOIN LATERAL (SELECT count(*) AS n FROM sealed_answers a JOIN tasks t ON t.id = a.task_id
    WHERE t.subject_id = s.subject_id) sealed ON true
WHERE (asked.n > 0) <> (k.stage_id IS NOT NULL OR f.digest IS NOT NULL)
   OR (asked.n NOT IN (0, :each))
   OR (k.stage_id IS NOT NULL AND f.digest IS NOT NULL)
   OR (k.stage_id IS NULL AND sealed.n > 0)
"""
"""Subjects about whom half of something stands: tasks without a seal, a report beside one."""


async def _kill_before(there: Installation, table: str) -> None:
    """SIGKILL just before a worker writes into a table: what it wrote before that is not there."""
    async with there.database.begin() as conn:
        await conn.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        await until(
            f"a worker to write into {table}",
            lambda: conn.scalar(text(WAITS), {"name": table}),
            bool,
            every=0.01,  # never idle, or the transaction is ended
        )
        there.kill_workers()
    there.start_worker()
    assert await there.rows(HALF, each=RATERS + 1) == [], "half of something stands there"


async def _rate(there: Installation, task: UUID, rater: int) -> str:
    """A rater submits a sentence that nobody else writes."""
    words = f"Sentence {task}"
    async with there.database.begin() as conn:
        who = Actor(rater, "person")
        await submit_rating(conn, task, who, {"keep": words}, now=there.now())
    return words


async def _some_answer(
    there: Installation, tasks: Sequence[Any], chance: random.Random
) -> dict[int, set[str]]:
    """Three or four of each subject's peers answer, and all subjects; by subject what they say."""
    by_subject: dict[int, list[Any]] = {}
    for task in tasks:
        by_subject.setdefault(task.subject_id, []).append(task)
    answering = [
        one
        for subject, asked in sorted(by_subject.items())
        for one in [
            *(t for t in asked if t.assignee_id == subject),
            *chance.sample(
                [t for t in asked if t.assignee_id != subject], chance.randint(3, RATERS)
            ),
        ]
    ]
    chance.shuffle(answering)
    said: dict[int, set[str]] = {}

    async def answer(some: Sequence[Any]) -> None:
        for one in some:
            words = await _rate(there, one.id, one.assignee_id)
            said.setdefault(one.subject_id, set()).add(words)

    await asyncio.gather(*(answer(answering[first::3]) for first in range(3)))
    return said


async def test_a_worker_killed_while_raters_are_asked_write_and_are_reported_loses_nothing(
    there: Installation,
) -> None:
    chance = random.Random(20270113)
    async with there.database.begin() as conn:
        await conn.execute(text(ONE_OFFICE))  # all raters are asked at one instant
    await there.launch(ROUND)
    async with there.database.begin() as conn:
        await conn.execute(text(NAMED), {"now": there.now(), "raters": RATERS})
        await conn.execute(text(NO_LISTS), {"now": there.now()})

    there.start_worker()
    await _kill_before(there, chance.choice(("round_seals", "tasks", "notifications")))
    await there.kill_at(chance.uniform(1.0, 2.0))
    await there.settle()
    tasks = await there.rows(
        "SELECT id, subject_id, assignee_id FROM tasks WHERE role = 'rater' AND state = 'open' "
        "ORDER BY id"
    )
    pairs = Counter((task.subject_id, task.assignee_id) for task in tasks)
    assert len(tasks) == 106 * (RATERS + 1), "everybody's raters were asked"
    assert set(pairs.values()) == {1}, "each once"

    writing = asyncio.create_task(_some_answer(there, tasks, chance))
    for _ in range(2):
        await there.kill_at(chance.uniform(0.2, 0.8))
    said = await writing
    assert await there.rows(HALF, each=RATERS + 1) == []

    [closes] = await there.rows("SELECT max(closes_at) AS at FROM tasks WHERE role = 'rater'")
    await there.at(closes.at + timedelta(hours=10))  # reports open at nine in the morning
    await _kill_before(
        there, chance.choice(("feedback_answers", "feedback_reports", "round_seals"))
    )
    await there.settle()
    await _each_has_one_report_of_all_that_was_said(there, said)
    told = await there.rows(
        "SELECT person_id, subject_id FROM notifications WHERE event = 'report_ready'"
    )
    assert {row.subject_id for row in told} == said.keys()
    assert set(Counter(told).values()) == {1}, "each is told of it once"
    await there.sound("nothing is left in the outbox when all cycles have ended")


async def _each_has_one_report_of_all_that_was_said(
    there: Installation, said: dict[int, set[str]]
) -> None:
    reports = await there.rows("SELECT subject_id, content FROM feedback_reports")
    assert Counter(row.subject_id for row in reports) == dict.fromkeys(said, 1)
    kept: dict[int, list[str]] = {}
    for row in await there.rows("SELECT subject_id, words FROM feedback_answers"):
        kept.setdefault(row.subject_id, []).append(row.words)
    assert kept.keys() == said.keys()
    for row in reports:
        words = said[row.subject_id]
        assert sorted(kept[row.subject_id]) == sorted(words), "each answer is kept once"
        written = json.dumps(row.content["subject"])
        assert all(written.count(one) == 1 for one in words), "and stands in the report once"
    for table in ("round_seals", "sealed_answers"):
        [left] = await there.rows(f"SELECT count(*) AS n FROM {table}")
        assert left.n == 0, f"something is left in {table}"
