"""Lists that nobody has to make: peers by rule, spread evenly over the whole company.

(`nominate: {by: rule}`.) Whoever shares projects, a manager or a department with the subject can be
asked; nobody gets more than the load. The manager approves the list like any other, and silence
accepts it.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ids import PersonId
from domain.rater_loads import Colleague, Directory, assign
from domain.relationships import Relationship
from store.base.arrays import literal
from store.base.halving import CHUNK
from store.base.statistics import know_sizes
from store.cycles.facts import CycleFacts, StageFacts
from store.cycles.readiness import ready_subjects
from store.kinds.feedback_round.loads import loads, lock_round
from store.kinds.feedback_round.rules import Round, round_of
from store.people.reporting_lines import CURRENT_LINES

EVERYBODY = 1_000_000
CANDIDATES = 24
"""So many colleagues of a subject are looked at: enough to spread requests evenly."""


async def assign_lists(
    conn: AsyncConnection, cycle: CycleFacts, stage: StageFacts, as_of: datetime
) -> int:
    """Propose peers for subjects whose list is to be approved and who have none: one chunk.

    Returns CHUNK if more may be left, else 0. Idempotent: a subject with a list keeps it. Subjects
    whose colleagues are too few get a shorter list; the approval says so.
    """
    round_ = round_of(cycle, stage)
    quota = round_.quotas.get(Relationship.PEERS)
    if not round_.by_rule or quota is None or not quota.wanted:
        return 0
    ready = await ready_subjects(conn, cycle, stage, EVERYBODY)
    if not ready:
        return 0
    await lock_round(conn, round_.id)
    without = await _without_list(conn, round_, [one.subject_id for one in ready])
    subjects = without[:CHUNK]
    if not subjects:
        return 0
    wanted = quota.most or quota.at_most or quota.least
    lists = await _lists(conn, round_, subjects, wanted, cycle.company.local_date(as_of))
    await _write(conn, round_, lists, as_of)
    return CHUNK if len(without) > CHUNK else 0


async def _without_list(conn: AsyncConnection, round_: Round, subjects: Sequence[int]) -> list[int]:
    rows = await conn.execute(
        text(
            "SELECT s FROM unnest(CAST(:subjects AS bigint[])) AS s "
            "EXCEPT SELECT subject_id FROM raters WHERE stage_id = :round ORDER BY 1"
        ),
        {"round": round_.id, "subjects": literal(subjects)},
    )
    return list(rows.scalars())


async def _lists(
    conn: AsyncConnection, round_: Round, subjects: Sequence[int], wanted: int, on: date
) -> dict[int, tuple[PersonId, ...]]:
    directory = await _directory(conn, on)
    held = {PersonId(p): n for p, n in (await loads(conn, round_.id)).items()}
    held = await _with_proposed(conn, round_, held)
    seed = round_.id.int % 2**32
    candidates = {
        PersonId(subject): [
            one.person_id
            for one in directory.suggest(
                PersonId(subject), most=CANDIDATES, loads=held, load=round_.load, seed=seed
            )
            if not one.full
        ]
        for subject in subjects
        if PersonId(subject) in directory
    }
    found = assign(candidates, wanted=wanted, load=round_.load, held=held, seed=seed)
    return {int(subject): raters for subject, raters in found.raters.items()}


async def _directory(conn: AsyncConnection, on: date) -> Directory:
    rows = await conn.execute(
        text(
            f"WITH line AS ({CURRENT_LINES}) SELECT p.id, l.manager_id, p.department, p.projects "
            "FROM people p LEFT JOIN line l ON l.person_id = p.id WHERE p.status = 'active' "
            "AND (p.left_on IS NULL OR p.left_on > :on)"
        ),
        {"on": on},
    )
    return Directory(
        Colleague(
            PersonId(r.id),
            r.manager_id and PersonId(r.manager_id),
            r.department or "",
            frozenset(r.projects),
        )
        for r in rows
    )


async def _with_proposed(
    conn: AsyncConnection, round_: Round, held: dict[PersonId, int]
) -> dict[PersonId, int]:
    """Proposals count too: all lists of a round are made by one rule, and share the load."""
    rows = await conn.execute(
        text(
            "SELECT person_id, count(*) FROM raters WHERE stage_id = :round "
            "AND state = 'proposed' GROUP BY person_id"
        ),
        {"round": round_.id},
    )
    return {**held, **{PersonId(p): held.get(PersonId(p), 0) + n for p, n in rows}}


async def _write(
    conn: AsyncConnection, round_: Round, lists: dict[int, tuple[PersonId, ...]], as_of: datetime
) -> None:
    pairs = [(s, p, place) for s, raters in lists.items() for place, p in enumerate(raters, 1)]
    await conn.execute(
        text(
            "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source, "
            "position, created_at) SELECT :round, n.subject, n.person, :peers, 'proposed', "
            "'suggested', n.place, :at FROM unnest(CAST(:subjects AS bigint[]), "
            "CAST(:people AS bigint[]), CAST(:places AS int[])) AS n(subject, person, place) "
            "ON CONFLICT DO NOTHING"
        ),
        {
            "round": round_.id,
            "at": as_of,
            "peers": Relationship.PEERS.value,
            "subjects": literal(s for s, _, _ in pairs),
            "people": literal(p for _, p, _ in pairs),
            "places": literal(place for _, _, place in pairs),
        },
    )
    await know_sizes(conn, "raters")
