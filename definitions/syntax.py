"""What the YAML parser says, in words that somebody in HR can act on."""

from dataclasses import dataclass

from ruamel.yaml.error import YAMLError
from ruamel.yaml.reader import ReaderError


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no YAML; line and column count from 1."""

    line: int
    column: int
    message: str
    hint: str


def explained(error: YAMLError, text: str) -> Fault:
    """What is wrong with the text, and where to look."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Fault(
            line, column, "A control character that cannot be part of a text.", "Delete it."
        )
    said = " ".join(str(getattr(error, "problem", "") or error).split())
    line, column = _place(error, said)
    written = text.splitlines()[line - 1 : line]
    if "'\\t'" in said or (written and "\t" in written[0][:column]):
        return Fault(line, column, "A tab.", "Indent with spaces.")
    return Fault(line, column, *_told(said))


def _place(error: YAMLError, said: str) -> tuple[int, int]:
    marks = [getattr(error, name, None) for name in ("problem_mark", "context_mark")]
    if "end of stream" in said or "expected ',' or" in said:
        marks.reverse()  # what was opened and never closed is of interest, not the end
    mark = marks[0] or marks[1]
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _told(said: str) -> tuple[str, str]:
    for part, message, hint in _SENTENCES:
        if part in said:
            return message, hint
    return f"This is no YAML: {said}.", "Compare the indentation with the line above."


_SENTENCES = (
    (
        "mapping values are not allowed here",
        "A second `: ` in one line.",
        "Put a text that contains `: ` in quotes, or check the indentation.",
    ),
    (
        "could not find expected ':'",
        "A key without `:`.",
        "Write `key: value`; put a text of several lines after `>` or in quotes.",
    ),
    ("expected <block end>", "The indentation does not fit.", "Align it with the lines above."),
    (
        "found unexpected end of stream",
        "The file ends inside quotes.",
        "Close the quotation mark.",
    ),
    ("expected ',' or", "A bracket is not closed.", "Close it, or put a comma before this."),
    (
        "cannot start any token",
        "A text cannot start with this character.",
        "Put the text in quotes.",
    ),
)
