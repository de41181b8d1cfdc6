"""Steering from pages: first what it would do to how many, then the button, once.

Every act has two pages: one that asks what must be known, and one that says what it will do.
What cannot be undone is confirmed with its number. A button pressed twice acts once: the page
carries a command key.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.saying import plural
from api.pages.shell import go, show, typed, undo, words
from api.pages.views.frame import Choice, Link, Problem
from api.pages.views.reading import Steer, SteerField
from api.seen_tasks import see_task
from domain.access import Action, is_own_case, may, may_steer_task
from domain.errors import AlmanacError, Forbidden, IllegalState, Invalid, NotFound
from domain.states import StageState
from store import participation, pausing, stage_steering, steering, task_steering
from store.command_keys import fingerprint, run_once
from store.lists.cycles import get_cycle, list_stages
from store.lists.tasks import get_task
from store.steering import Preview
from store.views.people_pages import find_people

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SteersCycle = Annotated[Call, allow(Action.STEER_CYCLE)]
SteersTask = Annotated[Call, allow(Action.STEER_TASK)]

Values = Mapping[str, str]
Look = Callable[[Call, UUID, Values], Awaitable[Preview]]
Do = Callable[[Call, UUID, Values], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Act:
    """A steering action. `asks` are its fields; `confirm` names the count that is typed in."""

    name: str
    heading: str
    button: str  # {n} is the count
    asks: tuple[SteerField, ...]
    look: Look
    do: Do
    action: Action = Action.LAUNCH
    count: str = ""
    confirm: str = ""
    noun: str = ""
    grave: bool = False


DAYS = SteerField(
    "days",
    "By how many working days?",
    "number",
    help="Counted from each present due date, on the calendar of whoever holds the task.",
)
REASON = SteerField("reason", "Why?", "words", help="Kept on record with what ends.")
STAGE = SteerField("stage", "Which stage?", "radio")
PERSON = SteerField("person", "Who?", help="Mail address, employee id, or full name.")
AFTER = SteerField(
    "after",
    "How far?",
    "radio",
    choices=(
        Choice("", "Only this stage", "What waits for everybody follows by itself."),
        Choice("1", "This stage and everything after it"),
    ),
)


# --- What acts ask of values -------------------------------------------------------------------


def _number(values: Values, name: str) -> int:
    value = values.get(name, "").strip()
    if not value.isdigit() or not 1 <= int(value) <= steering.MOST_DAYS:
        message = f"Give a number of working days from 1 to {steering.MOST_DAYS}."
        raise Invalid(message, ({"field": name, "message": message},))
    return int(value)


def _reason(values: Values) -> str:
    reason = values.get("reason", "").strip()
    if not reason:
        message = "Give a reason: it is kept on record."
        raise Invalid(message, ({"field": "reason", "message": message},))
    return reason


def _stage(values: Values) -> UUID:
    try:
        return UUID(values.get("stage", ""))
    except ValueError as error:
        message = "Choose a stage."
        raise Invalid(message, ({"field": "stage", "message": message},)) from error


async def _person(call: Call, values: Values) -> int:
    given = values.get("person", "").strip()
    if not given:
        message = "Name somebody."
        raise Invalid(message, ({"field": "person", "message": message},))
    found = await find_people(call.conn, given)
    if len(found) != 1:
        message = (
            f"Several people are called {given}; give the mail address."
            if found
            else f"There is nobody by {given}."
        )
        raise Invalid(message, ({"field": "person", "message": message},))
    return found[0]


async def _subject(call: Call, values: Values) -> int:
    person = await _person(call, values)
    if is_own_case(await call.reader(), person):
        raise Forbidden("Nobody decides this about themselves or their own manager line.")
    return person


# --- Acts on a cycle ---------------------------------------------------------------------------


async def _look_extend(call: Call, cycle_id: UUID, values: Values) -> Preview:
    return await stage_steering.preview_extend_stage(
        call.conn,
        cycle_id,
        _stage(values),
        _number(values, "days"),
        call.now,
        and_after=values.get("after") == "1",
    )


async def _do_extend(call: Call, cycle_id: UUID, values: Values) -> None:
    await stage_steering.extend_stage(
        call.conn,
        cycle_id,
        _stage(values),
        _number(values, "days"),
        call.actor,
        call.now,
        and_after=values.get("after") == "1",
    )


async def _look_close(call: Call, cycle_id: UUID, values: Values) -> Preview:
    _reason(values)
    return await stage_steering.preview_close_stage(call.conn, cycle_id, _stage(values), call.now)


async def _do_close(call: Call, cycle_id: UUID, values: Values) -> None:
    await stage_steering.close_stage(
        call.conn, cycle_id, _stage(values), _reason(values), call.actor, call.now
    )


async def _look_cancel(call: Call, cycle_id: UUID, values: Values) -> Preview:
    _reason(values)
    return await steering.preview_cancel(call.conn, cycle_id, call.now)


async def _do_cancel(call: Call, cycle_id: UUID, values: Values) -> None:
    await steering.cancel_cycle(call.conn, cycle_id, _reason(values), call.actor, call.now)


async def _look_add(call: Call, cycle_id: UUID, values: Values) -> Preview:
    person = await _subject(call, values)
    return await participation.preview_add(call.conn, cycle_id, person, call.now)


async def _do_add(call: Call, cycle_id: UUID, values: Values) -> None:
    person = await _subject(call, values)
    await participation.add_participant(call.conn, cycle_id, person, call.actor, call.now)


async def _look_remove(call: Call, cycle_id: UUID, values: Values) -> Preview:
    _reason(values)
    person = await _subject(call, values)
    return await participation.preview_remove(call.conn, cycle_id, person, call.now)


async def _do_remove(call: Call, cycle_id: UUID, values: Values) -> None:
    await participation.remove_participant(
        call.conn, cycle_id, await _subject(call, values), _reason(values), call.actor, call.now
    )


CYCLE_ACTS = {
    act.name: act
    for act in (
        Act(
            "pause",
            "Pause {title}",
            "Pause {n} tasks",
            (),
            lambda call, i, _: pausing.preview_pause(call.conn, i, call.now),
            lambda call, i, _: pausing.pause(call.conn, i, call.actor, call.now),
            Action.STEER_CYCLE,
            count="open",
        ),
        Act(
            "resume",
            "Resume {title}",
            "Resume",
            (),
            lambda call, i, _: pausing.preview_resume(call.conn, i, call.now),
            lambda call, i, _: pausing.resume(call.conn, i, call.actor, call.now),
            Action.STEER_CYCLE,
        ),
        Act(
            "extend_stage",
            "Extend a stage of {title}",
            "Extend {n} tasks",
            (STAGE, DAYS, AFTER),
            _look_extend,
            _do_extend,
            count="open",
        ),
        Act(
            "close_stage",
            "Close a stage of {title}",
            "Close the stage",
            (STAGE, REASON),
            _look_close,
            _do_close,
            confirm="tasks",
            noun="of tasks that expire",
            grave=True,
        ),
        Act(
            "cancel",
            "Cancel {title}",
            "Cancel the cycle",
            (REASON,),
            _look_cancel,
            _do_cancel,
            Action.STEER_CYCLE,
            confirm="tasks",
            noun="of tasks that are cancelled",
            grave=True,
        ),
        Act("add", "Add somebody to {title}", "Add", (PERSON,), _look_add, _do_add),
        Act(
            "remove",
            "Take somebody out of {title}",
            "Take out",
            (PERSON, REASON),
            _look_remove,
            _do_remove,
            grave=True,
        ),
    )
}


# --- Acts on a task ----------------------------------------------------------------------------


async def _look_extend_task(call: Call, task_id: UUID, values: Values) -> Preview:
    return await task_steering.preview_extend_task(
        call.conn, task_id, _number(values, "days"), call.now
    )


async def _do_extend_task(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.extend_task(
        call.conn, task_id, _number(values, "days"), call.actor, call.now
    )


async def _look_reassign(call: Call, task_id: UUID, values: Values) -> Preview:
    person = await _person(call, values)
    task = await get_task(call.conn, task_id)
    if person == task.assignee_id:
        raise IllegalState("That person holds it already.")
    return Preview(
        "reassign",
        (
            f"{values['person']} holds the task from now on, and has at least 3 working days.",
            "Both people are told at once. A draft stays with whoever wrote it.",
        ),
        {"tasks": 1},
    )


async def _do_reassign(call: Call, task_id: UUID, values: Values) -> None:
    person = await _person(call, values)
    await task_steering.reassign(call.conn, task_id, person, call.actor, call.now)


async def _look_reopen(call: Call, task_id: UUID, values: Values) -> Preview:
    _reason(values)
    await get_task(call.conn, task_id)
    return Preview(
        "reopen",
        (
            "The task is open again, due the later of its old date and 3 working days from now.",
            "What was submitted becomes a draft; the next submission is a new revision.",
            "What was written afterwards stays; its authors hear that the input changed.",
        ),
        {"tasks": 1},
    )


async def _do_reopen(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.reopen(call.conn, task_id, _reason(values), call.actor, call.now)


async def _look_excuse(call: Call, task_id: UUID, values: Values) -> Preview:
    _reason(values)
    await get_task(call.conn, task_id)
    return Preview(
        "excuse",
        (
            "It is asked of nobody any more and counts as closed; what waits for it goes on.",
            "No further mail is sent about it. HR can reopen it.",
        ),
        {"tasks": 1},
    )


async def _do_excuse(call: Call, task_id: UUID, values: Values) -> None:
    await task_steering.excuse(call.conn, task_id, _reason(values), call.actor, call.now)


_T = Action.STEER_TASK
TASK_ACTS = {
    act.name: act
    for act in (
        Act("extend", "Extend: {title}", "Extend", (DAYS,), _look_extend_task, _do_extend_task, _T),
        Act(
            "reassign",
            "Give to somebody else: {title}",
            "Reassign",
            (PERSON,),
            _look_reassign,
            _do_reassign,
            _T,
        ),
        Act("reopen", "Reopen: {title}", "Reopen", (REASON,), _look_reopen, _do_reopen, _T),
        Act("excuse", "Excuse: {title}", "Excuse", (REASON,), _look_excuse, _do_excuse, _T),
    )
}


# --- Pages -------------------------------------------------------------------------------------

Kind = Literal["cycles", "tasks"]


@dataclass(frozen=True, slots=True)
class Place:
    """What is steered, how it is called, and where to go afterwards."""

    kind: Kind
    id: UUID
    title: str
    back: str
    asks: tuple[SteerField, ...]
    act: Act

    @property
    def path(self) -> str:
        """Where the act is asked for and done."""
        return f"/{self.kind}/{self.id}/steer/{self.act.name}"


@router.get("/cycles/{cycle_id}/steer/{name}")
async def ask_cycle(call: SteersCycle, request: Request, cycle_id: UUID, name: str) -> Response:
    """What it needs, or what it will do."""
    return await _ask(call, await _cycle_place(call, cycle_id, name), dict(request.query_params))


@router.post("/cycles/{cycle_id}/steer/{name}")
async def steer_cycle(call: SteersCycle, request: Request, cycle_id: UUID, name: str) -> Response:
    """Do it, once."""
    return await _act(call, await _cycle_place(call, cycle_id, name))


@router.get("/tasks/{task_id}/steer/{name}")
async def ask_task(call: SteersTask, request: Request, task_id: UUID, name: str) -> Response:
    """What it needs, or what it will do."""
    return await _ask(call, await _task_place(call, task_id, name), dict(request.query_params))


@router.post("/tasks/{task_id}/steer/{name}")
async def steer_task(call: SteersTask, request: Request, task_id: UUID, name: str) -> Response:
    """Do it, once."""
    return await _act(call, await _task_place(call, task_id, name))


async def _cycle_place(call: Call, cycle_id: UUID, name: str) -> Place:
    act = CYCLE_ACTS.get(name)
    if act is None:
        raise NotFound(f"There is no way to {name} a cycle.")
    if not may(await call.reader(), act.action):
        raise Forbidden("This is HR's to decide.")
    cycle = await get_cycle(call.conn, cycle_id)
    asks = act.asks
    if STAGE in asks:
        stages = await list_stages(call.conn, cycle_id, call.now)
        choices = tuple(
            Choice(str(s.id), s.title, f"{plural(s.open or 0, 'open task')}")
            for s in stages
            if s.state != StageState.CLOSED
        )
        asks = tuple(replace(f, choices=choices) if f is STAGE else f for f in asks)
    back = f"/cycles/{cycle_id}" + ("/people" if name in ("add", "remove") else "")
    return Place("cycles", cycle_id, cycle.title, back, asks, act)


async def _task_place(call: Call, task_id: UUID, name: str) -> Place:
    act = TASK_ACTS.get(name)
    if act is None:
        raise NotFound(f"There is no way to {name} a task.")
    seen = await see_task(call, task_id)
    if not may_steer_task(seen.reader, seen.access):
        raise Forbidden("Nobody steers their own case, or that of their own manager line.")
    task = await get_task(call.conn, task_id)
    title = f"{task.title}, {task.subject}" if task.subject else task.title
    back = f"/cycles/{task.cycle_id}"
    back += f"/people/{task.subject_id}" if task.subject_id else "/tasks"
    return Place("tasks", task_id, title, back, act.asks, act)


async def _ask(call: Call, place: Place, given: Values) -> Response:
    values = {field.name: given.get(field.name, "").strip() for field in place.asks}
    needed = [f.name for f in place.asks if f is not AFTER]
    if needed and not all(values[name] for name in needed):
        tried = "go" in given
        problems = tuple(_missing(f) for f in place.asks if not values[f.name] and f is not AFTER)
        page = _form(place, values, problems if tried else ())
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY if tried else HTTPStatus.OK)
    try:
        foreseen = await place.act.look(call, place.id, values)
    except Invalid as error:
        await undo(call)
        return await show(call, _form(place, values, _wrong(error)), error.status)
    except IllegalState as error:
        await undo(call)
        return await show(call, _refused(place, error), error.status)
    return await show(call, _preview(place, values, foreseen, ()))


def _missing(field: SteerField) -> Problem:
    words_of = {
        "days": "Give a number of working days.",
        "reason": "Give a reason: it is kept on record.",
        "stage": "Choose a stage.",
        "person": "Name somebody.",
    }
    return Problem(f"f-{field.name}", words_of[field.name])


def _wrong(error: Invalid) -> tuple[Problem, ...]:
    named = tuple(
        Problem(f"f-{p['field']}", str(p.get("message", error.detail)))
        for p in error.problems
        if p.get("field")
    )
    return named or (Problem("", error.detail),)


def _form(place: Place, values: Values, problems: tuple[Problem, ...]) -> Steer:
    heading = place.act.heading.format(title=place.title)
    return Steer(
        title=heading,
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link("Back", place.back)),
        problems=problems,
        heading=heading,
        action=place.path,
        button="",
        back=place.back,
        previewed=False,
        hidden=(("go", "look"),),
        fields=tuple(replace(f, value=values.get(f.name, "")) for f in place.asks),
    )


def _preview(
    place: Place, values: Values, foreseen: Preview, problems: tuple[Problem, ...], key: str = ""
) -> Steer:
    act = place.act
    heading = act.heading.format(title=place.title)
    stage = next(
        (c.label for f in place.asks for c in f.choices if c.value == values.get("stage")), ""
    )
    return Steer(
        title=heading,
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link("Back", place.back)),
        problems=problems,
        heading=f"{heading}: {stage}?" if stage else f"{heading}?",
        action=place.path,
        button=act.button.format(n=f"{foreseen.counts.get(act.count, 0):,}"),
        back=place.back,
        grave=act.grave,
        effects=tuple(("told", sentence) for sentence in foreseen.sentences),
        confirm=foreseen.counts.get(act.confirm) if act.confirm else None,
        confirm_label=act.noun,
        hidden=tuple(values.items()),
        key=key or secrets.token_urlsafe(16),
    )


def _refused(place: Place, error: AlmanacError) -> Steer:
    heading = place.act.heading.format(title=place.title)
    return Steer(
        title=heading,
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link("Back", place.back)),
        heading=heading,
        action="",
        button="",
        back=place.back,
        refused=f"{error.detail} {error.hint}".strip(),
    )


async def _act(call: Call, place: Place) -> Response:
    form = await typed(call.request)
    values = {field.name: words(form, field.name).strip() for field in place.asks}
    key = words(form, "key").strip() or secrets.token_urlsafe(16)
    known = fingerprint("POST", place.path, repr(sorted(values.items())).encode())

    async def effect() -> tuple[int, dict[str, object]]:
        if place.act.confirm:
            foreseen = await place.act.look(call, place.id, values)
            count = foreseen.counts.get(place.act.confirm, 0)
            if words(form, "confirm").strip().replace(",", "") != str(count):
                raise Unconfirmed(foreseen, count)
        await place.act.do(call, place.id, values)
        return 200, {"done": place.act.name}

    try:
        await run_once(call.conn, call.actor.key, key, known, call.now, effect)
    except Unconfirmed as error:
        await undo(call)
        wrong = Problem("f-confirm", f"Type {error.count} to confirm.", "#f-confirm")
        page = _preview(place, values, error.foreseen, (wrong,), key)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    except Invalid as error:
        await undo(call)
        return await show(call, _form(place, values, _wrong(error)), error.status)
    except IllegalState as error:
        await undo(call)
        return await show(call, _refused(place, error), error.status)
    return go(place.back, place.act.name)


class Unconfirmed(Exception):
    """The number was not typed, or things have changed since it was shown."""

    def __init__(self, foreseen: Preview, count: int) -> None:
        super().__init__()
        self.foreseen = foreseen
        self.count = count
