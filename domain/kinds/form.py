"""A form that somebody fills in."""

from domain.kinds.traits import Traits

FORM = Traits(
    name="form",
    holders=("subject", "manager", "manager_2", "hr"),
    form="stage",
    needs_form=True,
    grows=True,
)
