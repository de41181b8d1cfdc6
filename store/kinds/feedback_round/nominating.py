"""The subject names raters, the manager approves them; silence accepts what stands there.

Both are tasks like others: their dates, ladders and ends are those of their steps. What is special
is the list (`lists`), and that the load of raters over all subjects is capped when lists are
approved, one list of a round after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid, NotFound
from domain.ids import PersonId
from domain.rater_loads import Colleague, Directory, Suggestion
from domain.states import CycleState, Role, TaskState
from store.cycles.facts import CycleFacts, StageFacts
from store.kinds.feedback_round.lists import (
    Named,
    RaterList,
    rater_list,
    refusals,
    with_externals,
    write_list,
)
from store.kinds.feedback_round.loads import HELD, loads, lock_round
from store.kinds.feedback_round.rules import Round, round_of
from store.people.outside import External
from store.people.reporting_lines import CURRENT_LINES
from store.tasks.rows import TaskFacts, lock_task, may_act
from store.tasks.submission_statements import NewSubmission, write_submission
from store.tasks.submitting import must_match


@dataclass(frozen=True, slots=True)
class Listing:
    """The answer to a list that was saved, submitted or approved."""

    task_id: UUID
    version: int
    raters: RaterList


async def save_nominations(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    named: Sequence[Named],
    externals: Sequence[External] = (),
    *,
    now: datetime,
    submit: bool = True,
    expected_version: int | None = None,
) -> Listing:
    """The subject names raters. With `submit` the list goes to the manager and the task is done.

    Without, the list stands, and goes to the manager as it is when the step closes (`keep_list`).
    The whole list each time; repeating it changes nothing. Fewer than the definition asks for are
    allowed (the answer says which are short); everything else that is wrong is refused together.

    Raises NotFound for others, IllegalState if the task is not open, EditConflict if
    `expected_version` is not the task's version, Invalid with a problem for each refused entry:
    `{person_id | external | relationship, code, message}`.
    """
    if not submit:
        return await keep_list(
            conn, task_id, actor, named, externals, now=now, expected_version=expected_version
        )
    round_, stage, task, behalf = await _listing_task(conn, task_id, actor, ("nominate",), now)
    subject = task.subject_id or 0
    await _must_match(conn, round_, task, expected_version, named, externals)
    await _write(conn, round_, task, actor, named, externals, now)
    version = await _done(conn, round_.cycle, stage, task, actor, behalf, now)
    return Listing(task_id, version, await rater_list(conn, round_, subject))


async def keep_list(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    named: Sequence[Named],
    externals: Sequence[External] = (),
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Listing:
    """Let this be the list as it stands, in either step; the task stays open.

    What stands is what goes on when the step closes in silence. Raises as `save_nominations`.
    """
    round_, _, task, _ = await _listing_task(conn, task_id, actor, ("nominate", "approve"), now)
    subject = task.subject_id or 0
    await _must_match(conn, round_, task, expected_version, named, externals)
    await _write(conn, round_, task, actor, named, externals, now)
    version = await conn.scalar(
        text(
            "UPDATE tasks SET version = version + 1, seen_at = coalesce(seen_at, :now) "
            "WHERE id = :id RETURNING version"
        ),
        {"id": task_id, "now": now},
    )
    return Listing(task_id, int(version or 0), await rater_list(conn, round_, subject))


async def _must_match(
    conn: AsyncConnection,
    round_: Round,
    task: TaskFacts,
    expected_version: int | None,
    named: Sequence[Named],
    externals: Sequence[External],
) -> None:
    """Raises EditConflict if another version of the list is kept, unless it says the same."""
    if expected_version in (None, task.version):
        return
    kept = (await rater_list(conn, round_, task.subject_id or 0)).raters
    theirs = [(one.person_id, one.relationship) for one in kept]
    same = not externals and theirs == [(one.person_id, one.relationship) for one in named]
    must_match(task, expected_version, same=same)


def _source(task: TaskFacts) -> str:
    return "subject" if task.role == Role.SUBJECT else "manager"


async def approve_nominations(
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    named: Sequence[Named],
    externals: Sequence[External] = (),
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Listing:
    """The manager approves the list, as it is or changed; those on it are asked.

    An empty list is a decision: nobody is asked (`open_raters` tells HR). The load is checked here
    for good: lists of a round are approved one after the other. Raises as `save_nominations`.
    """
    round_, stage, task, behalf = await _listing_task(conn, task_id, actor, ("approve",), now)
    subject = task.subject_id or 0
    await _must_match(conn, round_, task, expected_version, named, externals)
    await lock_round(conn, round_.id)
    await _write(conn, round_, task, actor, named, externals, now, asked=True)
    version = await _done(conn, round_.cycle, stage, task, actor, behalf, now)
    return Listing(task_id, version, await rater_list(conn, round_, subject))


async def accept_silence(conn: AsyncConnection, round_: Round, subjects: Sequence[int]) -> int:
    """What still stands proposed about these subjects is asked, as far as nobody gets too much.

    For subjects whose approval has ended without an answer. Where more want the same rater than
    the load allows, the higher places on a list win. Returns how many are asked. Idempotent; the
    caller holds the round's lock.
    """
    rows = await conn.execute(
        text(_ACCEPT),
        {"round": round_.id, "subjects": list(subjects), "load": round_.load},
    )
    return sum(1 for row in rows if row.state == "asked")


_ACCEPT = f"""
WITH mine AS (
  SELECT r.id, r.person_id, r.position, r.subject_id, p.status = 'left' AS gone FROM raters r
  JOIN people p ON p.id = r.person_id
  WHERE r.stage_id = :round AND r.state = 'proposed'
    AND r.subject_id = ANY(CAST(:subjects AS bigint[]))
), held AS (
  SELECT person_id, count(*) AS n FROM raters WHERE stage_id = :round AND state IN ({HELD})
    AND relationship NOT IN ('self', 'manager') GROUP BY person_id
), placed AS (
  SELECT m.id, m.gone, coalesce(h.n, 0) + row_number() OVER (
      PARTITION BY m.person_id, m.gone ORDER BY m.position, m.subject_id) AS place
  FROM mine m LEFT JOIN held h ON h.person_id = m.person_id
)
UPDATE raters r SET state = CASE WHEN p.place <= :load AND NOT p.gone THEN 'asked'
    ELSE 'not_asked' END
