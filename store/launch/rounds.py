"""What a launch check says of 360 rounds: how many requests, and who cannot be protected.

Who will be named is not known before the launch; what is known is who could be, and whom the
definition asks by rule. The company is read once, and all subjects are judged in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.kinds.feedback_round.stage import as_round
from definitions.models import Definition, Stage
from definitions.unfolding import written_id
from domain.kinds.feedback_round import NOMINATE
from domain.rater_loads import Feasibility, judge
from domain.relationships import Relationship
from store.kinds.feedback_round.rules import CHOSEN, LOAD, Quota, asks_manager, asks_self, quotas_of
from store.launch.findings import Finding, named_finding
from store.launch.people import Member
from store.people.reporting_lines import CURRENT_LINES

COLLEAGUES = (Relationship.PEERS, Relationship.OTHERS)
"""Whom subjects name among the people of the company."""


@dataclass(frozen=True, slots=True)
class RoundLook:
    """Of each step that collects: who is asked how often by rule. And what is to be said.

    `about`: subjects about whom somebody can be asked, in one round or another.
    """

    by_rule: Mapping[str, Counter[int]] = field(default_factory=dict)
    about: frozenset[int] = frozenset()
    findings: tuple[Finding, ...] = ()

    @property
    def raters(self) -> set[int]:
        """Everybody who is asked by rule."""
        return {person for asked in self.by_rule.values() for person in asked}


@dataclass(frozen=True, slots=True)
class _Colleague:
    """Somebody at work on the launch date."""

    person_id: int
    manager_id: int | None
    department: str | None
    projects: tuple[str, ...]


async def look_at_rounds(
    conn: AsyncConnection, definition: Definition, members: Sequence[Member], on: date
) -> RoundLook:
    """Look at each round of an unfolded definition, for those who would take part."""
    rounds = [stage for stage in definition.stages if stage.traits.private]
    if not rounds or not members:
        return RoundLook()
    company = _Company(await _at_work(conn, on))
    threshold = definition.anonymity.threshold
    named = {written_id(stage.id) for stage in definition.stages if stage.traits is NOMINATE}
    looks = [
        _Look(
            stage,
            company,
            members,
            threshold,
            named=written_id(stage.id) in named,
            alone=len(definition.stages) == 1,
        )
        for stage in rounds
    ]
    return RoundLook(
        {look.stage.id: look.by_rule() for look in looks},
        frozenset(subject for look in looks for subject in look.about()),
        tuple(finding for look in looks for finding in look.findings()),
    )


async def _at_work(conn: AsyncConnection, on: date) -> list[_Colleague]:
    rows = await conn.execute(
        text(
            f"WITH line AS ({CURRENT_LINES})"
            " SELECT p.id, l.manager_id, p.department, p.projects FROM people p"
            " LEFT JOIN line l ON l.person_id = p.id"
            " WHERE p.status = 'active' AND (p.left_on IS NULL OR p.left_on > :on)"
        ),
        {"on": on},
    )
    return [_Colleague(row[0], row[1], row[2], tuple(row[3])) for row in rows]


class _Company:
    """Everybody at work, by whom they report to, department and project."""

    def __init__(self, people: Iterable[_Colleague]) -> None:
        self.people = {one.person_id: one for one in people}
        self.reports: dict[int, set[int]] = defaultdict(set)
        self._departments: dict[str, set[int]] = defaultdict(set)
        self._projects: dict[str, set[int]] = defaultdict(set)
        for one in self.people.values():
            if one.manager_id is not None:
                self.reports[one.manager_id].add(one.person_id)
            if one.department:
                self._departments[one.department].add(one.person_id)
            for project in one.projects:
                self._projects[project].add(one.person_id)

    def reports_of(self, subject: int) -> Collection[int]:
        """Who reports to somebody directly."""
        return self.reports.get(subject, ())

    def could_be_named(self, subject: int) -> int:
        """How many could be asked as colleagues: not they, nor their manager or reports."""
        one = self.people.get(subject)
        manager = one is not None and one.manager_id in self.people
        return max(0, len(self.people) - 1 - manager - len(self.reports_of(subject)))

    def near(self, subject: int, enough: int) -> int:
        """How many of those share the manager, the department or a project; `enough` or less."""
        one = self.people.get(subject)
        if one is None:
            return 0
        circles = [
            self.reports_of(one.manager_id) if one.manager_id is not None else (),
            self._departments.get(one.department or "", ()),
            *(self._projects[project] for project in one.projects),
        ]
        barred = {subject, one.manager_id, *self.reports_of(subject)}
        found: set[int] = set()
        for circle in circles:
            for person in circle:
                if person not in barred:
                    found.add(person)
                    if len(found) >= enough:
                        return enough
        return len(found)


class _Look:
    """One round.

    `named`: its subjects name raters; else all are asked by rule. `alone`: there is nothing else
    in the cycle.
    """

    def __init__(
        self,
        stage: Stage,
        company: _Company,
        members: Sequence[Member],
        threshold: int,
        *,
        named: bool,
        alone: bool,
    ) -> None:
        self.stage = stage
        self._company = company
        self._members = members
        self._threshold = threshold
        self._quotas = quotas_of(stage)
        self._load = as_round(stage).load or LOAD
        self._named = named
        self._alone = alone

    def by_rule(self) -> Counter[int]:
        """How many requests each person gets by rule: self, manager, reports."""
        counts: Counter[int] = Counter()
        about = self.about()
        for member in self._members:
            if member.person_id not in about:
                continue
            if asks_self(self.stage):
                counts[member.person_id] += 1
            if asks_manager(self.stage) and member.manager_id is not None:
                counts[member.manager_id] += 1
            counts.update(self._reports_asked(member.person_id))
        return counts

    def about(self) -> set[int]:
        """Subjects about whom somebody can be asked who is protected: of others nobody is."""
        return {
            m.person_id for m in self._members if self._named or self._reports_asked(m.person_id)
        }

    def findings(self) -> list[Finding]:
        """What is to be said, most pressing first."""
        found = [*self._unprotected_reports(), *self._without_anybody()]
        if self._named:
            found += [*self._few_peers(), self._requests()]
        return found

    def _reports_asked(self, subject: int) -> Sequence[int]:
        quota = self._quotas.get(Relationship.REPORTS)
        reports = self._company.reports_of(subject)
        if quota is None or not quota.wanted or not self._can_ask(len(reports)):
            return ()
        return sorted(reports)[: quota.most]

    def _can_ask(self, reports: int) -> bool:
        outcome = judge(Relationship.REPORTS, reports, threshold=self._threshold)
        return outcome.code is Feasibility.SATISFIED

    def _unprotected_reports(self) -> list[Finding]:
        quota = self._quotas.get(Relationship.REPORTS)
        if quota is None or not quota.wanted:
            return []
        few = [
            member.name
            for member in self._members
            if judge(
                Relationship.REPORTS,
                len(self._company.reports_of(member.person_id)),
                threshold=self._threshold,
            ).code
            is Feasibility.UNPROTECTED
        ]
        if not few:
            return []
        who = "1 person has" if len(few) == 1 else f"{len(few)} people have"
        return [
            named_finding(
                f"round_reports:{self.stage.id}",
                "look",
                f"{self.stage.title}: {who} reports, but fewer than {self._threshold + 1};"
                " these reports are not asked.",
                few,
                "Everybody would know who wrote what.",
            )
        ]

    def _without_anybody(self) -> list[Finding]:
        """Nobody names raters, and there are too few by rule."""
        if self._named:
            return []
        about = self.about()
        none = [member.name for member in self._members if member.person_id not in about]
        if not none:
            return []
        who = "1 person gets" if len(none) == 1 else f"{len(none)} people get"
        return [
            named_finding(
                f"round_nobody:{self.stage.id}",
                "stop" if self._alone and not about else "look",
                f"{self.stage.title}: {who} no feedback, for nobody can be asked who would be"
                " protected.",
                none,
                f"It takes {self._threshold + 1} direct reports.",
            )
        ]

    def _few_peers(self) -> list[Finding]:
        quota = self._quotas.get(Relationship.PEERS)
        if quota is None or not quota.wanted:
            return []
        least = max(quota.least, self._threshold)
        short, far = [], []
        for member in self._members:
            outcome = judge(
                Relationship.PEERS,
                self._company.could_be_named(member.person_id),
                threshold=self._threshold,
                least=least,
            )
            if outcome.code is not Feasibility.SATISFIED:
                short.append(member.name)
            elif self._company.near(member.person_id, least) < least:
                far.append(member.name)
        return [*self._too_few(short, least), *self._far_away(far, least)]

    def _too_few(self, names: Sequence[str], least: int) -> list[Finding]:
        if not names:
            return []
        who = "1 person has" if len(names) == 1 else f"{len(names)} people have"
        return [
            named_finding(
                f"round_peers:{self.stage.id}",
                "look",
                f"{self.stage.title}: {who} fewer than {least} colleagues who could be asked.",
                names,
                "Everybody in the company counts but their manager and their reports. Fewer than"
                f" {self._threshold} answers are not shown.",
            )
        ]

    def _far_away(self, names: Sequence[str], least: int) -> list[Finding]:
        if not names:
            return []
        who = "1 person has" if len(names) == 1 else f"{len(names)} people have"
        return [
            named_finding(
                f"round_circle:{self.stage.id}",
                "look",
                f"{self.stage.title}: {who} fewer than {least} colleagues of the same manager,"
                " department or project.",
                names,
                "They can name others of the company, who may know less of their work.",
            )
        ]

    def _requests(self) -> Finding:
        """How many requests there may be, against how many people may get."""
        people = len(self._members)
        each = "Each person" if people > 1 else "They"
        wanted = [(name, self._quotas[name]) for name in CHOSEN if self._wants(name)]
        asked = ", ".join(_asked(name, quota) for name, quota in wanted)
        least = people * sum(quota.least for name, quota in wanted if name in COLLEAGUES)
        most = _most(quota for _, quota in wanted)
        by_rule = sum(len(self._reports_asked(m.person_id)) for m in self._members)
        room = max(0, len(self._company.people) * self._load - by_rule)
        text = f"{self.stage.title}: {each} may name {asked}."
        limit = f"Nobody gets more than {self._load} requests."
        if least > room:
            return Finding(
                f"round_load:{self.stage.id}",
                "look",
                f"{self.stage.title}: at least {least:,} requests are asked for, and the company"
                f" has room for {room:,}.",
                f"{limit} Some lists will be shorter than the definition asks for.",
            )
        if most is not None:
            limit = f"Up to {people * most:,} requests in all. {limit}"
        return Finding(f"round_load:{self.stage.id}", "fine", text, limit)

    def _wants(self, name: Relationship) -> bool:
        return name in self._quotas and self._quotas[name].wanted


_SAID = {
    Relationship.PEERS: "peers",
    Relationship.OTHERS: "others of the company",
    Relationship.EXTERNAL: "people from outside",
}


def _asked(name: Relationship, quota: Quota) -> str:
    if quota.most is None:
        count = "any number of"
    elif quota.least == quota.most:
        count = str(quota.most)
    else:
        count = f"{quota.least} to {quota.most}" if quota.least else f"up to {quota.most}"
    return f"{count} {_SAID[name]}"


def _most(quotas: Iterable[Quota]) -> int | None:
    """The most that one subject's list may have; none: there is no limit."""
    total = 0
    for quota in quotas:
        if quota.at_most is None:
            return None
        total += quota.at_most
    return total
