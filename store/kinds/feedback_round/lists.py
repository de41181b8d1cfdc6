"""The list of raters of a subject: as it is read, checked, and written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.rater_loads import Feasibility, judge
from domain.relationships import PROTECTED, Relationship
from store.base.arrays import literal
from store.kinds.feedback_round.loads import loads
from store.kinds.feedback_round.rules import CHOSEN, Round
from store.people.outside import EXTERNAL, External, colleagues_among, enter, known_outside
from store.people.reporting_lines import CURRENT_LINES
from store.people.times import managers_of

Problem = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who is to be asked, and how they stand to the subject."""

    person_id: int
    relationship: Relationship


@dataclass(frozen=True, slots=True)
class Listed:
    """A rater on the list. Whether they declined or have answered is not said here, to nobody."""

    person_id: int
    relationship: Relationship
    source: str
    asked: bool
    full: bool


@dataclass(frozen=True, slots=True)
class RaterList:
    """A subject's list; `short`: relationships with fewer than the definition asks for."""

    raters: tuple[Listed, ...]
    short: tuple[Relationship, ...]


async def rater_list(conn: AsyncConnection, round_: Round, subject_id: int) -> RaterList:
    """The list of a subject, for the subject and the approver. Reads only.

    Whoever declined or left stays on it: that they are gone is nobody's business.
    """
    rows = (
        await conn.execute(
            text(
                "SELECT DISTINCT ON (person_id) person_id, relationship, source, state, position, "
                "id FROM raters WHERE stage_id = :round AND subject_id = :subject "
                "AND state <> 'not_asked' ORDER BY person_id, id DESC"
            ),
            {"round": round_.id, "subject": subject_id},
        )
    ).all()
    held = await loads(conn, round_.id, [r.person_id for r in rows])
    listed = tuple(
        Listed(
            r.person_id,
            Relationship(r.relationship),
            r.source,
            r.state != "proposed",
            r.state == "proposed" and held.get(r.person_id, 0) >= round_.load,
        )
        for r in sorted(rows, key=lambda r: (r.position, r.id))
    )
    return RaterList(listed, short(round_, [one.relationship for one in listed]))


def short(round_: Round, listed: Sequence[Relationship]) -> tuple[Relationship, ...]:
    """Relationships of which fewer are named than asked for. Allowed, and said."""
    counts = Counter(listed)
    return tuple(
        name
        for name in CHOSEN
        if name in round_.quotas and counts[name] < round_.quotas[name].least
    )


async def refusals(
    conn: AsyncConnection,
    round_: Round,
    subject_id: int,
    named: Sequence[Named],
    externals: Sequence[External],
    on: date,
    *,
    writer: int | None = None,
) -> list[Problem]:
    """Everything that is wrong with a list, in sentences that name nobody but by id.

    `writer`: whoever writes it in the subject's place or looks it over. They do not put themselves
    on it; who was put there by somebody else stays.
    """
    ids = [one.person_id for one in named]
    facts = await _facts(conn, ids, subject_id, on)
    held = await loads(conn, round_.id, ids)
    mine = await _asked_already(conn, round_, subject_id)
    own = writer in ids and not await _stands(conn, round_, subject_id, writer)
    problems: list[Problem] = []
    for one in named:
        code = _refusal(one, facts.get(one.person_id), subject_id)
        if code is None and own and one.person_id == writer:
            code = "writer"
        if code is None and ids.count(one.person_id) > 1:
            code = "twice"
        full = held.get(one.person_id, 0) >= round_.load and one.person_id not in mine
        if code is None and full and one.relationship in PROTECTED:
            code = "full"
        if code is not None:
            problems.append(_problem(code, person_id=one.person_id))
    problems += await _wrong_externals(conn, externals, ids)
    return problems + _too_many(round_, named, externals)


