"""Recurring launches come by themselves, and never without the approval that they ask for."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text

from store.base.session import Database
from store.changes.people_import import add_person
from store.launch.launching import confirm, prepare
from store.launch.recurring import advance_launch_calendar
from tests.store.running import HR, column, launched, published, rows, told, utc

SWITCHED_ON = datetime(2026, 11, 20, 17, tzinfo=UTC)
NOBODY = ("  every: year\n", "  every: year\n  approve: nobody\n")


async def look(database: Database, as_of: datetime) -> datetime | None:
    """One turn of the launch calendar. It looks at people every morning anyway."""
    async with database.begin() as conn:
        return await advance_launch_calendar(conn, as_of)


async def recurrences(database: Database) -> list[tuple[object, ...]]:
    return await rows(
        database, "SELECT launch_on, check_at, launch_at, state, reason FROM recurrences ORDER BY 1"
    )


async def test_the_next_launch_is_planned_checked_and_waits_for_hr(demo: Database) -> None:
    await published(demo, at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    # The second Tuesday of January; ten working days before it (Christmas, New Year's Day).
    check_at, launch_at = utc(12, 28, year=2026), utc(1, 12, 8)
    planned = (date(2027, 1, 12), check_at, launch_at)
    assert await recurrences(demo) == [(*planned, "planned", None)]
    for _ in range(2):
        await look(demo, check_at)
        assert (await recurrences(demo))[0] == (*planned, "checked", None)
        assert await told(demo, "launch_check") == ["203"]
        assert await column(demo, "SELECT state FROM cycles") == ["check"]
    for _ in range(2):
        await look(demo, launch_at)
        assert (await recurrences(demo))[0] == (*planned, "asked", "unconfirmed")
        assert await column(demo, "SELECT state FROM cycles") == ["waiting_for_approval"]
        assert await told(demo, "launch_waiting") == ["103", "203"]
    [cycle] = await column(demo, "SELECT id FROM cycles")
    async with demo.begin() as conn:
        done = await confirm(conn, UUID(str(cycle)), HR, utc(1, 15))
    assert (done.launch_on, done.opens_at) == (date(2027, 1, 15), utc(1, 15))
    assert (await recurrences(demo))[0][3] == "launched"


async def test_confirmed_in_time_it_opens_at_nine_everywhere(demo: Database) -> None:
    await published(demo, at=SWITCHED_ON)
    await look(demo, utc(12, 28, year=2026))
    [cycle] = await column(demo, "SELECT id FROM cycles")
    async with demo.begin() as conn:
        done = await confirm(conn, UUID(str(cycle)), HR, utc(1, 4))
    assert (done.launch_on, done.opens_at) == (date(2027, 1, 12), utc(1, 12, 8))
    await look(demo, utc(1, 12, 8))
    assert await column(demo, "SELECT state FROM cycles") == ["open"]
    assert await told(demo, "launch_waiting") == []


async def test_approved_by_nobody_it_launches_at_its_instant(demo: Database) -> None:
    await published(demo, "annual", NOBODY, at=SWITCHED_ON)
    await look(demo, utc(12, 28, year=2026))
    launch_at = utc(1, 12, 8)
    await look(demo, launch_at.replace(second=3))
    opened = await rows(demo, "SELECT state, launched_by, launch_on, opened_at FROM cycles")
    assert opened == [("open", "schedule", date(2027, 1, 12), launch_at)]
    # And the launch of the year after is planned.
    assert (await recurrences(demo))[1][0] == date(2028, 1, 11)


async def test_missed_it_asks_runs_or_is_skipped_as_the_definition_says(demo: Database) -> None:
    for missed, state in (("ask", "asked"), ("run", "launched"), ("skip", "skipped")):
        said = ("  every: year\n", f"  every: year\n  approve: nobody\n  missed: {missed}\n")
        name = ("definition: annual", f"definition: annual_{missed}")
        await published(demo, "annual", said, name, at=SWITCHED_ON)
        await look(demo, SWITCHED_ON)
        await look(demo, utc(1, 14))
        found = await rows(
            demo,
            "SELECT r.state, c.state, c.launch_on FROM recurrences r JOIN cycles c"
            " ON c.id = r.cycle_id WHERE r.definition = :name",
            name=f"annual_{missed}",
        )
        cycle = {"ask": "waiting_for_approval", "run": "open", "skip": "cancelled"}[missed]
        on = date(2027, 1, 14) if missed == "run" else date(2027, 1, 12)
        assert found == [(state, cycle, on)]


async def test_a_launch_beside_an_open_cycle_is_refused_and_hr_told(demo: Database) -> None:
    version = await published(demo, at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    await launched(demo, version, utc(12, 1, year=2026))
    await look(demo, utc(12, 28, year=2026))
    assert (await recurrences(demo))[0][3:] == ("refused", "illegal-state")
    assert await told(demo, "launch_waiting") == ["203"]
    assert len(await column(demo, "SELECT id FROM cycles")) == 1


async def test_a_newer_version_with_other_dates_replaces_what_was_planned(demo: Database) -> None:
    await published(demo, at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    later = ("second Tuesday of January", "third Tuesday of January")
    await published(demo, "annual", later, at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    assert [row[0] for row in await recurrences(demo)] == [date(2027, 1, 19)]


async def test_four_shipped_definitions_are_planned_together(demo: Database) -> None:
    for name in ("annual", "mid_year", "quarterly", "probation"):
        await published(demo, name, at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    planned = await rows(demo, "SELECT definition, launch_on FROM recurrences ORDER BY 2")
    assert planned == [
        ("annual", date(2027, 1, 12)),
        ("quarterly", date(2027, 4, 13)),
        ("mid_year", date(2027, 6, 8)),
    ]
    rolling = await rows(demo, "SELECT definition, state, launch_on FROM cycles")
    assert rolling == [("probation", "open", date(2026, 11, 20))]


async def newcomer(database: Database, employee: str, hired: date, now: datetime) -> None:
    columns = {
        "employee_id": employee,
        "first_name": "New",
        "last_name": employee,
        "email": f"{employee}@example.com",
        "hire_date": hired.isoformat(),
        "manager_id": "103",
        "city": "Southlake",
    }
    async with database.begin() as conn:
        await add_person(conn, columns, actor=HR, now=now)


async def test_people_enter_a_rolling_cycle_on_their_hire_date_with_a_plan_of_their_own(
    demo: Database,
) -> None:
    await published(demo, "probation", at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    await newcomer(demo, "n1", date(2026, 12, 1), SWITCHED_ON)
    await newcomer(demo, "n2", date(2026, 11, 19), SWITCHED_ON)  # before it was switched on
    await newcomer(demo, "n3", date(2027, 1, 4), SWITCHED_ON)  # the next year's cycle
    assert await look(demo, SWITCHED_ON) is not None
    assert await column(demo, MEMBERS) == []
    for _ in range(2):
        await look(demo, utc(12, 1, year=2026))
        assert await column(demo, MEMBERS) == ["n1"]
    out = await rows(
        demo,
        "SELECT p.employee_id, i.reason FROM participants i JOIN people p ON p.id = i.person_id"
        " WHERE i.state = 'out' AND p.employee_id LIKE 'n%'",
    )
    assert out == [("n2", "hired_before")]
    [due] = await column(
        demo, "SELECT plan -> 'stages' -> 'talk_30' ->> 'due' FROM participants WHERE state = 'in'"
    )
    assert due == "2026-12-31"  # 30 days after 1 December
    await look(demo, utc(1, 4))
    years = await rows(
        demo,
        "SELECT c.launch_on, array_agg(p.employee_id) FILTER (WHERE i.state = 'in')"
        " FROM cycles c JOIN participants i ON i.cycle_id = c.id"
        " JOIN people p ON p.id = i.person_id GROUP BY 1 ORDER BY 1",
    )
    assert years == [(date(2026, 11, 20), ["n1"]), (date(2027, 1, 1), ["n3"])]


MEMBERS = (
    "SELECT p.employee_id FROM participants i JOIN people p ON p.id = i.person_id"
    " WHERE i.state = 'in' ORDER BY 1"
)


async def test_a_record_that_comes_late_skips_what_was_due_before(demo: Database) -> None:
    await published(demo, "probation", at=SWITCHED_ON)
    await look(demo, SWITCHED_ON)
    await newcomer(demo, "n1", date(2026, 12, 1), utc(1, 11))
    await look(demo, utc(1, 11))
    skipped = await column(
        demo, "SELECT s.key FROM skips k JOIN stages s ON s.id = k.stage_id ORDER BY s.position"
    )
    assert skipped == ["day_30", "talk_30"]


async def test_late_joiners_enter_until_the_instant_of_the_definition(demo: Database) -> None:
    cycle = await launched(demo, await published(demo, at=SWITCHED_ON))
    await newcomer(demo, "late", date(2026, 10, 20), utc(1, 13))  # 90 days: 18 January
    await newcomer(demo, "later", date(2026, 12, 1), utc(1, 13))
    await look(demo, utc(1, 13))
    reasons = (
        "SELECT p.employee_id, i.state, i.reason, i.late FROM participants i"
        " JOIN people p ON p.id = i.person_id WHERE p.employee_id LIKE 'late%' ORDER BY 1"
    )
    assert await rows(demo, reasons) == [
        ("late", "out", "tenure", True),
        ("later", "out", "tenure", True),
    ]
    for _ in range(2):
        await look(demo, utc(1, 18))
        assert (await rows(demo, reasons))[0] == ("late", "in", "late", True)
    assert await column(demo, "SELECT participants FROM cycles") == [107]
    await look(demo, utc(3, 1))  # 90 days after 1 December, but after self.due
    assert (await rows(demo, reasons))[1][1] == "out"
    assert await column(
        demo, "SELECT count(*) FROM bells WHERE process_id = :id", id=f"cycle-{cycle}"
    )


async def test_a_leaving_day_makes_somebody_left_by_itself(demo: Database) -> None:
    async with demo.begin() as conn:
        await conn.execute(
            text("UPDATE people SET left_on = '2027-01-20' WHERE employee_id = '206'")
        )
    status = "SELECT status FROM people WHERE employee_id = '206'"
    await look(demo, utc(1, 19))
    assert await column(demo, status) == ["active"]
    await look(demo, utc(1, 20))
    assert await column(demo, status) == ["left"]


async def test_without_a_company_file_there_is_nothing_to_look_at(database: Database) -> None:
    assert await look(database, utc(1, 12)) is None


async def test_a_cycle_prepared_by_button_waits_for_nobody_but_hr(demo: Database) -> None:
    version = await published(demo, at=SWITCHED_ON)
    async with demo.begin() as conn:
        await prepare(conn, version, date(2026, 12, 1), "button", HR, SWITCHED_ON)
    await look(demo, utc(12, 2, year=2026))
    assert await column(demo, "SELECT state FROM cycles") == ["check"]


ODD = (
    {"launch": {"every": "year", "on": ["12 January"], "check": "9999 years"}},
    {"launch": {"every": "year", "on": ["12 January"], "check": "900 working days"}},
    {"stages": 7},
)
"""Published before spans had bounds, or by a version that meant something else."""


async def test_a_definition_that_cannot_be_planned_is_held_alone_until_it_can(
    demo: Database,
) -> None:
    await published(demo, at=SWITCHED_ON)
    copied = (
        "INSERT INTO definition_versions (id, definition, version, hash, title, content, source,"
        " published_at) SELECT gen_random_uuid(), :name, 1, :name, title,"
        " content || CAST(:odd AS jsonb), source, published_at FROM definition_versions"
        " WHERE definition = 'annual'"
    )
    async with demo.begin() as conn:
        for n, odd in enumerate(ODD):
            await conn.execute(text(copied), {"name": f"odd{n}", "odd": json.dumps(odd)})
    for _ in range(2):
        assert await look(demo, SWITCHED_ON) is not None
        held = await rows(
            demo, "SELECT what, split_part(code, ':', 1), mended_by FROM held_rows ORDER BY 1"
        )
        assert held == [(f"odd{n}", "cannot-plan-launches", "hr") for n in range(3)]
    assert [row[3] for row in await recurrences(demo)] == ["planned"], "the good one goes on"
    async with demo.begin() as conn:
        await conn.execute(
            text(
                "UPDATE definition_versions o SET content = v.content FROM definition_versions v"
                " WHERE o.definition = 'odd0' AND v.definition = 'annual'"
            )
        )
    await look(demo, SWITCHED_ON)
    still = "SELECT what FROM held_rows WHERE cleared_at IS NULL ORDER BY 1"
    assert await column(demo, still) == ["odd1", "odd2"]
