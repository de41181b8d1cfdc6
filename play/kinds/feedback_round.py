"""What people of a play do in a 360 round: name raters, approve them, write, decline.

Whom somebody names is drawn from Almanac's own suggestions, seeded, so that two plays are equal.
"""

import contextlib
import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import AlmanacError
from domain.relationships import Relationship
from play.answers import plausible
from store.cycles.facts import CycleFacts, StageFacts, load_cycle
from store.kinds.feedback_round.leaving import (
    decline_request,
    name_replacement,
    replacements_wanted,
)
from store.kinds.feedback_round.lists import Named, rater_list
from store.kinds.feedback_round.nominating import (
    approve_nominations,
    keep_list,
    save_nominations,
    suggestions,
)
from store.kinds.feedback_round.rating import submit_rating
from store.kinds.feedback_round.reports import Review
from store.kinds.feedback_round.reviewing import (
    comments_of,
    finish_review,
    review_comment,
    waiting_reports,
)
from store.kinds.feedback_round.rules import CHOSEN, Round, round_of
from store.people.outside import External
from store.tasks.rows import TaskFacts

if TYPE_CHECKING:
    from play import scenario as said
    from play.people import Crowd

_A_DAY, _TEN = timedelta(days=1), time(10)


async def answer(
    crowd: "Crowd",
    conn: AsyncConnection,
    cycle: CycleFacts,
    stage: StageFacts,
    task: TaskFacts,
    actor: Actor,
    at: datetime,
    like: "said.Submit | None",
    *,
    submit: bool = True,
) -> None:
    """Do a task of a round, as given or plausibly. Without `submit` a list is only kept."""
    round_ = round_of(cycle, stage)
    match stage.spec.kind:
        case "nominate" | "approve" if not submit:
            named, outside = await _named(crowd, conn, round_, task, like, at)
            await keep_list(conn, task.id, actor, named, outside, now=at)
        case "nominate":
            named, outside = await _named(crowd, conn, round_, task, like, at)
            await save_nominations(conn, task.id, actor, named, outside, now=at)
        case "approve":
            named, outside = await _named(crowd, conn, round_, task, like, at)
            await approve_nominations(conn, task.id, actor, named, outside, now=at)
        case _ if like is None and crowd.declines(task.subject_id or 0, task.assignee_id or 0):
            await decline_request(conn, task.id, actor, "by the scenario", now=at)
            day = crowd.day(at) + _A_DAY  # they are asked then
            wanted = datetime.combine(day, _TEN, tzinfo=crowd.zone).astimezone(UTC)
            crowd.replacing[stage.id, task.subject_id or 0] = wanted
        case _:
            answers = (like.answers if like else None) or plausible(cycle.definition, stage.spec)
            agrees = like is not None and like.agrees
            await submit_rating(conn, task.id, actor, answers, now=at, agrees=agrees)


async def _named(
    crowd: "Crowd",
    conn: AsyncConnection,
    round_: Round,
    task: TaskFacts,
    like: "said.Submit | None",
    at: datetime,
) -> tuple[Sequence[Named], Sequence[External]]:
    """The list as the scenario has it; else what stands there, filled up from the suggestions."""
    subject = task.subject_id or 0
    if like is not None and like.raters is not None:
        asked = like.raters
        return (
            [
                Named(crowd.person(who), name)
                for name, people in (
                    (Relationship.PEERS, asked.peers),
                    (Relationship.OTHERS, asked.others),
                )
                for who in people
            ],
            [External(one.email, one.first_name, one.last_name) for one in asked.external],
        )
    listed = [
        Named(one.person_id, one.relationship)
        for one in (await rater_list(conn, round_, subject)).raters
        if one.relationship in CHOSEN and not one.full
    ]
    quota = round_.quotas.get(Relationship.PEERS)
    if quota is None or not quota.wanted:
        return listed, []
    chance = _chance(crowd.scenario.seed, subject)
    wanted = chance.randint(quota.least, max(quota.least, quota.most or quota.least))
    peers = sum(1 for one in listed if one.relationship is Relationship.PEERS)
    if peers >= quota.least:
        return listed, []
    free = await _free(crowd, conn, round_, subject, at)
    more = sorted(chance.sample(free, min(len(free), wanted - peers)))
    return [*listed, *(Named(person, Relationship.PEERS) for person in more)], []


async def review(
    conn: AsyncConnection,
    round_id: UUID,
    subject: int,
    actor: Actor,
    at: datetime,
    *,
    hold: bool = False,
) -> None:
    """HR goes over the comments of a report, shows all of them or none, and lets it be read."""
    decision = Review.HELD if hold else Review.SHOWN
    for one in await comments_of(conn, round_id, subject):
        await review_comment(conn, round_id, subject, one.answer_id, decision, actor, now=at)
    await finish_review(conn, round_id, subject, actor, now=at)


async def review_waiting(crowd: "Crowd", as_of: datetime) -> datetime | None:
    """HR goes over what waits, a day after the round closed, at ten; unless a scenario says when.

    Returns when HR wants to look again, if something waits.
    """
    scripted = {
        crowd.person(e.review_comments.about)
        for e in crowd.scenario.events
        if e.review_comments is not None
    }
    later: list[datetime] = []
    async with crowd.database.begin() as conn:
        for one in await waiting_reports(conn, hidden=sorted(scripted)):
            morning = datetime.combine(one.closed_on + _A_DAY, _TEN, tzinfo=crowd.zone)
            at = morning.astimezone(UTC)
            if at > as_of:
                later.append(at)
                continue
            await review(conn, one.round_id, one.subject_id, await crowd.hr(conn, at), at)
    return min(later, default=None)


async def name_others(crowd: "Crowd", as_of: datetime) -> datetime | None:
    """Subjects name somebody else, the day after somebody declined, where anybody is to be had.

    Returns when the next of them wants to.
    """
    due = sorted((at, key) for key, at in crowd.replacing.items() if at <= as_of)
    for at, (stage_id, subject) in due:
        del crowd.replacing[stage_id, subject]
        # It may have closed meanwhile.
        with contextlib.suppress(AlmanacError):
            await _name_others(crowd, stage_id, subject, at)
    return min(crowd.replacing.values(), default=None)


async def _name_others(crowd: "Crowd", stage_id: UUID, subject: int, at: datetime) -> None:
    async with crowd.database.begin() as conn:
        cycle_id = await conn.scalar(
            text("SELECT cycle_id FROM stages WHERE id = :id"), {"id": stage_id}
        )
        cycle = await load_cycle(conn, cycle_id)
        round_ = round_of(cycle, cycle.stages[stage_id])
        for _ in range(await replacements_wanted(conn, round_, subject, at)):
            for free in (await _free(crowd, conn, round_, subject, at))[:1]:
                named = Named(free, Relationship.PEERS)
                me = Actor(subject, "person")
                await name_replacement(conn, round_.id, me, named, now=at)


async def _free(
    crowd: "Crowd", conn: AsyncConnection, round_: Round, subject: int, at: datetime
) -> list[int]:
    on = round_.cycle.company.local_date(at)
    suggested = await suggestions(conn, round_, subject, on, seed=crowd.scenario.seed)
    return [one.person_id for one in suggested if not one.full]


def _chance(seed: int, subject: int) -> random.Random:
    return random.Random(hashlib.sha256(f"{seed}:raters:{subject}".encode()).digest())  # noqa: S311
