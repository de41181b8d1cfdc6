"""Who is asked in a 360 round: named by the subject, looked over by the manager.

No answer of these routes says how anybody's request stands: whoever declined or left stays on the
list, and counts as before.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, PersonNumber
from api.etags import expected_version, set_etag
from api.idempotency import once
from api.seen_lists import may_change_list, see_list
from domain.access import Action, Level
from domain.errors import NotFound
from domain.rater_loads import Reason
from domain.relationships import Relationship
from store.kinds.feedback_round.colleagues import Face, Standing, faces, find_colleagues
from store.kinds.feedback_round.leaving import name_replacement, replacements_wanted
from store.kinds.feedback_round.lists import Listed, Named, by_rule, rater_list
from store.kinds.feedback_round.nominating import (
    Listing,
    approve_nominations,
    keep_list,
    save_nominations,
    suggestions,
)
from store.kinds.feedback_round.rules import CHOSEN
from store.people.outside import LONGEST, LONGEST_ADDRESS, External

router = APIRouter(prefix="/api/tasks/{task_id}/raters", route_class=GuardedRoute, tags=["rounds"])

Reads = Annotated[Call, allow(Action.READ_TASK, Level.TASK)]
Works = Annotated[Call, allow(Action.WORK_ON_TASK, Level.TASK)]

MOST = 200
"""Entries in one list; definitions ask for a handful."""


class NamedRater(Body):
    """A colleague, or somebody outside who is on the list already."""

    person_id: PersonNumber
    relationship: Annotated[Relationship, Field(strict=False)]


class OutsideRater(Body):
    """Somebody outside the company: they are asked by mail, through a link of their own."""

    email: Annotated[str, Field(max_length=LONGEST_ADDRESS)]
    first_name: Annotated[str, Field(max_length=LONGEST)]
    last_name: Annotated[str, Field(max_length=LONGEST)] = ""


class RatersToAsk(Body):
    """The whole list each time. Whoever is on it no longer is not asked."""

    raters: list[NamedRater] = Field(max_length=MOST)
    outside: list[OutsideRater] = Field(default=[], max_length=MOST)


class OneMore(Body):
    """One more person: a colleague or somebody outside, not both."""

    person: NamedRater | OutsideRater


class PersonOfList(BaseModel):
    """Somebody, as lists name them. `address` is there only for people outside."""

    model_config = ConfigDict(frozen=True)

    person_id: int
    name: str
    department: str
    job_title: str
    address: str


class RaterOfList(PersonOfList):
    """Somebody on the list. `full`: has got as many requests meanwhile as the round allows."""

    relationship: Relationship
    source: str
    full: bool


class SuggestedRater(PersonOfList):
    """Somebody who could be asked, and why. Who is `full` cannot be named."""

    reasons: list[Reason]
    full: bool


class FoundColleague(PersonOfList):
    """A colleague whom a search found."""

    full: bool
    listed: bool


class QuotaOfList(BaseModel):
    """How many of a relationship are asked for; `most` none: all. `at_most`: more are refused."""

    model_config = ConfigDict(frozen=True)

    relationship: Relationship
    least: int
    most: int | None
    at_most: int | None
    named: int


class RaterListAnswer(BaseModel):
    """The list of a subject. `short`: relationships with fewer than the definition asks for.

    `by_rule`: who is asked without being chosen. `wanted`: how many more people the subject may
    name now. `suggestions` are there as long as the list can be changed.
    """

    model_config = ConfigDict(frozen=True)

    task_id: UUID
    version: int
    step: str
    subject_id: int
    may_change: bool
    asked: bool
    threshold: int
    raters: list[RaterOfList]
    quotas: list[QuotaOfList]
    short: list[Relationship]
    by_rule: list[Relationship]
    suggestions: list[SuggestedRater]
    wanted: int


class KeptList(BaseModel):
    """What was kept, and the version that the next change is based on."""

    model_config = ConfigDict(frozen=True)

    task_id: UUID
    version: int
    raters: list[RaterOfList]
    short: list[Relationship]


class NamedOneMore(BaseModel):
    """The list with the one more person on it."""

    model_config = ConfigDict(frozen=True)

    task_id: UUID
    raters: list[RaterOfList]


@router.get("")
async def read(call: Reads, response: Response, task_id: UUID) -> RaterListAnswer:
    """The list, what is asked for, and who could be on it. 404 for whom it does not concern."""
    seen, list_ = await see_list(call, task_id)
    changeable = may_change_list(seen, list_)
    round_, subject = list_.round, list_.subject_id
    on = round_.cycle.company.local_date(call.now)
    listed = await rater_list(call.conn, round_, subject)
    found = await suggestions(call.conn, round_, subject, on) if changeable else []
    ids = [one.person_id for one in listed.raters]
    people = await faces(call.conn, [*ids, *(one.person_id for one in found)])
    asked = {one.relationship for one in await by_rule(call.conn, round_, [subject], on)}
    mine = call.person is not None and call.person_id == subject
    wanted = await replacements_wanted(call.conn, round_, subject, call.now) if mine else 0
    set_etag(response, seen.facts.version)
    return RaterListAnswer(
        task_id=task_id,
        version=seen.facts.version,
        step=list_.step,
        subject_id=subject,
        may_change=changeable,
        asked=list_.asked,
        threshold=round_.rules.threshold,
        raters=_raters(people, listed.raters),
        quotas=[
            QuotaOfList(
                relationship=name,
                least=quota.least,
                most=quota.most,
                at_most=quota.at_most,
                named=sum(1 for one in listed.raters if one.relationship is name),
            )
            for name, quota in round_.quotas.items()
            if name in CHOSEN
        ],
        short=list(listed.short),
        by_rule=sorted(asked),
        suggestions=[
            SuggestedRater(
                **_person(people[one.person_id]).model_dump(),
                reasons=list(one.reasons),
                full=one.full,
            )
            for one in found
            if one.person_id in people
        ],
        wanted=wanted,
    )


@router.get("/colleagues")
async def colleagues(
    call: Reads,
    task_id: UUID,
    q: Annotated[str, Query(max_length=200, description="Words; all must be found.")] = "",
) -> list[FoundColleague]:
    """Colleagues by words of their name, department, job or projects: those who can be named.

    Who is full comes too, marked. For whoever may change the list, and for a subject of whom one
    more person is wanted.
    """
    seen, list_ = await see_list(call, task_id)
    round_, subject = list_.round, list_.subject_id
    if not may_change_list(seen, list_):
        mine = call.person is not None and call.person_id == subject
        if not mine or not await replacements_wanted(call.conn, round_, subject, call.now):
            return []
    on = round_.cycle.company.local_date(call.now)
    found = await find_colleagues(call.conn, round_, subject, q, on)
    people = await faces(call.conn, [one.person_id for one in found])
    return [
        FoundColleague(
            **_person(people[one.person_id]).model_dump(), full=one.full, listed=one.listed
        )
        for one in found
    ]


@router.put("", response_model=KeptList)
async def keep(call: Works, task_id: UUID, body: RatersToAsk) -> Response:
    """Let this be the list as it stands; the task stays open. `If-Match` is required."""
    version = expected_version(call.request, required=True)
    return await _change(call, task_id, body, version, keep_list)


@router.post("/submit", response_model=KeptList)
async def submit(call: Works, task_id: UUID, body: RatersToAsk) -> Response:
    """Name these people: the list goes on to be looked over, and the task is done."""
    version = expected_version(call.request)
    return await _change(call, task_id, body, version, save_nominations)


@router.post("/approve", response_model=KeptList)
async def approve(call: Works, task_id: UUID, body: RatersToAsk) -> Response:
    """Approve these people: they are asked. An empty list is a decision, and HR is told."""
    version = expected_version(call.request)
    return await _change(call, task_id, body, version, approve_nominations)


async def _change(
    call: Call,
    task_id: UUID,
    body: RatersToAsk,
    version: int | None,
    act: Callable[..., Awaitable[Listing]],
) -> Response:
    async def effect() -> KeptList:
        await see_list(call, task_id)
        listing = await act(
            call.conn,
            task_id,
            call.actor,
            [Named(one.person_id, one.relationship) for one in body.raters],
            [External(one.email, one.first_name, one.last_name) for one in body.outside],
            now=call.now,
            expected_version=version,
        )
        listed = listing.raters
        people = await faces(call.conn, [one.person_id for one in listed.raters])
        return KeptList(
            task_id=task_id,
            version=listing.version,
            raters=_raters(people, listed.raters),
            short=list(listed.short),
        )

    return await once(call, effect)


@router.post("/replacement", response_model=NamedOneMore)
async def replacement(call: Works, task_id: UUID, body: OneMore) -> Response:
    """The subject names one more person, who is asked at once; 409 if nobody is wanted.

    `task_id` is the subject's own list. Nothing says for whom, or why, there is room.
    """

    async def effect() -> NamedOneMore:
        list_ = await _own(call, task_id)
        one = body.person
        named: Named | External
        if isinstance(one, OutsideRater):
            named = External(one.email, one.first_name, one.last_name)
        else:
            named = Named(one.person_id, one.relationship)
        listed = await name_replacement(call.conn, list_.round.id, call.actor, named, now=call.now)
        people = await faces(call.conn, [each.person_id for each in listed.raters])
        return NamedOneMore(task_id=task_id, raters=_raters(people, listed.raters))

    return await once(call, effect)


async def _own(call: Call, task_id: UUID) -> Standing:
    _, list_ = await see_list(call, task_id)
    if list_.subject_id != call.person_id:
        raise NotFound(f"The task {task_id} is no list of yours.")
    return list_


def _raters(people: Mapping[int, Face], listed: Sequence[Listed]) -> list[RaterOfList]:
    return [
        RaterOfList(
            **_person(people[one.person_id]).model_dump(),
            relationship=one.relationship,
            source=one.source,
            full=one.full,
        )
        for one in listed
    ]


def _person(face: Face) -> PersonOfList:
    return PersonOfList(
        person_id=face.id,
        name=face.name,
        department=face.department,
        job_title=face.job_title,
        address=face.address,
    )
