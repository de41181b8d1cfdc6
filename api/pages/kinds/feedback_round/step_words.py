"""Words of a 360 round and of its steps."""

from api.pages.kinds.words import About, KindWords, whose
from definitions.kinds.feedback_round.rules import NAMING_RATERS

WHO_SEES_THE_LIST = (
    "The person and whoever looks the list over see who is asked. Nobody sees who has answered."
)


def _give(task: About) -> str:
    if task.mine:
        return "Answer the feedback questions about yourself"
    return f"Give {task.subject or 'somebody'} feedback"


ROUND = KindWords(name="360 feedback")
NOMINATE = KindWords(
    name="choosing who is asked",
    verb=lambda _: NAMING_RATERS,
    readers=WHO_SEES_THE_LIST,
    seen_by="Your manager looks over your choice.",
)
APPROVE = KindWords(
    name="approving who is asked",
    verb=lambda task: f"Look over {whose(task.subject or 'somebody')} feedback list",
    readers=WHO_SEES_THE_LIST,
    seen_by="The people on the list are asked.",
    done="Approved",
)
COLLECT = KindWords(
    name="feedback from those who are asked",
    verb=_give,
    readers="Nobody reads your answers as yours: they go into one summary when the round is over.",
    seen_by="It goes into one summary, without your name.",
)
