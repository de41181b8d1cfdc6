"""The pages about who is asked in a 360 round, from what stands in the database or was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from api.authentication import Call
from api.pages import answering
from api.pages.nominating_typed import TypedList
from api.pages.nominating_words import (
    FULL,
    GROUPS,
    asked_for,
    does,
    label_of,
    number,
    reasons,
    rules,
)
from api.pages.saying import say_day
from api.pages.shell import visit_of
from api.pages.task_desk import Desk, head
from api.pages.task_words import whose
from api.pages.views.frame import Choice, Notice, Problem
from api.pages.views.nominating import (
    ChooseRaters,
    Entry,
    Group,
    OneMore,
    Outside,
    RatersChosen,
)
from api.pages.views.tasks import Said, Section, TaskHead
from api.seen_tasks import Seen
from domain.errors import NotFound
from domain.rater_loads import Suggestion
from domain.relationships import Relationship
from domain.states import TaskState
from store.people import managers_of
from store.rounds.colleagues import (
    Face,
    Found,
    Standing,
    faces,
    find_colleagues,
    has_reports,
    named_by_subject,
    other_lists,
)
from store.rounds.leaving import replacements_wanted
from store.rounds.lists import Listed, Named, by_rule, rater_list
from store.rounds.nominating import suggestions
from store.rounds.rules import CHOSEN, Round

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
    return next((name for name in CHOSEN if _wanted(round_, name)), Relationship.PEERS)


def _wanted(round_: Round, name: Relationship) -> bool:
    return name in round_.quotas and round_.quotas[name].wanted


async def material(
    call: Call, list_: Standing, listed: Sequence[int], q: str = "", *, choosing: bool = True
) -> Material:
    """Read what a page needs. `listed`: those on the list as it is shown."""
    conn, round_, subject = call.conn, list_.round, list_.subject_id
    on = round_.cycle.company.local_date(call.now)
    suggested: Sequence[Suggestion] = ()
    found: Sequence[Found] = ()
    if choosing and any(_wanted(round_, name) for name in _AMONG_US):
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
    rows: Sequence[Named | Listed]
    if typed is not None:
        rows = typed.named
    else:
        rows = (await rater_list(call.conn, list_.round, list_.subject_id)).raters
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
        problems=_summary(problems, stuff, groups),
        action=f"{desk.href}/raters",
        groups=groups,
        suggestions=_suggested(stuff, {one.person_id for one in rows}),
        q=q,
        found=_found(stuff, {one.person_id for one in rows}),
        outside=outside,
        mine=stuff.mine,
        first=stuff.first,
        task=top,
        approving=approving,
        lead=_invites(stuff, approving, groups),
        entries=tuple(_entry(stuff, one, wrong) for one in rows),
        by_rule=stuff.rules,
        asks=_asks(stuff),
        threshold=number(stuff.round.rules.threshold),
        version=str(desk.facts.version),
        silence=_silence(desk, stuff, rows, today, top),
        send=_send(desk, stuff),
        empty=_empty(stuff) if approving and not rows else "",
        nobody_asked=any(p.get("code") == "nobody" for p in problems),
        next_lists=await _next_lists(call, desk),
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


def _entry(stuff: Material, one: Named | Listed, wrong: Mapping[int, str]) -> Entry:
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
        choices=() if outside else _choices(stuff.round, one.relationship),
    )


def _choices(round_: Round, chosen: Relationship) -> tuple[Choice, ...]:
    names = [n for n in _AMONG_US if _wanted(round_, n) or n is chosen]
    return tuple(Choice(n.value, label_of(n), chosen=n is chosen) for n in names)


def _suggested(stuff: Material, listed: set[int]) -> tuple[Entry, ...]:
    entries = []
    for one in stuff.suggested:
        face = stuff.people.get(one.person_id)
        if face is None or one.person_id in listed:
            continue
        why = reasons(one.reasons, stuff.subject, face, stuff.first, mine=stuff.mine)
        note = " · ".join(part for part in (does(face), why) if part)
        entries.append(Entry(one.person_id, face.name, note, full=one.full))
    return tuple(entries)


def _found(stuff: Material, listed: set[int]) -> tuple[Entry, ...]:
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
        if not _wanted(stuff.round, name) and not count:
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
    if not _wanted(stuff.round, Relationship.EXTERNAL):
        return None
    error = next((str(p["message"]) for p in problems if "external" in p), "")
    if typed is None or not (error or problems):
        return Outside()
    return replace(typed.outside, error=error)


def _summary(
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


async def _next_lists(call: Call, desk: Desk) -> tuple[tuple[str, str], ...]:
    if call.person is None or desk.facts.assignee_id != call.person_id:
        return ()
    waiting = await other_lists(call.conn, desk.facts.cycle_id, call.person_id, desk.facts.id)
    return tuple((one.subject, f"/tasks/{one.task_id}") for one in waiting)


# --- Afterwards ----------------------------------------------------------------------------------


async def chosen_page(
    call: Call, desk: Desk, list_: Standing, seen: Seen, *, notice: Notice | None = None
) -> RatersChosen:
    """Whom they chose. Whoever declined or left stays on it; nothing says how a request stands."""
    rows = (await rater_list(call.conn, list_.round, list_.subject_id)).raters
    stuff = await material(call, list_, [one.person_id for one in rows], choosing=False)
    top = replace(head(desk, call, seen=seen), minutes=None)
    more = ""
    if stuff.mine:
        count = await replacements_wanted(call.conn, list_.round, list_.subject_id, call.now)
        more = f"/rounds/{list_.round.id}/raters" if count else ""
    heading = f"{whose(stuff.subject.name)} feedback list"
    return RatersChosen(
        title="Who is asked about you" if stuff.mine else heading,
        part="tasks",
        notice=notice,
        task=top,
        lead=_lead(desk, stuff, list_, rows),
        entries=tuple(replace(_entry(stuff, one, {}), error="") for one in rows),
        by_rule=stuff.rules if rows or list_.asked else (),
        one_more=more,
        next_lists=await _next_lists(call, desk),
    )


def _lead(desk: Desk, stuff: Material, list_: Standing, rows: Sequence[Listed]) -> str:
    you = "you" if stuff.mine else stuff.first
    if list_.asked or any(one.asked for one in rows):
        return f"These people are asked about {you}. Nobody is told who has answered."
    if desk.facts.state in (TaskState.EXCUSED, TaskState.CANCELLED):
        return "Nothing is asked of you here any more."
    if not rows:
        return f"Nobody was named to be asked about {you}."
    if desk.facts.kind == "nominate":
        boss = stuff.manager.name if stuff.mine and stuff.manager else "The manager"
        return f"{boss} looks over this list. Then these people are asked."
    return f"The people on the list are asked about {you}."


# --- One more person -----------------------------------------------------------------------------


async def one_more_page(
    call: Call,
    list_: Standing,
    *,
    picked: int | None = None,
    relationship: Relationship | None = None,
    outside: Outside | None = None,
    q: str = "",
    problems: Problems = (),
    notice: Notice | None = None,
) -> OneMore:
    """Room for one more person on the subject's own list, if there is room and time."""
    round_, subject = list_.round, list_.subject_id
    wanted = await replacements_wanted(call.conn, round_, subject, call.now)
    theirs = await named_by_subject(call.conn, round_, subject)
    rows = (await rater_list(call.conn, round_, subject)).raters
    among = [one.person_id for one in rows] + ([picked] if picked is not None else [])
    stuff = await material(call, list_, among, q, choosing=bool(wanted))
    shown = [one for one in rows if one.relationship in CHOSEN] if theirs else []
    error = next((str(p["message"]) for p in problems if "external" in p), "")
    open_ = _wanted(round_, Relationship.EXTERNAL)
    return OneMore(
        title="Choose one more person for your feedback",
        part="tasks",
        notice=notice,
        problems=_more_summary(problems, stuff),
        action=f"/rounds/{round_.id}/raters",
        groups=(),
        suggestions=_suggested(stuff, {one.person_id for one in rows}),
        q=q,
        found=_found(stuff, set()),
        outside=replace(outside or Outside(), error=error) if open_ else None,
        first=stuff.first,
        round_id=round_.id,
        cycle=round_.cycle.title,
        wanted=wanted,
        entries=tuple(replace(_entry(stuff, one, {}), error="") for one in shown),
        picked=picked,
        relationship=(relationship or usual(round_)).value,
        choices=_choices(round_, relationship or usual(round_)),
    )


def _more_summary(problems: Problems, stuff: Material) -> tuple[Problem, ...]:
    told = _summary(problems, stuff)
    return tuple(replace(p, field="pick") if p.field.startswith(("r-", "g-")) else p for p in told)
