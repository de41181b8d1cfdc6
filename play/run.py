"""Play a scenario: make the world, bring people in, let time pass, read what happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from definitions.loader import Parsed, parse_company, parse_definition
from definitions.shipped import company_source, cycle_source
from domain.access import Actor
from domain.states import Desk
from play.mail import mail_turn
from play.people import Crowd
from play.report import Report, read_report
from play.scenario import Scenario, ScenarioError, instant
from play.world import World, begin, open_world
from store.company import desk_members, save_company
from store.definitions import publish
from store.launch import confirm, prepare
from store.people import refresh_profiles
from store.people_import import import_people
from store.session import Database

LONGEST = timedelta(days=500)
"""No play lasts longer, unless it says `until`."""


@dataclass(frozen=True, slots=True)
class Played:
    """The report of a play, and how fast it went."""

    report: Report
    zone: ZoneInfo
    turns: int
    begins: datetime
    ended: datetime


async def play(
    scenario: Scenario, people: bytes, *, url: str, test_server: Path, folder: Path
) -> Played:
    """Live a scenario. Nothing leaves the machine and no fact outside the scratch schema changes.

    Args:
        scenario: What to play.
        people: A people file (CSV).
        url: A PostgreSQL database in which a scratch schema may be made.
        test_server: The engine that skips time.
        folder: What paths in the scenario are relative to.

    Raises ScenarioError, DefinitionError or Invalid for input that cannot be played.
    """
    source, name = _definition(scenario, folder)
    parsed = parse_definition(source, name)
    company_text = (
        company_source()
        if scenario.company is None
        else (folder / scenario.company).read_text(encoding="utf-8")
    )
    company = parse_company(company_text, scenario.company or "company.yaml")
    zone = ZoneInfo(company.zone)
    launch_at = instant(scenario.launch, zone)
    begins = min([launch_at - timedelta(days=30), *_early(scenario, zone)])
    if scenario.by == "button":
        begins = min([launch_at, *_early(scenario, zone)]) - timedelta(minutes=1)
    crowd_box: list[Crowd] = []

    async def act(as_of: datetime) -> datetime | None:
        return await crowd_box[0].act(as_of)

    async with open_world(
        url,
        begins=begins,
        test_server=test_server,
        mail=lambda database: mail_turn(database, scenario, zone),
        act=act,
        gate=lambda process, at: _down(scenario, zone, process, at),
    ) as world:
        ids = await _settle(world.database, people, company, company_text, launch_at, begins)
        crowd = Crowd(world.database, scenario, zone, ids)
        crowd_box.append(crowd)
        await _publish(world.database, parsed, begins)
        await begin(world)
        if scenario.by == "button":
            await world.sleep_until(launch_at)
            await _launch(world, crowd, scenario, launch_at)
        until = launch_at + LONGEST if scenario.until is None else instant(scenario.until, zone)
        await world.run(until, lambda: _over(world, crowd, scenario))
        async with world.database.begin() as conn:
            refusals = tuple(
                {"at": r.at, "what": r.what, "detail": r.detail} for r in crowd.refusals
            )
            report = await read_report(conn, scenario.scenario, refusals)
        return Played(report, zone, world.turns, begins, await world.now())


def _early(scenario: Scenario, zone: ZoneInfo) -> list[datetime]:
    return [instant(e.at, zone) for e in scenario.events]


def _definition(scenario: Scenario, folder: Path) -> tuple[str, str]:
    if scenario.definition.endswith((".yaml", ".yml")):
        path = folder / scenario.definition
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except OSError:
            raise ScenarioError(f"definition: {path} cannot be read") from None
    try:
        return cycle_source(scenario.definition), f"{scenario.definition}.yaml"
    except LookupError:
        raise ScenarioError(
            f"definition: {scenario.definition} is not shipped; give the path of a .yaml file"
        ) from None


async def _settle(
    database: Database,
    people: bytes,
    company: object,
    company_text: str,
    launch_at: datetime,
    begins: datetime,
) -> dict[str, int]:
    async with database.begin() as conn:
        await save_company(conn, company, company_text, now=begins, saved_by_id=None)  # type: ignore[arg-type]
        await import_people(
            conn, people, effective_on=begins.date(), actor=Actor(None, "service"), now=begins
        )
        await refresh_profiles(conn, company, on=begins.date())  # type: ignore[arg-type]
        rows = await conn.execute(text("SELECT employee_id, id FROM people"))
        return {r.employee_id: r.id for r in rows}


async def _publish(database: Database, parsed: Parsed, now: datetime) -> None:
    async with database.begin() as conn:
        await publish(
            conn, parsed, source=parsed.text, actor=Actor(None, "service"), now=now
        )


async def _launch(world: World, crowd: Crowd, scenario: Scenario, at: datetime) -> None:
    async with world.database.begin() as conn:
        version = await conn.scalar(text("SELECT id FROM definition_versions"))
        members = await desk_members(conn, Desk.HR, at.date())
        hr = Actor(members[0] if members else None, "hr")
        company_day = at.astimezone(crowd.zone).date()
        crowd.cycle = await prepare(conn, version, company_day, "button", hr, at)
    if scenario.confirmed:
        async with world.database.begin() as conn:
            await confirm(conn, crowd.cycle, hr, at)
    world.clock.instant = at
    await world.relay.drain()
    await world.wake_crowd()


def _down(scenario: Scenario, zone: ZoneInfo, process: str, at: datetime) -> datetime | None:
    """Until when nothing runs, if the worker or the engine is down at that instant."""
    for down in scenario.down:
        first, last = instant(down.first, zone), instant(down.last, zone)
        if down.what in ("worker", "engine") and first <= at < last:
            return last
    return None


async def _over(world: World, crowd: Crowd, scenario: Scenario) -> bool:
    """Is nothing left to happen: the cycle ended, the mails are out, the events are done?"""
    async with world.database.begin() as conn:
        cycle = (
            await conn.execute(text("SELECT id, state FROM cycles ORDER BY created_at LIMIT 1"))
        ).one_or_none()
        if cycle is not None and crowd.cycle is None:
            crowd.cycle = cycle.id
        queued = await conn.scalar(
            text(
                "SELECT count(*) FROM notifications "
                "WHERE state IN ('queued', 'sending') AND NOT ride_along"
            )
        )
    if scenario.until is not None or cycle is None:
        return False
    return cycle.state in ("closed", "cancelled") and not queued


