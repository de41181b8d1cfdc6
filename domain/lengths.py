"""How long a text may be where it is submitted, and how one says by how much it is too long.

Nothing is ever cut, and drafts keep what is too long: only what is final has a limit.
"""

LONGEST_REASON = 2000
"""Characters of a reason that somebody gives for an act."""

LONGEST_COMMENT = 20_000
"""Characters of the words that HR shows instead of a comment in a report."""


def too_long(words: str, most: int) -> str:
    """By how many characters a text is longer than `most`, as a sentence; empty if it fits."""
    over = len(words) - most
    if over <= 0:
        return ""
    unit = "character" if over == 1 else "characters"
    return f"Please shorten this by {over:,} {unit}; {most:,} fit."
