"""A plan of what somebody wants to learn."""

from domain.kinds.traits import Traits

DEVELOPMENT_PLAN = Traits(
    name="development_plan", holders=("manager", "subject"), runs=False, grows=True
)
