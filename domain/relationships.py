"""How a rater stands to the subject of a 360 round (language reference §2, feedback_round)."""

from enum import StrEnum


class Relationship(StrEnum):
    """Why somebody is asked about a subject; in the order in which reports list them.

    A person has one relationship to a subject in a round, never two: somebody counted in two groups
    would be the difference between them.
    """

    SELF = "self"
    MANAGER = "manager"
    PEERS = "peers"
    REPORTS = "reports"
    OTHERS = "others"
    EXTERNAL = "external"


IDENTIFIED = frozenset({Relationship.SELF, Relationship.MANAGER})
"""One person each, known to everybody: their answers stand under their name and they are told so
before they write. No threshold protects them, and they are in no group and no total."""

PROTECTED = (
    Relationship.PEERS,
    Relationship.REPORTS,
    Relationship.OTHERS,
    Relationship.EXTERNAL,
)
"""Protected by the anonymity threshold; in the order of reports."""


def is_protected(relationship: Relationship) -> bool:
    """Whether the anonymity threshold protects raters who stand so to the subject."""
    return relationship not in IDENTIFIED
