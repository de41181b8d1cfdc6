"""A stage as it is read: by the model of its kind."""

from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetPydanticSchema, field_validator
from pydantic_core import CoreSchema, core_schema

from definitions.kinds.registry import BY_DEFAULT, KINDS, kind_of
from definitions.problems import WrongValueError, did_you_mean, shown
from definitions.stages import Stage

UNKNOWN = "unknown kind"


class _UnknownKind(Stage, extra="ignore"):
    """A stage whose kind is none: only that is said of it, and what is wrong with any stage."""

    @field_validator("kind", mode="before")
    @classmethod
    def _refused(cls, value: object) -> object:
        hint = did_you_mean(str(value), KINDS)
        raise WrongValueError(f"{shown(value)} is not possible here.", hint)


def tag_of(value: Any) -> str:
    """The kind of a stage, read or written."""
    if isinstance(value, Stage):
        return kind_of(value).traits.name
    kind = value.get("kind", BY_DEFAULT) if isinstance(value, dict) else BY_DEFAULT
    return kind if isinstance(kind, str) and kind in KINDS else UNKNOWN


def _by_kind(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    models = {name: handler.generate_schema(kind.model) for name, kind in KINDS.items()}
    return core_schema.tagged_union_schema(
        {**models, UNKNOWN: handler.generate_schema(_UnknownKind)}, tag_of
    )


AnyStage = Annotated[Stage, GetPydanticSchema(_by_kind)]
"""A stage of any kind. The place of an error has the kind after the number of the stage."""
