"""Typed identities. All are opaque: nothing about a person can be read from them."""

from typing import NewType
from uuid import UUID

PersonId = NewType("PersonId", int)
CycleId = NewType("CycleId", UUID)
StageId = NewType("StageId", UUID)
TaskId = NewType("TaskId", UUID)
VersionId = NewType("VersionId", UUID)
MailId = NewType("MailId", UUID)
ProcessId = NewType("ProcessId", str)

MAIL_PROCESS = ProcessId("mail")
"""The sender: one per installation."""

CALENDAR_PROCESS = ProcessId("launch-calendar")
"""The watcher of recurring launches: one per installation."""


def cycle_process(cycle: CycleId | UUID) -> ProcessId:
    """The process, and so the workflow id, of a review cycle."""
    return ProcessId(f"cycle-{cycle}")


def stage_process(stage: StageId | UUID) -> ProcessId:
    """The process, and so the workflow id, of a stage."""
    return ProcessId(f"stage-{stage}")


def round_process(stage: StageId | UUID) -> ProcessId:
    """The process, and so the workflow id, of a feedback round, by the stage that collects."""
    return ProcessId(f"round-{stage}")