_SENTENCES = {
    "self": "This is the person whom the feedback is about.",
    "writer": "You cannot put yourself on somebody else's list; they have to name you.",
    "unknown": "There is no such person.",
    "left": "This person has left the company.",
    "manager": "A manager writes a review of their own and is not asked here.",
    "report": "Direct reports are asked by rule, or not at all where they are too few to protect.",
    "by_rule": "Who is asked in this relationship is not chosen.",
    "twice": "This person is on the list twice.",
    "outside": "This person is from outside: ask them as such.",
    "full": "This person has as many requests as anybody may get in this round.",
    "address": "Please give a mail address and a first name.",
    "colleague": "This is the address of a colleague: choose them by name.",
    "not_asked": "Nobody of this relationship is asked in this round.",
}


def _problem(code: str, **where: object) -> Problem:
    return {**where, "code": code, "message": _SENTENCES[code]}


def _refusal(one: Named, facts: Any, subject_id: int) -> str | None:
    if one.person_id == subject_id:
        return "self"
    if facts is None:
        return "unknown"
    if one.relationship not in CHOSEN:
        return "by_rule"
    if (facts.status == EXTERNAL) != (one.relationship is Relationship.EXTERNAL):
        return "outside" if facts.status == EXTERNAL else "colleague"
    if facts.gone:
        return "left"
    if facts.manages:
        return "manager"
    return "report" if facts.reports else None


async def _facts(
    conn: AsyncConnection, ids: Sequence[int], subject_id: int, on: date
) -> dict[int, Any]:
    rows = await conn.execute(
        text(
            f"WITH line AS ({CURRENT_LINES}) SELECT p.id, p.status, "
            "(p.status = 'left' OR coalesce(p.left_on <= :on, false)) AS gone, "
            "EXISTS (SELECT FROM line WHERE person_id = :subject AND manager_id = p.id) AS manages,"
            " EXISTS (SELECT FROM line WHERE person_id = p.id AND manager_id = :subject) AS reports"
            " FROM people p WHERE p.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": literal(ids), "subject": subject_id, "on": on},
    )
    return {row.id: row for row in rows}


async def _asked_already(conn: AsyncConnection, round_: Round, subject_id: int) -> set[int]:
    """Those who were asked about this subject, whatever they did then: it is told to nobody."""
    rows = await conn.execute(
        text(
            "SELECT person_id FROM raters WHERE stage_id = :round AND subject_id = :subject "
            "AND state IN ('asked', 'declined', 'withdrawn')"
        ),
        {"round": round_.id, "subject": subject_id},
    )
    return set(rows.scalars())


async def _stands(
    conn: AsyncConnection, round_: Round, subject_id: int, person: int | None
) -> bool:
    found = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM raters WHERE stage_id = :round AND subject_id = :subject "
            "AND person_id = :person AND state IN ('proposed', 'asked'))"
        ),
        {"round": round_.id, "subject": subject_id, "person": person},
    )
    return bool(found)


async def _wrong_externals(
    conn: AsyncConnection, externals: Sequence[External], named: Sequence[int]
) -> list[Problem]:
    """What is wrong with people outside; `named` are the ids that stand on the list besides."""
    if not externals:
        return []
    ours = await colleagues_among(conn, externals)
    known = await known_outside(conn, externals)
    problems: list[Problem] = []
    mailboxes = [one.mailbox for one in externals]
    for number, one in enumerate(externals):
        code = None
        if one.too_long:
            problems.append({"external": number, "code": "too_long", "message": one.too_long})
        elif not one.valid:
            code = "address"
        elif one.mailbox in ours:
            code = "colleague"
        elif one.mailbox in mailboxes[:number] or known.get(one.address) in named:
            code = "twice"
        if code is not None:
            problems.append(_problem(code, external=number))
    return problems


def _too_many(
    round_: Round, named: Sequence[Named], externals: Sequence[External]
) -> list[Problem]:
    counts = Counter(one.relationship for one in named)
    counts[Relationship.EXTERNAL] += len(externals)
    problems: list[Problem] = []
    for name in CHOSEN:
        quota = round_.quotas.get(name)
        if counts[name] and (quota is None or not quota.wanted):
            problems.append(_problem("not_asked", relationship=name.value))
        elif quota is not None and quota.at_most is not None and counts[name] > quota.at_most:
            problems.append(
                {
                    "relationship": name.value,
                    "code": "too_many",
                    "message": f"At most {quota.at_most} can be asked; {counts[name]} are named.",
                }
            )
    return problems


