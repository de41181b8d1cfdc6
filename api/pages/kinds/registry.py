"""The words of each kind of stage by name. A new kind is a module beside this one, and a line."""

from collections.abc import Mapping

from api.pages.kinds import (
    acknowledgement,
    calibration,
    development_plan,
    form,
    meeting,
    release_words,
)
from api.pages.kinds.feedback_round import step_words
from api.pages.kinds.words import KindWords

WORDS: Mapping[str, KindWords] = {
    "form": form.WORDS,
    "feedback_round": step_words.ROUND,
    "nominate": step_words.NOMINATE,
    "approve": step_words.APPROVE,
    "collect": step_words.COLLECT,
    "calibration": calibration.WORDS,
    "release": release_words.WORDS,
    "meeting": meeting.WORDS,
    "acknowledgement": acknowledgement.WORDS,
    "development_plan": development_plan.WORDS,
}
