"""A figure: what was measured beside its bare counterpart in the same run, and the aim."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Times have an upper aim (`most`, a ratio to the bare counterpart), rates a lower one (`least`);
    an absolute aim has no bare counterpart.
    """

    name: str
    people: int
    measured: float
    bare: float | None
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Measured to bare, or the figure itself."""
        return self.measured if self.bare is None else self.measured / self.bare

    @property
    def met(self) -> bool:
        """Is the aim met?"""
        if self.most is not None and self.ratio > self.most:
            return False
        return self.least is None or self.ratio >= self.least
