"""What sets the kinds of durable processes apart, as far as other code must know it."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.ids import ProcessId


class Queue(StrEnum):
    """Where activities of a kind are queued, so that one sort of work never waits for another.

    The value is what is added to the name of the task queue.
    """

    BUSINESS = ""
    MAIL = "mail"
    SLOW = "slow"

    def of(self, task_queue: str) -> str:
        """The name of this queue beside a worker's task queue."""
        return f"{task_queue}-{self.value}" if self.value else task_queue


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a process's life, with an activity of its own; a history tells them apart."""

    name: str
    activity: str
    title: str
    """In a history, before what it is called for: "Stage looks"."""

    beats: bool = True
    """Does its activity tell the engine every few seconds that it goes on?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessKind:
    """One kind: what its rows, its workflow and its ids are called."""

    code: str
    """In `processes.kind`, in the API and in search attributes."""

    workflow: str
    """The workflow type. Never changed: histories name it."""

    title: str
    """What people read."""

    prefix: str
    """Ids of its processes begin with it; the only process of a single kind is called that."""

    phases: tuple[Phase, ...]
    """In order. A phase that the facts say is over is passed."""

    single: bool = False
    """One for each installation, which runs for ever."""

    queue: Queue = Queue.BUSINESS

    private: bool = False
    """When it looks, and how often it is rung, tells who has done what: seen to the day only."""

    hurries: bool = False
    """Is it tried again within seconds, however often it has failed?"""

    @property
    def id(self) -> ProcessId:
        """The process, and so the workflow id, of a single kind. Raises ValueError for others."""
        if not self.single:
            raise ValueError(f"there are many processes of kind {self.code}")
        return ProcessId(self.prefix)

    def id_of(self, what: UUID) -> ProcessId:
        """The process, and so the workflow id, that drives this cycle or stage."""
        if self.single:
            raise ValueError(f"there is one process of kind {self.code}")
        return ProcessId(f"{self.prefix}-{what}")

    def is_of(self, process_id: str) -> bool:
        """Is this the id of a process of this kind?"""
        if self.single:
            return process_id == self.prefix
        return process_id.startswith(f"{self.prefix}-")

    def phase(self, name: str) -> Phase:
        """A phase by its name. Raises KeyError if the kind has none of that name."""
        return {each.name: each for each in self.phases}[name]
