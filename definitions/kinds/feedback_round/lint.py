"""What lint says of 360 rounds: who is asked, whether anything can be shown, who reads it when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from definitions.kinds.feedback_round.dates import round_due
from definitions.kinds.feedback_round.raters import Asked, Raters
from definitions.kinds.feedback_round.stage import FeedbackRound
from definitions.problems import Severity
from definitions.stages import Stage, Step
from domain.anonymity import CONSENTED_BAR
from domain.kinds.feedback_round import APPROVE, COLLECT, NOMINATE

if TYPE_CHECKING:
    from definitions.findings import Findings
    from definitions.models import Definition

MANY = 1_000
WORDS: Mapping[str, str] = {
    "peers": "colleagues",
    "reports": "direct reports",
    "others": "others",
    "external": "people outside",
}


def lint_round(definition: Definition, stage: FeedbackRound, findings: Findings) -> None:
    """Look at one round, with its defaults."""
    _ladders(definition, stage, findings)
    _steps(stage, findings)
    _raters(definition, stage, stage.raters or Raters(), findings)
    _readers(definition, stage, findings)


def _ladders(definition: Definition, stage: FeedbackRound, findings: Findings) -> None:
    named: list[tuple[Stage | Step, tuple[str | int, ...]]] = [
        (stage, findings.stage_path(stage.id, "ladder"))
    ]
    named += [
        (step, (*findings.stage_path(stage.id, name), "ladder"))
        for name, step in stage.written_steps().items()
    ]
    for part, path in named:
        if definition.ladder_of(part).escalate:
            findings.add(
                Severity.ERROR,
                "escalation-in-round",
                path,
                f"The ladder `{part.ladder}` escalates: a name on an overdue list would tell "
                "who has answered.",
                "Take one without escalation, like `reminders`.",
            )


def _steps(stage: FeedbackRound, findings: Findings) -> None:
    there = stage.steps()
    for name in (NOMINATE.name, APPROVE.name):
        if APPROVE.name not in there and findings.written(stage.id, name):
            findings.add(
                Severity.WARNING,
                "step-unused",
                findings.stage_path(stage.id, name),
                f"Nobody is chosen in `{stage.id}`, so there is no list to make or to approve.",
                f"Remove `{name}`, or ask somebody besides direct reports.",
            )
    for name, step in there.items():
        if name != COLLECT.name and step.closes is None:
            findings.add(
                Severity.INFO,
                "waits-for-open-end",
                findings.stage_path(stage.id, stage.written_as(name)),
                f"The list of `{stage.id}` closes when done: whoever stays silent holds up the "
                "feedback about that person.",
                "Write `closes: due`: silence then accepts the list as it stands.",
                once_for=name,
            )
    due = round_due(tuple(there.values()))
    closes = stage.collect.closes if stage.collect is not None else None
    for key, said, meant in (("due", stage.due, due), ("closes", stage.closes, closes)):
        if meant is not None and said != meant and findings.written(stage.id, key):
            findings.add(
                Severity.WARNING,
                "round-date-unused",
                findings.stage_path(stage.id, key),
                f"`{stage.id}` is due and closes with its last step; its own `{key}` changes "
                "nothing.",
                f"Write it under `collect`: `collect: {{{key}: ...}}`.",
            )


def _raters(
    definition: Definition, stage: FeedbackRound, raters: Raters, findings: Findings
) -> None:
    path = findings.stage_path(stage.id, "raters")
    threshold = definition.anonymity.threshold
    least = threshold + 1
    for group in ("peers", "reports"):
        asked = raters.groups()[group].ask
        if asked.most is not None and not asked.nobody and asked.least < least:
            findings.add(
                Severity.WARNING,
                "too-few-raters",
                (*path, group, "ask"),
                f"{asked.least} {group} may be asked; {threshold} answers are needed before "
                "anything is shown, and one in four stays silent.",
                f"Ask at least {least}.",
            )
    _shown(definition, stage, raters, findings)
    _load(stage, raters, findings)


def _shown(
    definition: Definition, stage: FeedbackRound, raters: Raters, findings: Findings
) -> None:
    """Whether what is asked can be read at all, if everybody answers (`domain.anonymity`)."""
    path = findings.stage_path(stage.id, "raters")
    threshold = definition.anonymity.threshold
    alone = CONSENTED_BAR if stage.too_few == "lower_with_consent" else threshold
    groups = {name: one for name, one in raters.groups().items() if not one.ask.nobody}
    small = [name for name, one in groups.items() if _most(one) < alone]
    # Those outside do not count in a merged group: the subject could be one of them.
    together = sum(_most(groups[name]) for name in small if name != "external")
    if definition.anonymity.below == "roll_up" and len(small) < len(groups):
        return  # what is too small stands among others, or is honestly not shown
    if definition.anonymity.below == "roll_up" and together >= threshold:
        return
    for name in small:
        findings.add(
            Severity.WARNING,
            "never-shown",
            (*path, name, "ask"),
            f"Of {WORDS[name]} {_most(groups[name])} can be asked at most, and {alone} answers "
            "are needed: what they write is never shown.",
            f"Ask {alone + 1}, or nobody: `{name}: {{ask: 0}}`."
            if definition.anonymity.below == "withhold"
            else f"Ask {alone + 1}, or more of another group.",
        )


def _load(stage: FeedbackRound, raters: Raters, findings: Findings) -> None:
    sent = raters.peers.ask.least + raters.others.ask.least
    if stage.load is not None and stage.load < sent:
        findings.add(
            Severity.WARNING,
            "load-too-small",
            findings.stage_path(stage.id, "load"),
            f"Everybody asks {sent} colleagues at least, so on average everybody is asked that "
            f"often; nobody may get more than {stage.load} requests.",
            f"Write `load: {sent + 2}`, or ask for fewer.",
        )


def _most(asked: Asked) -> int:
    """The most who can be asked; of `all` there are always enough, or they are not asked."""
    most = asked.ask.most if asked.at_most is None else asked.at_most
    return MANY if most is None else most


def _readers(definition: Definition, stage: FeedbackRound, findings: Findings) -> None:
    questions = [q for section in definition.form_of(stage) for q in section.questions]
    if questions and all(question.visible != "subject" for question in questions):
        findings.add(
            Severity.WARNING,
            "hidden-report",
            findings.stage_path(stage.id),
            f"Nothing that is asked in `{stage.id}` may be read by the person whom it is about.",
            "Take `visible` out of a question at least.",
        )
    later = _opened_by(definition, stage)
    if stage.manager_first is not None and later is not None:
        findings.add(
            Severity.INFO,
            "manager-first-unused",
            findings.stage_path(stage.id, "manager_first"),
            f"The person reads the report when `{later}` opens their result; the manager has it "
            f"from the close of `{stage.id}` on, and so first anyway.",
            "Remove it, unless that stage may be over within these days.",
        )


def _opened_by(definition: Definition, stage: FeedbackRound) -> str | None:
    """The stage after the round with which the result is opened; none: the round opens itself."""
    reached = {stage.id}
    for _ in definition.stages:  # stages may be written in any order
        reached |= {s.id for s in definition.stages if reached & set(s.after)}
    later = [other for other in definition.stages if other.id in reached - {stage.id}]
    opens: Sequence[Callable[[Stage], bool]] = (
        lambda other: other.traits.opens_results,
        lambda other: other.traits.held,
        lambda other: other.traits.needs_form and other.assignee == "manager",
    )
    return next((other.id for does in opens for other in later if does(other)), None)
