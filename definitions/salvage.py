"""What is left of a definition of which the models refused parts.

Only for finding further problems: the refused parts are left out or, where something must stand,
replaced, so that the rest can be checked. Nobody ever runs a salvaged definition.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from definitions.models import Definition
from definitions.source import Path
from definitions.validation import real_errors

STAND_INS: dict[str, Any] = {
    "definition": "unnamed",
    "title": "Untitled",
    "purpose": "None.",
    "period": "this year",
    "due": "1 working day",
    "ask": "-",
    "section": "-",
    "when": "true",
    "because": "-",
}
ROUNDS = 8


@dataclass(slots=True)
class Salvaged:
    """The rest, and what is missing in it: paths of what was left out or replaced."""

    definition: Definition
    missing: set[Path] = field(default_factory=set)


def salvage(data: dict[str, Any], error: ValidationError) -> Salvaged | None:
    """The rest of a definition, or None if too little is left to say more."""
    rest = copy.deepcopy(data)
    missing: set[Path] = set()
    for _ in range(ROUNDS):
        for item in real_errors(error):
            path = _take_out(rest, item["loc"], missing=item["type"] == "missing")
            if path is None:
                return None
            missing.add(path)
        try:
            return Salvaged(Definition.model_validate(rest), missing)
        except ValidationError as again:
            error = again
    return None


def _take_out(rest: dict[str, Any], loc: Path, *, missing: bool) -> Path | None:
    """Leave out the nearest key around a refused part; lists keep their items in place."""
    parents: list[tuple[dict[str, Any], str, Path]] = []
    value: Any = rest
    path: Path = ()
    for part in loc:
        if isinstance(value, dict) and isinstance(part, str):
            if part in value or missing:
                parents.append((value, part, (*path, part)))
            if part not in value:
                continue
        elif not isinstance(value, list) or not isinstance(part, int) or part >= len(value):
            continue
        value = value[part]
        path = (*path, part)
    while parents:
        mapping, key, at = parents.pop()
        if key == "id":
            mapping[key] = f"unnamed_{id(mapping)}"
            return at
        if key in mapping and key not in STAND_INS and not missing:
            del mapping[key]
            return at
        if key in STAND_INS and mapping.get(key) != STAND_INS[key]:
            mapping[key] = STAND_INS[key]
            return at
        if key in mapping and parents:
            del mapping[key]
            return at
    return None
