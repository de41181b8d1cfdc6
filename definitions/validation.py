"""What the models say about a file, in words and with places."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from definitions.company import WrongValuesError
from definitions.instants import IDENTIFIER
from definitions.kinds.registry import KINDS, belongs_to
from definitions.problems import WrongValueError, did_you_mean, plainly, shown
from definitions.source import Document, Path, Place

EXAMPLES = {
    "definition": "annual",
    "title": "Annual review {period}",
    "purpose": "Why this is done, who reads it, and what it is used for.",
    "period": "previous year",
    "id": "self",
    "due": "10 working days",
    "section": "Looking back",
    "on": "3",
    "to": "manager",
    "ask": "4 to 6",
    "when": 'person.department == "Finance"',
    "because": "They are on probation.",
    "value": "1",
    "label": "Partly",
    "zone": "Europe/Berlin",
    "calendar": "us",
    "hr": "[hr@example.com]",
    "administrators": "[it@example.com]",
    "from": "2027-12-27",
    "why": "Year-end shutdown",
}


def note(document: Document, model: type[BaseModel], error: ValidationError) -> None:
    """Put every problem of a validation into the document."""
    for item in real_errors(error):
        path: Path = tuple(part for part in item["loc"] if part != "[key]")
        if item.get("input") is None and item["type"] != "missing":
            continue  # an empty value, which was noted already
        _note(document, model, path, item)


def real_errors(error: ValidationError) -> list[Mapping[str, Any]]:
    """The errors, without "too short" where that only says that items were refused."""
    items = [_without_kind(item) for item in error.errors(include_url=False)]
    return [
        item
        for item in items
        if item["type"] != "too_short"
        or not any(
            len(other["loc"]) > len(item["loc"]) and other["loc"][: len(item["loc"])] == item["loc"]
            for other in items
        )
    ]


def _without_kind(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error at its place in the file; the kind by which a stage was read stands apart."""
    match error["loc"]:
        case ("stages", int(number), str(kind), *rest):
            return {**error, "loc": ("stages", number, *rest), "stage_kind": kind}
    return dict(error)


def _unknown(
    document: Document, model: type[BaseModel], path: Path, key: str, kind: str | None
) -> None:
    """Note a key that does not belong here."""
    place = document.key_place(path)
    if kind is not None and kind in KINDS:
        owners = belongs_to(key) if len(path) == 3 else ""
        if owners:
            message = f"A stage of kind `{kind}` has no `{key}`."
            document.error(place, path, message, f"It belongs to {owners}.")
            return
        known = fields_at(KINDS[kind].model, path[2:-1])
    else:
        known = fields_at(model, path[:-1])
    document.error(
        place, path, f"There is no key `{key}`.", did_you_mean(key, known), "unknown-key"
    )


def _note(document: Document, model: type[BaseModel], path: Path, item: Mapping[str, Any]) -> None:
    context = item.get("ctx", {})
    real = document.real(path)
    key = str(path[-1]) if path else ""
    match item["type"]:
        case "missing":
            # An opening brace or dash is where the thing with the missing part starts.
            place = document.key_place(path[:-1])
            hint = f"Write `{key}: {EXAMPLES[key]}`." if key in EXAMPLES else ""
            document.error(place, (*real, key), "This is missing.", hint, "missing")
        case "extra_forbidden":
            _unknown(document, model, path, key, item.get("stage_kind"))
        case "value_error":
            for at, wrong in _wrong(context.get("error")):
                full = (*real, *at)
                document.error(_scalar_place(document, full), full, wrong.message, wrong.hint)
        case _:
            is_key = item["loc"] and item["loc"][-1] == "[key]"
            place = document.key_place(path) if is_key else document.value_place(path)
            message, hint = _sentence(item["type"], item.get("input"), context)
            document.error(place, real, message, hint)


def _scalar_place(document: Document, path: Path) -> Place:
    """The value, or for something with parts the key or dash that starts it."""
    inner = any(len(other) > len(path) and other[: len(path)] == path for other in document.values)
    return document.key_place(path) if inner else document.value_place(path)


def _wrong(error: object) -> Iterator[tuple[Path, WrongValueError]]:
    if isinstance(error, WrongValuesError):
        for wrong in error.problems:
            yield wrong.at, wrong
    elif isinstance(error, WrongValueError):
        yield error.at, error
    else:
        yield (), WrongValueError(str(error))


def _sentence(kind: str, given: object, context: Mapping[str, Any]) -> tuple[str, str]:
    match kind:
        case "literal_error" | "enum":
            known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return f"{shown(given)} is not possible here.", did_you_mean(str(given), known)
        case "string_pattern_mismatch":
            return _misspelt(given, str(context.get("pattern", "")))
        case "string_type" | "string_sub_type":
            if isinstance(given, list | dict):
                return f"A text is wanted, not {shown(given)}.", ""
            return (
                f"A text is wanted, not {shown(given)}.",
                f'Put it in quotes: "{plainly(given)}".',
            )
        case "bool_type" | "bool_parsing":
            return f"{shown(given)} is neither `true` nor `false`.", _truth(given)
        case "int_type" | "int_parsing" | "int_from_float":
            return f"{shown(given)} is no whole number.", "Write a whole number, without quotes."
        case "tuple_type" | "list_type":
            return f"A list is wanted, not {shown(given)}.", "Start each item with `- `."
        case "model_type" | "model_attributes_type" | "dict_type" | "mapping_type":
            return f"Keys and values are wanted, not {shown(given)}.", ""
        case "too_short":
            least = context.get("min_length", 1)
            if least == 1:
                return "This list is empty.", "Write at least one."
            return f"At least {least} are wanted.", ""
        case "string_too_short":
            return "This text is empty.", "Write something, or leave the key out."
        case "string_too_long":
            return f"More than {context['max_length']} characters.", "Shorten it."
        case "greater_than_equal":
            return f"{shown(given)} is too small.", f"At least {context['ge']}."
        case "less_than_equal":
            return f"{shown(given)} is too large.", f"At most {context['le']}."
    return f"{shown(given)} is not possible here.", ""


def _misspelt(given: object, pattern: str) -> tuple[str, str]:
    if IDENTIFIER in pattern:
        return (
            f"{shown(given)} cannot be an id.",
            "Letters, digits and `_` only, starting with a letter.",
        )
    if "A-Z" in pattern:
        return f"{shown(given)} is no country.", "Write a code like `DE`, or `default`."
    if "a-z" in pattern:
        return (
            f"{shown(given)} is neither `subject`, `body` nor a language.",
            "Write a code like `de`.",
        )
    return f"{shown(given)} is not possible here.", ""


def _truth(given: object) -> str:
    word = str(given).lower()
    if word in ("yes", "on", "y", "1"):
        return "Write `true`."
    return "Write `false`." if word in ("no", "off", "n", "0") else ""


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that can stand at a path; none where it cannot be told."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _inner(kind, part)]
    models = [k for kind in kinds for k in _models(kind)]
    return [info.alias or name for m in models for name, info in m.model_fields.items()]


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if get_origin(kind) in (Union, UnionType, Annotated):
        for inner in get_args(kind):
            yield from _models(inner)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind


def _inner(kind: Any, part: str | int) -> Iterator[Any]:
    """What stands under a key or index of a type."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        for inner in get_args(kind):
            yield from _inner(inner, part)
    elif origin is Annotated:
        yield from _inner(get_args(kind)[0], part)
    elif origin is tuple:
        yield get_args(kind)[0]
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield get_args(kind)[1]
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if part in (name, info.alias):
                yield info.annotation
