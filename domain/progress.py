"""What workflows and their activities say to each other: ids, codes, counts and instants only."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Start(BaseModel):
    """The argument of every workflow.

    Attributes:
        process_id: Whose row it drives; equal to the workflow id.
        queue: The task queue of its activities; empty: the workflow's own. It is an argument, not
            a setting, because a workflow must decide the same whenever it is replayed.
    """

    model_config = ConfigDict(frozen=True)

    process_id: str
    queue: str = ""


class Advance(BaseModel):
    """The argument of every `advance` activity: which process, as of when (UTC).

    `events` is how long the history of the workflow's run is: an engine that is found with a
    shorter one has lost some of it.
    """

    model_config = ConfigDict(frozen=True)

    process_id: str
    as_of: datetime
    events: int | None = None


class Progress(BaseModel):
    """When the process wants to be called again by itself, and whether it has ended.

    Attributes:
        next_due_at: UTC instant of the next thing to do; none if only a bell can change anything.
        closed: Nothing is left to do, ever, unless somebody rings.
        again: More was due than one call may take; call at once.
        waits_for: A code, see `domain.processes.waits`.
        did: How many of what the turn did, for the history; never of a private process, where the
            numbers would tell who has answered.
    """

    model_config = ConfigDict(frozen=True)

    next_due_at: datetime | None = None
    closed: bool = False
    again: bool = False
    waits_for: str = ""
    did: Mapping[str, int] = {}


class Waiting(BaseModel):
    """The answer of a workflow's query `waiting`: what for (a code), and until when (UTC)."""

    model_config = ConfigDict(frozen=True)

    waits_for: str = ""
    until: datetime | None = None
