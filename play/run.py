"""Play a scenario: make the world, bring people in, let time pass, read what happened."""

import csv
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from activities.notifications.smtp import Transport
from definitions.company import Company
from definitions.loader import Parsed, parse_company, parse_definition
from definitions.shipped import company_source, cycle_source
from definitions.unfolding import unfold
from domain.access import SERVICE, Actor
from domain.states import Desk
from play.mail import Post
from play.moments import ScenarioError, instant
from play.people import Crowd
from play.report import Report, read_report
from play.scenario import Scenario
from play.scenario_file import ScenarioFile, check_names
from play.world import EngineStandsStill, World, begin, open_world
from store.company import desk_members, save_company
from store.definitions import publish
from store.launch import confirm, prepare
from store.people_import import import_people
from store.session import Database

LONGEST = timedelta(days=500)
"""No play lasts longer, unless it says `until`."""

MOST_BEGINNINGS = 3
"""So often a play is begun before an engine that stands still is given up."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a play is given, and who watches.

    Attributes:
        url: A PostgreSQL database in which a scratch schema may be made.
        test_server: The engine that skips time.
        published: Definitions by name that come before the shipped ones, as YAML.
        connect: Another transport for the mails, e.g. a real one to a real inbox.
        watch: Told now and then how far the play is.
        before_end: Called with the world when all is over and the facts are still there.
        anew: Called when a play begins anew, so that the other end of `connect` may forget the
            mails of the first beginning.
    """

    url: str
    test_server: Path
    published: Mapping[str, str] = field(default_factory=dict)
    connect: Callable[[], Transport] | None = None
    watch: Callable[[datetime], None] | None = None
    before_end: Callable[[World], Awaitable[None]] | None = None
    anew: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """The report of a play, and how fast it went."""

    report: Report
    zone: ZoneInfo
    turns: int
    begins: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class _Play:
    """What a scenario names, read."""

    scenario: Scenario
    people: bytes
    parsed: Parsed
    company: Company
    company_text: str
    zone: ZoneInfo
    launch_at: datetime
    begins: datetime
    until: datetime


async def play(file: ScenarioFile, people: Path, stage: Stage) -> Played:
    """Live a scenario. Nothing leaves the machine and no fact outside the scratch schema changes.

    `people` is a people file (CSV). Paths in the scenario are relative to its file. Raises
    ScenarioError, DefinitionError or Invalid for input that cannot be played.

    When the server that skips time stands still, the play begins anew in a new world: two plays
    of one scenario are equal, so nothing shows but the time that it took.
    """
    what = _read(file, people, stage.published)
    for _ in range(MOST_BEGINNINGS - 1):
        try:
            return await _play(what, stage)
        except EngineStandsStill:
            if stage.anew is not None:
                stage.anew()
    return await _play(what, stage)


async def _play(what: _Play, stage: Stage) -> Played:
    box: list[Crowd] = []

    async def act(as_of: datetime) -> datetime | None:
        if stage.watch is not None:
            stage.watch(as_of)
        return await box[0].act(as_of)

    post = Post(what.scenario, what.zone, what.begins, stage.connect)
    try:
        async with open_world(
            stage.url,
            begins=what.begins,
            test_server=stage.test_server,
            mail=post.turn,
            act=act,
            gate=lambda process, at: _down(what, process, at),
        ) as world:
            return await _live(world, what, box, stage)
    finally:
        await post.close()


def _read(file: ScenarioFile, people: Path, published: Mapping[str, str]) -> _Play:
    scenario = file.scenario
    folder = file.path.parent
    source, name = _definition(file, published)
    parsed = parse_definition(source, name)
    company_text = company_source()
    if scenario.company is not None:
        try:
            company_text = (folder / scenario.company).read_text(encoding="utf-8")
        except OSError:
            raise ScenarioError(
                f"{file.where(['company'])}: {folder / scenario.company} cannot be read"
            ) from None
    company = parse_company(company_text, scenario.company or "company.yaml")
    try:
        content = people.read_bytes()
    except OSError:
        raise ScenarioError(f"{people}: cannot be read") from None
    stages = [stage.id for stage in unfold(parsed.definition).stages]
    check_names(file, stages=stages, people=_employee_ids(content), forms=people.name)
    zone = ZoneInfo(company.zone)
    launch_at = instant(scenario.launch, zone)
    happens = [launch_at, *(instant(e.at, zone) for e in scenario.events)]
    begins = min(happens) - timedelta(minutes=1)
    until = launch_at + LONGEST if scenario.until is None else instant(scenario.until, zone)
    return _Play(scenario, content, parsed, company, company_text, zone, launch_at, begins, until)


