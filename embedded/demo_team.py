"""Who takes part in the demo's 360 round."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """Who takes part: reports of one manager; `first` is whose link is printed."""

    manager: int
    members: tuple[int, ...]

    @property
    def first(self) -> int:
        return self.members[0]
