"""Play a scenario: make the world, bring people in, let time pass, read what happened."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from activities.notifications.smtp import Transport
from definitions.company import Company
from definitions.kinds.feedback_round.stage import FeedbackRound
from definitions.loader import parse_company, parse_definition
from definitions.shipped import company_source, cycle_source
from definitions.unfolding import unfold
from domain.access import SERVICE
from play.launching import LAUNCH, Cycles, Launching
from play.mail import Post
from play.moments import ScenarioError, instant
from play.people import Crowd
from play.report import Report, read_report
from play.scenario import Scenario
from play.scenario_file import ScenarioFile, check_names, check_times
from play.world import EngineStandsStill, World, begin, open_world
from store.base.session import Database
from store.changes.people_import import import_people
from store.people.company import save_company
from store.people.file import read_people_file

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

    file: ScenarioFile
    people: bytes
    launchings: tuple[Launching, ...]
    company: Company
    company_text: str
    zone: ZoneInfo
    begins: datetime
    until: datetime

    @property
    def scenario(self) -> Scenario:
        return self.file.scenario

    @property
    def by_hand(self) -> list[str]:
        """Definitions whose own recurrence must not run beside the button."""
        return [one.name for one in self.launchings if one.said.by == "button"]


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
            by_hand=what.by_hand,
        ) as world:
            return await _live(world, what, box, stage)
    finally:
        await post.close()


def _read(file: ScenarioFile, people: Path, published: Mapping[str, str]) -> _Play:
    scenario = file.scenario
    company_text = company_source()
    if scenario.company is not None:
        company_text = _text(file, ["company"], scenario.company)
    company = parse_company(company_text, scenario.company or "company.yaml")
    content = _people(people)
    zone = ZoneInfo(company.zone)
    launchings = tuple(_launching(file, number, zone, published) for number in _places(scenario))
    check_names(
        file, stages=_stage_names(launchings), people=_employee_ids(content), forms=people.name
    )
    first = min(one.at for one in launchings)
    until = first + LONGEST if scenario.until is None else instant(scenario.until, zone)
    check_times(file, zone, {one.name: one.at for one in launchings}, until)
    happens = [first, *(instant(e.at, zone) for e in scenario.events)]
    begins = min(happens) - timedelta(minutes=1)
    return _Play(file, content, launchings, company, company_text, zone, begins, until)


def _places(scenario: Scenario) -> list[tuple[str | int, ...]]:
    """Where the launches stand in the file: the scenario's own, and those beside it."""
    return [(), *(("also", number) for number, _ in enumerate(scenario.also))]


def _launching(
    file: ScenarioFile, place: tuple[str | int, ...], zone: ZoneInfo, published: Mapping[str, str]
) -> Launching:
    said = file.scenario.also[int(place[1])] if place else file.scenario
    source, name = _definition(file, [*place, "definition"], said.definition, published)
    where = file.where([*place, "launch"])
    return Launching(said, parse_definition(source, name), instant(said.launch, zone), where)


def _stage_names(launchings: Sequence[Launching]) -> list[str]:
    """The stages by the names that a scenario may use: the first definition's ids alone as well."""
    names: list[str] = []
    for number, one in enumerate(launchings):
        keys = [stage.id for stage in unfold(one.parsed.definition).stages]
        names += keys if number == 0 else []
        names += [f"{one.name}/{key}" for key in keys] if len(launchings) > 1 else []
    return names


def _text(file: ScenarioFile, place: Sequence[str | int], name: str) -> str:
    """A file beside the scenario. Raises ScenarioError."""
    path = file.path.parent / name
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError):
        raise ScenarioError(f"{file.where(place)}: {path} cannot be read") from None


def _people(people: Path) -> bytes:
    try:
        return people.read_bytes()
    except OSError:
        raise ScenarioError(f"{people}: cannot be read") from None


