"""Every table: facts live in them, and the engine can be rebuilt from their rows at any time.

Each stands in the room of the code that writes it; here is the whole, for migrations.
"""

from importlib import import_module

from store.base.tables import Base

ROOMS = (
    "access",
    "base",
    "changes",
    "cycles",
    "definitions",
    "engine",
    "kinds.feedback_round",
    "launch",
    "mail",
    "outbox",
    "people",
    "steering",
    "tasks",
)
"""The rooms that have tables."""

for room in ROOMS:
    import_module(f"store.{room}.tables")

metadata = Base.metadata
