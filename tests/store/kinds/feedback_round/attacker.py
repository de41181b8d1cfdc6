"""Somebody who may read every row of the database after the close, and wants to know who wrote.

They have no key (it was destroyed) but every table, every column, also those that no query of ours
names: `xmin`, `cmin`, `ctid`, the order in which rows lie. They sort the raters of a subject by
anything that is known of raters, the answers by anything that is known of answers, and lay the two
side by side. If nothing ties them, each such guess is right about one rater in each subject, as
often as a shuffled pack of names would be. New tables and columns are found by themselves.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import Any

from sqlalchemy import text

from store.base.session import Database

SIGMAS = 6.0
"""So far from chance no guess gets by itself, however many are tried here."""

CONTENT = ("words", "rating", "question", "relationship", "stage_id", "subject_id")
"""What an answer says is not what betrays its author here; styles of writing are beyond rows."""

ANSWERS = ("feedback_answers", "feedback_reports", "comment_reviews")

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the attacker is after: for each subject, who wrote what."""

    subject: int
    tasks: Mapping[int, str]
    """Rater to task id."""
    said: Mapping[int, str]
    """Rater to what they said: distinct within the subject."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A guess that is better than chance: `hits` of `tries`."""

    how: str
    hits: int
    tries: int


async def attack(database: Database, truths: Sequence[Truth], question: str) -> list[Finding]:
    """Try everything; what is left is what leaks."""
    tables = await _everything(database)
    raters = _of_raters(tables, truths)
    answers = _of_answers(tables, truths, question)
    findings = _by_order(truths, raters, answers)
    return findings + _by_mention(tables, truths)


async def pair_up(
    database: Database,
    truths: Sequence[Truth],
    sheets: Mapping[int, Mapping[str, str]],
    one: str,
    other: str,
) -> list[Finding]:
    """Tie what one rater said in two questions together, by anything that is known of answers."""
    tables = await _everything(database)
    first = _of_answers(tables, truths, one)
    second = _of_answers(tables, truths, other)
    marks = sorted({name for some in first.values() for _, each in some for name in each})
    chance = Random(2)
    findings = []
    for left in marks:
        for right in marks:
            hits = tries = 0
            for truth in truths:
                mine, theirs = first[truth.subject], second[truth.subject]
                here = _ordered([each.get(left) for _, each in mine], chance)
                there = _ordered([each.get(right) for _, each in theirs], chance)
                for a, b in zip(here, there, strict=False):
                    tries += 1
                    hits += sheets[truth.subject][mine[a][0]] == theirs[b][0]
            if _better_than_chance(hits, len(truths)):
                findings.append(Finding(f"{one} by {left} ~ {other} by {right}", hits, tries))
    return findings


async def _everything(database: Database) -> dict[str, list[Attributes]]:
    """All rows of all tables as they lie, with what PostgreSQL itself keeps of each."""
    async with database.begin() as conn:
        names = await conn.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        )
        found: dict[str, list[Attributes]] = {}
        for name in names.scalars():
            rows = await conn.execute(
                text(
                    f"SELECT to_jsonb(x) AS row, xmin::text::bigint AS xmin, cmin::text::bigint"
                    f" AS cmin, ctid::text AS ctid FROM {name} x"
                )
            )
            found[name] = [
                {
                    **row.row,
                    "xmin": row.xmin,
                    "cmin": row.cmin,
                    "ctid": tuple(json.loads(f"[{row.ctid[1:-1]}]")),
                    "place": place,
                }
                for place, row in enumerate(rows)
            ]
    return found


def _of_raters(
    tables: Mapping[str, Sequence[Attributes]], truths: Sequence[Truth]
) -> dict[tuple[int, int], Attributes]:
    """All that any table says of each rater of each subject, by `table.column`."""
    by_task = {task: (t.subject, rater) for t in truths for rater, task in t.tasks.items()}
    pairs = set(by_task.values())
    known: dict[tuple[int, int], Attributes] = defaultdict(dict)
    for name, rows in tables.items():
        if name in ANSWERS:
            continue
        for row in rows:
            whose = _whose(row, by_task, pairs)
            if whose is None:
                continue
            spot = known[whose]
            for column, value in row.items():
                first, last = f"{name}.{column}", f"{name}.{column} (last)"
                spot.setdefault(first, value)
                spot[last] = value
    return known


