"""What was typed on a page about raters: the whole list each time."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import FormData

from api.bodies import LARGEST_ID
from api.pages.frame.shell import words
from api.pages.frame.windows import version_of
from api.pages.kinds.feedback_round.nominating_views import Outside
from domain.relationships import Relationship
from store.kinds.feedback_round.lists import Listed, Named
from store.kinds.feedback_round.rules import CHOSEN
from store.people.outside import External

MOST = 200
"""Entries that are read at all; no list is so long."""


@dataclass(frozen=True, slots=True)
class TypedList:
    """A list as its page sent it. `go` is the button that was pressed."""

    named: tuple[Named, ...]
    outside: Outside
    version: str
    q: str
    go: str
    confirmed: bool

    @property
    def externals(self) -> tuple[External, ...]:
        """Whoever is outside and new on the list."""
        one = self.outside
        return (External(one.email, one.first_name, one.last_name),) if one.typed else ()


def version_of_list(raters: Iterable[Named | Listed]) -> str:
    """The version of a list, by what is on it (`api.pages.frame.windows`)."""
    return version_of([[one.person_id, one.relationship.value] for one in raters])


def read_list(form: FormData, usual: Relationship) -> TypedList:
    """Read a list; who was picked beside it comes last, in the relationship that is usual."""
    go = words(form, "go")
    gone = go.removeprefix("remove:") if go.startswith("remove:") else ""
    named: dict[int, Named] = {}
    for person in _ids(form.getlist("r")):
        if str(person) != gone:
            named.setdefault(person, Named(person, _relationship(form, person, usual)))
    for person in _ids(form.getlist("pick")):
        if str(person) != gone:
            named.setdefault(person, Named(person, usual))
    return TypedList(
        named=tuple(named.values()),
        outside=read_outside(form),
        version=words(form, "version"),
        q=words(form, "q").strip()[:200],
        go=go,
        confirmed=words(form, "nobody") == "yes",
    )


def read_outside(form: FormData) -> Outside:
    """The fields for somebody outside."""
    first, last, email = (words(form, f"out.{name}").strip() for name in ("first", "last", "email"))
    return Outside(first, last, email)


def read_picked(form: FormData) -> int | None:
    """The one person who was picked, if anybody was."""
    return next(iter(_ids(form.getlist("pick"))), None)


def _ids(values: Iterable[object]) -> list[int]:
    read = []
    for value in list(values)[:MOST]:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            number = int(value)
            if 0 < number <= LARGEST_ID:
                read.append(number)
    return read


def read_relationship(value: str, usual: Relationship) -> Relationship:
    """A relationship that somebody chose; the usual one where it is none."""
    try:
        chosen = Relationship(value)
    except ValueError:
        return usual
    return chosen if chosen in CHOSEN else usual


def _relationship(form: FormData, person: int, usual: Relationship) -> Relationship:
    return read_relationship(words(form, f"rel.{person}"), usual)
