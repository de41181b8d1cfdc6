"""What requests may contain: strict, nothing unknown, nothing that the database cannot keep."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.lengths import LONGEST_COMMENT, LONGEST_REASON
from domain.texts import unstorable_in

LARGEST_ID = 2**63 - 1


def _text_only(value: Any) -> Any:
    """JSON has no dates: a number that happens to be a timestamp is a mistake."""
    if not isinstance(value, str):
        raise ValueError("give this as text")
    return value


def _storable(value: Any) -> Any:
    """Refuse what cannot be kept, in whatever field it stands, and say in which."""
    found = unstorable_in(value)
    if found is None:
        return value
    path, name = found
    where = ".".join(str(part) for part in path)
    said = f"`{where}` contains" if where else "this contains"
    raise ValueError(f"{said} the character {name}, which cannot be kept; remove it")


class Body(BaseModel):
    """The base of all request bodies: unknown keys and near-miss types are refused.

    So is text that the database cannot keep, at any depth: answers are objects of their own.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        return _storable(value)


class Nothing(Body):
    """A body without content; it may also be left out."""


Day = Annotated[date, BeforeValidator(_text_only), Field(strict=False)]
Id = Annotated[UUID, BeforeValidator(_text_only), Field(strict=False)]
Text = Annotated[str, BeforeValidator(_text_only), Field(max_length=LONGEST_COMMENT)]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S", description="Kept on record."),
]
PersonNumber = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
PersonPath = Annotated[int, Path(ge=1, le=LARGEST_ID)]
PersonQuery = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
WordQuery = Annotated[str | None, AfterValidator(_storable), Query(max_length=200)]
Preview = Annotated[
    bool, Query(description="Only say what it would do to how many; nothing is changed.")
]
