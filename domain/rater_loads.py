"""Who could be asked in a 360 round, and who is full: pure choices over the whole round at once.

Suggestions say why; nobody gets more requests than the round's `load`; and "too few colleagues" is
said only where no other distribution of requests would have helped. The same input and seed give
the same answer, in any order of input. Source: language reference §2, feedback_round.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import PersonId
from domain.relationships import Relationship

_BITS = 2**64 - 1

WINDOW = 24
"""How many of one manager, project or department are looked at for one subject. They start next to
the subject in a circle, so that large departments do not all suggest the same few."""


class Reason(StrEnum):
    """Why a peer is suggested; shown beside the name."""

    SHARED_PROJECT = "shared_project"
    SHARED_MANAGER = "shared_manager"
    PAST_RATER = "past_rater"
    SHARED_DEPARTMENT = "shared_department"


_WEIGHTS = {
    Reason.SHARED_PROJECT: 8,  # has seen the work itself
    Reason.SHARED_MANAGER: 4,
    Reason.PAST_RATER: 2,  # can compare, but a new view is worth as much
    Reason.SHARED_DEPARTMENT: 1,
}


class Feasibility(StrEnum):
    """Whether the raters of one relationship can do what the definition asks for."""

    SATISFIED = "satisfied"
    NOBODY = "nobody"  # nobody can be asked: this relationship does not take part
    BELOW_MINIMUM = "below_minimum"  # goes on with those there are; HR and the approver are told
    UNPROTECTED = "unprotected"  # too few to protect: none of them is asked
    ABOVE_MAXIMUM = "above_maximum"  # the list must be shortened


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many can be asked of how many at least, and what that means."""

    code: Feasibility
    asked: int
    least: int


