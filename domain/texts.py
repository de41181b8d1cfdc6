"""What a text may contain: what PostgreSQL can keep, and what is safe to show to somebody.

Two different questions. *Unstorable* is U+0000 and a lone surrogate: UTF-8 in PostgreSQL has no
place for them, so every door refuses them and says where they stand. *Unreadable* is what can be
kept and must not be shown as it is: control codes, and marks that reverse the order of the text
around them. Joiners and the plain direction marks stay: Persian, Indic scripts and emoji need them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufff9-\ufffb]")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_ODD = re.compile("|".join(kind.pattern for kind in (_CONTROL, _BREAKS, _TURNS)))
_BLANK = re.compile(r"[ \t\n]+")  # a space that does not break stays one


def joined(text: str) -> str:
    """The text with each pair of surrogates as the one character that it stands for.

    JSON and YAML may write a character beyond U+FFFF as such a pair; a lone one stays.
    """
    return _PAIR.sub(_one, text) if _UNSTORABLE.search(text) else text


def unstorable(text: str) -> int | None:
    """The index of the first character that cannot be kept; None if all can."""
    found = _UNSTORABLE.search(text)
    return None if found is None else found.start()


def named(character: str) -> str:
    """A character as it is called in a message: `U+0000`."""
    return f"U+{ord(character):04X}"


def control_code(text: str) -> int | None:
    """The index of the first control code that is no line break or tab; None if there is none.

    What is unstorable is one of them.
    """
    found = _CONTROL.search(text)
    return None if found is None else found.start()


def unstorable_in(value: Any) -> tuple[Path, str] | None:
    """The first text in a JSON value that cannot be kept: its path and the character's name.

    Keys count as texts of their object. Values that are no JSON (dates, bytes) are passed over.
    """
    for path, text in _texts(value):
        index = unstorable(text)
        if index is not None:
            return path, named(text[index])
    return None


def storable(text: str) -> str:
    """The text without what cannot be kept. For what was taken before the doors refused it."""
    return _UNSTORABLE.sub("", joined(text)) if _UNSTORABLE.search(text) else text


def storable_value(value: Any) -> Any:
    """The same JSON value with every text in it as `storable` gives it."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_value(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [storable_value(item) for item in value]
    return value


def readable(text: str) -> str:
    """The text as it may be shown: line ends as `\\n`, no control codes, no reversing marks.

    A text in which nothing has to go is returned as it is. Idempotent.
    """
    if _ODD.search(text) is None:
        return text
    return _TURNS.sub("", _CONTROL.sub("", _BREAKS.sub("\n", text)))


def on_one_line(text: str) -> str:
    """A readable text without line breaks and tabs: each run of blank space is one space."""
    return _BLANK.sub(" ", readable(text)).strip(" ")


def is_one_line(text: str) -> bool:
    """Whether a text has neither line breaks, tabs nor control codes. Joiners are none of these."""
    return control_code(text) is None and not _BREAKS.search(text) and not set(text) & {"\n", "\t"}


def _one(pair: re.Match[str]) -> str:
    high, low = ord(pair[0][0]), ord(pair[0][1])
    return chr(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00))


def _texts(value: Any) -> Iterator[tuple[Path, str]]:
    """Every text with its path, without recursion: a value may be nested deeply."""
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, Mapping):
            for key, inner in item.items():
                if isinstance(key, str) and unstorable(key) is not None:
                    yield path, key
                waiting.append(((*path, key if isinstance(key, str) else str(key)), inner))
        elif isinstance(item, list | tuple):
            waiting += [((*path, index), inner) for index, inner in enumerate(item)]
