"""Ids, and how one or several of them are written."""

from typing import Annotated

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

from definitions.instants import IDENTIFIER

Identifier = Annotated[
    str, StringConstraints(strict=True, pattern=rf"^{IDENTIFIER}$", max_length=60)
]


def one_or_many(value: object) -> object:
    """A single text stands for a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[Identifier, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^{IDENTIFIER}$"},
                {"type": "array", "items": {"type": "string", "pattern": rf"^{IDENTIFIER}$"}},
            ]
        },
        mode="validation",
    ),
]
"""One id, or a list of ids."""
