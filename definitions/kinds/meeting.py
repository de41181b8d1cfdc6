"""Stages of kind `meeting`: a person and their manager talk."""

from definitions.kinds.kind import StageKind
from definitions.stages import Stage
from domain.kinds.meeting import MEETING


class Meeting(Stage):
    """A conversation, with or without questions to be answered afterwards."""


KIND = StageKind(MEETING, Meeting)
