"""The kinds of stages by name. A new kind is a module beside this one, and a line here."""

from collections.abc import Mapping

from domain.kinds.acknowledgement import ACKNOWLEDGEMENT
from domain.kinds.calibration import CALIBRATION
from domain.kinds.development_plan import DEVELOPMENT_PLAN
from domain.kinds.feedback_round import FEEDBACK_ROUND, STEPS
from domain.kinds.form import FORM
from domain.kinds.meeting import MEETING
from domain.kinds.release import RELEASE
from domain.kinds.traits import Traits

WRITTEN: tuple[Traits, ...] = (
    FORM,
    FEEDBACK_ROUND,
    CALIBRATION,
    RELEASE,
    MEETING,
    ACKNOWLEDGEMENT,
    DEVELOPMENT_PLAN,
)
"""What can be written, in the order in which it is listed to people."""

TRAITS: Mapping[str, Traits] = {one.name: one for one in (*WRITTEN, *STEPS)}
"""What is written, and what runs."""
