"""Steering from pages: first what it would do to how many, then the button, once.

Every act has two pages: one that asks what must be known, and one that says what it will do. What
is typed in between, reasons and names, travels in bodies and never in an address. What cannot be
undone is confirmed with its number. A button pressed twice acts once: the page carries a command
key.
"""

import re
import secrets
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles.acts import CYCLE_ACTS
from api.pages.cycles.steering_acts import AFTER, PERSON, STAGE, Act, Values
from api.pages.frame.dates import plural
from api.pages.frame.shell import go, show, undo, words
from api.pages.frame.typed import typed
from api.pages.frame.views import Choice, Link, Problem
from api.pages.tasks.acts import TASK_ACTS
from api.pages.tasks.reading_views import Steer, SteerField
from api.seen_tasks import see_to_move
from domain.access import Action, Level, Move, may, may_steer_task
from domain.errors import AlmanacError, Forbidden, IllegalState, Invalid, NotFound
from domain.states import StageState
from store.access.facts import hidden_cases
from store.base.command_keys import fingerprint, run_once
from store.steering.cycle import Preview
from store.views.lists.cycles import get_cycle, list_stages
from store.views.lists.tasks import get_task
from store.views.people_pages import address_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SteersCycle = Annotated[Call, allow(Action.STEER_CYCLE)]
MovesTask = Annotated[Call, allow(Action.MOVE_TASK, Level.TASK)]


Kind = Literal["cycles", "tasks"]

LOOK, CHANGE = "look", "change"
"""Values of `go`: say what it would do; ask once more. Without it, it is done."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is steered, how it is called, and where to go afterwards."""

    kind: Kind
    id: UUID
    title: str
    back: str
    asks: tuple[SteerField, ...]
    act: Act
    part: str = "cycles"
    crumbs: tuple[Link, ...] = ()
    after: str = ""
    """Where to go when it is done; `back`, if empty."""

    @property
    def path(self) -> str:
        """Where the act is asked for and done."""
        return f"/{self.kind}/{self.id}/steer/{self.act.name}"


@router.get("/cycles/{cycle_id}/steer/{name}")
async def ask_cycle(call: SteersCycle, request: Request, cycle_id: UUID, name: str) -> Response:
    """What it needs; where it needs nothing, what it will do."""
    return await _ask(call, await _cycle_place(call, cycle_id, name))


@router.post("/cycles/{cycle_id}/steer/{name}")
async def steer_cycle(call: SteersCycle, request: Request, cycle_id: UUID, name: str) -> Response:
    """Say what it will do, or do it, once."""
    return await _posted(call, await _cycle_place(call, cycle_id, name))


@router.get("/tasks/{task_id}/steer/{name}")
async def ask_task(call: MovesTask, request: Request, task_id: UUID, name: str) -> Response:
    """What it needs; where it needs nothing, what it will do."""
    return await _ask(call, await _task_place(call, task_id, name))


@router.post("/tasks/{task_id}/steer/{name}")
async def steer_task(call: MovesTask, request: Request, task_id: UUID, name: str) -> Response:
    """Say what it will do, or do it, once."""
    return await _posted(call, await _task_place(call, task_id, name))


async def _cycle_place(call: Call, cycle_id: UUID, name: str) -> Place:
    act = CYCLE_ACTS.get(name)
    if act is None:
        raise NotFound(f"There is no way to {name} a cycle.")
    if not may(await call.reader(), act.action):
        raise Forbidden("This is HR's to decide.")
    cycle = await get_cycle(call.conn, cycle_id)
    asks = act.asks
    if STAGE in asks:
        stages = await list_stages(
            call.conn, cycle_id, call.now, hidden=hidden_cases(await call.reader(), cycle_id)
        )
        choices = tuple(
            Choice(str(s.id), s.title, f"{plural(s.open or 0, 'open task')}")
            for s in stages
            if s.state != StageState.CLOSED
        )
        asks = tuple(replace(f, choices=choices) if f is STAGE else f for f in asks)
    back = f"/cycles/{cycle_id}" + ("/people" if name in ("add", "remove") else "")
    crumbs = (Link("Cycles", "/cycles"), Link(cycle.title, back))
    return Place("cycles", cycle_id, cycle.title, back, asks, act, crumbs=crumbs)