def _definition(file: ScenarioFile, published: Mapping[str, str]) -> tuple[str, str]:
    name = file.scenario.definition
    if name in published:
        return published[name], f"{name}.yaml"
    if name.endswith((".yaml", ".yml")):
        path = file.path.parent / name
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except OSError:
            raise ScenarioError(f"{file.where(['definition'])}: {path} cannot be read") from None
    try:
        return cycle_source(name), f"{name}.yaml"
    except LookupError:
        raise ScenarioError(
            f"{file.where(['definition'])}: {name} is neither published nor shipped; "
            "give a name or the path of a .yaml file"
        ) from None


def _employee_ids(people: bytes) -> list[str]:
    """The ids in the file, as far as it can be read here; importing it says what is wrong."""
    try:
        rows = csv.DictReader(io.StringIO(people.decode("utf-8-sig")))
        return [row["employee_id"] for row in rows if row.get("employee_id")]
    except (UnicodeDecodeError, csv.Error):
        return []


async def _live(world: World, what: _Play, box: list[Crowd], stage: Stage) -> Played:
    scenario = what.scenario
    ids = await _settle(world.database, what)

    async def launch() -> None:
        if scenario.by == "button":
            await _launch(world, crowd, what)
        else:  # the definition recurs by itself from now on
            await _publish(world.database, what.parsed, what.launch_at)

    async def over() -> bool:
        return scenario.until is None and not crowd.waiting and await _over(world)

    reviews = any(stage.hold_comments for stage in what.parsed.definition.stages)
    crowd = Crowd(
        world.database, scenario, what.zone, ids, (what.launch_at, launch), reviews=reviews
    )
    box.append(crowd)
    if scenario.by == "button":
        await _publish(world.database, what.parsed, what.begins)
    await begin(world)
    await world.run(what.until, over)
    if stage.before_end is not None:
        await stage.before_end(world)
    async with world.database.begin() as conn:
        refusals = tuple({"at": r.at, "what": r.what, "detail": r.detail} for r in crowd.refusals)
        report = await read_report(conn, scenario.scenario, refusals)
    return Played(report, what.zone, world.turns, what.begins, await world.now())


async def _settle(database: Database, what: _Play) -> dict[str, int]:
    now = what.begins
    async with database.begin() as conn:
        await save_company(conn, what.company, what.company_text, now=now, saved_by_id=None)
        await import_people(conn, what.people, effective_on=now.date(), actor=SERVICE, now=now)
        rows = await conn.execute(text("SELECT employee_id, id FROM people"))
        return {r.employee_id: r.id for r in rows}


async def _publish(database: Database, parsed: Parsed, now: datetime) -> None:
    async with database.begin() as conn:
        await publish(conn, parsed, source=parsed.text, actor=SERVICE, now=now)


async def _launch(world: World, crowd: Crowd, what: _Play) -> None:
    at = what.launch_at
    async with world.database.begin() as conn:
        version = await conn.scalar(text("SELECT id FROM definition_versions"))
        members = await desk_members(conn, Desk.HR, at.date())
        hr = Actor(members[0] if members else None, "hr")
        company_day = at.astimezone(what.zone).date()
        crowd.cycle = await prepare(
            conn, version, company_day, "button", hr, at, only=_only(crowd, what)
        )
    if what.scenario.confirmed:
        async with world.database.begin() as conn:
            await confirm(conn, crowd.cycle, hr, at)


def _only(crowd: Crowd, what: _Play) -> list[int] | None:
    chosen = what.scenario.only
    return None if chosen is None else [crowd.ids[employee] for employee in chosen]


def _down(what: _Play, process: str, at: datetime) -> datetime | None:
    """Until when nothing runs, if the worker or the engine is down at that instant."""
    for down in what.scenario.down:
        first, last = instant(down.first, what.zone), instant(down.last, what.zone)
        if down.what in ("worker", "engine") and first <= at < last:
            return last
    return None


async def _over(world: World) -> bool:
    """Is nothing left to happen: the cycle ended, its processes did, the mails are out?"""
    async with world.database.begin() as conn:
        over = await conn.scalar(
            text(
                """
                SELECT (SELECT state IN ('closed', 'cancelled') FROM cycles
                        ORDER BY created_at, id LIMIT 1)
                  AND NOT EXISTS (SELECT 1 FROM processes p JOIN cycles c ON c.id = p.cycle_id
                        WHERE p.state = 'open' AND c.state IN ('closed', 'cancelled'))
                  AND NOT EXISTS (SELECT 1 FROM notifications
                        WHERE state IN ('queued', 'sending') AND NOT ride_along)
                """
            )
        )
    return bool(over)
