"""Plain text of a mail in lines that every reader shows whole."""

import re
from collections.abc import Iterable

WIDTH = 78
_BLANK_LINES = re.compile(r"\n{3,}")


def tidy(text: str, width: int = WIDTH) -> str:
    """Return plain text with lines of at most `width`, where no single word is longer.

    A continued line keeps the indentation of its list item; addresses of pages stay whole.
    """
    lines: list[str] = []
    for line in _BLANK_LINES.sub("\n\n", text.strip()).split("\n"):
        lines.extend(_wrapped(line.rstrip(), width))
    return "\n".join(lines) + "\n"


def _wrapped(line: str, width: int) -> Iterable[str]:
    body = line.lstrip(" ")
    indent = " " * (len(line) - len(body) + (2 if body.startswith("- ") else 0))
    while len(line) > width:
        cut = line.rfind(" ", len(indent) + 1, width + 1)
        if cut <= len(indent):
            cut = line.find(" ", width)
            if cut < 0:
                break
        yield line[:cut].rstrip()
        line = indent + line[cut:].lstrip()
    yield line
