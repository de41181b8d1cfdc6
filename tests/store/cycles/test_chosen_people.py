"""A cycle for people chosen by name: they alone, whatever the audience says."""

from datetime import date, datetime
from uuid import UUID

import pytest

from domain.errors import Invalid
from store.base.session import Database
from store.changes.people_events import record_leaving
from store.launch.check import report
from store.launch.launching import confirm, name_reviewer, prepare
from store.steering.participation import add_participant
from tests.store.launch.test_launching import published as written
from tests.store.running import HR, LAUNCHED, D, advance, column, person, published, rows, utc

CHOOSY = (
    "audience:\n",
    "audience:\n  who: person.department == 'IT'\n"
    "  exclude:\n    - {when: person.city == 'Munich', because: Works council talks go on}\n"
    "  tenure: 9000 days\n",
)

ALONE = """
definition: alone
title: Alone
purpose: Words of one's own.
period: previous year
stages:
  - id: self
    due: 5 working days
forms:
  self:
    - section: Looking back
      questions:
        - {id: results, ask: What went well?}
"""


async def prepared(
    database: Database, version: UUID, *employees: str, on: date = D, at: datetime = LAUNCHED
) -> UUID:
    only = [await person(database, employee) for employee in employees]
    async with database.begin() as conn:
        return await prepare(conn, version, on, "button", HR, at, only=only)


async def judged(database: Database, state: str) -> list[tuple[object, ...]]:
    return await rows(
        database,
        "SELECT p.employee_id, i.reason FROM participants i JOIN people p ON p.id = i.person_id"
        " WHERE i.state = :state AND i.reason <> 'not_chosen' ORDER BY 1",
        state=state,
    )


async def test_the_chosen_are_in_whatever_the_audience_says_and_all_others_are_out(
    demo: Database,
) -> None:
    # 204 works in Munich, 145 in sales, 206 in accounting; none has been there for 9000 days.
    cycle = await prepared(
        demo, await published(demo, "annual", CHOOSY), "204", "145", "206", "145"
    )
    assert await judged(demo, "in") == [("145", "chosen"), ("204", "chosen"), ("206", "chosen")]
    others = "SELECT count(*) FROM participants WHERE state = 'out' AND reason = 'not_chosen'"
    assert await column(demo, others) == [104]
    async with demo.begin() as conn:
        check = await report(conn, cycle, LAUNCHED)
    assert (check.people_in, check.people_out, check.may_confirm) == (3, 104, True)
    async with demo.begin() as conn:
        launched = await confirm(conn, cycle, HR, LAUNCHED)
    assert launched.participants == 3
    assert await judged(demo, "out") == []
    audit = await column(demo, "SELECT after FROM audit WHERE action = 'launch_prepared'")
    assert [entry["chosen"] for entry in audit if isinstance(entry, dict)] == [3]


async def test_everybody_unknown_or_gone_is_named_in_one_error(demo: Database) -> None:
    version = await published(demo)
    gone, there = await person(demo, "206"), await person(demo, "145")
    async with demo.begin() as conn:
        await record_leaving(conn, gone, date(2027, 1, 4), actor=HR, now=LAUNCHED)
    with pytest.raises(Invalid) as refused:
        async with demo.begin() as conn:
            await prepare(
                conn, version, D, "button", HR, LAUNCHED, only=[999_998, there, gone, 999_999]
            )
    assert [(p["code"], p["people"]) for p in refused.value.problems] == [
        ("unknown", [999_998, 999_999]),
        ("left", [gone]),
    ]
    with pytest.raises(Invalid):
        async with demo.begin() as conn:
            await prepare(conn, version, D, "button", HR, LAUNCHED, only=[])
    assert await column(demo, "SELECT count(*) FROM cycles") == [0]


async def test_what_is_impossible_stays_impossible(demo: Database) -> None:
    version = await published(demo)
    await rows(
        demo,
        "UPDATE people SET hire_date = '2027-02-01' WHERE employee_id = '145' RETURNING 1",
    )
    cycle = await prepared(demo, version, "100", "145", "206", "110")
    assert await judged(demo, "out") == [("100", "no_manager"), ("145", "not_yet_hired")]
    president, reviewer = await person(demo, "100"), await person(demo, "101")
    async with demo.begin() as conn:
        await name_reviewer(conn, cycle, president, reviewer, HR, LAUNCHED)
        # Whoever leaves before the launch is confirmed is gone from the list, as always.
        gone = await person(demo, "206")
        await record_leaving(conn, gone, D, actor=HR, now=LAUNCHED)
        launched = await confirm(conn, cycle, HR, LAUNCHED)
    assert launched.participants == 2
    assert await judged(demo, "in") == [("100", "reviewer_named"), ("110", "chosen")]


async def test_whoever_reports_to_nobody_takes_part_where_no_manager_is_needed(
    demo: Database,
) -> None:
    await prepared(demo, await written(demo, ALONE), "100")
    assert await judged(demo, "in") == [("100", "chosen")]


async def test_nobody_joins_later_by_rule_but_hr_adds(demo: Database) -> None:
    cycle = await prepared(demo, await published(demo), "110", "145")
    async with demo.begin() as conn:
        await confirm(conn, cycle, HR, LAUNCHED)
    await advance(demo, cycle, LAUNCHED)
    await advance(demo, cycle, utc(1, 14))
    assert await judged(demo, "in") == [("110", "chosen"), ("145", "chosen")]
    added = await person(demo, "206")
    async with demo.begin() as conn:
        await add_participant(conn, cycle, added, HR, utc(1, 14))
    await advance(demo, cycle, utc(1, 15))
    assert ("206", "added_by_hr") in await judged(demo, "in")
    subjects = "SELECT count(DISTINCT subject_id) FROM tasks WHERE subject_id IS NOT NULL"
    assert await column(demo, subjects) == [3]


async def test_a_cycle_that_recurs_is_for_everybody(demo: Database) -> None:
    version = await published(demo)
    async with demo.begin() as conn:
        await prepare(conn, version, D, "schedule", HR, LAUNCHED)
    assert await column(demo, "SELECT count(*) FROM chosen_people") == [0]
    counts = "SELECT reason, count(*) FROM participants GROUP BY 1 ORDER BY 1"
    assert await rows(demo, counts) == [("audience", 106), ("no_manager", 1)]
