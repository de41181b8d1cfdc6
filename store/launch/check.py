"""The launch check: what will happen, to whom, and what is odd, before anything opens.

Typed values for the page, the API and the mail. Nothing is written; the report is of the moment.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import PersonTime
from definitions.models import Definition, Stage
from definitions.timeline import Plan, Unplannable, plan_cycle
from domain.errors import NotFound
from domain.kinds.feedback_round import NOMINATE
from domain.kinds.registry import TRAITS
from domain.notifications import Event
from domain.states import CycleState
from store.cycles.audience import Reason
from store.cycles.chosen_people import chosen_people
from store.cycles.launch_rows import CheckedCycle, checked
from store.launch.findings import Chosen, Finding, findings
from store.launch.first_minutes import FirstMinutes, first_ten_minutes
from store.launch.launching import first_opening, launch_day
from store.launch.people import Holders, everybody, names_of, read_holders, read_members
from store.launch.rounds import RoundLook, look_at_rounds
from store.people.company import company, company_calendars
from store.people.times import person_times
from store.steering.cycle import Preview

__all__ = [
    "Finding",
    "FirstMails",
    "FirstMinutes",
    "LaunchCheck",
    "Load",
    "OutGroup",
    "PlannedStage",
    "StageLoad",
    "first_ten_minutes",
    "preview",
    "report",
]

MOST_NAMES = 50
HEAVY = 6
"""More tasks than this for one person in one stage are named (language reference §9)."""


@dataclass(frozen=True, slots=True)
class OutGroup:
    """People who are out for one reason; `because` are HR's own words."""

    reason: str
    because: str | None
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Somebody with more than six tasks in one stage."""

    person_id: int
    name: str
    stage: str
    title: str
    tasks: int
    working_days: int


@dataclass(frozen=True, slots=True)
class StageLoad:
    """How tasks of a stage spread: how many people hold so many of them.

    Of a round's answers only those are counted that are asked for by rule; who is named is not
    known yet.
    """

    stage: str
    title: str
    tasks: int
    holders: int
    spread: tuple[tuple[int, int], ...]  # (tasks, people)


@dataclass(frozen=True, slots=True)
class FirstMails:
    """Mails that go out first, by event and instant."""

    event: str
    at: datetime
    mails: int
    tasks: int


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage with its planned dates."""

    stage: str
    title: str
    kind: str
    opens: date
    due: date
    closes: date | None


