"""What is wrong with a file: where, what, and what would be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from domain.errors import Invalid


class Severity(StrEnum):
    """How much a problem matters: an error refuses the file, the others are advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` and `column` count from 1; 0 where there is no text."""

    severity: Severity
    source: str
    line: int
    column: int
    path: str  # like `stages[2].due`
    message: str  # what is wrong
    hint: str = ""  # what would be right
    code: str = "invalid"  # stable; lints have their own

    def __str__(self) -> str:
        """One line: place, path, what is wrong, what would be right."""
        return f"{place(self)}: {body(self)}"


class DefinitionError(Invalid):
    """A file that cannot be used, with everything that is wrong with it at once.

    `found` are the problems as values, `problems` the same as JSON for an API answer, `text` the
    file that they point into.
    """

    def __init__(self, problems: Sequence[Problem], text: str = "") -> None:
        self.found = tuple(problems)
        self.text = text
        super().__init__(_summary(self.found), tuple(as_json(p) for p in self.found))

    def __str__(self) -> str:
        """All problems, one a line."""
        return "\n".join(str(problem) for problem in self.found)


class WrongValueError(ValueError):
    """A value that cannot be what is wanted there; the loader adds the place."""

    def __init__(self, message: str, hint: str = "", *, at: tuple[str | int, ...] = ()) -> None:
        """`at` leads from the place of the validated value down to the wrong part."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at


def as_json(problem: Problem) -> dict[str, object]:
    """The problem as an object for API answers."""
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "source": problem.source,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
    }


def place(problem: Problem) -> str:
    """`file:line:column`, or the file alone where nothing more is known."""
    if not problem.line:
        return problem.source
    return f"{problem.source}:{problem.line}:{problem.column}"


def body(problem: Problem) -> str:
    """Path, what is wrong and what would be right, without the place."""
    where = f"{problem.path}: " if problem.path else ""
    hint = f" {problem.hint}" if problem.hint else ""
    return f"{where}{problem.message}{hint}"


def explain(problem: Problem, text: str = "") -> str:
    """A problem for the terminal: place, the line itself with a caret below, what would be right.

    `text` is the file; without it, or without a place in it, the line is left out. Plain text, no
    colours.
    """
    lines = [f"{place(problem)}: {problem.severity.value}: {_first_line(problem)}"]
    source = text.splitlines()
    if 0 < problem.line <= len(source):
        number = str(problem.line)
        gutter = " " * len(number)
        shown, column = _window(source[problem.line - 1], problem.column)
        lines += [f" {number} | {shown}".rstrip(), f" {gutter} | {' ' * column}^"]
    if problem.hint:
        lines.append(f"   = {problem.hint}")
    return "\n".join(lines)


def explain_all(problems: Sequence[Problem], text: str = "") -> str:
    """All problems for the terminal, with a last line that counts them."""
    parts = [explain(problem, text) for problem in problems]
    return "\n\n".join([*parts, _summary(problems)])


def path_text(path: Iterable[str | int]) -> str:
    """`("stages", 2, "due")` as `stages[2].due`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A hint that names the nearest of the known names, or all of them if they are few."""
    names = list(dict.fromkeys(known))
    near = get_close_matches(given, names, n=1, cutoff=0.6)
    if not near:
        lower = {name.lower(): name for name in names}
        near = [lower[key] for key in get_close_matches(given.lower(), lower, n=1, cutoff=0.6)]
    if near:
        return f"Did you mean `{near[0]}`?"
    if not names:
        return ""
    return f"Known: {enumeration(names)}." if len(names) <= MOST_NAMED else ""


def enumeration(names: Iterable[str]) -> str:
    """Names as text: `a`, `b`."""
    return ", ".join(f"`{name}`" for name in names)


MOST_NAMED = 24
WIDTH = 72


def _first_line(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around the column (from 1), and the column (from 0) therein."""
    line, at = line.replace("\t", " "), max(column - 1, 0)
    if len(line) <= WIDTH:
        return line, at
    start = max(0, min(at - WIDTH // 2, len(line) - WIDTH))
    return line[start : start + WIDTH], at - start


def _summary(problems: Sequence[Problem]) -> str:
    counts = [
        (sum(p.severity is severity for p in problems), name)
        for severity, name in (
            (Severity.ERROR, "error"),
            (Severity.WARNING, "warning"),
            (Severity.INFO, "note"),
        )
    ]
    said = [f"{n} {name}" + ("s" if n != 1 else "") for n, name in counts if n]
    return ", ".join(said) if said else "Nothing to complain about"


def shown(given: object) -> str:
    """A value as it may stand in a sentence."""
    if isinstance(given, list | tuple):
        return "a list"
    if isinstance(given, dict):
        return "keys and values"
    text = plainly(given)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def plainly(given: object) -> str:
    """A value in one line, as YAML writes it."""
    if isinstance(given, bool):
        return "true" if given else "false"
    return " ".join(str(given).split())
