"""Acts of steering as pages ask for them: what each needs, shows and does."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from api.authentication import Call
from api.pages.frame.views import Choice
from api.pages.tasks.reading_views import SteerField
from domain.access import Action, is_own_case
from domain.errors import Forbidden, Invalid
from domain.lengths import LONGEST_REASON, too_long
from store.steering import cycle as steering
from store.steering.cycle import Preview
from store.views.people_pages import find_people

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
    help="Counted from each present due date, on the calendar of the person who holds the task.",
)


LATER = SteerField(
    "days",
    "By how many working days?",
    "number",
    help="Counted from the cycle's last day, on the company's calendar.",
)


REASON = SteerField("reason", "Why?", "words", help="Kept on record with what ends.")


WHY_ADDED = SteerField(
    "reason",
    "Why?",
    "words",
    help="HR reads it beside the name, and the person if they ask.",
    optional=True,
)


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


def number(values: Values, name: str) -> int:
    """Working days as they were typed. Raises Invalid."""
    value = values.get(name, "").strip()
    if not re.fullmatch("[0-9]{1,9}", value) or not 1 <= int(value) <= steering.MOST_DAYS:
        message = f"Give a number of working days from 1 to {steering.MOST_DAYS}."
        raise Invalid(message, ({"field": name, "message": message},))
    return int(value)


def reason(values: Values) -> str:
    """Why. Raises Invalid without a reason."""
    reason = values.get("reason", "").strip()
    if not reason:
        message = "Give a reason: it is kept on record."
        raise Invalid(message, ({"field": "reason", "message": message},))
    return not_too_long(reason)


def not_too_long(reason: str) -> str:
    """A reason as it is kept. Raises Invalid."""
    over = too_long(reason, LONGEST_REASON)
    if over:
        raise Invalid(over, ({"field": "reason", "message": over},))
    return reason


def stage_of(values: Values) -> UUID:
    """The stage that was chosen. Raises Invalid."""
    try:
        return UUID(values.get("stage", ""))
    except ValueError as error:
        message = "Choose a stage."
        raise Invalid(message, ({"field": "stage", "message": message},)) from error


async def person_of(call: Call, values: Values) -> int:
    """Who is meant, by address, employee id or full name. Raises Invalid."""
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


async def subject_of(call: Call, values: Values) -> int:
    """The same, but nobody of the own line. Raises Invalid, Forbidden."""
    person = await person_of(call, values)
    if is_own_case(await call.reader(), person):
        raise Forbidden(
            "This person is you, or somebody above you. Ask another member of HR to do this."
        )
    return person
