"""How the cycles of a play come into being: by button, or because a definition recurs.

A launch that is refused ends the play, unless the scenario expects it: what follows would be
played with the wrong cycle, or with none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.loader import Parsed
from domain.access import SERVICE, Actor
from domain.errors import AlmanacError, Invalid, NotFound
from domain.states import CycleState, Desk
from play.scenario import Launch
from play.world import PlayError
from store.base.session import Database
from store.definitions.versions import publish
from store.launch.check import report
from store.launch.launching import confirm, prepare
from store.people.company import desk_members

HOUR = timedelta(hours=1)
MOST_PROBLEMS = 5

LAUNCH = "launch"
"""What a refused launch is called among the refusals."""


@dataclass(frozen=True, slots=True)
class Launching:
    """A launch that a scenario names, read. `where` is its place in the file."""

    said: Launch
    parsed: Parsed
    at: datetime
    where: str

    @property
    def name(self) -> str:
        """The definition."""
        return self.parsed.definition.definition


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that Almanac refused, in its own words. `event` is its number, none: a launch."""

    at: datetime
    what: str
    detail: str
    event: int | None = None


@dataclass(slots=True)
class Cycles:
    """The cycles of a play, by definition; the first launch of the scenario is the main one."""

    database: Database
    zone: ZoneInfo
    launchings: Sequence[Launching]
    ids: dict[str, int]
    expects_refusal: bool = False
    wants_findings: bool = False
    refusals: list[Refusal] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    known: dict[str, UUID] = field(default_factory=dict)
    _waiting: list[Launching] = field(default_factory=list)
    _looked_at: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._waiting = sorted(self.launchings, key=lambda one: one.at)

    @property
    def waiting(self) -> int:
        """How many launches are still to come."""
        return len(self._waiting)

    @property
    def next_at(self) -> datetime | None:
        """When the next launch is."""
        return self._waiting[0].at if self._waiting else None

    @property
    def main(self) -> str:
        """The definition whose stages are named by their ids alone."""
        return self.launchings[0].name

    def of(self, name: str | None = None) -> UUID:
        """The cycle of a definition, by default the main one. Raises NotFound before its launch."""
        try:
            return self.known[name or self.main]
        except KeyError:
            raise NotFound("the cycle has not been launched yet") from None

    def named(self, stage: str) -> tuple[UUID, str]:
        """The cycle and the key of a stage: `self`, or `quarterly/self` of another definition."""
        name, slash, key = stage.rpartition("/")
        return self.of(name if slash else None), key

    async def publish_by_hand(self, now: datetime) -> None:
        """Publish, before anything happens, what is launched by button."""
        for one in self.launchings:
            if one.said.by == "button":
                await self._publish(one, now)

    async def launch_next(self) -> None:
        """Launch what is next. Raises PlayError if that is refused and not expected."""
        one = self._waiting.pop(0)
        if one.said.by == "schedule":  # the definition recurs by itself from now on
            await self._publish(one, one.at)
            return
        try:
            await self._press_the_button(one)
        except AlmanacError as error:
            self.refuse(one, one.at, error)

    def refuse(self, one: Launching, at: datetime, error: AlmanacError) -> None:
        """Note that a launch was refused. Raises PlayError if nothing like that is expected."""
        said = sentences(error)
        if not self.expects_refusal:
            raise PlayError(
                f"{one.where}: the launch of {one.name} at {at:%Y-%m-%d %H:%MZ} was refused: {said}"
            )
        self.refusals.append(Refusal(at, LAUNCH, said))

    async def _publish(self, one: Launching, now: datetime) -> None:
        async with self.database.begin() as conn:
            await publish(conn, one.parsed, source=one.parsed.text, actor=SERVICE, now=now)

    async def _press_the_button(self, one: Launching) -> None:
        async with self.database.begin() as conn:
            version = await conn.scalar(
                text(
                    "SELECT id FROM definition_versions WHERE definition = :name"
                    " ORDER BY version DESC LIMIT 1"
                ),
                {"name": one.name},
            )
            hr = await hr_actor(conn, one.at)
            only = None if one.said.only is None else [self.ids[who] for who in one.said.only]
            on = one.at.astimezone(self.zone).date()
            cycle = await prepare(conn, version, on, "button", hr, one.at, only=only)
        self.known[one.name] = cycle
        await self.look_at(cycle, one.at)
        if one.said.confirmed:
            async with self.database.begin() as conn:
                await confirm(conn, cycle, hr, one.at)

    async def look_at(self, cycle: UUID, at: datetime) -> None:
        """Keep what the launch check says of a cycle, once, if the scenario asks."""
        if not self.wants_findings or cycle in self._looked_at:
            return
        self._looked_at.add(cycle)
        async with self.database.begin() as conn:
            check = await report(conn, cycle, at)
            rows = await conn.execute(
                text("SELECT employee_id, first_name || ' ' || last_name AS name FROM people")
            )
            people = [(row.employee_id, row.name) for row in rows]
        self.findings += [
            {
                "cycle": check.definition,
                "code": found.code,
                "mood": found.mood,
                "text": f"{found.text} {found.detail}".strip(),
                "count": found.count,
                "people": sorted(who for who, name in people if name in found.names),
            }
            for found in check.findings
        ]

    async def find(self) -> None:
        """By schedule, cycles come by themselves."""
        missing = [
            one.name
            for one in self.launchings
            if one.said.by == "schedule" and one.name not in self.known
        ]
        if not missing:
            return
        async with self.database.begin() as conn:
            rows = await conn.execute(
                text(
                    "SELECT DISTINCT ON (definition) definition, id FROM cycles"
                    " WHERE definition = ANY(:names) ORDER BY definition, created_at, id"
                ),
                {"names": missing},
            )
            self.known |= {row.definition: row.id for row in rows}

    async def confirm_checks(self, as_of: datetime) -> datetime | None:
        """HR looks at a launch check an hour after it came, and confirms it, unless the scenario
        says otherwise. Returns when HR does so next."""
        scheduled = {one.name: one for one in self.launchings if one.said.by == "schedule"}
        if not scheduled:
            return None
        async with self.database.begin() as conn:
            rows = await conn.execute(
                text(
                    "SELECT id, definition, check_at FROM cycles WHERE state = :check"
                    " AND check_at IS NOT NULL AND definition = ANY(:names) ORDER BY check_at, id"
                ),
                {"check": CycleState.CHECK, "names": list(scheduled)},
            )
            checks = rows.all()
        for row in checks:
            one = scheduled[row.definition]
            at: datetime = row.check_at + HOUR
            if at > as_of:
                return at
            await self.look_at(row.id, at)
            if not one.said.confirmed:
                continue
            self.known.setdefault(one.name, row.id)
            try:
                async with self.database.begin() as conn:
                    await confirm(conn, row.id, await hr_actor(conn, at), at)
            except AlmanacError as error:
                self.refuse(one, at, error)
        return None

    async def must_have_come(self) -> None:
        """Raise PlayError if a launch by schedule was refused and that is not expected."""
        async with self.database.begin() as conn:
            rows = await conn.execute(
                text(
                    "SELECT definition, launch_at, reason FROM recurrences"
                    " WHERE state = 'refused' ORDER BY launch_at"
                )
            )
            refused = rows.all()
        for row in refused:
            for one in self.launchings:
                if one.name == row.definition and one.said.by == "schedule":
                    code = AlmanacError(f"the launch check says: {row.reason}")
                    self.refuse(one, row.launch_at, code)


def sentences(error: AlmanacError) -> str:
    """What was refused, where, and what to do, as sentences."""
    problems = error.problems[:MOST_PROBLEMS] if isinstance(error, Invalid) else ()
    where = [
        ": ".join(
            str(each[key]) for key in ("path", "question", "column", "message") if each.get(key)
        )
        for each in problems
    ]
    said = (error.detail, *where, error.hint)
    return ". ".join(part.rstrip(".") for part in said if part) + "."


async def hr_actor(conn: AsyncConnection, at: datetime) -> Actor:
    """The person who acts for HR in a play."""
    members = await desk_members(conn, Desk.HR, at.date())
    return Actor(members[0] if members else None, "hr")
