"""A session in which managers compare ratings across teams."""

from domain.kinds.traits import Traits

CALIBRATION = Traits(
    name="calibration",
    holders=("facilitator",),
    runs=False,
    per_cycle=True,
    compares=True,
    gives_rating=True,
)
