"""What tasks are called, who reads what is written, and what becomes of it: in sentences."""

import re
from datetime import date

from api.pages.frame.codes import in_words
from api.pages.frame.dates import say_day
from api.pages.kinds.registry import WORDS
from api.pages.kinds.words import About
from definitions.models import Definition, Question
from definitions.models import Stage as StageSpec
from domain.kinds.registry import TRAITS


def by_whom(title: str, author: str, *, mine: bool = False) -> str:
    """The heading of what somebody wrote: "Half-year notes, by Ana Díaz".

    A title that speaks to its author ("Your first month") is quoted above the text of another.
    """
    if mine or not author:
        return title
    spoken_to = re.search(r"\byours?\b", title, re.IGNORECASE)
    return f"“{title}”, by {author}" if spoken_to else f"{title}, by {author}"


def verb(task: About) -> str:
    """What is to be done, as one would say it: "Write Alexander James's review"."""
    return WORDS[task.kind].verb(task)


def verb_of(task: About) -> str:
    """The same, said of somebody else's task: "Write the self review"."""
    words = WORDS[task.kind]
    return (words.of_others or words.verb)(task)


def shown_when(definition: Definition, stage: StageSpec, first: str) -> str:
    """When the subject reads what the assignee writes about them."""
    if stage.traits.held:
        return f"{first} as soon as it is submitted"
    releases = any(each.traits.opens_results for each in definition.stages)
    talks = any(each.traits.held for each in definition.stages)
    if releases and talks:
        return f"{first} once the results are released and you have talked"
    if releases:
        return f"{first} once the results are released"
    if talks:
        return f"{first} once you have talked"
    return f"{first} as soon as it is submitted"


def readers_of(definition: Definition, stage: StageSpec, role: str, first: str | None) -> str:
    """Who reads the whole of it, for the page of the task."""
    hr = definition.policies.hr_reads == "all"
    if readers := WORDS[stage.kind].readers:
        return readers
    if role == "subject":
        readers = "Your manager and HR read it" if hr else "Your manager reads it"
        rest = "" if hr else "; HR sees only that it was done"
        return f"{readers} once you have submitted{rest}. A draft is yours alone."
    if first:
        shown = shown_when(definition, stage, first)
        readers = f"HR reads it, and {shown}" if hr else f"{shown[0].upper()}{shown[1:]} reads it"
        rest = "" if hr else "; HR sees only that it was done"
        return f"{readers}{rest}. A draft is yours alone."
    return "HR and the managers concerned read it."


def question_readers(
    definition: Definition, stage: StageSpec, role: str, question: Question, first: str | None
) -> str:
    """Who reads the answer to one question: said beside it."""
    hr = " and HR" if definition.policies.hr_reads == "all" else ""
    match question.visible:
        case "hr":
            return "Only HR reads this." + _file(first if role != "subject" else None)
        case "manager":
            line = "the managers above you" if role != "subject" else "your manager"
            start = f"Only you, {line}{hr} read this."
            return start + _file(first if role != "subject" else None)
        case _:
            if role == "subject":
                return f"Your manager{hr} read{'' if hr else 's'} this once you have submitted."
            if first is None:
                return ""
            shown = shown_when(definition, stage, first)
            name, _, when = shown.partition(" ")
            return f"{name} reads this {when}."


def _file(first: str | None) -> str:
    return f" It is shown if {first} asks for the personnel file." if first else ""


def why_you(role: str, first: str | None, cycle: str) -> str:
    """Why this person has the task."""
    name = first or "the person"
    return {
        "subject": f"You take part in {cycle}.",
        "manager": f"{name} reports to you.",
        "manager_2": f"{name} reports to somebody who reports to you.",
        "hr": "You are on the HR desk.",
    }.get(role, "This task was given to you.")


def seen_by(
    about: About,
    *,
    hr_reads: bool,
    releases: bool,
    meets: bool,
    releases_on: date | None,
    released: bool,
    result_open: bool,
    today: date,
) -> str:
    """Who sees what was submitted, and when: for what is done."""
    hr = " and HR" if hr_reads else ""
    if said := WORDS[about.kind].seen_by:
        return said
    if about.role == "subject":
        return f"Your manager{hr} read{'' if hr else 's'} it."
    name = about.first or "The person"
    if result_open:
        return f"{name} can read it."
    if TRAITS[about.kind].held:
        return f"{name} reads it once the results are released." if releases else "It is on record."
    if releases and not released:
        # What waits for everybody may come later than planned: no day that has passed is promised.
        ahead = releases_on is not None and releases_on >= today
        day = f"planned for {say_day(releases_on, today)}" if releases_on and ahead else ""
        if meets:  # the day of the release is not the day on which it opens
            planned = f"; the release is {day}" if day else ""
            return f"{name} sees it once results are released and you have talked{planned}."
        return f"{name} sees it when results are released{', ' + day if day else ''}."
    if meets:
        return f"{name} sees it once you have talked."
    return f"{name} can read it."


def ended_word(state: str, kind: str) -> str:
    """What became of a task, in one word or two."""
    if state == "done":
        return WORDS[kind].done
    if state == "expired":
        return WORDS[kind].expired
    return {"excused": "Excused", "cancelled": "Cancelled"}.get(state, state)


REASONS = {
    "audience": "as the definition says",
    "chosen": "chosen by name",
    "not_chosen": "not among those chosen by name",
    "late": "joined after the launch",
    "self_only": "takes part without a reviewer",
    "added": "added by HR",
    "added_by_hr": "added by HR",
    "removed_by_hr": "taken out by HR",
    "reviewer_named": "HR named a reviewer",
    "not_yet_hired": "starts later",
    "left": "has left",
    "tenure": "too new",
    "excluded": "excluded by the definition",
    "no_manager": "reports to nobody",
    "unclear": "the record leaves it open",
    "hired_before": "hired before the definition was switched on",
    "removed": "taken out by HR",
}


def participant_reason(state: str, reason: str, because: str | None, late: bool) -> str:
    """Why somebody is in or out: one reason."""
    if reason == "audience":
        words = "takes part" if state == "in" else "not in the definition's audience"
    else:
        words = in_words(REASONS, reason, "for a reason that only the record names")
    if late and reason != "late":
        words += ", late joiner"
    return f"{words}: {because}" if because else words


SKIPS = {
    "condition": "the definition asks it only of others",
    "entered_late": "was over when they entered",
    "stage_closed": "HR closed the stage",
    "no_manager": "there is nobody to do it",
}


def skip_reason(code: str) -> str:
    """Why a stage does not exist for somebody."""
    return in_words(SKIPS, code, "it is not asked of them")
