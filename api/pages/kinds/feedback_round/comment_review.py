"""HR goes over the comments of a 360 report: shown, held back, or edited, before anybody reads."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.authentication import Call, GuardedRoute, allow
from api.bodies import PersonPath
from api.pages.frame.render import control_id
from api.pages.frame.shell import go, said, show, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Link, Person, Problem
from api.pages.kinds.feedback_round.comment_views import (
    CommentField,
    CommentGroup,
    CommentReview,
    CommentReviews,
    WaitingLine,
)
from api.seen_comments import questions_of, report_to_review, reports_to_review
from domain.access import Action
from domain.errors import NotFound
from domain.lengths import LONGEST_COMMENT, too_long
from store.kinds.feedback_round.reports import Review
from store.kinds.feedback_round.reviewing import (
    Comment,
    WaitingReport,
    comments_of,
    finish_review,
    review_comment,
)

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reviews = Annotated[Call, allow(Action.REVIEW_COMMENTS)]

LIST = "/comment-reviews"


@router.get(LIST)
async def waiting(call: Reviews, request: Request) -> Response:
    """Reports whose comments wait."""
    page = CommentReviews(
        title="Comments to review",
        part="reviews",
        crumbs=(Link("Reviews", "/reviews"),),
        notice=said(request),
        lines=tuple(
            WaitingLine(_about(one), one.cycle, one.closed_on, _href(one))
            for one in await reports_to_review(call)
        ),
    )
    return await show(call, page)


def _about(report: WaitingReport) -> Person:
    return Person(report.subject_id, report.name, report.department or "")


def _href(report: WaitingReport) -> str:
    return f"{LIST}/{report.round_id}/{report.subject_id}"


@router.get(LIST + "/{round_id}/{person_id}")
async def look(call: Reviews, request: Request, round_id: UUID, person_id: PersonPath) -> Response:
    """What was said in one report, and what was decided about it so far."""
    report = await report_to_review(call, round_id, person_id)
    comments = await comments_of(call.conn, round_id, person_id)
    fields = {one.answer_id: _field(one) for one in comments}
    return await show(call, await _page(call, request, report, comments, fields))


def _field(comment: Comment) -> CommentField:
    return CommentField(
        name=str(comment.answer_id),
        original=comment.words,
        review=comment.review or "",
        words=comment.edited or "",
    )


async def _page(
    call: Call,
    request: Request,
    report: WaitingReport,
    comments: Sequence[Comment],
    fields: Mapping[UUID, CommentField],
) -> CommentReview:
    asked = await questions_of(call, report)
    order = [*asked, *sorted({one.question for one in comments} - asked.keys())]
    groups = []
    for question in order:
        here = tuple(fields[one.answer_id] for one in comments if one.question == question)
        if here:
            groups.append(CommentGroup(asked.get(question, question), here))
    return CommentReview(
        title=f"Comments about {report.name}",
        part="reviews",
        crumbs=(Link("Comments to review", LIST),),
        notice=said(request),
        problems=tuple(
            Problem(control_id(one.name), one.error)
            for group in groups
            for one in group.comments
            if one.error
        ),
        about=_about(report),
        cycle=report.cycle,
        action=_href(report),
        groups=tuple(groups),
    )


@router.post(LIST + "/{round_id}/{person_id}")
async def decide(
    call: Reviews, request: Request, round_id: UUID, person_id: PersonPath
) -> Response:
    """Keep what was decided; finish if that was asked for. With anything to mend, neither."""
    form = await typed(request)
    try:
        report = await report_to_review(call, round_id, person_id)
    except NotFound:
        return go(LIST)  # the button was pressed twice, or a colleague was faster
    comments = await comments_of(call.conn, round_id, person_id)
    finish = words(form, "go") == "finish"
    fields = {one.answer_id: _typed(form, one, finish=finish) for one in comments}
    if any(field.error for field in fields.values()):
        page = await _page(call, request, report, comments, fields)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    for comment in comments:
        field = fields[comment.answer_id]
        if field.review:
            await review_comment(
                call.conn,
                round_id,
                person_id,
                comment.answer_id,
                Review(field.review),
                call.actor,
                now=call.now,
                words=field.words,
            )
    if not finish:
        return go(_href(report), "reviewed-so-far")
    await finish_review(call.conn, round_id, person_id, call.actor, now=call.now)
    return go(LIST, "reviewed")


def _typed(form: FormData, comment: Comment, *, finish: bool) -> CommentField:
    name = str(comment.answer_id)
    review = words(form, f"d.{name}")
    review = review if review in list(Review) else ""
    edited = words(form, f"w.{name}")
    error = ""
    if review == Review.EDITED and edited.strip() in ("", comment.words.strip()):
        error = "Write what is to be shown instead."
    elif review == Review.EDITED:
        error = too_long(edited, LONGEST_COMMENT)
    elif finish and not review:
        error = "Decide about this comment, too."
    return CommentField(name, comment.words, review, edited, error)
