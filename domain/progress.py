"""What a process's `advance` says when it is through for now."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Progress(BaseModel):
    """When the process wants to be called again by itself, and whether it has ended.

    Attributes:
        next_due_at: UTC instant of the next thing to do; none if only a bell can change anything.
        closed: Nothing is left to do, ever, unless somebody rings.
        again: More was due than one call may take; call at once.
        waits_for: A code for the pages: opening, rung, close, people, predecessors, ...
    """

    model_config = ConfigDict(frozen=True)

    next_due_at: datetime | None = None
    closed: bool = False
    again: bool = False
    waits_for: str = ""


class Advance(BaseModel):
    """The argument of every `advance` activity: which process, as of when (UTC).

    `events` is how long the history of the workflow's run is: an engine that is found with a
    shorter one has lost some of it.
    """

    model_config = ConfigDict(frozen=True)

    process_id: str
    as_of: datetime
    events: int | None = None