FROM placed p WHERE p.id = r.id RETURNING r.state
"""


async def suggestions(
    conn: AsyncConnection,
    round_: Round,
    subject_id: int,
    on: date,
    *,
    most: int = 12,
    seed: int | None = None,
) -> list[Suggestion]:
    """Peers who could be asked about a subject, with the reasons and who is full. Reads only.

    Reasons: a project of theirs, the same manager, the same department, asked about this subject
    in a round before. Equal ones come in an order of each round, or of this `seed`.
    """
    rows = (
        await conn.execute(text(_CANDIDATES), {"round": round_.id, "subject": subject_id, "on": on})
    ).all()
    people = [
        Colleague(
            PersonId(r.id),
            r.manager_id and PersonId(r.manager_id),
            r.department or "",
            frozenset(r.projects),
        )
        for r in rows
    ]
    if not any(one.id == subject_id for one in people):
        raise NotFound(f"there is no person {subject_id}")
    held = await loads(conn, round_.id, [r.id for r in rows])
    return Directory(people).suggest(
        PersonId(subject_id),
        most=most,
        past_raters=[PersonId(r.id) for r in rows if r.past],
        not_these=[PersonId(r.id) for r in rows if r.listed],
        loads={PersonId(person): count for person, count in held.items()},
        load=round_.load,
        seed=round_.id.int % 2**32 if seed is None else seed,
    )


_CANDIDATES = f"""
WITH line AS ({CURRENT_LINES}),
me AS (
  SELECT p.id, p.department, p.projects, l.manager_id FROM people p
  LEFT JOIN line l ON l.person_id = p.id
  WHERE p.id = :subject
), past AS (
  SELECT DISTINCT person_id FROM raters WHERE subject_id = :subject AND stage_id <> :round
    AND state IN ('asked', 'declined') AND relationship IN ('peers', 'others')
), listed AS (
  SELECT DISTINCT person_id FROM raters WHERE subject_id = :subject AND stage_id = :round
    AND state <> 'not_asked'
)
SELECT p.id, p.department, p.projects, l.manager_id, p.id IN (SELECT person_id FROM past) AS past,
  p.id IN (SELECT person_id FROM listed) AS listed
FROM people p LEFT JOIN line l ON l.person_id = p.id CROSS JOIN me
WHERE p.status = 'active' AND (p.left_on IS NULL OR p.left_on > :on)
  AND (p.id = me.id OR p.department = me.department OR l.manager_id = me.manager_id
    OR p.projects && me.projects
    OR p.id IN (SELECT person_id FROM past))
"""


async def _listing_task(
    conn: AsyncConnection, task_id: UUID, actor: Actor, steps: Sequence[str], now: datetime
) -> tuple[Round, StageFacts, TaskFacts, int | None]:
    cycle, stage, task = await lock_task(conn, task_id)
    behalf = await may_act(conn, task, actor, now)
    if stage.round is None or stage.key.rpartition(".")[2] not in steps:
        raise NotFound(f"the task {task_id} is not about a list of raters")
    if cycle.state not in (CycleState.OPEN, CycleState.PAUSED):
        raise IllegalState("The cycle is not running.")
    closed = task.closes_at is not None and now > task.closes_at
    if task.state is not TaskState.OPEN or (closed and cycle.state is CycleState.OPEN):
        raise IllegalState("This list cannot be changed any more.")
    asked = await conn.scalar(
        text(
            "SELECT EXISTS (SELECT FROM round_seals WHERE stage_id = :round "
            "AND subject_id = :subject)"
        ),
        {"round": stage.round, "subject": task.subject_id},
    )
    if asked:
        raise IllegalState("Those on this list have been asked already.")
    return round_of(cycle, stage), stage, task, behalf


async def _write(
    conn: AsyncConnection,
    round_: Round,
    task: TaskFacts,
    actor: Actor,
    named: Sequence[Named],
    externals: Sequence[External],
    now: datetime,
    *,
    asked: bool = False,
) -> None:
    """Check the list and let it stand; `asked`: for good, by whoever looks it over."""
    on = round_.cycle.company.local_date(now)
    subject = task.subject_id or 0
    source = "manager" if asked else _source(task)
    problems = await refusals(conn, round_, subject, named, externals, on, writer=actor.person_id)
    if problems:
        raise Invalid("Please look at the marked names.", tuple(problems))
    whole = await with_externals(conn, named, externals, now)
    await write_list(conn, round_, subject, whole, asked=asked, source=source, now=now)


async def _done(
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    task: TaskFacts,
    actor: Actor,
    behalf: int | None,
    now: datetime,
) -> int:
    """The list is the answer; the response only says that it was given."""
    written = NewSubmission(task.revision + 1, {}, actor, behalf, None)
    return await write_submission(conn, cycle, stage, task.id, written, now)
