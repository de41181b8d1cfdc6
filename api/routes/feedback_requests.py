"""Requests for feedback: whom I am asked to write about, and what I write, sealed.

No `Idempotency-Key` here: remembering a command would keep who wrote what at which instant. Each of
these may be repeated instead: saved or submitted twice it is one answer.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import Call, UnrecordedRoute, allow
from api.bodies import Body, Reason
from api.etags import expected_version, set_etag
from api.pages.kinds.feedback_round import rating_words as say
from api.paging import Cursor, Limit, Page, page_of, read_cursor
from definitions.effort import minutes_of
from definitions.models import Definition
from definitions.models import Stage as StageSpec
from domain.access import AccessRole, Action, Level
from domain.relationships import Relationship
from store.definitions.versions import definition_of
from store.kinds.feedback_round.leaving import decline_request
from store.kinds.feedback_round.rating import Kept, save_rating, submit_rating, withdraw_rating
from store.views.feedback_requests import (
    FeedbackRequest,
    Standing,
    feedback_request,
    feedback_requests,
    order_of,
)

router = APIRouter(prefix="/api", route_class=UnrecordedRoute, tags=["feedback"])

Gives = Annotated[Call, allow(Action.GIVE_FEEDBACK, Level.TASK)]

Answers = Annotated[
    dict[str, Any],
    Field(
        max_length=500,
        description='By question id; the form says what each takes. A rating may be null: "I '
        'cannot say".',
    ),
]
Agrees = Annotated[
    bool,
    Field(description="My answer may be shown in a group of two, where the request asks for it."),
]


class Writing(Body):
    """What was typed, or is submitted."""

    answers: Answers
    agrees: Agrees = False


class Declining(Body):
    """Why somebody would rather not write."""

    reason: Reason


class RequestItem(BaseModel):
    """Whom I am asked to write about, by when, and how far I am.

    `may_write`: until the round closes; what is submitted may be changed as long. `done_on` is a
    day: no time of day is kept. `cycle` is none for somebody from outside the company.
    """

    model_config = ConfigDict(frozen=True)

    task_id: UUID
    cycle: str | None
    subject_id: int
    subject: str
    relationship: Relationship
    standing: Standing
    may_write: bool
    due_on: date
    due_at: datetime
    closes_at: datetime | None
    minutes: int
    done_on: date | None


class Promised(BaseModel):
    """What is promised about my name. `named`: my answer stands under it."""

    model_config = ConfigDict(frozen=True)

    named: bool
    headline: str
    sentences: list[str]
    warning: str
    readers: str


class AskedQuestion(BaseModel):
    """A question. `choices`: what can be chosen, of a rating the points of the scale."""

    model_config = ConfigDict(frozen=True)

    id: str
    ask: str
    type: Literal["text", "rating", "choice", "goals", "competencies", "number", "date"]
    required: bool
    explain: bool
    most: int
    choices: list[str]
    competencies: list[str]
    only_if: str | None


class AskedSection(BaseModel):
    """A section of the form."""

    model_config = ConfigDict(frozen=True)

    section: str
    questions: list[AskedQuestion]


class RequestDetail(BaseModel):
    """A request with its form and what I wrote; after the round has closed nothing of that.

    `submitted` counts until another one is; `draft` is what was typed since.
    """

    model_config = ConfigDict(frozen=True)

    request: RequestItem
    promise: Promised
    asks_consent: bool
    form: list[AskedSection]
    submitted: dict[str, Any] | None
    draft: dict[str, Any] | None
    agrees: bool


class KeptAnswer(BaseModel):
    """What was kept on which day, and the version that the next change is based on."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    task_id: UUID
    version: int
    submitted: bool
    on: date


class Declined(BaseModel):
    """The request that is asked of nobody here any more."""

    model_config = ConfigDict(frozen=True)

    task_id: UUID


@router.get("/my/feedback-requests")
async def my_requests(
    call: Gives, request: Request, response: Response, cursor: Cursor = None, limit: Limit = 50
) -> Page[RequestItem]:
    """Whom I am asked to write about, over all rounds: by deadline, then by name."""
    key = read_cursor(request, cursor, of="feedback-requests", parts=3)
    found = await feedback_requests(call.conn, call.person_id, call.now)
    after = (datetime.fromisoformat(str(key[0])), str(key[1]), str(key[2])) if key else None
    rows = [await _item(call, one) for one in found if after is None or order_of(one) > after]
    keys = {one.task_id: order_of(one) for one in found}
    return page_of(
        request,
        response,
        rows[: limit + 1],
        limit,
        of="feedback-requests",
        key=lambda row: keys[row.task_id],
    )


