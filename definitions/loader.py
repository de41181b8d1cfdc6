"""From a file to a definition, and back from its content: with every problem at once.

The text is read with places (`source`), validated by the models, completed (`defaults`) and
checked for what refers to what (`checks`). Where the models refuse parts of a file, the rest is
checked all the same, so that somebody who writes a definition sees everything in one go.
"""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from definitions.checks import check
from definitions.company import Company
from definitions.defaults import resolve
from definitions.models import Definition
from definitions.problems import DefinitionError, Problem
from definitions.salvage import salvage
from definitions.source import Document, read
from definitions.spans import check_plan, check_spans
from definitions.validation import note

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A definition and what is kept of it.

    `content` is the definition with every default, as JSON; `restore` gives the definition back.
    `hash` is the SHA-256 of what was written: comments, key order, spaces and how a text is quoted
    do not count, list order does.
    """

    definition: Definition
    hash: str
    content: dict[str, Any]
    text: str
    document: Document  # the places of everything, for problems that are found later


def parse_definition(text: str | bytes, source: str = "FILE") -> Parsed:
    """Read a definition; `source` is the name used in problems. Pure.

    Raises DefinitionError with all problems of the file.
    """
    raw = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    key = hashlib.sha256(source.encode(errors="surrogatepass") + b"\0" + raw).hexdigest()
    kept = _texts.get(key)
    if kept is None:
        kept = _texts.keep(key, _parse(read(text, source)))
    definition, parsed_hash, content, document = kept
    return Parsed(definition, parsed_hash, json.loads(content), document.text, document)


def _parse(document: Document) -> tuple[Definition, str, str, Document]:
    written = _validated(document)
    if written is None or document.problems:
        raise DefinitionError(_in_order(document.problems), document.text)
    definition = resolve(written)
    content = canonical(definition.model_dump(mode="json", exclude_none=True))
    definition = _models.keep(digest(content), definition)
    parsed_hash = digest(canonical(written.model_dump(mode="json", exclude_unset=True)))
    return definition, parsed_hash, content, document


def problems_of(text: str | bytes, source: str = "FILE") -> list[Problem]:
    """Everything that is wrong with a definition file; empty if it can be used."""
    try:
        parse_definition(text, source)
    except DefinitionError as error:
        return list(error.found)
    return []


def restore(content: dict[str, Any]) -> Definition:
    """The definition that `Parsed.content` describes; equal to the one that was parsed.

    Nothing is resolved anew: what a version says stays what it said when it was published.
    Restoring the same content again returns the same object. Raises pydantic.ValidationError for
    anything else.
    """
    text = canonical(content)
    key = digest(text)
    kept = _models.get(key)
    return kept if kept is not None else _models.keep(key, Definition.model_validate(content))


def parse_company(text: str | bytes, source: str = "FILE") -> Company:
    """Read the company file. Raises DefinitionError with all problems of the file."""
    document = read(text, source)
    company: Company | None = None
    if document.data:
        try:
            company = Company.model_validate(document.data)
        except ValidationError as error:
            note(document, Company, error)
    if company is None or document.problems:
        raise DefinitionError(_in_order(document.problems), document.text)
    return company


def canonical(content: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _validated(document: Document) -> Definition | None:
    """The definition as written, or None. Problems are noted in the document."""
    if not document.data:
        return None
    try:
        written = Definition.model_validate(document.data)
    except ValidationError as error:
        note(document, Definition, error)
        rest = salvage(document.data, error)
        if rest is not None:
            resolved = resolve(rest.definition)
            check(rest.definition, resolved, document, rest.missing)
            check_spans(resolved, document)
        return None
    resolved = resolve(written)
    check(written, resolved, document)
    check_spans(resolved, document)
    if not document.problems:
        check_plan(resolved, document)
    return written


def _in_order(problems: list[Problem]) -> list[Problem]:
    unique = {(p.line, p.column, p.path, p.message): p for p in problems}
    return sorted(unique.values(), key=lambda p: (p.line, p.column))


class _Memory(Generic[V]):
    """The last few values by key: definitions are immutable, so sharing them is safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        return self._kept.get(key)

    def keep(self, key: str, value: V) -> V:
        """Keep the value, unless there is one already; returns the one that is kept."""
        value = self._kept.setdefault(key, value)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


_texts: _Memory[tuple[Definition, str, str, Document]] = _Memory(64)
_models: _Memory[Definition] = _Memory(256)
