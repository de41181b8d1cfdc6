"""The pages about who is asked in a 360 round, from what stands in the database or was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from api.authentication import Call
from api.pages.frame.dates import say_day
from api.pages.frame.shell import visit_of
from api.pages.frame.views import Choice, Notice, Problem
from api.pages.kinds.feedback_round.nominating_typed import TypedList, version_of_list
from api.pages.kinds.feedback_round.nominating_views import ChooseRaters, Entry, Group, Outside
from api.pages.kinds.feedback_round.nominating_words import (
    FULL,
    GROUPS,
    asked_for,
    does,
    label_of,
    number,
    reasons,
    rules,
)
from api.pages.kinds.words import whose
from api.pages.tasks import answering
from api.pages.tasks.desk import Desk, head
from api.pages.tasks.views import Said, Section, TaskHead
from domain.errors import NotFound
from domain.rater_loads import Suggestion
from domain.relationships import Relationship
from store.kinds.feedback_round.colleagues import (
    Face,
    Found,
    Standing,
    faces,
    find_colleagues,
    has_reports,
    other_lists,
)
from store.kinds.feedback_round.lists import Listed, Named, by_rule, rater_list
from store.kinds.feedback_round.nominating import suggestions
from store.kinds.feedback_round.rules import CHOSEN, Round
from store.people.times import managers_of

SUGGESTED = 10
FULL_SHOWN = 2
MOST_LOOKED_AT = 200

Problems = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Material:
    """What every page about a list is made of."""

    round: Round
    subject: Face
    mine: bool
    manager: Face | None
    suggested: tuple[Suggestion, ...]
    found: tuple[Found, ...]
    people: Mapping[int, Face]
    by_rule: frozenset[Relationship]
    leads: bool  # somebody reports to the subject

    @property
    def first(self) -> str:
        """What one would call the subject."""
        return self.subject.first_name

    @property
    def chooses(self) -> bool:
        """Does the manager choose, without the subject having named anybody?"""
        return self.round.step("nominate") is None

    @property
    def rules(self) -> tuple[str, ...]:
        """Who is asked by rule, in sentences."""
        boss = self.manager.name if self.manager else ""
        return rules(
            self.round,
            self.by_rule,
            mine=self.mine,
            first=self.first,
            manager=boss,
            leads=self.leads,
        )


def usual(round_: Round) -> Relationship:
    """The relationship of whoever is picked, until somebody says otherwise."""
    return next((name for name in CHOSEN if is_asked_for(round_, name)), Relationship.PEERS)


def is_asked_for(round_: Round, name: Relationship) -> bool:
    """Whether anybody of a relationship is asked in this round."""
    return name in round_.quotas and round_.quotas[name].wanted


async def material(
    call: Call, list_: Standing, listed: Sequence[int], q: str = "", *, choosing: bool = True
) -> Material:
    """Read what a page needs. `listed`: those on the list as it is shown."""
    conn, round_, subject = call.conn, list_.round, list_.subject_id
    on = round_.cycle.company.local_date(call.now)
    suggested: Sequence[Suggestion] = ()
    found: Sequence[Found] = ()
    if choosing and any(is_asked_for(round_, name) for name in _AMONG_US):
        suggested = await suggestions(conn, round_, subject, on, most=MOST_LOOKED_AT)
        found = await find_colleagues(conn, round_, subject, q, on)
    manager = (await managers_of(conn, [subject], on)).get(subject)
    asked = await by_rule(conn, round_, [subject], on)
    others = [one for one in suggested if one.person_id not in listed]
    shown = [one for one in others if not one.full][:SUGGESTED]
    # Those who have too much already are shown, so that nobody wonders where they are.
    shown += [one for one in others if one.full][:FULL_SHOWN]
    ids = [subject, *listed, *(one.person_id for one in shown), *(f.person_id for f in found)]
    people = await faces(conn, ids if manager is None else [*ids, manager])
    if subject not in people:
        raise NotFound(f"There is no person {subject}.")
    return Material(
        round_,
        people[subject],
        call.person is not None and call.person_id == subject,
        people[manager] if manager is not None else None,
        tuple(shown),
        tuple(found),
        people,
        frozenset(one.relationship for one in asked),
        await has_reports(conn, subject, on),
    )


_AMONG_US = (Relationship.PEERS, Relationship.OTHERS)


# --- Choosing, and looking over ------------------------------------------------------------------


async def choose_page(
    call: Call,
    desk: Desk,
    list_: Standing,
    *,
    typed: TypedList | None = None,
    problems: Problems = (),
    notice: Notice | None = None,
) -> ChooseRaters:
    """The list in the making: as it stands, or as it was typed, with what is wrong."""
    approving = desk.facts.kind == "approve"
    kept = (await rater_list(call.conn, list_.round, list_.subject_id)).raters
    rows: Sequence[Named | Listed] = kept if typed is None else typed.named
    q = typed.q if typed else call.request.query_params.get("q", "").strip()[:200]
    stuff = await material(call, list_, [one.person_id for one in rows], q)
    wrong = {p["person_id"]: str(p["message"]) for p in problems if "person_id" in p}
    groups = _groups(stuff, rows, typed, problems)
    outside = _outside(stuff, typed, problems)
    top = _head(call, desk, stuff)
    today = (await visit_of(call)).today
    return ChooseRaters(
        title=f"{top.verb}, due {say_day(top.due_at.astimezone(top.zone).date(), today)}",
        part="tasks",
        notice=notice,
        problems=what_is_wrong(problems, stuff, groups),
        action=f"{desk.href}/raters",
        groups=groups,
        suggestions=suggested_entries(stuff, {one.person_id for one in rows}),
        q=q,
        found=found_entries(stuff, {one.person_id for one in rows}),
        outside=outside,
        mine=stuff.mine,
        first=stuff.first,
        task=top,
        approving=approving,
        lead=_invites(stuff, approving, groups),
        entries=tuple(entry_of(stuff, one, wrong) for one in rows),
        by_rule=stuff.rules,
        asks=_asks(stuff),
        threshold=number(stuff.round.rules.threshold),
        version=version_of_list(kept),
        silence=_silence(desk, stuff, rows, today, top),
        send=_send(desk, stuff),
        empty=_empty(stuff) if approving and not rows else "",
        nobody_asked=any(p.get("code") == "nobody" for p in problems),
        next_lists=await next_lists_of(call, desk),
    )


def _invites(stuff: Material, approving: bool, groups: Sequence[Group]) -> str:
    """What is to be done here, above the list."""
    if not approving or stuff.chooses:
        theirs = "your" if stuff.mine else whose(stuff.first)
        then = "Your manager looks over your choice; then" if stuff.mine else "Then"
        then = f"{then} they are asked."
        start = f"Choose people who have seen {theirs} work from different sides."
        return f"{start} {then}"
    if not any(group.named for group in groups):
        return (
            f"{stuff.first} has named nobody. Choose from the suggestions, or approve the list "
            "as it is."
        )
    start = f"{stuff.first} chose these people."
    if any(group.mood == "short" for group in groups):
        return (
            f"{start} They are fewer than asked for: add somebody if you can. Fewer are asked "
            "if there is nobody else."
        )
    return f"{start} Take somebody off, add somebody, or leave it. They are asked once you approve."


def entry_of(stuff: Material, one: Named | Listed, wrong: Mapping[int, str]) -> Entry:
    """Somebody on the list, with what is wrong about them."""
    face = stuff.people.get(one.person_id)
    outside = one.relationship is Relationship.EXTERNAL
    return Entry(
        id=one.person_id,
        name=face.name if face else "Somebody who is not known here",
        note=does(face) if face else "",
        relationship=one.relationship.value,
        label=label_of(one.relationship),
        full=isinstance(one, Listed) and one.full,
        error=wrong.get(one.person_id, "")
        or (FULL if isinstance(one, Listed) and one.full else ""),
        choices=() if outside else relationship_choices(stuff.round, one.relationship),
    )


def relationship_choices(round_: Round, chosen: Relationship) -> tuple[Choice, ...]:
    """How a colleague can stand to the subject."""
    names = [n for n in _AMONG_US if is_asked_for(round_, n) or n is chosen]
    return tuple(Choice(n.value, label_of(n), chosen=n is chosen) for n in names)


def suggested_entries(stuff: Material, listed: set[int]) -> tuple[Entry, ...]:
    """Suggestions with their reasons in words."""
    entries = []
    for one in stuff.suggested:
        face = stuff.people.get(one.person_id)
        if face is None or one.person_id in listed:
            continue
        why = reasons(one.reasons, stuff.subject, face, stuff.first, mine=stuff.mine)
        note = " · ".join(part for part in (does(face), why) if part)
        entries.append(Entry(one.person_id, face.name, note, full=one.full))
    return tuple(entries)


def found_entries(stuff: Material, listed: set[int]) -> tuple[Entry, ...]:
    """What a search found."""
    return tuple(
        Entry(
            one.person_id,
            stuff.people[one.person_id].name,
            does(stuff.people[one.person_id]),
            full=one.full,
            listed=one.listed or one.person_id in listed,
        )
        for one in stuff.found
        if one.person_id in stuff.people
    )


def _groups(
    stuff: Material,
    rows: Sequence[Named | Listed],
    typed: TypedList | None,
    problems: Problems,
) -> tuple[Group, ...]:
    wrong = {p["relationship"]: str(p["message"]) for p in problems if "relationship" in p}
    groups = []
    for name in CHOSEN:
        count = sum(1 for one in rows if one.relationship is name)
        if name is Relationship.EXTERNAL and typed is not None:
            count += len(typed.externals)
        if not is_asked_for(stuff.round, name) and not count:
            continue
        quota = stuff.round.quotas.get(name)
        if quota is None:
            continue
        asked = asked_for(name, quota, stuff.round.rules.threshold)
        error = wrong.get(name.value, "")
        groups.append(
            Group(name.value, GROUPS[name], asked, count, quota.least, quota.at_most, error)
        )
    return tuple(groups)


def _outside(stuff: Material, typed: TypedList | None, problems: Problems) -> Outside | None:
    if not is_asked_for(stuff.round, Relationship.EXTERNAL):
        return None
    error = next((str(p["message"]) for p in problems if "external" in p), "")
    if typed is None or not (error or problems):
        return Outside()
    return replace(typed.outside, error=error)


def what_is_wrong(
    problems: Problems, stuff: Material, groups: Sequence[Group] = ()
) -> tuple[Problem, ...]:
    """What is wrong, each with the way to its entry."""
    told = []
    for problem in problems:
        message = str(problem["message"])
        if "person_id" in problem:
            face = stuff.people.get(problem["person_id"])
            name = f"{face.name}: " if face else ""
            told.append(Problem(f"r-{problem['person_id']}", f"{name}{message}"))
        elif "relationship" in problem:
            group = next((g for g in groups if g.name == problem["relationship"]), None)
            label = f"{group.label}: " if group else ""
            told.append(Problem(f"g-{problem['relationship']}", f"{label}{message}"))
        elif "external" in problem:
            told.append(Problem("out-first", f"Somebody outside: {message}"))
        else:
            told.append(Problem(str(problem.get("field", "")), message))
    return tuple(told)


def _asks(stuff: Material) -> tuple[Section, ...]:
    """The questions as raters read them."""
    return tuple(
        Section(
            section.section,
            tuple(
                Said(answering.fill(question.ask, stuff.subject.name, stuff.first))
                for question in section.questions
                if question.ask
            ),
        )
        for section in stuff.round.form
    )


def _head(call: Call, desk: Desk, stuff: Material) -> TaskHead:
    readers = f"Who is asked is read by {'you' if stuff.mine else stuff.first}, "
    readers += "your manager" if stuff.mine else "the manager"
    readers += " and HR. Nobody is told who has answered."
    return replace(head(desk, call), readers=readers, after="", minutes=5)


def _silence(
    desk: Desk, stuff: Material, rows: Sequence[object], today: date, top: TaskHead
) -> str:
    if desk.facts.closes_at is None:
        return "It stays open until it is done."
    day = say_day(desk.facts.closes_at.astimezone(top.zone).date(), today)
    if desk.facts.kind == "nominate":
        boss = stuff.manager.name if stuff.mine and stuff.manager else "the manager"
        who = "your list" if stuff.mine else "the list"
        end = f"{who} goes to {boss} as it stands, with suggestions."
        return f"If you do nothing until {day}, {end}"
    if rows:
        return f"If you do nothing until {day}, the list as it stands is asked."
    return f"If you do nothing until {day}: {_empty(stuff)}"


def _empty(stuff: Material) -> str:
    """What it means that nobody is on the list."""
    if Relationship.REPORTS in stuff.by_rule:
        return f"With an empty list, only {stuff.first}'s direct reports are asked."
    return f"With an empty list nobody is asked: no 360 for {stuff.first}, and HR is told."


def _send(desk: Desk, stuff: Material) -> str:
    if desk.facts.kind == "approve":
        return "Ask these people" if stuff.chooses else "Approve this list"
    boss = stuff.manager.first_name if stuff.mine and stuff.manager else ""
    return f"Send to {boss}" if boss else "Send the list"


async def next_lists_of(call: Call, desk: Desk) -> tuple[tuple[str, str], ...]:
    """The other lists that wait for the same person: whose, and where."""
    if call.person is None or desk.facts.assignee_id != call.person_id:
        return ()
    waiting = await other_lists(call.conn, desk.facts.cycle_id, call.person_id, desk.facts.id)
    return tuple((one.subject, f"/tasks/{one.task_id}") for one in waiting)
