"""Who may read a report, and from when: the rule by itself, and on rows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from definitions.durations import Duration
from domain.access import AccessRole, Reader
from store.access.facts import reader_of, roles_of
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.report_access import (
    Because,
    ReportStanding,
    RoundAbout,
    because,
    report_standing,
    report_standings,
)
from store.kinds.feedback_round.report_opening import open_reports
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    NOW,
    PEERS,
    World,
    ask,
    make_world,
    rate,
    unfolded,
)

SUBJECT, MANAGER, ABOVE, DESK, SYSTEM, OTHER = 1, 2, 3, 4, 5, 6
TODAY = date(2027, 2, 2)
ABOUT = RoundAbout(
    cycle_id=UUID(int=1),
    subject_id=SUBJECT,
    round_id=UUID(int=2),
    stage="feedback",
    title="Feedback",
    made_on=TODAY,
    over=False,
    held=False,
    readable_on=TODAY,
    today=TODAY,
    released=False,
    opened=False,
    hr_reads=True,
    line=(MANAGER, ABOVE),
)
_ROLES = {DESK: AccessRole.HR, SYSTEM: AccessRole.ADMINISTRATOR}


def reads(person: int, about: RoundAbout, *, line: frozenset[int] = frozenset()) -> str | None:
    roles = frozenset({AccessRole.PARTICIPANT} | ({_ROLES[person]} if person in _ROLES else set()))
    return ReportStanding(about, because(Reader(person, roles, line), about)).read_as


def readers(about: RoundAbout) -> dict[int, str]:
    """Whoever may read it, and as whom."""
    people = (SUBJECT, MANAGER, ABOVE, DESK, SYSTEM, OTHER)
    return {person: who for person in people if (who := reads(person, about))}


def test_nobody_reads_while_the_round_is_open() -> None:
    opened = replace(ABOUT, made_on=None, released=True, opened=True)
    assert readers(opened) == {}


def test_nobody_reads_while_comments_are_reviewed() -> None:
    assert readers(replace(ABOUT, held=True, released=True, opened=True)) == {}


def test_before_the_release_the_manager_and_hr_read() -> None:
    assert readers(ABOUT) == {MANAGER: "manager", DESK: "hr"}


def test_after_the_release_the_line_reads_and_the_subject_still_waits() -> None:
    released = replace(ABOUT, released=True)
    assert readers(released) == {MANAGER: "manager", ABOVE: "manager", DESK: "hr"}


def test_once_opened_the_subject_reads_and_still_no_administrator() -> None:
    opened = replace(ABOUT, released=True, opened=True)
    assert readers(opened) == {
        SUBJECT: "subject",
        MANAGER: "manager",
        ABOVE: "manager",
        DESK: "hr",
    }


@pytest.mark.parametrize(("days", "who"), [(-1, None), (0, "subject"), (1, "subject")])
def test_the_subject_reads_from_the_day_that_the_manager_does_not_have_alone(
    days: int, who: str | None
) -> None:
    opened = replace(ABOUT, opened=True, readable_on=TODAY, today=TODAY + timedelta(days=days))
    assert reads(SUBJECT, opened) == who
    assert reads(SUBJECT, replace(opened, readable_on=None)) is None


def test_hr_reads_nothing_where_completion_is_all_they_may_see() -> None:
    assert reads(DESK, replace(ABOUT, opened=True, hr_reads=False)) is None


def test_hr_reads_neither_their_own_nor_what_is_about_their_own_line() -> None:
    opened = replace(ABOUT, released=True)
    assert reads(DESK, replace(opened, subject_id=DESK)) is None
    assert reads(DESK, opened, line=frozenset({SUBJECT})) is None
    led = replace(opened, line=(DESK,))
    assert reads(DESK, replace(led, hr_reads=False)) == "manager"


def test_scripts_read_no_report() -> None:
    assert because(Reader(None, service=True), replace(ABOUT, opened=True)) is Because.NOT_YOURS


def test_why_somebody_waits_is_told_to_those_whom_it_concerns_alone() -> None:
    open_round = replace(ABOUT, made_on=None)
    subject, other = Reader(SUBJECT), Reader(OTHER)
    assert because(subject, open_round) is because(subject, replace(ABOUT, held=True))
    assert because(subject, open_round) is Because.UNDER_WAY
    assert because(subject, ABOUT) is Because.NOT_OPENED
    assert because(subject, replace(open_round, over=True)) is Because.NONE
    assert because(other, open_round) is because(other, ABOUT) is Because.NOT_YOURS


# --- On rows -----------------------------------------------------------------------------------


async def _closed(database: Database, **collect: object) -> World:
    """Four peers have answered about the subject, and the round has closed for them."""
    world = await make_world(database, definition=unfolded(**collect))
    peers = world.team[1:5]
    await ask(database, world, {world.subject: [(p, PEERS) for p in peers]})
    for rater in peers:
        await rate(database, world, rater, {"keep": "Words", "overall": 3})
    return world


async def _close(database: Database, world: World, now: datetime = AFTER_CLOSE) -> None:
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, now)
        await open_reports(conn, cycle, stage, now)


async def _because(
    database: Database, world: World, person: int, now: datetime = AFTER_CLOSE
) -> Because | None:
    async with database.begin() as conn:
        roles = await roles_of(conn, person, now.date())
        reader = await reader_of(conn, person, roles, now.date())
        found = await report_standing(conn, reader, world.cycle, world.subject, now)
    return found and found.because


async def test_a_round_that_stands_alone_opens_when_it_closes_for_its_subject(
    database: Database,
) -> None:
    world = await _closed(database)
    people = (world.subject, world.lead, world.hr)
    for person in people:
        assert await _because(database, world, person) is Because.UNDER_WAY
    later = AFTER_CLOSE.replace(hour=20)  # reports open at nine of the company's morning
    await _close(database, world, later)
    found = [await _because(database, world, person, later) for person in people]
    assert found == [Because.OWN, Because.MANAGES, Because.HR]
    for rater in world.team[1:]:
        assert await _because(database, world, rater) is Because.NOT_YOURS


async def test_the_manager_has_the_working_days_that_the_definition_gives(
    database: Database,
) -> None:
    world = await _closed(database, manager_first=Duration(2, "working_days"))
    await _close(database, world, datetime(2027, 2, 5, 18, tzinfo=UTC))  # a Friday
    days = {day: datetime(2027, 2, day, 18, tzinfo=UTC) for day in (5, 8, 9)}
    for now in days.values():
        assert await _because(database, world, world.lead, now) is Because.MANAGES
    assert await _because(database, world, world.subject, days[8]) is Because.NOT_OPENED
    async with database.begin() as conn:
        cycle, stage, _ = await world.facts(conn)
        await open_reports(conn, cycle, stage, days[9])
    assert await _because(database, world, world.subject, days[9]) is Because.OWN


async def test_who_takes_part_no_more_has_no_report(database: Database) -> None:
    world = await _closed(database)
    await _close(database, world)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE participants SET state = 'removed'"))
    assert await _because(database, world, world.subject) is None


async def test_nobody_was_asked_is_told_as_such_and_no_round_is_none(database: Database) -> None:
    world = await make_world(database)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO skips (stage_id, subject_id, reason, at) "
                "VALUES (:stage, :subject, 'no_raters', :now)"
            ),
            {"stage": world.collect, "subject": world.subject, "now": NOW},
        )
        reader = Reader(world.subject)
        cases = [(world.cycle, world.subject), (world.cycle, world.lead), (UUID(int=7), 1)]
        found = await report_standings(conn, reader, cases, NOW)
        named = await report_standing(conn, reader, world.cycle, world.subject, NOW, stage="other")
    assert [one.because for one in found] == [Because.NONE]
    assert named is None
