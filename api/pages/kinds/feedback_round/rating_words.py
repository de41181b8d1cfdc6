"""What raters are told before they write: why they are asked, what is promised, who reads it.

The promises are those that `domain/anonymity.py` keeps; where that changes, these sentences do.
"""

from api.pages.kinds.feedback_round.rating_views import Promise
from api.pages.kinds.words import About
from api.pages.tasks import words
from definitions.kinds.feedback_round.stage import as_round
from definitions.models import Definition
from definitions.models import Stage as StageSpec
from domain.relationships import Relationship, is_protected
from domain.states import Role

WARNING = (
    "Write nothing that gives you away: no meeting at which only you were, no project that only "
    "you know, no phrase by which people know you."
)


def verb(subject: str, relationship: Relationship) -> str:
    """What is to be done: "Give Diana Garcia feedback"."""
    return words.verb(
        About("collect", Role.RATER, "", subject, mine=relationship is Relationship.SELF)
    )


def stands(relationship: Relationship, first: str) -> str:
    """How the rater stands to the subject: "as a colleague"."""
    match relationship:
        case Relationship.SELF:
            return "about yourself"
        case Relationship.MANAGER:
            return f"as {first}'s manager"
        case Relationship.PEERS:
            return "as a colleague"
        case Relationship.REPORTS:
            return f"as somebody who reports to {first}"
        case Relationship.OTHERS:
            return f"as somebody who works with {first}"
        case Relationship.EXTERNAL:
            return f"as somebody outside the company who works with {first}"


def why_you(relationship: Relationship, first: str) -> str:
    """Why this person is asked."""
    match relationship:
        case Relationship.SELF:
            return "Others are asked the same about you; your own view stands beside theirs."
        case Relationship.MANAGER:
            return f"You are asked {stands(relationship, first)}, with the same questions as all."
        case Relationship.REPORTS:
            as_one = stands(relationship, first)
            return f"You are asked {as_one}; nobody is told whether you answer."
        case _:
            return (
                f"You are asked {stands(relationship, first)}. {first} and their manager agreed on "
                "whom to ask; nobody is told whether you answer."
            )


_GROUP = {
    Relationship.PEERS: "colleagues",
    Relationship.REPORTS: "people who report to {first}",
    Relationship.OTHERS: "people who work with {first}",
    Relationship.EXTERNAL: "people from outside",
}


def promise(
    definition: Definition, stage: StageSpec, relationship: Relationship, first: str
) -> Promise:
    """What is promised to this rater about their name."""
    held = "HR reads all comments first and may leave out or shorten them." if _held(stage) else ""
    if relationship is Relationship.SELF:
        return Promise(True, "This stands under your name.", _some("It is your own view.", held))
    if not is_protected(relationship):
        one = f"{first} has one manager, so what you write cannot be anonymous."
        read = f"{first} reads it as yours, word for word."
        return Promise(True, "This stands under your name.", _some(one, read, held))
    return Promise(
        False,
        "Your name is not shown.",
        _some(
            f"Nobody reads an answer as yours: not {first}, not their manager, not HR.",
            _threshold(definition, relationship, first),
            "Comments are shown word by word, in mixed order, under the same rule.",
            held,
            "Until the round closes what you write lies sealed. Should somebody who runs the "
            "system ever open a seal, HR is told before anything is shown.",
        ),
        WARNING,
    )


def _held(stage: StageSpec) -> bool:
    return bool(as_round(stage).hold_comments)


def _threshold(definition: Definition, relationship: Relationship, first: str) -> str:
    few = definition.anonymity.threshold
    group = _GROUP[relationship].format(first=first)
    start = f"Ratings are shown as an average, and only if at least {few} {group} answer"
    if definition.anonymity.below == "withhold":
        return f"{start}; from fewer nothing is shown."
    return f"{start}; fewer are counted together with other groups, or not shown at all."


def _some(*sentences: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)


def asks_consent(stage: StageSpec, relationship: Relationship) -> bool:
    """Is it asked whether the answer may be shown in a group of two?"""
    return as_round(stage).too_few == "lower_with_consent" and is_protected(relationship)


def readers_of(definition: Definition, relationship: Relationship, first: str) -> str:
    """Who reads the report that comes of it."""
    kinds = {stage.kind for stage in definition.stages}
    once = " once the results are released" if "release" in kinds else " after the round has closed"
    hr = definition.policies.hr_reads == "all"
    if relationship is Relationship.SELF:
        others = "Your managers and HR" if hr else "Your managers"
        return f"{others} read the report with you{once}. A draft is yours alone."
    others = f"{first}, their managers and HR" if hr else f"{first} and their managers"
    return f"{others} read the report{once}. A draft is yours alone."


def question_readers(definition: Definition, visible: str, relationship: Relationship) -> str:
    """Who reads the answers to one question, where that is not everybody who reads the report."""
    hr = " and HR" if definition.policies.hr_reads == "all" else ""
    own = relationship is Relationship.SELF
    match visible:
        case "hr":
            return "Only HR reads this in the report."
        case "manager":
            return f"Only {'your' if own else 'their'} managers{hr} read this in the report."
        case _:
            return ""


def what_declining_does(first: str, relationship: Relationship) -> tuple[str, ...]:
    """What happens when somebody says no."""
    if relationship is Relationship.SELF:
        own = "The report is made without your own view; nothing is compared with it."
        return own, "What you have typed is thrown away. You will not be reminded again."
    told = f"{first} is not told that you declined, or why."
    if relationship in (Relationship.PEERS, Relationship.OTHERS, Relationship.EXTERNAL):
        other = (
            f"If there is time, {first} is asked to name one more person, without being told for "
            "whom."
        )
        return told, other, "What you have typed is thrown away. You will not be reminded again."
    return told, "What you have typed is thrown away. You will not be reminded again."