async def _task_place(call: Call, task_id: UUID, name: str) -> Place:
    act = TASK_ACTS.get(name)
    if act is None:
        raise NotFound(f"There is no way to {name} a task.")
    seen = await see_to_move(call, task_id, Move(name))
    task = await get_task(call.conn, task_id)
    title = f"{task.title}, {task.subject}" if task.subject else task.title
    if not may_steer_task(seen.reader, seen.access):
        # Whoever was told of it came by a mail, and sees no cycle. Once it is extended it may not
        # be theirs to see any more, so they go on to their own tasks.
        back = f"/tasks/{task_id}"
        crumbs = (Link("My tasks", "/tasks"), Link(title, back))
        return Place("tasks", task_id, title, back, act.asks, act, "tasks", crumbs, "/tasks")
    back = f"/cycles/{task.cycle_id}"
    back += f"/people/{task.subject_id}" if task.subject_id else "/tasks"
    crumbs = (Link("Cycles", "/cycles"), Link(title, back))
    return Place("tasks", task_id, title, back, act.asks, act, crumbs=crumbs)


async def _ask(call: Call, place: Place) -> Response:
    if place.asks:
        return await show(call, _form(place, await _preset(call, place), ()))
    return await _look(call, place, {})


async def _preset(call: Call, place: Place) -> Values:
    """What the link that led here has chosen already: ids, for everything else is typed."""
    query = call.request.query_params
    values = {"stage": query.get("stage", "")}
    who = query.get("of", "")
    if PERSON in place.asks and re.fullmatch("[0-9]{1,18}", who):
        values["person"] = await address_of(call.conn, int(who)) or ""
    return values


async def _posted(call: Call, place: Place) -> Response:
    form = await typed(call.request)
    values = {field.name: words(form, field.name).strip() for field in place.asks}
    go_on = words(form, "go")
    if go_on == LOOK:
        return await _look(call, place, values)
    if go_on == CHANGE:
        return await show(call, _form(place, values, ()))
    key = words(form, "key").strip() or secrets.token_urlsafe(16)
    return await _act(call, place, values, key, words(form, "confirm"))


async def _look(call: Call, place: Place, values: Values) -> Response:
    missing = tuple(
        _missing(f) for f in place.asks if not (f.optional or f is AFTER or values[f.name])
    )
    if missing:
        page = _form(place, values, missing)
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        foreseen = await place.act.look(call, place.id, values)
    except (Invalid, Forbidden) as error:
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


def _wrong(error: Invalid | Forbidden) -> tuple[Problem, ...]:
    if isinstance(error, Forbidden):
        return (Problem("", error.detail),)
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
        part=place.part,
        crumbs=place.crumbs,
        problems=problems,
        heading=heading,
        action=place.path,
        button="",
        back=place.back,
        previewed=False,
        hidden=(("go", LOOK),),
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
        part=place.part,
        crumbs=place.crumbs,
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
        changeable=bool(place.asks),
        given=_given(place, values),
    )


def _given(place: Place, values: Values) -> tuple[tuple[str, str], ...]:
    """What was typed or chosen, to be read once more. The stage stands in the heading."""
    shown = [f for f in place.asks if f is not AFTER and f.name != STAGE.name]
    return tuple((f.label, values[f.name]) for f in shown if values.get(f.name))


def _refused(place: Place, error: AlmanacError) -> Steer:
    heading = place.act.heading.format(title=place.title)
    return Steer(
        title=heading,
        part=place.part,
        crumbs=place.crumbs,
        heading=heading,
        action="",
        button="",
        back=place.back,
        refused=f"{error.detail} {error.hint}".strip(),
    )


async def _act(call: Call, place: Place, values: Values, key: str, number: str) -> Response:
    known = fingerprint("POST", place.path, repr(sorted(values.items())).encode())

    async def effect() -> tuple[int, dict[str, object]]:
        if place.act.confirm:
            foreseen = await place.act.look(call, place.id, values)
            count = foreseen.counts.get(place.act.confirm, 0)
            if number.strip().replace(",", "") != str(count):
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
    except (Invalid, Forbidden) as error:
        await undo(call)
        return await show(call, _form(place, values, _wrong(error)), error.status)
    except IllegalState as error:
        await undo(call)
        return await show(call, _refused(place, error), error.status)
    return go(place.after or place.back, place.act.name)


class Unconfirmed(Exception):
    """The number was not typed, or things have changed since it was shown."""

    def __init__(self, foreseen: Preview, count: int) -> None:
        super().__init__()
        self.foreseen = foreseen
        self.count = count
