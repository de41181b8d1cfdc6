"""A conversation between a person and their manager."""

from domain.kinds.traits import Traits

MEETING = Traits(name="meeting", holders=("manager", "manager_2", "hr"), form="stage", held=True)
