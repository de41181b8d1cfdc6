"""How the pages about raters speak: relationships, how many, why somebody is suggested."""

from collections.abc import Collection, Sequence

from domain.rater_loads import Reason
from domain.relationships import Relationship
from store.kinds.feedback_round.colleagues import Face
from store.kinds.feedback_round.rules import Quota, Round

GROUPS = {
    Relationship.PEERS: "Colleagues",
    Relationship.OTHERS: "Others",
    Relationship.EXTERNAL: "Outside the company",
}
_LABELS = {
    Relationship.PEERS: "Colleague",
    Relationship.OTHERS: "Somebody else at work",
    Relationship.EXTERNAL: "Outside the company",
    Relationship.REPORTS: "Direct report",
    Relationship.MANAGER: "Manager",
    Relationship.SELF: "The person",
}
_ASKED = {
    Relationship.PEERS: ("colleague", "colleagues"),
    Relationship.OTHERS: ("other person at work", "other people at work"),
    Relationship.EXTERNAL: ("person outside the company", "people outside the company"),
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

FULL = "Has as many requests as one person gets in this round. Please choose somebody else."


def label_of(relationship: Relationship) -> str:
    """A relationship, said of one person."""
    return _LABELS[relationship]


def number(count: int) -> str:
    """`four`; from eleven on in figures."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else str(count)


def asked_for(relationship: Relationship, quota: Quota, threshold: int) -> str:
    """How many of a relationship are asked for, and why: a sentence."""
    one, many = _ASKED[relationship]
    least, most = quota.least, quota.most
    if most is None:
        return f"As many {many} as you like."
    if least == 0:
        return f"Up to {number(most)} {one if most == 1 else many}, if you like."
    count = number(least) if least == most else f"{number(least)} to {number(most)}"
    sentence = f"{count} {one if most == 1 else many}"
    sentence = sentence[0].upper() + sentence[1:]
    if relationship is not Relationship.PEERS:
        return f"{sentence}."
    return (
        f"{sentence}: at least {number(threshold)} answers are needed before anything is shown, "
        "and one in four stays silent."
    )


def reasons(
    why: Sequence[Reason], subject: Face | None, colleague: Face, first: str, *, mine: bool
) -> str:
    """Why somebody is suggested: `works on Atlas too, same manager`."""
    shared = sorted(colleague.projects & (subject.projects if subject else frozenset()))
    told = []
    for reason in why:
        match reason:
            case Reason.SHARED_PROJECT if shared:
                told.append(f"works on {listed(shared[:2])} too")
            case Reason.SHARED_PROJECT:
                told.append("works on the same project")
            case Reason.SHARED_MANAGER:
                told.append("same manager")
            case Reason.PAST_RATER:
                told.append(f"asked about {'you' if mine else first} last time")
            case Reason.SHARED_DEPARTMENT if Reason.SHARED_MANAGER not in why:
                told.append("same department")
            case Reason.SHARED_DEPARTMENT:
                pass
    return ", ".join(told)


def does(face: Face) -> str:
    """What tells two of the same name apart."""
    if face.address:
        return face.address
    return ", ".join(part for part in (face.job_title, face.department) if part)


def listed(words: Sequence[str]) -> str:
    """`Atlas`, `Atlas and Hermes`, `Atlas, Hermes and Juno`."""
    return " and ".join([*[", ".join(words[:-1])][: len(words) - 1], *words[-1:]])


def rules(
    round_: Round,
    relationships: Collection[Relationship],
    *,
    mine: bool,
    first: str,
    manager: str,
    leads: bool,
) -> tuple[str, ...]:
    """Who is asked by rule, in sentences. `leads`: somebody reports to the subject."""
    told = []
    whose = "Your" if mine else f"{first}'s"
    if Relationship.SELF in relationships:
        told.append(
            "You answer the same questions about yourself."
            if mine
            else f"{first} answers the same questions too."
        )
    if Relationship.MANAGER in relationships:
        boss = f"{manager or 'The manager'} answers as {'your' if mine else 'the'} manager"
        told.append(f"{boss if mine else 'You answer as the manager'}, by name.")
    quota = round_.quotas.get(Relationship.REPORTS)
    if Relationship.REPORTS in relationships:
        told.append(f"{whose} direct reports are asked too.")
    elif leads and quota is not None and quota.wanted:
        least = number(round_.rules.threshold + 1)
        told.append(f"{whose} direct reports are asked only where there are {least} or more.")
    return tuple(told)