@router.get("/feedback-requests/{task_id}")
async def one_request(call: Gives, response: Response, task_id: UUID) -> RequestDetail:
    """One of my requests, with the version of what I wrote as ETag; 404 for all others."""
    found = await feedback_request(call.conn, task_id, call.person_id, call.now)
    definition, stage = await _spec(call, found)
    written = found.written
    set_etag(response, found.version)
    promise = say.promise(definition, stage, found.relationship, found.subject_first)
    return RequestDetail(
        request=await _item(call, found),
        promise=Promised(
            named=promise.named,
            headline=promise.headline,
            sentences=list(promise.sentences),
            warning=promise.warning,
            readers=say.readers_of(definition, found.relationship, found.subject_first),
        ),
        asks_consent=say.asks_consent(stage, found.relationship),
        form=_form(definition, stage),
        submitted=None if written.answers is None else dict(written.answers),
        draft=None if written.draft is None else dict(written.draft),
        agrees=written.agrees,
    )


@router.put("/feedback-requests/{task_id}/draft")
async def save_draft(call: Gives, response: Response, task_id: UUID, body: Writing) -> KeptAnswer:
    """Keep what was typed, sealed. `If-Match` is required: two windows must not overwrite.

    What was submitted before stays submitted beside it.
    """
    kept = await save_rating(
        call.conn,
        task_id,
        call.actor,
        body.answers,
        now=call.now,
        expected_version=expected_version(call.request, required=True),
        agrees=body.agrees,
    )
    return _kept(response, kept)


@router.post("/feedback-requests/{task_id}/submit")
async def submit(call: Gives, response: Response, task_id: UUID, body: Writing) -> KeptAnswer:
    """Submit, or change what was submitted, until the round closes. One answer counts."""
    kept = await submit_rating(
        call.conn,
        task_id,
        call.actor,
        body.answers,
        now=call.now,
        expected_version=expected_version(call.request),
        agrees=body.agrees,
    )
    return _kept(response, kept)


@router.post("/feedback-requests/{task_id}/withdraw")
async def withdraw(call: Gives, response: Response, task_id: UUID) -> KeptAnswer:
    """Take a submission back; it becomes my draft. Until the round closes."""
    kept = await withdraw_rating(call.conn, task_id, call.actor, now=call.now)
    return _kept(response, kept)


@router.post("/feedback-requests/{task_id}/decline")
async def decline(call: Gives, task_id: UUID, body: Declining) -> Declined:
    """Say no. The subject may be asked for one more person, and is not told for whom or why."""
    await decline_request(call.conn, task_id, call.actor, body.reason, now=call.now)
    return Declined(task_id=task_id)


def _kept(response: Response, kept: Kept) -> KeptAnswer:
    set_etag(response, kept.version)
    return KeptAnswer.model_validate(kept)


async def _spec(call: Call, found: FeedbackRequest) -> tuple[Definition, StageSpec]:
    definition = await definition_of(call.conn, found.version_id)
    return definition, definition.stage(found.stage)


async def _item(call: Call, found: FeedbackRequest) -> RequestItem:
    definition, stage = await _spec(call, found)
    outside = AccessRole.OUTSIDE in call.signed_in.roles
    return RequestItem(
        task_id=found.task_id,
        cycle=None if outside else found.cycle,
        subject_id=found.subject_id,
        subject=found.subject,
        relationship=found.relationship,
        standing=found.standing,
        may_write=found.open,
        due_on=found.due_on,
        due_at=found.due_at,
        closes_at=found.closes_at,
        minutes=minutes_of(definition, stage),
        done_on=found.done_on,
    )


def _form(definition: Definition, stage: StageSpec) -> list[AskedSection]:
    points = [str(point.value) for point in definition.scale]
    return [
        AskedSection(
            section=section.section,
            questions=[
                AskedQuestion(
                    id=question.id,
                    ask=question.ask,
                    type=question.type,
                    required=question.required,
                    explain=question.explain,
                    most=question.most,
                    choices=list(question.options)
                    if question.type == "choice"
                    else points
                    if question.type in ("rating", "competencies")
                    else [],
                    competencies=list(question.competencies)
                    if question.type == "competencies"
                    else [],
                    only_if=question.when,
                )
                for question in section.questions
            ],
        )
        for section in definition.form_of(stage)
    ]
