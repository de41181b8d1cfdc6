"""YAML as plain values, with the place of every key and value.

Read from the parser's events, so that nothing is built before the caps were checked: size, depth
and the number of values (aliases counted each time they are used, which is what makes a YAML bomb
one). YAML 1.2: `NO` is a text. A date stays a date. Every key is a text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from definitions.problems import Problem, Severity, path_text
from definitions.syntax import explained
from domain.texts import control_code, joined, named, readable

MOST_BYTES = 1_000_000
MOST_DEPTH = 24
MOST_VALUES = 50_000
MOST_SAID = 300
"""Characters of a message: it quotes what was written, and that may be a megabyte."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; line and column count from 1."""

    line: int
    column: int
    style: str = ""  # of a scalar: "", ', ", | or >


START = Place(1, 1)


@dataclass(slots=True)
class Document:
    """A file as plain values with places. `problems` are those of the YAML itself."""

    text: str
    source: str
    data: dict[str, Any] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def error(
        self, place: Place, path: Path, message: str, hint: str = "", code: str = "invalid"
    ) -> None:
        """Note what is wrong. A message that quotes a long value is cut."""
        self.problems.append(
            Problem(
                Severity.ERROR,
                self.source,
                place.line,
                place.column,
                path_text(path),
                message if len(message) <= MOST_SAID else message[: MOST_SAID - 3] + "...",
                hint,
                code,
            )
        )

    def real(self, path: Path) -> Path:
        """The longest path that was written: parts that are in no file are skipped."""
        found: Path = ()
        for part in path:
            if (*found, part) in self.values:
                found = (*found, part)
        return found

    def has(self, path: Path) -> bool:
        """Was this written?"""
        return path in self.values

    def value_place(self, path: Path) -> Place:
        """Where the value stands, or the nearest thing around it that was written."""
        return self.values.get(self.real(path), START)

    def key_place(self, path: Path) -> Place:
        """Where the key stands; for an item of a list, the item."""
        real = self.real(path)
        return self.keys.get(real) or self.values.get(real, START)

    def inside(self, path: Path, line: int, column: int) -> Place:
        """The place of a line and column (from 1) of a scalar's text, as near as can be told."""
        place = self.value_place(path)
        lines = self.text.splitlines()
        if place.style == "|" and place.line + line <= len(lines):
            content = lines[place.line + line - 1]
            indent = len(content) - len(content.lstrip())
            return Place(place.line + line, indent + column)
        if line == 1 and place.style in ("", "'", '"'):
            return Place(place.line, place.column + len(place.style) + column - 1)
        return place


def read(text: str | bytes, source: str) -> Document:
    """Read a YAML file. Never raises for its content: see `problems` of the answer.

    After a problem that leaves no sense in the rest, `data` is empty.
    """
    decoded = _decoded(text, source)
    if isinstance(decoded, Document):
        return decoded
    document = Document(decoded, source)
    try:
        root = _Builder(document).build()
    except _StopError:
        return document
    except YAMLError as error:
        fault = explained(error, decoded)
        document.error(Place(fault.line, fault.column), (), fault.message, fault.hint, "yaml")
        return document
    if root is None:
        document.error(START, (), "The file is empty.", "Start with `definition:` and an id.")
    elif not isinstance(root.value, dict):
        document.error(
            root.place,
            (),
            "Keys and values are wanted here.",
            "Start with a line like `key: value`.",
        )
    else:
        document.data = _Walk(document).plain(root)
    return document


def _decoded(text: str | bytes, source: str) -> "str | Document":
    size = len(text) if isinstance(text, bytes) else len(text.encode(errors="replace"))
    if size > MOST_BYTES:
        document = Document("", source)
        document.error(
            START,
            (),
            f"The file has {size:,} bytes; {MOST_BYTES:,} are the most.",
            "A definition has a few hundred lines.",
        )
        return document
    if isinstance(text, str):
        return joined(text).removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        document = Document(text.decode("utf-8", "replace"), source)
        document.error(
            Place(line, column), (), "The file is not UTF-8.", "Save it as UTF-8 in your editor."
        )
        return document


class _StopError(Exception):
    """The file makes no sense from here on; the reason is among the problems."""


@dataclass(slots=True)
class _Node:
    """A value as written: scalar, list of nodes, or keys with their places."""

    place: Place
    value: Any
    key_places: dict[str, Place] = field(default_factory=dict)
    complete: bool = True


