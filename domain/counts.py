"""How many tasks of a cycle stand where."""

from dataclasses import dataclass

COUNTED = ("done", "in_time", "late", "to_come", "expired")
"""Where a task may stand that counts: somebody is asked for it, or will be."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tasks stand where. What was excused or cancelled is asked of nobody."""

    done: int = 0
    in_time: int = 0
    late: int = 0
    to_come: int = 0
    expired: int = 0
    excused: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """All that count."""
        return sum(getattr(self, status) for status in COUNTED)

    @property
    def open(self) -> int:
        """In time or late."""
        return self.in_time + self.late

    @property
    def unasked(self) -> int:
        """Excused or cancelled."""
        return self.excused + self.cancelled

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in FIELDS))


FIELDS = tuple(Counts.__slots__)
"""Every status that a task may have, whether it counts or not."""
