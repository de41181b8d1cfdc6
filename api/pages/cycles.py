"""HR: cycles, and everything about one of them."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages import cycle_pictures
from api.pages.cycle_steering import steering_of
from api.pages.definition_words import opens_words
from api.pages.saying import plural, say_day
from api.pages.shell import go, said, show, typed, visit_of, words
from api.pages.task_words import About, ended_word, participant_reason, skip_reason, verb_of
from api.pages.views.frame import (
    Choice,
    Filters,
    Link,
    More,
    Notice,
    Person,
    Problem,
    Select,
    Visit,
)
from api.pages.views.hr import (
    CycleLine,
    CyclePage,
    CyclePeople,
    Cycles,
    CycleTasks,
    Figure,
    FirstMinutes,
    NewCycle,
    ParticipantLine,
    ParticipantPage,
    RefusedAddress,
    StageLine,
    SteerableTask,
    Upcoming,
)
from api.pages.views.reading import HeldTask
from api.paging import read_cursor, write_cursor
from definitions.models import Definition
from domain.access import Action, Reader, hr_over, is_own_case
from domain.errors import IllegalState, NotFound
from domain.states import CycleState, StageState, TaskState
from store import launch
from store.access import hidden_cases
from store.company import company_calendars
from store.cycle_facts import load_cycle
from store.definitions import get_version, list_latest
from store.first_minutes import first_ten_minutes
from store.lists.cycles import CycleItem, StageItem, get_cycle, list_stages
from store.views import cycle_pages as queries
from store.views import progress

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Reads = Annotated[Call, allow(Action.READ_CYCLE)]
Launches = Annotated[Call, allow(Action.LAUNCH)]

UNLAUNCHED = (CycleState.CHECK, CycleState.WAITING)
PAGE = 100


@router.get("/cycles")
async def cycles(call: Reads, request: Request) -> Response:
    """All cycles."""
    visit = await visit_of(call)
    rows = await queries.cycle_rows(call.conn, call.now)
    over = (CycleState.CLOSED, CycleState.CANCELLED)
    planned = await queries.planned_launches(call.conn, visit.today)
    page = Cycles(
        title="Review cycles",
        part="cycles",
        notice=said(request),
        running=tuple(_line(row, visit) for row in rows if row.state not in over),
        ended=tuple(_line(row, visit) for row in rows if row.state in over),
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


def _line(row: queries.CycleRow, visit: Visit) -> CycleLine:
    coming = ""
    if row.stage:
        due = f" until {say_day(row.stage_due_on, visit.today)}" if row.stage_due_on else ""
        coming = f"{row.stage}{due}"
    check = "/check" if row.state in UNLAUNCHED else ""
    return CycleLine(
        f"/cycles/{row.id}{check}",
        row.title,
        row.state,
        f"{row.definition}, version {row.version}",
        row.launch_on,
        visit.company_day(row.ends_at) if row.ends_at else None,
        row.participants,
        row.done,
        row.total,
        row.late,
        coming,
    )


# --- Launch ------------------------------------------------------------------------------------


@router.get("/cycles/new")
async def new(call: Launches, request: Request, version: str = "") -> Response:
    """Choose what to launch and when."""
    return await show(call, await _new_page(call, version, ""))


async def _new_page(
    call: Call, version: str, launch_on: str, problems: tuple[Problem, ...] = ()
) -> NewCycle:
    visit = await visit_of(call)
    calendars = await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)
    today = calendars.company().local_date(call.now)
    latest = await list_latest(call.conn)
    return NewCycle(
        title="Launch a cycle",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"),),
        problems=problems,
        definitions=tuple(
            Choice(
                str(v.id),
                v.title.replace("{period}", "").strip(),
                f"{v.definition}, version {v.version}, published "
                f"{say_day(v.published_at.astimezone(visit.zone).date(), visit.today)}",
                str(v.id) == version or len(latest) == 1,
            )
            for v in latest
        ),
        launch_on=launch_on or calendars.company().calendar.after(today, 1).isoformat(),
        earliest=today.isoformat(),
    )


@router.post("/cycles")
async def prepare(call: Launches, request: Request) -> Response:
    """Prepare the launch check; nothing opens."""
    form = await typed(request)
    version, day = words(form, "version"), words(form, "launch_on")
    problems: list[Problem] = []
    try:
        version_id = (await get_version(call.conn, UUID(version))).id
    except (ValueError, NotFound):
        problems.append(Problem("f-version", "Choose a definition.", "#f-version"))
    try:
        launch_on = date.fromisoformat(day)
    except ValueError:
        problems.append(Problem("f-launch_on", "Give the launch date.", "#f-launch_on"))
    if not problems:
        calendars = await company_calendars(call.conn, call.now.year - 1, call.now.year + 2)
        if launch_on < calendars.company().local_date(call.now):
            problems.append(
                Problem("f-launch_on", "This day has passed; choose today or a later one.")
            )
        elif launch_on.year > call.now.year + 1:
            problems.append(
                Problem("f-launch_on", "This is more than a year ahead; choose a nearer day.")
            )
    if problems:
        page = await _new_page(call, version, day, tuple(problems))
        return await show(call, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    cycle_id = await launch.prepare(
        call.conn, version_id, launch_on, "button", call.actor, call.now
    )
    return go(f"/cycles/{cycle_id}/check")


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
    stages = await list_stages(call.conn, item.id, call.now)
    facts = await load_cycle(call.conn, item.id)
    due = await progress.dues(call.conn, item.id)
    shares = await progress.shares(call.conn, item.id, call.now)
    zone = str(facts.calendars.zone)
    done = await progress.done_by_day(call.conn, item.id, zone)
    needs = await progress.attention(call.conn, item.id)
    today = facts.company.local_date(call.now)
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
        facts=tuple(_facts(item, visit, f"{item.definition}, version {version.version}")),
        figures=tuple(_figures(item, stages, needs)),
        stages=tuple(_stage(stage, item, visit, facts.definition) for stage in stages),
        timeline=cycle_pictures.cycle_timeline(item.title, stages, due, facts.calendars, today),
        burn_up=cycle_pictures.cycle_burn_up(
            stages, due, done, item.participants, item.launch_on, item.ends_at, today
        ),
        departments=cycle_pictures.by_department(shares),
        heat=cycle_pictures.by_stage(shares, stages),
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
        stages=(),
        timeline=None,
        burn_up=None,
        departments=None,
        heat=None,
        steering=(),
    )


async def tabs(call: Call, item: CycleItem, here: str) -> tuple[Link, ...]:
    """The parts of a cycle."""
    href = f"/cycles/{item.id}"
    counts = await queries.tab_counts(call.conn, item.id)
    links = [
        Link("Overview", href, None, here == "overview"),
        Link("People", f"{href}/people", counts.people, here == "people"),
    ]
    if item.opened_at is not None:
        links.append(Link("Open tasks", f"{href}/tasks", counts.open, here == "tasks"))
        links.append(Link("First minutes", f"{href}/first-minutes", None, here == "minutes"))
    return tuple(links)


def _facts(item: CycleItem, visit: Visit, version: str) -> list[str]:
    facts = [f"launched {say_day(item.launch_on, visit.today)}"]
    if item.launched_by == "rolling":
        facts = ["people enter on their hire date"]
    if item.paused_at is not None:
        facts.append(f"paused since {say_day(item.paused_at.astimezone(visit.zone).date())}")
    if item.closed_at is not None:
        facts.append(f"ended {say_day(item.closed_at.astimezone(visit.zone).date(), visit.today)}")
    elif item.ends_at is not None:
        day = say_day(visit.company_day(item.ends_at), visit.today)
        facts.append(f"ends {day} at the latest")
    return [*facts, version]


def _figures(item: CycleItem, stages: list[StageItem], needs: progress.Attention) -> list[Figure]:
    total = {
        name: sum(getattr(stage, name) or 0 for stage in stages)
        for name in ("done", "open", "overdue", "planned", "expired")
    }
    existing = total["done"] + total["open"] + total["planned"] + total["expired"]
    return [
        Figure(f"{item.participants:,}", "people take part"),
        Figure(f"{total['done']:,}", "tasks done", f"of {existing:,}"),
        Figure(f"{total['open'] - total['overdue']:,}", "open, in time"),
        Figure(f"{total['overdue']:,}", "late", "", "late" if total["overdue"] else ""),
        Figure(f"{needs.climbed:,}", "climbed the ladder"),
    ]


def _stage(stage: StageItem, item: CycleItem, visit: Visit, definition: Definition) -> StageLine:
    overdue = stage.overdue or 0
    steer = visit.hr and item.state == CycleState.OPEN and stage.state != StageState.CLOSED
    href = f"/cycles/{item.id}/steer"
    query = urlencode({"stage": str(stage.id)})
    waits = ""
    if stage.state == StageState.WAITING:
        waits = opens_words(definition, definition.stage(stage.key))
    return StageLine(
        stage.key,
        stage.title,
        stage.kind,
        stage.state,
        stage.planned_opens_on,
        stage.planned_due_on,
        stage.planned_closes_on,
        stage.done or 0,
        (stage.open or 0) - overdue,
        overdue,
        (stage.expired or 0) + (stage.excused or 0) + (stage.cancelled or 0),
        waits,
        f"{href}/extend_stage?{query}" if steer else "",
        f"{href}/close_stage?{query}" if steer else "",
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
    return links


# --- People and tasks of a cycle ---------------------------------------------------------------


@router.get("/cycles/{cycle_id}/people")
async def people(
    call: Reads,
    request: Request,
    cycle_id: UUID,
    text: str = "",
    state: str = "",
    department: str = "",
    cursor: str | None = None,
) -> Response:
    """Everybody of the company: in, or out with one reason."""
    item = await get_cycle(call.conn, cycle_id)
    reader = await call.reader()
    key = read_cursor(request, cursor, of="cycle-people", parts=2)
    rows = await queries.participant_rows(
        call.conn,
        cycle_id,
        now=call.now,
        hidden=hidden_cases(reader),
        state=state,
        department=department,
        search=text,
        after=(str(key[0]), int(key[1] or 0)) if key else ("", 0),
        limit=PAGE + 1,
    )
    visit = await visit_of(call)
    shown = rows[:PAGE]
    states = (("", "In or out"), ("in", "In"), ("out", "Out"), ("removed", "Taken out"))
    departments = await queries.departments_of(call.conn, cycle_id)
    page = CyclePeople(
        title=f"People of {item.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(item.title, f"/cycles/{cycle_id}")),
        notice=said(request),
        href=f"/cycles/{cycle_id}",
        heading=item.title,
        tabs=await tabs(call, item, "people"),
        people=tuple(_participant(row, cycle_id) for row in shown),
        filters=Filters(
            f"/cycles/{cycle_id}/people",
            text,
            (
                Select("state", "In or out", _choices(states, state)),
                Select(
                    "department",
                    "Department",
                    _choices((("", "All"), *((d, d) for d in departments)), department),
                ),
            ),
        ),
        more=_more(
            request,
            "cycle-people",
            [shown[-1].sort_name, shown[-1].person_id] if len(rows) > PAGE else None,
            len(shown),
        ),
        add_href=f"/cycles/{cycle_id}/steer/add"
        if visit.hr and item.state == CycleState.OPEN
        else "",
    )
    return await show(call, page)


def _choices(pairs: tuple[tuple[str, str], ...], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, chosen=value == chosen) for value, label in pairs)


def _more(request: Request, of: str, key: list[object] | None, shown: int) -> More:
    if key is None:
        return More("", shown)
    url = request.url.include_query_params(cursor=write_cursor(request, key, of=of))
    return More(f"{url.path}?{url.query}", shown)


def _participant(row: queries.ParticipantRow, cycle_id: UUID) -> ParticipantLine:
    return ParticipantLine(
        Person(row.person_id, row.name, row.department or "", row.first_name),
        "" if row.hidden else f"/cycles/{cycle_id}/people/{row.person_id}",
        row.state,
        "your own line: HR's rights end here"
        if row.hidden and row.state == "in"
        else participant_reason(row.state, row.reason, row.because, row.late),
        row.entered_on,
        row.done,
        row.open,
        row.overdue,
        row.manager or "",
    )


@router.get("/cycles/{cycle_id}/people/{person_id}")
async def participant(call: Reads, request: Request, cycle_id: UUID, person_id: int) -> Response:
    """A participant with their tasks, and what HR may do about each."""
    item = await get_cycle(call.conn, cycle_id)
    reader = await call.reader()
    if is_own_case(reader, person_id):
        raise NotFound(f"There is no participant {person_id} for this reader.")
    rows = await queries.participant_rows(
        call.conn, cycle_id, now=call.now, hidden=[], person_id=person_id, limit=1
    )
    if not rows:
        raise NotFound(f"There is no participant {person_id}.")
    row = rows[0]
    visit = await visit_of(call)
    tasks = await queries.task_rows(
        call.conn,
        cycle_id,
        now=call.now,
        hidden=hidden_cases(reader),
        open_only=False,
        subject_id=person_id,
    )
    skipped = await queries.skipped_stages(call.conn, cycle_id, person_id)
    who = urlencode({"person": row.email})
    running = item.state == CycleState.OPEN and hr_over(reader, person_id)
    page = ParticipantPage(
        title=f"{row.name} in {item.title}",
        part="cycles",
        crumbs=(
            Link("Cycles", "/cycles"),
            Link(item.title, f"/cycles/{cycle_id}"),
            Link("People", f"/cycles/{cycle_id}/people"),
        ),
        notice=said(request),
        person=Person(person_id, row.name, row.department or "", row.first_name),
        heading=item.title,
        facts=tuple(_participant_facts(row, visit)),
        tasks=tuple(_steerable(task, reader, running, visit) for task in tasks),
        skipped=tuple((title, skip_reason(reason)) for title, reason in skipped),
        actions=(Link("Take out of the cycle", f"/cycles/{cycle_id}/steer/remove?{who}"),)
        if running and row.state == "in"
        else (),
        result_href=f"/reviews/{cycle_id}/{person_id}" if hr_over(reader, person_id) else "",
    )
    return await show(call, page)


def _participant_facts(row: queries.ParticipantRow, visit: Visit) -> list[tuple[str, str]]:
    since = f" since {say_day(row.entered_on, visit.today)}" if row.entered_on else ""
    reason = participant_reason(row.state, row.reason, row.because, row.late)
    return [
        ("In or out", f"{row.state}{since}: {reason}"),
        ("Department", row.department or "none"),
        ("Reports to", row.manager or "nobody"),
    ]


def _steerable(
    task: queries.HeldTaskRow, reader: Reader, running: bool, visit: Visit
) -> SteerableTask:
    href = f"/tasks/{task.id}"
    actions: tuple[Link, ...] = ()
    live = task.state in (TaskState.OPEN, TaskState.PLANNED)
    if running and live:
        actions = (
            Link("Extend", f"{href}/steer/extend"),
            Link("Reassign", f"{href}/steer/reassign"),
            Link("Excuse", f"{href}/steer/excuse"),
        )
    elif running:
        actions = (Link("Reopen", f"{href}/steer/reopen"),)
    return SteerableTask(
        task.title,
        {"subject": "their own", "manager": "by the manager"}.get(task.role, f"by {task.role}"),
        task.holder or ("HR desk" if task.desk else "nobody yet"),
        task.state,
        task.due_on,
        _ended(task, visit),
        f"{href}/explain",
        max(1, (visit.today - task.due_on).days) if task.late else 0,
        actions,
    )


def _ended(task: queries.HeldTaskRow, visit: Visit) -> str:
    if task.ended_at is None:
        return ""
    word = ended_word(task.state, task.kind).lower()
    return f"{word} {say_day(task.ended_at.astimezone(visit.zone).date(), visit.today)}"


@router.get("/cycles/{cycle_id}/tasks")
async def tasks(
    call: Reads,
    request: Request,
    cycle_id: UUID,
    text: str = "",
    stage: str = "",
    what: str = "",
    cursor: str | None = None,
) -> Response:
    """Open tasks by deadline."""
    item = await get_cycle(call.conn, cycle_id)
    reader = await call.reader()
    key = read_cursor(request, cursor, of="cycle-tasks", parts=2)
    rows = await queries.task_rows(
        call.conn,
        cycle_id,
        now=call.now,
        hidden=hidden_cases(reader),
        open_only=True,
        stage=stage,
        what=what,
        search=text,
        after=(datetime.fromisoformat(str(key[0])), UUID(str(key[1]))) if key else None,
        limit=PAGE + 1,
    )
    visit = await visit_of(call)
    stages = await list_stages(call.conn, cycle_id, call.now)
    shown = rows[:PAGE]
    kinds = (("", "All"), ("late", "Late"), ("nobody", "Without an assignee"))
    page = CycleTasks(
        title=f"Open tasks of {item.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(item.title, f"/cycles/{cycle_id}")),
        href=f"/cycles/{cycle_id}",
        heading=item.title,
        tabs=await tabs(call, item, "tasks"),
        tasks=tuple(_held(task, item, visit) for task in shown),
        filters=Filters(
            f"/cycles/{cycle_id}/tasks",
            text,
            (
                Select(
                    "stage",
                    "Stage",
                    _choices((("", "All"), *((s.key, s.title) for s in stages)), stage),
                ),
                Select("what", "Which", _choices(kinds, what)),
            ),
        ),
        more=_more(
            request,
            "cycle-tasks",
            [shown[-1].due_at.isoformat(), str(shown[-1].id)] if len(rows) > PAGE else None,
            len(shown),
        ),
    )
    return await show(call, page)


def _held(task: queries.HeldTaskRow, item: CycleItem, visit: Visit) -> HeldTask:
    about = About(task.kind, task.role, task.title, task.subject, task.subject_first)
    holder = task.holder or ("HR desk" if task.desk else "Needs an assignee")
    return HeldTask(
        str(task.id),
        Person(task.holder_id or 0, holder, task.department or ""),
        verb_of(about),
        task.title if task.subject else item.title,
        task.due_on,
        task.state,
        max(1, (visit.today - task.due_on).days) if task.late else 0,
        explain_href=f"/tasks/{task.id}/explain",
        steer_href=f"/cycles/{item.id}/people/{task.subject_id}" if task.subject_id else "",
    )


@router.get("/cycles/{cycle_id}/first-minutes")
async def first_minutes(call: Reads, request: Request, cycle_id: UUID) -> Response:
    """Delivered and refused addresses, first forms opened, one click to stop."""
    item = await get_cycle(call.conn, cycle_id)
    if item.opened_at is None:
        raise IllegalState("This cycle has not been launched.")
    look = await first_ten_minutes(call.conn, cycle_id, call.now)
    refused = await queries.refused_mails(call.conn, cycle_id)
    mails = look.mails_sent + look.mails_waiting + look.mails_refused + look.mails_unknown
    opens = call.now < item.opened_at
    page = FirstMinutes(
        title=f"First minutes of {item.title}",
        part="cycles",
        crumbs=(Link("Cycles", "/cycles"), Link(item.title, f"/cycles/{cycle_id}")),
        notice=said(request),
        href=f"/cycles/{cycle_id}",
        heading=item.title,
        tabs=await tabs(call, item, "minutes"),
        launched_at=item.confirmed_at or item.opened_at,
        figures=(
            Figure(f"{look.mails_sent:,}", "mails delivered", f"of {mails:,}"),
            Figure(f"{look.mails_waiting:,}", "still on their way"),
            Figure(f"{look.mails_refused:,}", "refused", "", "bad" if look.mails_refused else ""),
            Figure(f"{look.forms_seen:,}", "forms opened"),
            Figure(f"{look.done:,}", "submitted"),
        ),
        refused=tuple(
            RefusedAddress(
                r.name,
                r.address,
                f"{r.code or ''} {r.answer or ''}".strip(),
                r.at,
                "Correct the address in the next people file; the task waits meanwhile.",
            )
            for r in refused
        ),
        stop_href=f"/cycles/{cycle_id}/steer/pause" if item.state == CycleState.OPEN else "",
        says="Nothing has opened yet: that is at the time planned."
        if opens
        else "Watch for ten minutes; then it runs by itself.",
    )
    return await show(call, page)
