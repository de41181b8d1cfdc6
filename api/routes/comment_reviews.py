"""Comments of 360 reports that HR goes over before anybody reads them (`hold_comments`)."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from api.authentication import Call, GuardedRoute, allow
from api.bodies import Body, Nothing, PersonPath, Text
from api.idempotency import once
from api.seen_comments import questions_of, report_to_review, reports_to_review
from domain.access import Action
from store.kinds.feedback_round import reviewing as store
from store.kinds.feedback_round.reports import Review

router = APIRouter(
    prefix="/api/comment-reviews", route_class=GuardedRoute, tags=["comment reviews"]
)

Reviews = Annotated[Call, allow(Action.REVIEW_COMMENTS)]


class Waiting(BaseModel):
    """A report that waits for its reviewer. Neither how many comments nor how many raters."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    round_id: UUID
    subject_id: int
    name: str
    department: str | None
    cycle_id: UUID
    cycle: str
    closed_on: date


class WaitingList(BaseModel):
    """Reports that wait, by name of the person whom they are about."""

    model_config = ConfigDict(frozen=True)

    items: tuple[Waiting, ...]


class CommentItem(BaseModel):
    """A comment as it was written, and what was decided so far. `words` are shown if edited."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    question: str
    asked: str
    original: str
    review: Review | None
    words: str | None


class CommentList(BaseModel):
    """All comments of one report, in an order that means nothing."""

    model_config = ConfigDict(frozen=True)

    report: Waiting
    items: tuple[CommentItem, ...]


class Decision(Body):
    """What becomes of a comment. `words` are shown instead, for `edited`."""

    review: Literal["shown", "held", "edited"]
    words: Text | None = None


class Finished(BaseModel):
    """The report can be read, by whom it is for, as soon as results are open."""

    model_config = ConfigDict(frozen=True)

    round_id: UUID
    subject_id: int


@router.get("")
async def list_all(call: Reviews) -> WaitingList:
    """Reports whose comments wait: none about the reader or anybody above them."""
    reports = await reports_to_review(call)
    return WaitingList(items=tuple(Waiting.model_validate(report) for report in reports))


@router.get("/{round_id}/{person_id}")
async def get_one(call: Reviews, round_id: UUID, person_id: PersonPath) -> CommentList:
    """What was said in one report, without groups and authors."""
    return await _comments(call, round_id, person_id)


async def _comments(call: Call, round_id: UUID, person_id: int) -> CommentList:
    report = await report_to_review(call, round_id, person_id)
    asked = await questions_of(call, report)
    comments = await store.comments_of(call.conn, round_id, person_id)
    return CommentList(
        report=Waiting.model_validate(report),
        items=tuple(
            CommentItem(
                id=one.answer_id,
                question=one.question,
                asked=asked.get(one.question, ""),
                original=one.words,
                review=one.review,
                words=one.edited,
            )
            for one in comments
        ),
    )


@router.post("/{round_id}/{person_id}/comments/{comment_id}", response_model=CommentList)
async def decide(
    call: Reviews, round_id: UUID, person_id: PersonPath, comment_id: UUID, body: Decision
) -> Response:
    """Show a comment, hold it back, or show other words. Until the review is finished."""

    async def effect() -> CommentList:
        await report_to_review(call, round_id, person_id)
        await store.review_comment(
            call.conn,
            round_id,
            person_id,
            comment_id,
            Review(body.review),
            call.actor,
            now=call.now,
            words=body.words,
        )
        return await _comments(call, round_id, person_id)

    return await once(call, effect)


@router.post("/{round_id}/{person_id}/finish", response_model=Finished)
async def finish(
    call: Reviews, round_id: UUID, person_id: PersonPath, body: Nothing | None = None
) -> Response:
    """Finish the review: the report can be read, and never changes any more."""

    async def effect() -> Finished:
        await report_to_review(call, round_id, person_id)
        await store.finish_review(call.conn, round_id, person_id, call.actor, now=call.now)
        return Finished(round_id=round_id, subject_id=person_id)

    return await once(call, effect)
