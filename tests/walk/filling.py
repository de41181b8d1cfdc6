"""What somebody might type into a form, so that a page's own form is not refused."""

from collections.abc import Mapping
from datetime import date

from tests.walk.seen import Control, Fields, Form

SENTENCE = "She wrote down what was agreed, and nobody had to ask twice."

Typed = Mapping[str, str]
"""What is typed into an empty field of this name."""


def filled(form: Form, typed: Typed, today: date) -> Fields:
    """The fields of a form as sent: what stands there stays, what is empty is filled in."""
    fields = [(c.name, _value(c, typed, today)) for c in form.controls if c.type != "file"]
    sent = [(name, value) for name, value in fields if value is not None]
    if form.button:
        name, _, value = form.button.partition("=")
        sent.append((name, value))
    return tuple(sent)


def _value(control: Control, typed: Typed, today: date) -> str | None:
    """The value of a field; none for a box that is not ticked."""
    if control.value or control.type == "hidden":
        return control.value
    if control.name in typed:
        return typed[control.name]
    match control.type:
        case "checkbox":
            return None
        case "select":
            return ""  # which is what the page has chosen
        case "radio":
            return next((value for value in control.options if value), "")
        case "numeric" | "decimal":
            return "1"
        case "date":
            return today.isoformat()
        case "email":
            return "gina@client.example"
        case _:
            return SENTENCE
