"""How many of whom a 360 round asks (language reference §2, feedback_round)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from definitions.company import Model
from definitions.durations import plain, text_schema
from definitions.problems import WrongValueError


@dataclass(frozen=True, slots=True)
class HowMany:
    """`4 to 6`, `3`, or `all`. `most` is None for all."""

    least: int = 0
    most: int | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a number of people. Raises WrongValueError."""
        if isinstance(value, cls):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value, value)
        text = plain(value) if isinstance(value, str) else ""
        if text == "all":
            return cls()
        found = re.fullmatch(r"(\d{1,3})(?: to (\d{1,3}))?", text)
        if found is None:
            raise WrongValueError(
                f"`{value}` is no number of people.", "Write `4 to 6`, `3` or `all`."
            )
        least, most = int(found[1]), int(found[2] or found[1])
        if most < least:
            raise WrongValueError(f"`{text}` runs backwards.", f"Write `{most} to {least}`.")
        return cls(least, most)

    @property
    def nobody(self) -> bool:
        """Is nobody asked? Written `0`."""
        return self.most == 0

    def __str__(self) -> str:
        """As it is written."""
        if self.most is None:
            return "all"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read from text or a number, written as text."""
        return text_schema(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """A string or a whole number."""
        return {
            "anyOf": [
                {"type": "string", "pattern": r"^(all|\d{1,3}( to \d{1,3})?)$"},
                {"type": "integer", "minimum": 0},
            ],
            "examples": ["4 to 6", "all"],
        }


class Asked(Model):
    """How many of one group are asked."""

    ask: HowMany
    """How many: `4 to 6`, or `all`; `0`: this group is not asked."""

    at_most: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    """More than these nobody may name."""

    @model_validator(mode="after")
    def _enough_may_be_named(self) -> "Asked":
        wanted = self.ask.least if self.ask.most is None else self.ask.most
        if self.at_most is not None and self.at_most < wanted:
            raise WrongValueError(
                f"{wanted} are asked for, but no more than {self.at_most} may be named.",
                f"Write `at_most: {wanted}`, or ask for fewer.",
                at=("at_most",),
            )
        return self


class Raters(Model):
    """Who is asked in a 360 round."""

    self: StrictBool = True
    """The subject answers the same questions, by name."""

    manager: StrictBool = False
    """The subject's manager answers the same questions, by name."""

    peers: Asked = Asked(ask=HowMany(4, 6), at_most=8)
    """Colleagues. Four: three answers are needed, and one in four stays silent."""

    reports: Asked = Asked(ask=HowMany())
    """Direct reports; asked only where at least threshold + 1 exist."""

    others: Asked = Asked(ask=HowMany(0, 2))
    """Others in the company."""

    external: Asked = Asked(ask=HowMany(0, 2))
    """People outside."""

    def groups(self) -> Mapping[str, Asked]:
        """The groups whose answers are protected, by name."""
        return {
            "peers": self.peers,
            "reports": self.reports,
            "others": self.others,
            "external": self.external,
        }

    def anybody_chosen(self) -> bool:
        """Is anybody asked whom somebody has to name? Direct reports are asked by rule."""
        return any(not group.ask.nobody for group in (self.peers, self.others, self.external))

    def anybody_protected(self) -> bool:
        """Is anybody asked whose answers are protected?"""
        return any(not group.ask.nobody for group in self.groups().values())
