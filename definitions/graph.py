"""The order of stages: who waits for whom, and where they wait for each other."""

from collections.abc import Iterable, Iterator, Sequence

from definitions.instants import Instant
from definitions.stages import Stage


class Graph:
    """Which stages must be planned before which: by `after`, and by the instants counted from."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        ids = {stage.id for stage in stages}
        self.before: dict[str, tuple[str, ...]] = {}
        for stage in stages:
            named = [*stage.after, *_anchors(stage)]
            self.before.setdefault(
                stage.id,
                tuple(dict.fromkeys(n for n in named if n in ids and n != stage.id)),
            )

    def circles(self) -> Iterator[list[str]]:
        """Every set of stages that wait for each other, once, in the order of waiting."""
        seen: set[str] = set()
        for start in self.before:
            if start in seen:
                continue
            circle = self._circle(start, seen)
            if circle is not None:
                yield circle

    def _circle(self, start: str, seen: set[str]) -> list[str] | None:
        way: list[str] = []
        rest: list[Iterator[str]] = [iter((start,))]
        found: list[str] | None = None
        while rest:
            name = next(rest[-1], None)
            if name is None:
                rest.pop()
                if way:
                    way.pop()
            elif name in way:
                found = found or way[way.index(name) :]
            elif name not in seen:
                seen.add(name)
                way.append(name)
                rest.append(iter(self.before[name]))
        return found


def own_circle(stage: Stage) -> str | None:
    """The first of `opens`, `due`, `closes` that is counted, in the end, from itself."""
    points: dict[str, Instant | None] = {
        "opens": stage.opens,
        "due": stage.due,
        "closes": stage.closes,
    }
    for start in points:
        at, steps = start, 0
        while steps <= len(points):
            instant = points[at]
            anchor = None if instant is None else instant.anchor
            if anchor is None or anchor.point not in points:
                break
            if anchor.stage not in (None, stage.id):
                break
            at, steps = anchor.point, steps + 1
            if at == start:
                return start
    return None


def _anchors(stage: Stage) -> Iterable[str]:
    for instant in (stage.opens, stage.due):
        if instant is not None and instant.stage is not None:
            yield instant.stage