@dataclass(frozen=True, slots=True)
class LaunchCheck:
    """Everything that HR sees before confirming."""

    cycle_id: UUID
    title: str
    definition: str
    state: str
    approve: Literal["hr", "nobody"]
    launch_on: date
    opens_at: datetime
    ends_on: date | None
    people_in: int
    people_out: int
    chosen: int  # by name, if the cycle is for them alone; else 0
    out: tuple[OutGroup, ...]
    stages: tuple[PlannedStage, ...]
    stage_loads: tuple[StageLoad, ...]
    loads: tuple[Load, ...]
    first_mails: tuple[FirstMails, ...]
    findings: tuple[Finding, ...]

    @property
    def tasks(self) -> int:
        """How many tasks the cycle makes, if nobody joins or leaves."""
        return sum(stage.tasks for stage in self.stage_loads)

    @property
    def names_raters(self) -> bool:
        """True if a 360 round asks people who are not known yet."""
        return any(TRAITS[stage.kind] is NOMINATE for stage in self.stages)

    @property
    def may_confirm(self) -> bool:
        """False while something must be mended first."""
        open_check = self.state in (CycleState.CHECK, CycleState.WAITING)
        return open_check and not any(finding.mood == "stop" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The same as values of which dates and ids become JSON strings."""
        return {**asdict(self), "tasks": self.tasks, "may_confirm": self.may_confirm}


async def report(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> LaunchCheck:
    """Look at a cycle before its launch, as if it were confirmed now. Raises NotFound."""
    cycle = await _read(conn, cycle_id)
    settings = await company(conn)
    calendars = await company_calendars(conn, now.year - 1, now.year + 2)
    opens_at = await first_opening(conn, calendars, cycle.launch_on, cycle_id)
    launch_on = launch_day(cycle, opens_at, calendars.company(), now)
    if cycle.launched_by == "button" and launch_on <= calendars.company().local_date(now):
        opens_at = now
    rolling = cycle.launched_by == "rolling"
    plan, unplannable = None, None
    if not rolling:
        try:
            plan = plan_cycle(cycle.definition, launch_on, calendars.company(), cycle.period)
        except Unplannable as error:  # a cycle of before; it can be looked at and stopped
            unplannable = Finding("no_dates", "stop", error.detail, error.hint)
    members = await read_members(conn, cycle_id, launch_on)
    holders = await read_holders(conn, cycle.definition, members, launch_on)
    rounds = await look_at_rounds(conn, cycle.definition, members, launch_on)
    people = sorted(everybody(members, holders) | rounds.raters)
    times = await person_times(conn, calendars, people)
    names = await names_of(conn, people)
    counts = {stage.id: _counts(stage, holders, rounds) for stage in cycle.definition.stages}
    out = await _out(conn, cycle_id)
    chosen = await chosen_people(conn, cycle_id) or ()
    return LaunchCheck(
        cycle_id=cycle_id,
        title=await _title(conn, cycle_id),
        definition=cycle.definition.definition,
        state=cycle.state.value,
        approve=cycle.definition.launch.approve,
        launch_on=launch_on,
        opens_at=max(opens_at, now) if not rolling else now,
        ends_on=plan.ends if plan else None,
        people_in=len(members),
        people_out=sum(group.count for group in out),
        chosen=len(chosen),
        out=out,
        stages=tuple(_planned(cycle.definition, plan)),
        stage_loads=tuple(_stage_loads(cycle.definition, counts)),
        loads=tuple(_loads(cycle.definition, plan, counts, names, calendars.company())),
        first_mails=tuple(_first_mails(cycle.definition, plan, counts, times, opens_at)),
        findings=(
            *([unplannable] if unplannable else []),
            *await findings(
                conn,
                chosen=_chosen(len(chosen), out),
                rounds=rounds.findings,
                asked_about=rounds.about,
                definition=cycle.definition,
                settings=settings,
                plan=plan,
                launch_on=launch_on,
                members=members,
                holders=holders,
                times=times,
                calendars=calendars,
            ),
        ),
    )


async def preview(conn: AsyncConnection, cycle_id: UUID, now: datetime) -> Preview:
    """What confirming would do, in sentences. Raises NotFound."""
    check = await report(conn, cycle_id, now)
    mails = sum(first.mails for first in check.first_mails)
    sentences = [
        f"{check.people_in} people take part; {check.people_out} do not, each with a reason.",
        f"{mails} people get their first mail, from {check.opens_at:%a %d %b %Y %H:%M} UTC on.",
        f"{check.tasks} tasks come of it over the whole cycle"
        + (", and what the named raters are asked to write." if check.names_raters else "."),
    ]
    if check.ends_on is not None:
        sentences.append(f"It ends on {check.ends_on:%a %d %b %Y} at the latest.")
    counts = {"people": check.people_in, "mails": mails, "tasks": check.tasks}
    return Preview("confirm", tuple(sentences), counts)


async def _read(conn: AsyncConnection, cycle_id: UUID) -> CheckedCycle:
    row = (
        await conn.execute(
            text(
                "SELECT c.*, v.content AS definition_content FROM cycles c"
                " JOIN definition_versions v ON v.id = c.version_id WHERE c.id = :id"
            ),
            {"id": cycle_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no cycle {cycle_id}")
    return checked(row)


async def _title(conn: AsyncConnection, cycle_id: UUID) -> str:
    return str(await conn.scalar(text("SELECT title FROM cycles WHERE id = :id"), {"id": cycle_id}))


async def _out(conn: AsyncConnection, cycle_id: UUID) -> tuple[OutGroup, ...]:
    rows = await conn.execute(
        text(
            "SELECT i.reason, i.because, count(*), (array_agg(p.first_name || ' ' || p.last_name"
            " ORDER BY p.last_name, p.id))[1:CAST(:most AS int)] FROM participants i"
            " JOIN people p ON p.id = i.person_id"
            " WHERE i.cycle_id = :cycle AND i.state <> 'in' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        ),
        {"cycle": cycle_id, "most": MOST_NAMES},
    )
    return tuple(
        OutGroup(reason, because, count, tuple(names)) for reason, because, count, names in rows
    )


def _chosen(count: int, out: Sequence[OutGroup]) -> Chosen | None:
    """What became of those whom HR chose by name; whoever left since is on no list."""
    if not count:
        return None
    cannot = [group for group in out if group.reason != Reason.NOT_CHOSEN]
    return Chosen(
        count,
        others=sum(group.count for group in out if group.reason == Reason.NOT_CHOSEN),
        cannot=tuple(name for group in cannot for name in group.names),
    )


def _planned(definition: Definition, plan: Plan | None) -> Iterable[PlannedStage]:
    if plan is None:
        return
    for stage in definition.stages:
        dates = plan.stages[stage.id]
        yield PlannedStage(stage.id, stage.title, stage.kind, dates.opens, dates.due, dates.closes)


def _counts(stage: Stage, holders: Holders, rounds: RoundLook) -> Counter[int]:
    if stage.traits.private:
        return rounds.by_rule.get(stage.id, Counter())
    held = holders[stage.id].values()
    if stage.traits.for_all:  # one task for the whole cycle
        return Counter({person for person in held if person is not None})
    return Counter(person for person in held if person is not None)


def _stage_loads(definition: Definition, counts: Mapping[str, Counter[int]]) -> Iterable[StageLoad]:
    for stage in definition.stages:
        held = counts[stage.id]
        spread = tuple(sorted(Counter(held.values()).items()))
        yield StageLoad(stage.id, stage.title, held.total(), len(held), spread)


def _loads(
    definition: Definition,
    plan: Plan | None,
    counts: Mapping[str, Counter[int]],
    names: Mapping[int, str],
    company_time: PersonTime,
) -> Iterable[Load]:
    for stage in definition.stages:
        days = 0
        if plan is not None:
            dates = plan.stages[stage.id]
            days = company_time.calendar.count(dates.opens, dates.due)
        heavy = [(n, person) for person, n in counts[stage.id].items() if n > HEAVY]
        for tasks, person in sorted(heavy, key=lambda pair: (-pair[0], pair[1])):
            name = names.get(person, str(person))
            yield Load(person, name, stage.id, stage.title, tasks, days)


def _first_mails(
    definition: Definition,
    plan: Plan | None,
    counts: Mapping[str, Counter[int]],
    times: Mapping[int, PersonTime],
    opens_at: datetime,
) -> Iterable[FirstMails]:
    """One mail a person, however many tasks it names (language reference §6.1)."""
    if plan is None:
        return
    first_day = min(planned.opens for planned in plan.stages.values())
    tasks: Counter[datetime] = Counter()
    mails: dict[datetime, set[int]] = {}
    for stage in definition.stages:
        if stage.after or plan.stages[stage.id].opens != first_day:
            continue
        for person, held in counts[stage.id].items():
            if person not in times:
                continue
            time = times[person]
            at = time.opening(time.calendar.on_or_after(first_day))
            at = at if at >= opens_at else time.opens(opens_at)
            tasks[at] += held
            mails.setdefault(at, set()).add(person)
    for at in sorted(mails):
        yield FirstMails(Event.TASK_OPENED.value, at, len(mails[at]), tasks[at])
