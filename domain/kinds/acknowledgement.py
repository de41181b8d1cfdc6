"""The subject says that they have read their review, and may disagree."""

from domain.kinds.traits import Traits

ACKNOWLEDGEMENT = Traits(
    name="acknowledgement", holders=("subject",), on_record=True, personal=True
)
