"""HR releases results."""

from domain.kinds.traits import Traits

RELEASE = Traits(name="release", holders=("hr",), per_cycle=True, for_all=True, opens_results=True)
