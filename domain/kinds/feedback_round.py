"""A 360 round, and the steps that it becomes when it runs."""

from domain.kinds.traits import Traits

FEEDBACK_ROUND = Traits(
    name="feedback_round", holders=("subject",), form="feedback", needs_form=True, many_answers=True
)
NOMINATE = Traits(
    name="nominate",
    holders=("subject",),
    process="feedback_round",
    step=True,
    chooses=True,
    minutes=10,
)
APPROVE = Traits(
    name="approve",
    holders=("manager",),
    process="feedback_round",
    step=True,
    chooses=True,
    holder_may_be_missing=True,
    minutes=5,
)
COLLECT = Traits(
    name="collect",
    holders=("rater",),
    process="feedback_round",
    step=True,
    form="feedback",
    private=True,
    personal=True,
    many_answers=True,
)
STEPS = (NOMINATE, APPROVE, COLLECT)