@dataclass(frozen=True, slots=True)
class Colleague:
    """What suggestions need to know of an active person."""

    id: PersonId
    manager_id: PersonId | None = None
    department: str = ""
    projects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A peer who could be asked, and why; `full`: has as many requests as the round allows."""

    person_id: PersonId
    reasons: tuple[Reason, ...]
    full: bool


@dataclass(frozen=True, slots=True)
class Assignment:
    """Raters by subject, and requests by rater (those held before included)."""

    raters: Mapping[PersonId, tuple[PersonId, ...]]
    loads: Mapping[PersonId, int]


class Directory:
    """The people of a round, indexed once for all subjects."""

    def __init__(self, people: Iterable[Colleague]) -> None:
        self._people = {one.id: one for one in people}
        self._by: dict[tuple[Reason, object], list[PersonId]] = defaultdict(list)
        for person in sorted(self._people):
            for key in _circles(self._people[person]):
                self._by[key].append(person)

    def __contains__(self, person: PersonId) -> bool:
        """Is this an active person?"""
        return person in self._people

    def suggest(
        self,
        subject: PersonId,
        *,
        most: int,
        past_raters: Collection[PersonId] = (),
        not_these: Collection[PersonId] = (),
        loads: Mapping[PersonId, int] | None = None,
        load: int = 7,
        seed: int = 0,
    ) -> list[Suggestion]:
        """Peers of a subject, best reasons first; those who are full come last, marked.

        Never the subject, their manager or their reports, who have relationships of their own, nor
        `not_these` (asked already, declined). Of equals, who has fewer requests comes first.
        """
        held = loads or {}
        me = self._people[subject]
        reasons: dict[PersonId, int] = defaultdict(int)
        for key in _circles(me):
            for person in self._around(key, subject):
                reasons[person] |= _WEIGHTS[key[0]]
        for person in past_raters:
            if person in self._people:
                reasons[person] |= _WEIGHTS[Reason.PAST_RATER]
        barred = {subject, me.manager_id, *not_these}
        found = [
            (held.get(person, 0) >= load, -weight, held.get(person, 0), person)
            for person, weight in reasons.items()
            if person not in barred and self._people[person].manager_id != subject
        ]
        found.sort(key=lambda one: (one[:3], _draw(seed, subject, one[3])))
        return [
            Suggestion(person, tuple(r for r in Reason if _WEIGHTS[r] & -weight), full)
            for full, weight, _, person in found[:most]
        ]

    def _around(self, key: tuple[Reason, object], subject: PersonId) -> list[PersonId]:
        members = self._by[key]
        if len(members) <= WINDOW + 1:
            return [person for person in members if person != subject]
        start = bisect_right(members, subject)
        return [members[(start + step) % len(members)] for step in range(WINDOW)]


def judge(
    relationship: Relationship,
    available: int,
    *,
    threshold: int,
    least: int = 0,
    at_most: int | None = None,
) -> Outcome:
    """Whether a relationship can be asked as the definition says, for one subject.

    Reports are asked only where one more exists than the threshold; fewer cannot be protected
    (everybody knows who they are) and are not asked at all.
    """
    if relationship is Relationship.REPORTS and 0 < available <= threshold:
        return Outcome(Feasibility.UNPROTECTED, 0, threshold + 1)
    if available < least:
        short = Feasibility.BELOW_MINIMUM if available else Feasibility.NOBODY
        return Outcome(short, available, least)
    if at_most is not None and available > at_most:
        return Outcome(Feasibility.ABOVE_MAXIMUM, available, least)
    return Outcome(Feasibility.SATISFIED if available else Feasibility.NOBODY, available, least)


def assign(
    candidates: Mapping[PersonId, Sequence[PersonId]],
    *,
    wanted: int,
    load: int,
    held: Mapping[PersonId, int] | None = None,
    seed: int = 0,
) -> Assignment:
    """Give every subject up to `wanted` of their candidates; nobody gets more than `load`.

    One rater for each subject, then a second for each, and so on, always who has the fewest
    requests. Where all of a subject's candidates are full, requests are passed on along a chain of
    others who have a choice, so a subject ends short only if no distribution gives them one more
    without taking one from another. Time grows linearly with the number of candidates.
    """
    return _Distribution(candidates, load, held or {}, seed).fill(wanted)


class _Distribution:
    def __init__(
        self,
        candidates: Mapping[PersonId, Sequence[PersonId]],
        load: int,
        held: Mapping[PersonId, int],
        seed: int,
    ) -> None:
        self._load = load
        self._wishes = {
            subject: sorted(set(some) - {subject}, key=lambda one: _draw(seed, subject, one))
            for subject, some in candidates.items()
        }
        self._order = sorted(
            self._wishes, key=lambda one: (len(self._wishes[one]), _draw(seed, one, one))
        )
        self._has: dict[PersonId, set[PersonId]] = {one: set() for one in self._order}
        self._for: dict[PersonId, set[PersonId]] = defaultdict(set)
        self._loads: dict[PersonId, int] = defaultdict(int, held)
        self._lost: set[PersonId] = set()  # raters from whom no chain leads to a free one

    def fill(self, wanted: int) -> Assignment:
        left = self._order
        for _ in range(wanted):
            left = [subject for subject in left if self._one_more(subject)]
        raters = {one: tuple(sorted(self._has[one])) for one in sorted(self._has)}
        return Assignment(raters, dict(self._loads))

    def _one_more(self, subject: PersonId) -> bool:
        has = self._has[subject]
        free = [
            one for one in self._wishes[subject] if self._loads[one] < self._load and one not in has
        ]
        if free:
            self._give(subject, min(free, key=self._loads.__getitem__))
            return True
        return self._pass_on(subject)

    def _pass_on(self, subject: PersonId) -> bool:
        """Find the shortest chain of subjects who can swap a rater, ending at a free rater."""
        came: dict[PersonId, tuple[PersonId, PersonId | None]] = {}
        queue: deque[tuple[PersonId, PersonId | None]] = deque([(subject, None)])
        while queue:
            taker, over = queue.popleft()
            for rater in self._wishes[taker]:
                if rater in came or rater in self._lost or rater in self._has[taker]:
                    continue
                came[rater] = (taker, over)
                if self._loads[rater] < self._load:
                    self._swap(rater, came)
                    return True
                queue.extend((holder, rater) for holder in sorted(self._for[rater]))
        self._lost |= came.keys()  # a failed search stays failed: all of it is full and closed
        return False

    def _swap(
        self, rater: PersonId, came: Mapping[PersonId, tuple[PersonId, PersonId | None]]
    ) -> None:
        step: PersonId | None = rater
        while step is not None:
            taker, over = came[step]
            self._give(taker, step)
            if over is not None:
                self._has[taker].discard(over)
                self._for[over].discard(taker)
                self._loads[over] -= 1
            step = over

    def _give(self, subject: PersonId, rater: PersonId) -> None:
        self._has[subject].add(rater)
        self._for[rater].add(subject)
        self._loads[rater] += 1


def _circles(person: Colleague) -> list[tuple[Reason, object]]:
    circles: list[tuple[Reason, object]] = [
        (Reason.SHARED_PROJECT, project) for project in sorted(person.projects)
    ]
    if person.manager_id is not None:
        circles.append((Reason.SHARED_MANAGER, person.manager_id))
    if person.department:
        circles.append((Reason.SHARED_DEPARTMENT, person.department))
    return circles


def _draw(seed: int, subject: PersonId, rater: PersonId) -> int:
    """A lot, the same for the same three numbers; as good as random to the eye, no secret."""
    mixed = (seed * 0x9E3779B97F4A7C15 + subject * 0xBF58476D1CE4E5B9 + rater + 1) & _BITS
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _BITS
    return mixed ^ (mixed >> 31)
