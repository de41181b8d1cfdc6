"""A request on the desk of its rater: what was written so far, what was typed, and what is next.

Nothing here touches drafts or responses of other tasks: what raters write is sealed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData

from api.authentication import Call
from api.pages.frame.shell import words
from api.pages.frame.windows import overtaken, version_of
from api.pages.kinds.feedback_round import rating_words as say
from api.pages.kinds.feedback_round.rating_views import RateHead, RateLine, Sitting
from api.pages.tasks.answering import CANNOT_SAY, read_section, share_answered
from api.pages.tasks.views import FeedbackAsked
from api.seen_tasks import Seen
from definitions.answers import WHY
from definitions.effort import minutes_of
from definitions.models import Definition, Form
from definitions.models import Stage as StageSpec
from domain.access import AccessRole
from domain.errors import EditConflict
from store.definitions.versions import definition_of
from store.kinds.feedback_round.rating import save_rating
from store.tasks.rows import lock_task
from store.views.feedback_requests import (
    FeedbackRequest,
    feedback_request,
    feedback_requests,
    order_of,
)

Answers = dict[str, Any]

KIND = "collect"
"""The kind of stage whose tasks are requests for feedback."""


@dataclass(frozen=True)
class Desk:
    """A request with its form."""

    request: FeedbackRequest
    definition: Definition
    stage: StageSpec

    @property
    def form(self) -> Form:
        """What is asked."""
        return self.definition.form_of(self.stage)

    @property
    def href(self) -> str:
        """Its page."""
        return f"/feedback/{self.request.task_id}"

    @property
    def answers(self) -> Mapping[str, Any]:
        """What was typed last; as long as nothing was typed since, what was submitted."""
        written = self.request.written
        return (written.draft if written.draft is not None else written.answers) or {}

    @cached_property
    def version(self) -> str:
        """Of what is kept: a window sends back which one it has seen.

        A request that merely moved (it was extended) is the same version.
        """
        return version_of([self.answers, self.request.written.agrees])

    @property
    def minutes(self) -> int:
        """About how long it takes."""
        return minutes_of(self.definition, self.stage)


async def open_desk(call: Call, task_id: UUID, *, lock: bool = False) -> Desk:
    """The reader's own request. Raises NotFound for everybody else's.

    `lock`: hold it until the call ends, because something is to be written.
    """
    found = await feedback_request(call.conn, task_id, call.person_id, call.now)
    if lock:
        await lock_task(call.conn, task_id)
        found = await feedback_request(call.conn, task_id, call.person_id, call.now)
    return await _desk(call, found)


async def all_desks(call: Call) -> list[Desk]:
    """All requests of the reader, in the order in which they are listed."""
    found = await feedback_requests(call.conn, call.person_id, call.now)
    return [await _desk(call, one) for one in found]


async def _desk(call: Call, request: FeedbackRequest) -> Desk:
    definition = await definition_of(call.conn, request.version_id)
    return Desk(request, definition, definition.stage(request.stage))


async def asked(call: Call) -> FeedbackAsked:
    """What the reader is asked to write, for the page of all their tasks."""
    desks = await all_desks(call)
    waits = [desk.request for desk in desks if desk.request.waits]
    so_far = sitting(desks)
    return FeedbackAsked(
        names=tuple("yourself" if one.about_me else one.subject for one in waits),
        done=so_far.done,
        minutes=so_far.minutes_left,
        due_at=waits[0].due_at if waits else None,
        late=any(one.due_at < call.now and not one.paused for one in waits),
    )


def mine(call: Call, seen: Seen) -> bool:
    """Is the reader the rater?"""
    return call.person is not None and seen.access.assignee_id == call.person_id


# --- What was typed ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """What came from the browser, and what it was based on.

    `keep` are choices from the page of a conflict: question by question, here or there.
    """

    answers: Answers
    agrees: bool
    version: str
    raw: tuple[tuple[str, str], ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    settled: bool = False


def read_typed(desk: Desk, form: FormData) -> Typed:
    """Read the whole form, or the answer to a conflict."""
    answers: Answers = {}
    for section in desk.form:
        answers |= read_section(form, section)
        for question in section.questions:
            if question.type == "rating" and answers.get(question.id) == CANNOT_SAY:
                answers[question.id] = None
    raw = tuple((k, v) for k, v in form.multi_items() if isinstance(v, str) and k != "go")
    keep = {k.removeprefix("keep."): v for k, v in raw if k.startswith("keep.")}
    typed = Typed(
        answers,
        words(form, "agrees") == "1",
        words(form, "version"),
        raw,
        keep,
        words(form, "settle") == "1",
    )
    return replace(typed, answers=_settled(desk, typed)) if typed.settled else typed


def _settled(desk: Desk, typed: Typed) -> Answers:
    """The answers after a conflict: for each question those that were chosen."""
    answers = dict(typed.answers)
    for name, choice in typed.keep.items():
        if choice != "there":
            continue
        for key in (name, name + WHY):
            if key in desk.answers:
                answers[key] = desk.answers[key]
            else:
                answers.pop(key, None)
    return answers


def must_match(desk: Desk, typed: Typed) -> None:
    """Raises EditConflict if another window saved something else meanwhile.

    The caller has locked the request.
    """
    kept = [desk.answers, desk.request.written.agrees]
    if overtaken(kept, [typed.answers, typed.agrees], typed.version):
        raise EditConflict("This was saved in another window meanwhile.", version=desk.version)


async def save(call: Call, desk: Desk, typed: Typed) -> None:
    """Keep what was typed, sealed.

    Raises EditConflict, Invalid for wrong shapes, IllegalState once the round has closed.
    """
    must_match(desk, typed)
    kept = desk.request.written
    if (typed.answers, typed.agrees) == (dict(desk.answers), kept.agrees):
        return
    await save_rating(
        call.conn,
        desk.request.task_id,
        call.actor,
        typed.answers,
        now=call.now,
        expected_version=desk.request.version,
        agrees=typed.agrees,
    )


# --- What is shown -----------------------------------------------------------------------------


def head(call: Call, desk: Desk) -> RateHead:
    """What stands above everything about a request."""
    r = desk.request
    first = r.subject_first
    outside = _outside(call)
    return RateHead(
        href=desk.href,
        verb=say.verb(r.subject, r.relationship),
        first=first,
        name=r.subject,
        department="" if outside or r.about_me else r.department,
        cycle="" if outside else r.cycle,
        relationship=say.stands(r.relationship, first),
        why_you=say.why_you(r.relationship, first),
        due_at=r.due_at,
        closes_at=r.closes_at,
        late=r.waits and not r.paused and r.due_at < call.now,
        paused=r.paused,
        minutes=desk.minutes,
        readers=say.readers_of(desk.definition, r.relationship, first),
        promise=say.promise(desk.definition, desk.stage, r.relationship, first),
        purpose="" if outside else desk.definition.purpose.strip(),
        asks_consent=say.asks_consent(desk.stage, r.relationship),
    )


def _outside(call: Call) -> bool:
    return AccessRole.OUTSIDE in call.signed_in.roles


def line(call: Call, desk: Desk) -> RateLine:
    """A request in a list."""
    r = desk.request
    outside = _outside(call)
    begun = r.standing == "draft"
    return RateLine(
        href=desk.href,
        verb=say.verb(r.subject, r.relationship),
        name="Your own view" if r.about_me else r.subject,
        cycle="" if outside else r.cycle,
        department="" if outside or r.about_me else r.department,
        relationship=say.stands(r.relationship, r.subject_first),
        standing=r.standing,
        due_at=r.due_at,
        late=r.waits and not r.paused and r.due_at < call.now,
        paused=r.paused,
        open=r.open,
        minutes=desk.minutes,
        share=share_answered(desk.form, _said(desk)) if begun else None,
        done_on=r.done_on,
        changing=r.standing == "done" and r.written.draft is not None,
    )


def _said(desk: Desk) -> Answers:
    """For how much is answered "I cannot say" is an answer, too."""
    return {k: CANNOT_SAY if v is None else v for k, v in desk.answers.items()}


def sitting(desks: Sequence[Desk]) -> Sitting:
    """How far the reader is: only their own writing is counted, and only while it may change."""
    mine = [desk for desk in desks if desk.request.open]
    left = [desk for desk in mine if desk.request.waits]
    return Sitting(len(mine) - len(left), len(mine), sum(desk.minutes for desk in left))


def following(desks: Sequence[Desk], here: Desk | None) -> Desk | None:
    """The next one to be written after `here`, in the order of the list, then from its beginning.

    None if none is left.
    """
    mine = here.request.task_id if here else None
    waits = [desk for desk in desks if desk.request.waits and desk.request.task_id != mine]
    if here is not None:
        after = order_of(here.request)
        later = [desk for desk in waits if order_of(desk.request) > after]
        waits = later or waits
    return waits[0] if waits else None
