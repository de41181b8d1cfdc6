"""Kinds of stages as SQL lists, by what sets them apart: `s.kind IN {PRIVATE}`.

A statement asks for a trait, never for a name; a new kind is in the lists by its traits.
"""

from collections.abc import Callable

from domain.kinds.registry import TRAITS
from domain.kinds.traits import Traits


def _those(has: Callable[[Traits], bool]) -> str:
    """A list that no kind is in, where none has the trait (`IN (NULL)` would not exclude)."""
    names = [one.name for one in TRAITS.values() if has(one)] or [""]
    return "({})".format(", ".join(f"'{name}'" for name in names))


PRIVATE = _those(lambda kind: kind.private)
"""Who is through with it is nobody's business before it closed."""

STEPS = _those(lambda kind: kind.step)
"""Steps of a 360 round."""

FOR_ALL = _those(lambda kind: kind.for_all)
"""One task for the whole cycle."""

RELEASES = _those(lambda kind: kind.opens_results)
"""When it is done, results may be read."""

CONVERSATIONS = _those(lambda kind: kind.held)
"""It takes place on a day."""

ON_RECORD = _those(lambda kind: kind.on_record)
"""Its answer is for the record, and silence is one."""
