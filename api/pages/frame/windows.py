"""Did another window save something else meanwhile? Decided by what is kept, never by a counter.

A page carries the version of what it showed. A counter would say "another window" to somebody who
has one: it moves when HR gives more time, when the same text is saved twice, and when the answer
to an earlier save was lost on its way. Equal text is never a conflict.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def version_of(kept: Any) -> str:
    """The version of something kept: the same for the same content. `kept` is plain JSON data."""
    plain = json.dumps(_without_empty(kept), sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:20]


def overtaken(kept: Any, typed: Any, seen: str) -> bool:
    """Would `typed` overwrite something that its page has not shown? `seen` is the page's version.

    No, if what is kept is what the page showed, or what was typed.
    """
    now = version_of(kept)
    return now not in (seen, version_of(typed))


def _without_empty(kept: Any) -> Any:
    """A field left empty and a field that is not there are the same."""
    if isinstance(kept, Mapping):
        return {k: _without_empty(v) for k, v in kept.items() if v not in ("", [], {})}
    if isinstance(kept, list | tuple):
        return [_without_empty(v) for v in kept]
    return kept
