"""What was typed into a task: read, saved, settled after a conflict, submitted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from api.authentication import Call
from api.pages.frame.shell import words
from api.pages.frame.windows import overtaken
from api.pages.tasks.answering import merged, read_section
from api.pages.tasks.desk import HELD, Desk
from definitions.answers import WHY, relevant
from domain.errors import EditConflict, Invalid
from store.tasks import submitting as store


@dataclass(frozen=True, slots=True)
class Typed:
    """What came from the browser: the whole draft as it would be, and what it was based on.

    `keep` are choices from the page of a conflict: question by question, here or there.
    """

    answers: dict[str, Any]
    step: int
    version: str
    raw: tuple[tuple[str, str], ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    settled: bool = False
    held_on: str = ""


def read_typed(desk: Desk, form: FormData) -> Typed:
    """Read a step of the form, an acknowledgement, or the answer to a conflict."""
    number = words(form, "step")
    step = min(
        max(int(number) if re.fullmatch("[0-9]{1,9}", number) else 1, 1), max(len(desk.form), 1)
    )
    if desk.stage.traits.on_record:
        given = {key: words(form, f"a.{key}").strip() for key in ("answer", "text")}
        answers: dict[str, Any] = {k: v for k, v in given.items() if v}
    elif desk.form:
        fresh = read_section(form, desk.form[step - 1])
        answers = merged(desk.draft, desk.form, step, fresh)
    else:
        answers = {}
    raw = tuple((k, v) for k, v in form.multi_items() if isinstance(v, str) and k != "go")
    keep = {k.removeprefix("keep."): v for k, v in raw if k.startswith("keep.")}
    # The day is asked on the first step; the others leave it as it is.
    held_on = _day(words(form, HELD)) if HELD in form else desk.held_on
    settle = words(form, "settle") == "1"
    return Typed(answers, step, words(form, "version"), raw, keep, settle, held_on)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return ""


async def save(call: Call, desk: Desk, typed_in: Typed) -> None:
    """Save what was typed, unless another window saved meanwhile (EditConflict) or it has the
    wrong shape (Invalid).

    A task that merely moved (HR gave more time), another step that was saved, and equal text are
    no conflict. The caller has locked the task.
    """
    answers, held_on, step = typed_in.answers, typed_in.held_on, typed_in.step
    kept = desk.part(desk.draft, desk.held_on, step)
    if overtaken(kept, desk.part(answers, held_on, step), typed_in.version):
        raise EditConflict("This was saved in another window meanwhile.", version=desk.version)
    if typed_in.settled:
        answers = settled(desk, typed_in)
        held_on = desk.held_on if typed_in.keep.get(HELD) == "there" else held_on
    elif (answers, typed_in.held_on) == (dict(desk.draft), desk.held_on):
        return
    await store.save_draft(
        call.conn,
        desk.facts.id,
        call.actor,
        answers,
        now=call.now,
        expected_version=desk.facts.version,
        held_on=date.fromisoformat(held_on) if held_on else None,
    )


def settled(desk: Desk, typed_in: Typed) -> dict[str, Any]:
    """The draft after a conflict: for each question the text that was chosen."""
    answers = dict(typed_in.answers)
    for name, choice in typed_in.keep.items():
        if choice != "there":
            continue
        for key in (name, name + WHY):
            if key in desk.draft:
                answers[key] = desk.draft[key]
            else:
                answers.pop(key, None)
    return answers


def asked(desk: Desk, answers: Mapping[str, Any]) -> list[str]:
    """The questions that are asked, given these answers: the script shows those."""
    return [question.id for question in relevant(desk.form, answers)] if desk.form else []


def to_submit(desk: Desk) -> tuple[dict[str, Any], date | None]:
    """What the draft holds: the answers, and for a meeting the day. Raises Invalid."""
    if not desk.stage.traits.held:
        return dict(desk.draft), None
    if not desk.held_on:
        problem = {"question": HELD, "code": "required", "message": NO_DAY}
        raise Invalid(NO_DAY, (problem,))
    return dict(desk.draft), date.fromisoformat(desk.held_on)


NO_DAY = "Say on which day you talked."


def errors_of(error: Invalid) -> dict[str, str]:
    """Messages by question."""
    return {str(p.get("question", "")): str(p.get("message", "")) for p in error.problems}
