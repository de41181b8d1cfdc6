"""What a round's definition says, as its rows are handled: who is asked, how many, how protected.

Everything else in this package asks here, and nowhere else, how a round is written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID

from definitions.kinds.feedback_round.raters import Asked, Raters
from definitions.kinds.feedback_round.stage import as_round
from definitions.models import Definition, Duration, Form
from definitions.models import Stage as StageSpec
from domain.anonymity import AnonymityRules, Below, TooFew
from domain.errors import IllegalState
from domain.relationships import PROTECTED, Relationship
from domain.scores import Scale
from store.cycles.facts import CycleFacts, StageFacts

LOAD = 7
"""Requests that one rater may get in a round, unless the definition says otherwise."""

CHOSEN = (Relationship.PEERS, Relationship.OTHERS, Relationship.EXTERNAL)
"""Relationships whose raters somebody names; the rest is asked by rule."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many of a relationship: asked for at least and at most; `all` of them if `most` is none.

    `at_most`: more nobody may name.
    """

    least: int
    most: int | None
    at_most: int | None

    @property
    def wanted(self) -> bool:
        """Is anybody of this relationship asked?"""
        return self.most != 0


@dataclass(frozen=True, slots=True)
class Round:
    """A 360 round of a cycle: its stages, and its rules."""

    cycle: CycleFacts
    collect: StageFacts
    quotas: Mapping[Relationship, Quota]
    ask_self: bool
    ask_manager: bool
    load: int
    rules: AnonymityRules
    hold_comments: bool
    by_rule: bool
    """Does Almanac propose the peers, and nobody name them first?"""

    manager_first: int | None
    """So many working days the manager reads a report before its subject."""

    @property
    def id(self) -> UUID:
        """The stage that collects: by it the rows of a round are found."""
        return self.collect.id

    @property
    def form(self) -> Form:
        """What raters are asked."""
        return self.cycle.definition.forms[self.collect.spec.form or ""]

    @property
    def scale(self) -> Scale:
        """The scale of its ratings."""
        return Scale.of([point.value for point in self.cycle.definition.scale])

    def step(self, name: str) -> StageFacts | None:
        """Another step of the round: `nominate`, `approve`."""
        process = self.collect.process
        return next(
            (
                stage
                for stage in self.cycle.stages.values()
                if stage.process == process and stage.key.rpartition(".")[2] == name
            ),
            None,
        )


def round_of(cycle: CycleFacts, stage: StageFacts) -> Round:
    """The round of which `stage` is a step. Raises IllegalState if it is no step of a round."""
    if stage.round is None:
        raise IllegalState(f"the stage {stage.id} belongs to no feedback round")
    collect = cycle.stages[stage.round]
    spec, definition = as_round(collect.spec), cycle.definition
    return Round(
        cycle=cycle,
        collect=collect,
        quotas=quotas_of(spec),
        ask_self=asks_self(spec),
        ask_manager=asks_manager(spec),
        load=spec.load or LOAD,
        rules=_rules(definition, collect),
        hold_comments=bool(spec.hold_comments),
        by_rule=spec.nominate is not None and spec.nominate.by == "rule",
        manager_first=_working_days(spec.manager_first),
    )


def quotas_of(spec: StageSpec) -> dict[Relationship, Quota]:
    """How many of each protected relationship a round's stage asks for."""
    groups = _raters(spec).groups()
    return {name: _quota(groups[name.value]) for name in PROTECTED}


def asks_self(spec: StageSpec) -> bool:
    """Do subjects fill in the same form about themselves?"""
    return _raters(spec).self


def asks_manager(spec: StageSpec) -> bool:
    """Does the manager answer the same form, under their name?"""
    return _raters(spec).manager


def _raters(spec: StageSpec) -> Raters:
    return as_round(spec).raters or Raters()


def _working_days(duration: Duration | None) -> int | None:
    return None if duration is None else duration.amount


def _quota(asked: Asked) -> Quota:
    return Quota(asked.ask.least, asked.ask.most, asked.at_most or asked.ask.most)


def _rules(definition: Definition, collect: StageFacts) -> AnonymityRules:
    return AnonymityRules(
        threshold=definition.anonymity.threshold,
        below=Below(definition.anonymity.below),
        too_few=TooFew(as_round(collect.spec).too_few or TooFew.REPORT_WITHOUT),
    )


def to_the_day(cycle: CycleFacts, now: datetime) -> datetime:
    """Midnight of the company's day, in UTC: raters' acts are recorded no more exactly than that.

    An exact instant would tell whoever sees a page change, a bell or a mail who wrote when.
    """
    day = cycle.company.local_date(now)
    return datetime.combine(day, time(), cycle.company.zone).astimezone(UTC)