def _definition(
    file: ScenarioFile, place: Sequence[str | int], name: str, published: Mapping[str, str]
) -> tuple[str, str]:
    if name in published:
        return published[name], f"{name}.yaml"
    if name.endswith((".yaml", ".yml")):
        return _text(file, place, name), str(file.path.parent / name)
    try:
        return cycle_source(name), f"{name}.yaml"
    except LookupError:
        raise ScenarioError(
            f"{file.where(place)}: {name} is neither published nor shipped; "
            "give a name or the path of a .yaml file"
        ) from None


def _employee_ids(people: bytes) -> list[str]:
    """The ids in the file, as far as it can be read; importing it says what is wrong."""
    return [row.cells.get("employee_id", "") for row in read_people_file(people).rows]


async def _live(world: World, what: _Play, box: list[Crowd], stage: Stage) -> Played:
    scenario = what.scenario
    ids = await _settle(world.database, what)
    cycles = _cycles(world, what, ids)

    async def over() -> bool:
        return scenario.until is None and not crowd.waiting and await _over(world, what)

    reviews = any(
        isinstance(stage, FeedbackRound) and stage.hold_comments
        for one in what.launchings
        for stage in one.parsed.definition.stages
    )
    crowd = Crowd(world.database, scenario, what.zone, ids, cycles, reviews=reviews)
    box.append(crowd)
    await cycles.publish_by_hand(what.begins)
    await begin(world)
    await world.run(what.until, over)
    await cycles.must_have_come()
    if stage.before_end is not None:
        await stage.before_end(world)
    async with world.database.begin() as conn:
        report = await read_report(
            conn,
            scenario.scenario,
            tuple(asdict(refusal) for refusal in cycles.refusals),
            main=cycles.main,
            findings=tuple(cycles.findings),
        )
    return Played(report, what.zone, world.turns, what.begins, await world.now())


def _cycles(world: World, what: _Play, ids: dict[str, int]) -> Cycles:
    expected = what.scenario.expect
    return Cycles(
        world.database,
        what.zone,
        what.launchings,
        ids,
        expects_refusal=any(e.refused and e.refused.what == LAUNCH for e in expected),
        wants_findings=any(e.finding or e.no_finding for e in expected),
    )


async def _settle(database: Database, what: _Play) -> dict[str, int]:
    now = what.begins
    async with database.begin() as conn:
        await save_company(conn, what.company, what.company_text, now=now, saved_by_id=None)
        await import_people(conn, what.people, effective_on=now.date(), actor=SERVICE, now=now)
        rows = await conn.execute(text("SELECT employee_id, id FROM people"))
        return {r.employee_id: r.id for r in rows}


def _down(what: _Play, process: str, at: datetime) -> datetime | None:
    """Until when nothing runs, if the worker or the engine is down at that instant."""
    for down in what.scenario.down:
        first, last = instant(down.first, what.zone), instant(down.last, what.zone)
        if down.what in ("worker", "engine") and first <= at < last:
            return last
    return None


async def _over(world: World, what: _Play) -> bool:
    """Is nothing left to happen: the cycles ended, their processes did, the mails are out?"""
    names = [one.name for one in what.launchings]
    async with world.database.begin() as conn:
        over = await conn.scalar(
            text(
                """
                SELECT (SELECT count(*) FILTER (WHERE state IN ('closed', 'cancelled')) = :many
                        FROM (SELECT DISTINCT ON (definition) state FROM cycles
                        WHERE definition = ANY(:names)
                        ORDER BY definition, created_at, id) AS first)
                  AND NOT EXISTS (SELECT 1 FROM processes p JOIN cycles c ON c.id = p.cycle_id
                        WHERE p.state = 'open' AND c.state IN ('closed', 'cancelled'))
                  AND NOT EXISTS (SELECT 1 FROM notifications
                        WHERE state IN ('queued', 'sending') AND NOT ride_along)
                """
            ),
            {"many": len(names), "names": names},
        )
    return bool(over)
