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