async def with_externals(
    conn: AsyncConnection, named: Sequence[Named], externals: Sequence[External], now: datetime
) -> list[Named]:
    """The whole list as people: those outside get their records."""
    known = await enter(conn, externals, now)
    return [
        *named,
        *(Named(known[one.address], Relationship.EXTERNAL) for one in externals),
    ]


async def write_list(
    conn: AsyncConnection,
    round_: Round,
    subject_id: int,
    named: Sequence[Named],
    *,
    asked: bool,
    source: str,
    now: datetime,
) -> None:
    """Let this be the list. Who is no longer on it is not asked; who was, keeps their source."""
    values = {
        "round": round_.id,
        "subject": subject_id,
        "people": literal(one.person_id for one in named),
        "relationships": literal(one.relationship.value for one in named),
        "state": "asked" if asked else "proposed",
        "source": source,
        "now": now,
    }
    await conn.execute(
        text(
            "UPDATE raters SET state = 'not_asked' WHERE stage_id = :round "
            "AND subject_id = :subject AND state IN ('proposed', 'asked') "
            "AND source NOT IN ('rule', 'replacement') "
            "AND person_id <> ALL(CAST(:people AS bigint[]))"
        ),
        values,
    )
    await conn.execute(
        text(
            """
            INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,
                position, created_at)
            SELECT :round, :subject, n.person, n.relationship, :state, :source, n.position, :now
            FROM unnest(CAST(:people AS bigint[]), CAST(:relationships AS text[]))
                WITH ORDINALITY AS n(person, relationship, position)
            ON CONFLICT (stage_id, subject_id, person_id) WHERE state IN ('proposed', 'asked')
            DO UPDATE SET relationship = excluded.relationship, position = excluded.position,
                state = excluded.state
            """
        ),
        values,
    )


@dataclass(frozen=True, slots=True)
class ByRule:
    """Somebody whom the definition asks about a subject."""

    subject_id: int
    person_id: int
    relationship: Relationship


async def by_rule(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], on: date
) -> list[ByRule]:
    """Whom the definition asks about these subjects: self, manager, reports. One query each.

    Reports only where one more exists than the threshold: fewer cannot be protected.
    """
    found: list[ByRule] = []
    if round_.ask_self:
        found += [ByRule(s, s, Relationship.SELF) for s in subjects]
    if round_.ask_manager:
        managers = await managers_of(conn, subjects, on)
        found += [ByRule(s, m, Relationship.MANAGER) for s, m in managers.items() if s != m]
    quota = round_.quotas.get(Relationship.REPORTS)
    if quota is None or not quota.wanted:
        return found
    for subject, reports in (await _reports(conn, subjects, on)).items():
        outcome = judge(Relationship.REPORTS, len(reports), threshold=round_.rules.threshold)
        if outcome.code is Feasibility.SATISFIED:
            chosen = reports[: quota.most]
            found += [ByRule(subject, person, Relationship.REPORTS) for person in chosen]
    return found


async def _reports(
    conn: AsyncConnection, subjects: Sequence[int], on: date
) -> dict[int, list[int]]:
    rows = await conn.execute(
        text(
            f"WITH line AS ({CURRENT_LINES}) SELECT l.manager_id, "
            "array_agg(l.person_id ORDER BY l.person_id) FROM line l JOIN people p "
            "ON p.id = l.person_id AND p.status = 'active' "
            "AND (p.left_on IS NULL OR p.left_on > :on) "
            "WHERE l.manager_id = ANY(CAST(:subjects AS bigint[])) GROUP BY l.manager_id"
        ),
        {"subjects": literal(subjects), "on": on},
    )
    return dict(rows.all())
