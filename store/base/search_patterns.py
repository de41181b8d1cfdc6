"""Words of a search as patterns of SQL: every word must be found, in whatever order."""

MOST_WORDS = 6
"""What is typed beyond them narrows nothing any more."""


def patterns(typed: str) -> list[str]:
    """A pattern a word, for `… ILIKE ALL (CAST(:words AS text[]))`; none: everything is found."""
    return [f"%{escaped(word)}%" for word in typed.split()[:MOST_WORDS]]


def escaped(word: str) -> str:
    """The word without what means something in a pattern."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
