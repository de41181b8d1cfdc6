"""The demo: made once, whole or not at all, with something to see at any hour."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import text

from config import Settings
from definitions import shipped
from definitions.calendar import Calendars
from definitions.loader import parse_definition
from domain.access import Actor
from embedded.demo import _last_morning, holds_nothing, make_demo, open_doors
from embedded.mailbox import Mailbox
from embedded.smtp_sink import SmtpSink
from store.access.links import LinkState, find_link
from store.base.session import Database
from store.definitions.versions import latest, publish

SEATTLE = ZoneInfo("America/Los_Angeles")
SATURDAY = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)  # Friday evening in Seattle


_TASKS = """
SELECT v.definition, s.key, t.state, count(*) AS count FROM tasks t
JOIN stages s ON s.id = t.stage_id JOIN cycles c ON c.id = t.cycle_id
JOIN definition_versions v ON v.id = c.version_id GROUP BY 1, 2, 3
"""


@pytest_asyncio.fixture
async def sink(tmp_path: Path) -> AsyncIterator[SmtpSink]:
    async with SmtpSink(Mailbox(tmp_path / "mails")) as running:
        yield running


@pytest.fixture
def settings(database_url: str, sink: SmtpSink) -> Settings:
    return Settings(
        database_url=database_url,  # type: ignore[arg-type]
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        smtp_security="none",
        smtp_per_second=None,
        public_url="http://127.0.0.1:8000",
    )


@pytest.mark.parametrize(
    ("now", "launch_on"),
    [
        ("2026-11-20 19:20", date(2026, 11, 20)),  # a Friday evening
        ("2026-11-22 12:00", date(2026, 11, 20)),  # a Sunday
        ("2026-11-23 09:14", date(2026, 11, 20)),  # a Monday before its morning is over
        ("2026-11-23 09:15", date(2026, 11, 23)),
        ("2026-11-27 15:00", date(2026, 11, 25)),  # the day after Thanksgiving
    ],
)
def test_the_cycle_begins_on_the_last_morning_that_is_over_everywhere(
    now: str, launch_on: date
) -> None:
    company = Calendars.freeze(shipped.company(), 2026, 2027).company()
    instant = datetime.fromisoformat(now).replace(tzinfo=SEATTLE)
    day, confirmed_at, until = _last_morning(company, instant)
    assert day == launch_on
    assert confirmed_at < company.opening(day) < until <= instant


async def test_an_empty_database_gets_a_company_whose_cycle_has_begun(
    settings: Settings, database: Database, sink: SmtpSink
) -> None:
    assert await holds_nothing(settings)
    made = await make_demo(settings, now=SATURDAY)
    assert (made.imported, made.participants) == (107, 106)
    assert not await holds_nothing(settings)
    async with database.begin() as conn:
        rows = await conn.execute(text(_TASKS))
        found = {(row.definition, row.key, row.state): row.count for row in rows}
        annual = {key[1:]: count for key, count in found.items() if key[0] == "annual"}
        assert annual == {("self", "open"): 106, ("feedback.nominate", "open"): 106}
        round_ = {key[1:] for key in found if key[0] == "feedback"}
        assert round_ == {
            ("feedback.nominate", "done"),
            ("feedback.approve", "done"),
            ("feedback.collect", "done"),
            ("feedback.collect", "open"),
        }
        for name, parsed in shipped.definitions().items():
            version = await latest(conn, name)
            assert version is not None
            assert (version.hash, version.version) == (parsed.hash, 1)
    mails = sink.mailbox.newest_first(limit=1000)
    assert len({mail.recipients for mail in mails}) == 106
    assert len(mails) > 106, "a team had mails about its round before"


async def test_a_second_time_only_links_are_made(
    settings: Settings, database: Database, sink: SmtpSink
) -> None:
    await make_demo(settings, now=SATURDAY)
    first = await open_doors(settings, now=SATURDAY)
    async with database.begin() as conn:
        await publish(
            conn,
            parse_definition(shipped.cycle_source("quarterly") + "\n# ours\n", "ours"),
            source="",
            actor=Actor(1, "hr"),
            now=SATURDAY,
        )
    sent = sink.mailbox.count()
    second = await open_doors(settings, now=SATURDAY)
    assert {door.address for door in first}.isdisjoint(door.address for door in second)
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM cycles")) == 2
        versions = await conn.scalar(text("SELECT count(*) FROM definition_versions"))
        assert versions == len(shipped.NAMES)
    assert sink.mailbox.count() == sent


async def test_a_version_of_a_person_is_not_replaced_by_the_shipped_one(
    settings: Settings, database: Database
) -> None:
    await make_demo(settings, now=SATURDAY)
    changed = shipped.cycle_source("quarterly").replace("title: ", "title: Our ", 1)
    async with database.begin() as conn:
        person = await conn.scalar(text("SELECT min(id) FROM people"))
        parsed = parse_definition(changed, "ours")
        ours = await publish(conn, parsed, source=changed, actor=Actor(person, "hr"), now=SATURDAY)
    await open_doors(settings, now=SATURDAY)
    async with database.begin() as conn:
        kept = await latest(conn, "quarterly")
    assert kept is not None
    assert kept.id == ours.id


async def test_each_door_is_that_of_another_kind_of_person(
    settings: Settings, database: Database
) -> None:
    await make_demo(settings, now=SATURDAY)
    doors = await open_doors(settings, now=SATURDAY)
    assert [door.who for door in doors] == ["HR", "Manager", "Participant", "Administrator"]
    async with database.begin() as conn:
        links = [
            await find_link(conn, door.address.rpartition("/l/")[2], SATURDAY) for door in doors
        ]
        assert {link.state for link in links} == {LinkState.VALID}
        mails = [
            await conn.scalar(
                text("SELECT email FROM people WHERE id = :id"), {"id": link.person_id}
            )
            for link in links
        ]
    assert mails[0] == "sjacobs@example.com"
    assert mails[3] == "ajames@example.com"
    assert len(set(mails)) == 4
