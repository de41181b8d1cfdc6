"""What a mail promises is what happens: who is told next, and on which day, computed once."""

import json
import random
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from activities.notifications.sender import Sender
from activities.turn import Turn
from definitions.loader import parse_definition
from domain.access import ENGINE
from domain.processes.mail import MAIL
from play.mail import SETTINGS, KeepingRelay
from play.scenario import Scenario
from store.base.session import Database
from store.definitions.versions import publish
from store.engine.processes import start
from store.people.leaves import add_leave
from tests.store.running import LAUNCHED, advance, launched, rows

DAYS = 32
STAGES = """
definition: promised
title: Promised {period}
purpose: We keep what we say.
period: previous year
audience: {who: 'person.department in DEPARTMENTS', tenure: 0 days}
policies: {leave: LEAVE}
ladders:
  own: {remind: REMIND, escalate: ESCALATE}
ladder: own
stages:
  - {id: self, title: Self review, due: DUE working days, closes: CLOSES}
  - {id: manager, title: Manager review, assignee: manager, opens: launch, due: DUE working days}
forms:
  self: [{section: A, questions: [{id: a, ask: "What?"}]}]
  manager: [{section: A, questions: [{id: a, ask: "What?"}]}]
"""


@dataclass
class Luck:
    """What chance has decided about one company's season. Nobody in it ever answers."""

    seed: int
    down: list[tuple[datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def definition(self) -> str:
        chance = self.chance
        reminders = sorted(chance.sample(range(-5, 4), chance.randint(0, 3)))
        days = sorted(chance.sample(range(1, 12), chance.randint(1, 3)))
        steps = [
            f"{{on: {day}, to: {chance.choice(['manager', 'hr'])}"
            + (f", repeat: {chance.randint(2, 5)}" if chance.random() < 0.5 else "")
            + "}"
            for day in days
        ]
        departments = chance.sample(["IT", "Finance", "Executive", "Marketing", "Accounting"], 2)
        written = {
            "DEPARTMENTS": json.dumps(sorted(departments)),
            "LEAVE": chance.choice(["pause", "keep"]),
            "REMIND": str(reminders),
            "ESCALATE": f"[{', '.join(steps)}]",
            "DUE": str(chance.randint(3, 8)),
            "CLOSES": chance.choice(
                ["when done", f"{chance.randint(2, 9)} working days after due"]
            ),
        }
        source = STAGES
        for word, value in written.items():
            source = source.replace(word, value)
        return source

    def leaves(self, people: Sequence[int]) -> Iterable[tuple[int, date, date, int | None]]:
        """Many are away for a while, some with a delegate."""
        for person in self.chance.sample(sorted(people), 35):
            first = LAUNCHED.date() + timedelta(days=self.chance.randint(1, 30))
            last = first + timedelta(days=self.chance.randint(0, 12))
            delegate = self.chance.choice([None, None, self.chance.choice(list(people))])
            yield person, first, last, None if delegate == person else delegate

    def outages(self) -> None:
        for _ in range(self.chance.randint(0, 2)):
            begins = LAUNCHED + timedelta(hours=self.chance.randint(24, 24 * 16))
            self.down.append((begins, begins + timedelta(hours=self.chance.randint(2, 120))))

    def back_at(self, instant: datetime) -> datetime:
        """When the machines that were to act at this instant really act."""
        for begins, ends in sorted(self.down):
            if begins <= instant < ends:
                instant = ends
        return instant

    def calm(self, since: datetime, until: datetime) -> bool:
        """Was nothing down between the promise and the day that it named?"""
        return not any(begins < until and since < ends for begins, ends in self.down)


@asynccontextmanager
async def season(database: Database, luck: Luck) -> AsyncIterator[None]:
    """Live it through: the real steps and the real sender, at the instants that they ask for."""
    source = luck.definition()
    people = [int(str(row[0])) for row in await rows(database, "SELECT id FROM people")]
    async with database.begin() as conn:
        await start(conn, MAIL.id, MAIL, now=LAUNCHED)
        for person, first, last, delegate in luck.leaves(people):
            await add_leave(conn, person, first, last, delegate_id=delegate, now=LAUNCHED)
        version = await publish(
            conn, parse_definition(source), source=source, actor=ENGINE, now=LAUNCHED
        )
    luck.outages()
    scenario = Scenario(scenario="a season", definition="promised", launch=LAUNCHED.isoformat())
    relay = KeepingRelay(scenario, ZoneInfo("UTC"), LAUNCHED)
    sender = Sender(database, SETTINGS, lambda: relay)
    cycle = await launched(database, version.id)
    now = LAUNCHED
    while now < LAUNCHED + timedelta(days=DAYS):
        now = luck.back_at(await _until_quiet(database, sender, cycle, now))
    await sender.close()
    yield


async def _until_quiet(database: Database, sender: Sender, cycle: UUID, now: datetime) -> datetime:
    """Let everything happen that is due; returns when something is due next."""
    for _ in range(20):
        async with database.begin() as conn:
            await conn.execute(text("DELETE FROM bells"))
        engine = await advance(database, cycle, now)
        mail = (await sender.advance(Turn(database, lambda: None), now)).next_due_at
        if not await rows(database, "SELECT 1 FROM bells LIMIT 1"):
            return min(max(due, now + timedelta(seconds=1)) for due in (engine, mail) if due)
    raise AssertionError("the processes keep ringing each other")


PROMISES = (
    re.compile(r"If this is still open on (\w+ \d+ \w+), ([^.]+) will be told"),
    re.compile(r"On (\w+ \d+ \w+) ([^.]+) will be told, unless it is done by then"),
    re.compile(r"· ([^·.]+) will be told on (\w+ \d+ \w+)"),
)


@dataclass(frozen=True)
class Promise:
    on: str
    who: str


@dataclass(frozen=True)
class SentMail:
    """A mail to somebody about tasks of theirs, with what it says about the next day of telling."""

    at: datetime
    words: str
    tasks: tuple[UUID, ...]
    overdue: bool

    def promises(self) -> set[Promise]:
        words = " ".join(self.words.split())
        first = [Promise(*found) for pattern in PROMISES[:2] for found in pattern.findall(words)]
        noted = [Promise(on, who) for who, on in PROMISES[2].findall(words)]
        return {*first, *noted}


@dataclass(frozen=True)
class Escalation:
    """A mail that told somebody: on the assignee's day, as the promise calls the receivers."""

    at: datetime
    on: str
    who: str


async def _mails(database: Database) -> list[SentMail]:
    found = await rows(
        database,
        "SELECT m.sent_at, m.text, array_agg(n.task_id ORDER BY n.id),"
        " bool_or(n.event = 'reminder' AND CAST(split_part(n.rung, ':', 2) AS int) > 0)"
        " FROM mails m"
        " JOIN notifications n ON n.mail_id = m.id JOIN tasks t ON t.id = n.task_id"
        " WHERE m.state = 'sent' AND n.state = 'sent' AND n.person_id = t.assignee_id"
        " AND n.event IN ('task_opened', 'reminder') AND m.instead_of_id IS NULL"
        " AND n.person_id = m.person_id GROUP BY m.id, m.sent_at, m.text",
    )
    return [SentMail(*row) for row in found]  # type: ignore[arg-type]


async def _escalations(database: Database) -> dict[UUID, list[Escalation]]:
    """What was really sent, by task and instant. One per rung: a desk is told in several mails."""
    found = await rows(
        database,
        "SELECT t.id, n.rung, min(n.settled_at), min(r.zone),"
        " CASE WHEN bool_or(n.desk = 'hr') THEN 'HR' WHEN bool_or(l.manager_id = n.person_id)"
        " THEN 'your manager' ELSE string_agg(p.first_name || ' ' || p.last_name, ' and ') END"
        " FROM notifications n JOIN tasks t ON t.id = n.task_id JOIN people p ON p.id = n.person_id"
        " JOIN people a ON a.id = t.assignee_id JOIN profiles r ON r.id = a.profile_id"
        " LEFT JOIN reporting_lines l ON l.person_id = t.assignee_id AND l.valid_to IS NULL"
        " WHERE n.event = 'escalation' AND n.state = 'sent' GROUP BY t.id, n.rung ORDER BY 3",
    )
    by_task: dict[UUID, list[Escalation]] = defaultdict(list)
    for task, _rung, at, zone, who in found:
        assert isinstance(task, UUID)
        assert isinstance(at, datetime)
        day = at.astimezone(ZoneInfo(str(zone))).date()
        by_task[task].append(Escalation(at, f"{day:%a} {day.day} {day:%b}", str(who)))
    return by_task


def _instant(promise: Promise) -> datetime:
    """The end of the promised day, wherever."""
    day = datetime.strptime(f"{promise.on} 2027", "%a %d %b %Y").replace(tzinfo=UTC)
    return day + timedelta(days=2)


@pytest.mark.parametrize("seed", range(4))
async def test_what_a_mail_promises_is_what_later_happens(seed: int, demo: Database) -> None:
    luck = Luck(seed)
    async with season(demo, luck):
        mails = await _mails(demo)
        happened = await _escalations(demo)
    ended = {row[0] for row in await rows(demo, "SELECT id FROM tasks WHERE state = 'excused'")}
    assert mails
    horizon = LAUNCHED + timedelta(days=DAYS - 3)
    for mail in mails:
        if ended & {*mail.tasks}:
            continue  # known long leave: the task is excused, and nothing more is said of it
        following = {
            task: next((e for e in happened[task] if e.at > mail.at), None) for task in mail.tasks
        }
        for promise in mail.promises():
            if _instant(promise) > horizon or not luck.calm(mail.at, _instant(promise)):
                continue
            kept = {Promise(e.on, e.who) for e in following.values() if e is not None}
            assert promise in kept, (luck.definition(), mail, happened[mail.tasks[0]])
        if mail.overdue and not mail.promises():
            came = [e for e in following.values() if e is not None and luck.calm(mail.at, e.at)]
            assert not came, (mail, came)