class _Builder:
    """Nodes from events, by hand: iteration where a recursive composer would overflow."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.anchors: dict[str, _Node] = {}
        self.path: list[str | int] = []
        self.count = 0
        self.events: Iterator[Any] = iter(())

    def build(self) -> _Node | None:
        """The root, or None for an empty file."""
        self.events = YAML(typ="safe", pure=True).parse(self.document.text)
        root: _Node | None = None
        started = False
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if started:
                    self._stop(_place(event), "A second document starts here.", "Remove `---`.")
                started = True
            elif isinstance(event, NodeEvent):
                root = self._node(event)
        if root is not None and root.value is None:
            return None
        return root

    def _node(self, event: Any) -> _Node:
        self.count += 1
        if self.count > MOST_VALUES:
            self._too_many(_place(event))
        if isinstance(event, AliasEvent):
            return self._alias(event)
        self._no_tag(event)
        node = _Node(_place(event), None)
        if event.anchor is not None:
            self.anchors[str(event.anchor)] = node
        if isinstance(event, ScalarEvent):
            self._storable(event)
            node.value = _scalar(event)
            return node
        if len(self.path) > MOST_DEPTH:
            self._stop(
                node.place,
                f"More than {MOST_DEPTH} levels, one inside the other.",
                "A definition needs about eight.",
            )
        node.complete = False
        if isinstance(event, SequenceStartEvent):
            node.value = self._items()
        elif isinstance(event, MappingStartEvent):
            node.value = self._entries(node)
        node.complete = True
        return node

    def _items(self) -> list[_Node]:
        items: list[_Node] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            self.path.append(len(items))
            items.append(self._node(event))
            self.path.pop()
        return items

    def _entries(self, node: _Node) -> dict[str, _Node]:
        entries: dict[str, _Node] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event)
            place = _place(event)
            self.path.append(key or "")
            value = self._node(next(self.events))
            path = tuple(self.path)
            self.path.pop()
            if key is None:
                self.document.error(place, path, "A key is a single word or text.")
            elif key in entries:
                first = node.key_places[key]
                self.document.error(
                    place,
                    path,
                    f"`{key}` stands there twice.",
                    f"The first one is in line {first.line}; keep one of them.",
                    "duplicate-key",
                )
            else:
                entries[key] = value
                node.key_places[key] = place
        return entries

    def _key(self, event: Any) -> str | None:
        self.path.append("?")  # a key may be a mapping whose keys are mappings
        node = self._node(event)
        self.path.pop()
        if isinstance(node.value, dict | list):
            return None
        return str(event.value) if isinstance(event, ScalarEvent) else str(node.value)

    def _storable(self, event: Any) -> None:
        """An escape like `\\0` or `\\ud83d` stands for what no text can contain."""
        event.value = joined(str(event.value))
        index = control_code(event.value)
        if index is not None:
            self.document.error(
                _place(event),
                tuple(self.path),
                f"The character {named(event.value[index])} cannot be part of a text.",
                "Remove it, or its escape.",
                "unstorable",
            )
            event.value = readable(event.value)

    def _alias(self, event: Any) -> _Node:
        name = str(event.anchor)
        node = self.anchors.get(name)
        if node is None:
            self._stop(_place(event), f"There is no anchor `&{name}` above.", "Write it out.")
        elif not node.complete:
            self._stop(_place(event), f"`*{name}` contains itself.", "Write it out.")
        return _Node(_place(event), node.value, node.key_places) if node else _Node(START, None)

    def _no_tag(self, event: Any) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) not in ("", "!"):
            self._stop(_place(event), f"The tag `{tag}` means nothing here.", "Remove it.")

    def _too_many(self, place: Place) -> None:
        self._stop(place, f"More than {MOST_VALUES:,} values.", "A definition has a few hundred.")

    def _stop(self, place: Place, message: str, hint: str) -> None:
        self.document.error(place, (), message, hint, "yaml")
        raise _StopError


class _Walk:
    """Nodes to plain values, with every place noted. Counts what aliases multiply."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.count = 0

    def plain(self, root: _Node) -> dict[str, Any]:
        """The plain value of the top mapping; empty if there is too much of it."""
        try:
            value = self._value(root, ())
        except _StopError:
            return {}
        return value if isinstance(value, dict) else {}

    def _value(self, node: _Node, path: Path) -> Any:
        self.count += 1
        if self.count > MOST_VALUES or len(path) > MOST_DEPTH:
            self.document.error(
                node.place,
                (),
                f"More than {MOST_VALUES:,} values, once the aliases are written out.",
                "Write things out instead of repeating anchors.",
                "yaml",
            )
            raise _StopError
        self.document.values[path] = node.place
        if isinstance(node.value, dict):
            return self._mapping(node, path)
        if isinstance(node.value, list):
            items = [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
            for i, item in enumerate(items):
                self._empty(item, (*path, i))
            return items
        return node.value

    def _mapping(self, node: _Node, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, child in node.value.items():
            inner = (*path, key)
            self.document.keys[inner] = node.key_places[key]
            value = self._value(child, inner)
            if not self._empty(value, inner):
                mapping[key] = value
        return mapping

    def _empty(self, value: Any, path: Path) -> bool:
        if value is not None:
            return False
        self.document.error(
            self.document.key_place(path),
            path,
            "This is empty.",
            "Give it a value, or leave the key out.",
            "empty",
        )
        return True


_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,18}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _scalar(event: Any) -> Any:
    text = str(event.value)
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _place(event: Any) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1, getattr(event, "style", None) or "")
