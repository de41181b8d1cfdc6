"""Nothing opens before HR has confirmed; everybody is in or out with one stated reason."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from definitions import shipped
from definitions.loader import parse_definition
from definitions.plans import Unplannable
from domain.access import ENGINE, Actor
from domain.errors import IllegalState
from domain.processes.review_cycle import REVIEW_CYCLE
from store.base.session import Database
from store.changes.people_events import record_leaving
from store.definitions.versions import publish
from store.launch.check import report
from store.launch.launching import confirm, prepare
from store.steering.cycle import cancel_cycle, preview_cancel
from store.steering.giving_up import give_up_launch

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)  # Tuesday, nine in the morning in Seattle
D = date(2027, 1, 12)
HR = Actor(None, "hr")


async def published(database: Database, source: str | None = None, name: str = "annual") -> UUID:
    written = source or shipped.cycle_source(name)
    async with database.begin() as conn:
        version = await publish(
            conn, parse_definition(written), source=written, actor=ENGINE, now=NOW
        )
    return version.id


async def prepared(
    database: Database, version: UUID, on: date = D, by: str = "button", **how: object
) -> UUID:
    async with database.begin() as conn:
        return await prepare(conn, version, on, by, HR, NOW, **how)  # type: ignore[arg-type]


async def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    async with database.begin() as conn:
        return [tuple(row) for row in await conn.execute(text(sql))]


async def test_of_the_demo_company_106_are_in_and_the_president_is_out(demo: Database) -> None:
    cycle = await prepared(demo, await published(demo))
    counts = await rows(
        demo, "SELECT state, reason, count(*) FROM participants GROUP BY 1, 2 ORDER BY 1"
    )
    out = await rows(
        demo,
        "SELECT p.last_name FROM participants i JOIN people p ON p.id = i.person_id"
        " WHERE i.state = 'out'",
    )
    assert counts == [("in", "audience", 106), ("out", "no_manager", 1)]
    assert out == [("King",)]
    assert await rows(demo, "SELECT count(*) FROM stages") == [(0,)]
    async with demo.begin() as conn:
        check = await report(conn, cycle, NOW)
    assert (check.people_in, check.people_out, check.may_confirm) == (106, 1, True)


async def test_confirming_twice_launches_once(demo: Database) -> None:
    cycle = await prepared(demo, await published(demo))
    async with demo.begin() as conn:
        first = await confirm(conn, cycle, HR, NOW)
    async with demo.begin() as conn:
        second = await confirm(conn, cycle, HR, datetime(2027, 1, 13, 17, tzinfo=UTC))
    assert first == second
    assert (first.participants, first.opens_at) == (106, NOW)
    state = await rows(demo, "SELECT state, launch_on, title, participants FROM cycles")
    assert state == [("open", D, "Annual review 2026", 106)]
    planned = await rows(
        demo, "SELECT key, planned_opens_on, planned_due_on FROM stages ORDER BY position LIMIT 2"
    )
    # Ten working days after 12 January, Martin Luther King's day left out.
    assert planned[0] == ("self", D, date(2027, 1, 27))
    assert await rows(demo, "SELECT id, state FROM processes") == [
        (REVIEW_CYCLE.id_of(cycle), "open")
    ]
    audit = await rows(demo, "SELECT count(*) FROM audit WHERE action = 'launch_confirmed'")
    assert audit == [(1,)]


async def test_a_schedule_opens_at_nine_where_morning_comes_first(demo: Database) -> None:
    cycle = await prepared(demo, await published(demo), date(2027, 1, 14), "schedule")
    async with demo.begin() as conn:
        launched = await confirm(conn, cycle, HR, NOW)
    # Munich: 09:00 is 08:00 UTC.
    assert launched.opens_at == datetime(2027, 1, 14, 8, tzinfo=UTC)
    assert launched.launch_on == date(2027, 1, 14)


async def test_confirmed_after_the_first_morning_that_day_is_the_launch_as_by_button(
    demo: Database,
) -> None:
    cycle = await prepared(demo, await published(demo), date(2027, 1, 14), "schedule")
    late = datetime(2027, 1, 20, 20, tzinfo=UTC)
    async with demo.begin() as conn:
        launched = await confirm(conn, cycle, HR, late)
    assert (launched.launch_on, launched.opens_at) == (date(2027, 1, 20), late)
    assert await rows(demo, "SELECT launched_by FROM cycles") == [("button",)]


async def test_a_second_cycle_of_the_same_definition_is_refused(demo: Database) -> None:
    version = await published(demo)
    first = await prepared(demo, version)
    with pytest.raises(IllegalState):
        await prepared(demo, version)
    async with demo.begin() as conn:
        await give_up_launch(conn, first, HR, NOW, "a mistake")
        await give_up_launch(conn, first, HR, NOW, "a mistake")
    second = await prepared(demo, version)
    assert second != first
    with pytest.raises(IllegalState):
        async with demo.begin() as conn:
            await confirm(conn, first, HR, NOW)


async def test_what_runs_is_not_stopped_but_cancelled(demo: Database) -> None:
    cycle = await prepared(demo, await published(demo))
    async with demo.begin() as conn:
        await confirm(conn, cycle, HR, NOW)
    with pytest.raises(IllegalState):
        async with demo.begin() as conn:
            await give_up_launch(conn, cycle, HR, NOW, "too late")


async def test_people_are_judged_again_on_confirmation(demo: Database) -> None:
    cycle = await prepared(demo, await published(demo))
    async with demo.begin() as conn:
        gone = await conn.scalar(text("SELECT id FROM people WHERE employee_id = '206'"))
        await record_leaving(conn, gone, D, actor=HR, now=NOW)
        launched = await confirm(conn, cycle, HR, NOW)
    assert launched.participants == 105
    found = await rows(demo, f"SELECT count(*) FROM participants WHERE person_id = {gone}")
    assert found == [(0,)]


EDITED = shipped.cycle_source("annual")


async def test_each_reason_is_stated_once_and_hr_says_it_in_its_own_words(demo: Database) -> None:
    audience = (
        "audience:\n  who: person.department != 'Marketing'\n"
        "  exclude:\n    - {when: person.city == 'Munich', because: Works council talks go on}\n"
        "  tenure: 3650 days\n"
    )
    source = EDITED.replace(
        "audience:\n  late_joiners: until self.due      # whoever becomes eligible by then"
        " still takes part\n",
        audience,
    )
    assert source != EDITED
    await prepared(demo, await published(demo, source))
    counts = await rows(
        demo,
        "SELECT reason, because, count(*) FROM participants WHERE state = 'out'"
        " GROUP BY 1, 2 ORDER BY 1",
    )
    assert [(reason, because) for reason, because, _ in counts] == [
        ("audience", None),
        ("excluded", "Works council talks go on"),
        ("no_manager", None),
        ("tenure", None),
    ]
    everybody = await rows(demo, "SELECT count(*) FROM participants")
    assert everybody == [(107,)]


async def test_whoever_has_no_manager_writes_only_the_self_review_or_gets_a_named_reviewer(
    demo: Database,
) -> None:
    source = EDITED.replace("audience:\n", "audience:\n  without_manager: self_only\n")
    version = await published(demo, source)
    cycle = await prepared(demo, version)
    async with demo.begin() as conn:
        await confirm(conn, cycle, HR, NOW)
    skipped = await rows(
        demo,
        "SELECT s.key, k.reason FROM skips k JOIN stages s ON s.id = k.stage_id"
        " ORDER BY s.position",
    )
    assert ("manager", "no_manager") in skipped
    assert "self" not in [key for key, _ in skipped]


async def test_a_reviewer_named_by_hr_stands_after_the_confirmation(demo: Database) -> None:
    [(president, reviewer)] = await rows(
        demo,
        "SELECT (SELECT id FROM people WHERE employee_id = '100'),"
        " (SELECT id FROM people WHERE employee_id = '101')",
    )
    cycle = await prepared(demo, await published(demo), reviewers={president: reviewer})
    async with demo.begin() as conn:
        launched = await confirm(conn, cycle, HR, NOW)
    named = await rows(demo, "SELECT reason FROM participants WHERE reviewer_id IS NOT NULL")
    assert (launched.participants, named) == (107, [("reviewer_named",)])


async def test_a_stage_whose_condition_is_false_is_skipped_for_that_person(demo: Database) -> None:
    source = EDITED.replace(
        "  - id: manager\n", "  - id: manager\n    when: person.department != 'IT'\n"
    )
    assert source != EDITED
    cycle = await prepared(demo, await published(demo, source))
    async with demo.begin() as conn:
        await confirm(conn, cycle, HR, NOW)
    skipped = await rows(
        demo,
        "SELECT p.department, k.reason, count(*) FROM skips k JOIN people p"
        " ON p.id = k.subject_id GROUP BY 1, 2",
    )
    assert skipped == [("IT", "condition", 5)]
    async with demo.begin() as conn:
        check = await report(conn, cycle, NOW)
    manager = next(load for load in check.stage_loads if load.stage == "manager")
    assert manager.tasks == 101


async def test_nobody_in_refuses_the_launch(demo: Database) -> None:
    source = EDITED.replace("audience:\n", "audience:\n  tenure: 9000 days\n")
    cycle = await prepared(demo, await published(demo, source))
    async with demo.begin() as conn:
        check = await report(conn, cycle, NOW)
    assert not check.may_confirm
    with pytest.raises(IllegalState):
        async with demo.begin() as conn:
            await confirm(conn, cycle, HR, NOW)


async def test_a_launch_whose_dates_are_those_of_persons_is_refused_with_a_reason(
    demo: Database,
) -> None:
    version = await published(demo, name="probation")
    with pytest.raises(Unplannable, match="hire date of each person") as refused:
        await prepared(demo, version)
    assert "add them to the running cycle" in refused.value.hint
    assert await rows(demo, "SELECT count(*) FROM cycles") == [(0,)]


async def test_a_cycle_that_can_never_open_can_be_looked_at_and_cancelled(demo: Database) -> None:
    """One that was prepared before such launches were refused."""
    cycle = await prepared(demo, await published(demo))
    probation = await published(demo, name="probation")
    async with demo.begin() as conn:
        await conn.execute(text("UPDATE cycles SET version_id = :v"), {"v": probation})
        check = await report(conn, cycle, NOW)
        assert [f.code for f in check.findings if f.mood == "stop"] == ["no_dates"]
        assert (await preview_cancel(conn, cycle, NOW)).counts == {"tasks": 0, "people": 0}
        for _ in range(2):
            await cancel_cycle(conn, cycle, "a mistake", HR, NOW)
    assert await rows(demo, "SELECT state, ended_reason FROM cycles") == [
        ("cancelled", "a mistake")
    ]