def _whose(
    row: Attributes, by_task: Mapping[str, tuple[int, int]], pairs: set[tuple[int, int]]
) -> tuple[int, int] | None:
    for value in row.values():
        if isinstance(value, str) and value in by_task:
            return by_task[value]
    pair = (row.get("subject_id", 0), row.get("person_id", 0))
    return pair if pair in pairs else None


def _of_answers(
    tables: Mapping[str, Sequence[Attributes]], truths: Sequence[Truth], question: str
) -> dict[int, list[tuple[str, Attributes]]]:
    """The answers about each subject: what they say, and all else that is known of them."""
    found: dict[int, list[tuple[str, Attributes]]] = defaultdict(list)
    for row in tables["feedback_answers"]:
        if row["question"] == question:
            said = row["words"] if row["words"] is not None else str(row["rating"])
            found[row["subject_id"]].append(
                (said, {k: v for k, v in row.items() if k not in CONTENT})
            )
    for row in tables["feedback_reports"]:
        printed = [
            words
            for theme in row["content"]["subject"]["themes"]
            if theme["question"] == question
            for comments in theme["comments"]
            for words in comments["texts"]
        ]
        for said, attributes in found[row["subject_id"]]:
            if said in printed:
                attributes["report"] = printed.index(said)
    return found


def _by_order(
    truths: Sequence[Truth],
    raters: Mapping[tuple[int, int], Attributes],
    answers: Mapping[int, Sequence[tuple[str, Attributes]]],
) -> list[Finding]:
    chance = Random(1)  # who is tied stands in an order that means nothing
    known = sorted({name for each in raters.values() for name in each})
    marks = sorted({name for some in answers.values() for _, each in some for name in each})
    findings = []
    for left in known:
        people = [_people(truth, raters, left, chance) for truth in truths]
        for right in marks:
            for backwards in (False, True):
                hits = tries = 0
                for truth, order in zip(truths, people, strict=True):
                    laid = _ordered([each.get(right) for _, each in answers[truth.subject]], chance)
                    if backwards:
                        laid.reverse()
                    for rater, n in zip(order, laid, strict=False):
                        tries += 1
                        hits += truth.said[rater] == answers[truth.subject][n][0]
                if _better_than_chance(hits, len(truths)):
                    findings.append(Finding(f"{left} ~ {right}", hits, tries))
    return findings


def _people(
    truth: Truth, raters: Mapping[tuple[int, int], Attributes], by: str, chance: Random
) -> list[int]:
    people = sorted(truth.tasks)
    values = [raters[truth.subject, rater].get(by) for rater in people]
    return [people[n] for n in _ordered(values, chance)]


def _ordered(values: Sequence[Any], chance: Random) -> list[int]:
    """The places of these values, smallest first; equal ones in an order that means nothing."""
    places = list(range(len(values)))
    chance.shuffle(places)
    return sorted(places, key=lambda n: _comparable(values[n]))


def _comparable(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool | int | float):
        return 0, (value,)
    if isinstance(value, tuple):
        return 1, value
    return 2, (str(value),)


def _better_than_chance(hits: int, subjects: int) -> bool:
    """A shuffled order is right about one in each subject, with a variance of one."""
    return hits > subjects + SIGMAS * sqrt(subjects)


def _by_mention(
    tables: Mapping[str, Sequence[Attributes]], truths: Sequence[Truth]
) -> list[Finding]:
    """An answer named where raters are known, or a rater's task named beside an answer."""
    tasks = {task for truth in truths for task in truth.tasks.values()}
    ids = {row["id"] for row in tables["feedback_answers"]}
    findings = []
    for name, rows in tables.items():
        sought = tasks if name in ANSWERS else ids
        hits = sum(1 for row in rows if any(one in sought for one in _strings(row.values())))
        if hits:
            findings.append(Finding(f"{name} names it", hits, len(rows)))
    return findings


def _strings(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _strings(value.values())
        elif isinstance(value, list):
            yield from _strings(value)
