"""What `almanac run` shows: twelve lines or less, and a moving one while something takes time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

LINE = 72


class Terminal:
    """Steps with their times, packed into lines; then addresses. Plain when piped."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._line = Text("  ")
        self._began = time.monotonic()

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        self.flush()
        self.console.print(Text(text, style=style))

    @contextmanager
    def step(self, name: str, began: float | None = None) -> Iterator[None]:
        """Show that `name` is under way, then how long it took, since `began` if that was earlier.

        `began` is an instant of the monotonic clock.
        """
        began = time.monotonic() if began is None else began
        under_way = Text.assemble(self._line.plain.lstrip(), (f"{name} …", "bold"))
        with self.console.status(under_way, spinner="dots"):
            yield
        done = Text.assemble(name, (f" {time.monotonic() - began:.1f} s", "dim"), "   ")
        if self._line.cell_len + done.cell_len > LINE:
            self.flush()
        self._line.append_text(done)

    def addresses(self, rows: Sequence[tuple[str, str]]) -> None:
        """Where to go, one thing a line."""
        self.flush()
        width = max(len(name) for name, _ in rows) + 2
        for name, address in rows:
            self.console.print(Text.assemble("  ", (name.ljust(width), "bold"), address))

    def ready(self) -> None:
        """The last line of a start."""
        took = time.monotonic() - self._began
        self.say(f"Ready in {took:.1f} s. Ctrl-C stops everything; the next start goes on.", "dim")

    def flush(self) -> None:
        """Show the steps that are still gathered for a line."""
        if self._line.plain.strip():
            self._line.rstrip()
            self.console.print(self._line)
        self._line = Text("  ")
