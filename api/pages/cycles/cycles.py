"""HR: the list of cycles, and the overview of one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.cycles import pictures
from api.pages.cycles.frame import tabs
from api.pages.cycles.offers import steering_of
from api.pages.cycles.stage_times import StageTime, expected_end, stage_times
from api.pages.cycles.views import CycleLine, CyclePage, Cycles, Figure, StageLine, Upcoming
from api.pages.frame.dates import plural, say_day
from api.pages.frame.shell import go, said, show, visit_of
from api.pages.frame.views import Link, Notice, Visit
from api.pages.office.definition_words import opens_words
from definitions.models import Definition
from domain.access import Action
from domain.counts import Counts
from domain.kinds.registry import TRAITS
from domain.states import CycleState, StageState
from store.access.facts import hidden_cases
from store.cycles.facts import load_cycle, load_cycles
from store.definitions.versions import get_version
from store.views import cycle_pages as queries
from store.views import progress
from store.views.lists.cycles import CycleItem, StageItem, get_cycle, list_stages

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
Launches = Annotated[Call, allow(Action.LAUNCH)]

UNLAUNCHED = (CycleState.CHECK, CycleState.WAITING)
ENDED = (CycleState.CLOSED, CycleState.CANCELLED)
PAGE = 100


@router.get("/cycles")
async def cycles(call: Reads, request: Request) -> Response:
    """All cycles."""
    visit = await visit_of(call)
    rows = await queries.cycle_rows(call.conn, call.now, hidden=hidden_cases(await call.reader()))
    ends = await _ends(call, [row for row in rows if row.state not in ENDED])
    planned = await queries.planned_launches(call.conn, visit.today)
    page = Cycles(
        title="Review cycles",
        part="cycles",
        notice=said(request),
        running=tuple(_line(row, visit, ends[row.id]) for row in rows if row.id in ends),
        ended=tuple(_line(row, visit, row.ends_at) for row in rows if row.state in ENDED),
        upcoming=tuple(
            Upcoming(
                p.title.replace("{period}", "").strip(),
                p.launch_on,
                p.check_at.astimezone(visit.zone).date(),
                "waits for a decision" if p.state == "asked" else "",
            )
            for p in planned
        ),
        may_launch=visit.hr,
    )
    return await show(call, page)


async def _ends(call: Call, rows: Sequence[queries.CycleRow]) -> dict[UUID, datetime | None]:
    """When each ends, as its own page says; by the plan, where the launch is not confirmed."""
    launched = await load_cycles(call.conn, [row.id for row in rows if row.state not in UNLAUNCHED])
    return {
        row.id: expected_end(launched[row.id], call.now) if row.id in launched else row.ends_at
        for row in rows
    }


def stage_now(title: str, due_on: date | None, today: date) -> str:
    """The stage that is open, with the day on which most of it is, or was, due."""
    if due_on is None:
        return title
    return f"{title}, {'was due' if due_on < today else 'due'} {say_day(due_on, today)}"


def _line(row: queries.CycleRow, visit: Visit, ends_at: datetime | None) -> CycleLine:
    coming = stage_now(row.stage, row.stage_due_on, visit.today) if row.stage else ""
    check = "/check" if row.state in UNLAUNCHED else ""
    return CycleLine(
        f"/cycles/{row.id}{check}",
        row.title,
        row.state,
        f"{row.definition}, version {row.version}",
        row.launch_on,
        visit.company_day(ends_at) if ends_at else None,
        row.participants,
        row.counts,
        coming,
    )


# --- One cycle ---------------------------------------------------------------------------------


@router.get("/cycles/{cycle_id}")
async def cycle(call: Reads, request: Request, cycle_id: UUID) -> Response:
    """How far, how late, and what can be done."""
    item = await get_cycle(call.conn, cycle_id)
    if item.state in UNLAUNCHED:
        return go(f"/cycles/{cycle_id}/check")
    if item.opened_at is None:
        return await show(call, _given_up(item, said(request)))
    visit = await visit_of(call)
    return await show(call, await _overview(call, request, item, visit))


async def _overview(call: Call, request: Request, item: CycleItem, visit: Visit) -> CyclePage:
    hidden = hidden_cases(await call.reader(), item.id)
    stages = await list_stages(call.conn, item.id, call.now, hidden=hidden)
    facts = await load_cycle(call.conn, item.id)
    due = await progress.dues(call.conn, item.id, call.now, hidden=hidden)
    shares = await progress.shares(call.conn, item.id, call.now, hidden=hidden)
    zone = str(facts.calendars.zone)
    by_day = await progress.by_day(call.conn, item.id, call.now, zone, hidden=hidden)
    times = stage_times(facts, stages, due, call.now)
    needs = await progress.attention(call.conn, item.id, hidden=hidden)
    today = facts.company.local_date(call.now)
    counts = sum((one.counts for one in shares), Counts())
    version = await get_version(call.conn, item.version_id)
    return CyclePage(
        title=item.title,
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"),),
        notice=said(request),
        href=f"/cycles/{item.id}",
        heading=item.title,
        state=item.state,
        tabs=await tabs(call, item, "overview"),
        facts=tuple(
            _facts(
                item,
                visit,
                expected_end(facts, call.now),
                f"{item.definition}, version {version.version}",
            )
        ),
        figures=tuple(_figures(item, counts, needs)),
        counted=_counted(counts),
        stages=tuple(
            _stage(stage, times[stage.id], item, visit, facts.definition) for stage in stages
        ),
        timeline=pictures.cycle_timeline(item.title, times, stages, due, facts.calendars, today),
        burn_up=pictures.cycle_burn_up(by_day, item.launch_on, today, over=item.state in ENDED),
        departments=pictures.by_department(shares),
        heat=pictures.by_stage(shares, stages),
        steering=steering_of(item, visit),
        needs=tuple(_needs(item, needs)),
    )


def _given_up(item: CycleItem, notice: Notice | None) -> CyclePage:
    return CyclePage(
        title=item.title,
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"),),
        notice=notice,
        href=f"/cycles/{item.id}",
        heading=item.title,
        state=item.state,
        tabs=(),
        facts=("the launch was given up; nobody was told",),
        figures=(),
        counted="",
        stages=(),
        timeline=None,
        burn_up=None,
        departments=None,
        heat=None,
        steering=(),
    )


def _facts(item: CycleItem, visit: Visit, ends_at: datetime | None, version: str) -> list[str]:
    facts = [f"launched {say_day(item.launch_on, visit.today)}"]
    if item.launched_by == "rolling":
        facts = ["people enter on their hire date"]
    if item.paused_at is not None:
        facts.append(f"paused since {say_day(item.paused_at.astimezone(visit.zone).date())}")
    if item.closed_at is not None:
        facts.append(f"ended {say_day(item.closed_at.astimezone(visit.zone).date(), visit.today)}")
    elif ends_at is not None:
        day = say_day(visit.company_day(ends_at), visit.today)
        facts.append(f"ends {day} at the latest, as it stands now")
    return [*facts, version]


def _figures(item: CycleItem, counts: Counts, needs: progress.Attention) -> list[Figure]:
    figures = [
        Figure(f"{item.participants:,}", "people take part"),
        Figure(f"{counts.done:,}", "tasks done", f"of {counts.total:,}"),
        Figure(f"{counts.in_time:,}", "open, in time"),
        Figure(f"{counts.late:,}", "late", "", "late" if counts.late else ""),
        Figure(f"{counts.to_come:,}", "to come"),
        Figure(f"{counts.expired:,}", "expired"),
        Figure(f"{needs.climbed:,}", "escalated"),
    ]
    return [figure for figure in figures if figure.label != "expired" or counts.expired]


def _counted(counts: Counts) -> str:
    """What the figures and pictures of the page count."""
    said = (
        "Counted is every task of those who take part, from the launch on: done, open, late, "
        "expired or to come. What raters write is not counted"
    )
    if counts.unasked:
        noun = plural(counts.unasked, "task that was", "tasks that were")
        said += f", nor {'is' if counts.unasked == 1 else 'are'} {noun} excused or cancelled"
    return f"{said}. Your own case and those of your managers are left out."


def _stage(
    stage: StageItem, time: StageTime, item: CycleItem, visit: Visit, definition: Definition
) -> StageLine:
    steer = visit.hr and item.state == CycleState.OPEN and stage.state != StageState.CLOSED
    href = f"/cycles/{item.id}/steer"
    query = urlencode({"stage": str(stage.id)})
    waits = ""
    if stage.state == StageState.WAITING:
        waits = opens_words(definition, definition.stage(stage.key))
    return StageLine(
        stage.key,
        stage.title,
        TRAITS[stage.kind].private,
        stage.state,
        time.opens_on,
        time.due_on,
        time.closes_on,
        time.ended_on,
        _counts(stage),
        waits,
        f"{href}/extend_stage?{query}" if steer else "",
        f"{href}/close_stage?{query}" if steer else "",
    )


def _counts(stage: StageItem) -> Counts:
    overdue = stage.overdue or 0
    return Counts(
        done=stage.done or 0,
        in_time=(stage.open or 0) - overdue,
        late=overdue,
        to_come=stage.planned or 0,
        expired=stage.expired or 0,
        excused=stage.excused or 0,
        cancelled=stage.cancelled or 0,
    )


def _needs(item: CycleItem, needs: progress.Attention) -> list[Link]:
    href = f"/cycles/{item.id}"
    links = []
    if needs.nobody:
        noun = plural(needs.nobody, "task needs", "tasks need")
        links.append(Link(f"{noun} an assignee", f"{href}/tasks?what=nobody"))
    if needs.refused:
        noun = plural(needs.refused, "address", "addresses")
        links.append(Link(f"{noun} refused mail", "/people?status=refused"))
    if needs.held:
        links.append(Link(f"{plural(needs.held, 'row')} held", "/workflows"))
    if needs.to_release:
        links.append(Link("results wait to be released", f"{href}/tasks"))
    return links
