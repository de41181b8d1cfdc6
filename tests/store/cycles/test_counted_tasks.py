"""Every figure of a cycle counts the same tasks, and the plan stays that of the launch."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.cycles import pictures
from definitions import shipped
from definitions.loader import parse_definition
from domain.access import ENGINE
from domain.counts import FIELDS, Counts
from store.base.session import Database
from store.cycles.counted_tasks import tasks_of
from store.cycles.facts import load_cycle
from store.cycles.participants import write_personal_plans
from store.definitions.versions import publish
from store.launch.check import report
from store.launch.first_minutes import first_ten_minutes
from store.launch.launching import confirm, prepare
from store.steering.participation import remove_participant
from store.steering.stage import extend_stage
from store.tasks.expected_plan import expected_plan
from store.views import cycle_pages, progress
from store.views.cycle_counts import cycle_counts
from store.views.lists.cycles import list_stages
from tests.store.running import HR, LAUNCHED, advance, launched, person, published, rows, utc

LATER = utc(1, 29)


async def annual_with_its_round(database: Database) -> UUID:
    """The annual review as it is shipped, launched; the 360 round stands beside the self review."""
    source = shipped.cycle_source("annual")
    async with database.begin() as conn:
        version = await publish(
            conn, parse_definition(source), source=source, actor=ENGINE, now=LAUNCHED
        )
        cycle = await prepare(conn, version.id, LAUNCHED.date(), "button", HR, LAUNCHED)
        promised = (await report(conn, cycle, LAUNCHED)).tasks
        by_rule = sum(
            load.tasks
            for load in (await report(conn, cycle, LAUNCHED)).stage_loads
            if load.stage.endswith(".collect")
        )
        await confirm(conn, cycle, HR, LAUNCHED)
        assert (await counted(conn, cycle, LAUNCHED)).total == promised - by_rule
    await advance(database, cycle, LAUNCHED)
    return cycle


async def counted(conn: AsyncConnection, cycle: UUID, now: datetime) -> Counts:
    """All tasks of a cycle by its departments."""
    shares = await progress.shares(conn, cycle, now, hidden=[])
    return sum((share.counts for share in shares), Counts())


async def make_awkward(database: Database, cycle: UUID) -> None:
    """Something of everything: ended in each way, late, planned, removed, joined late, answered."""
    self_reviews = (
        "UPDATE tasks t SET {} FROM stages s, people p WHERE s.id = t.stage_id AND s.key = 'self'"
        " AND p.id = t.subject_id AND t.cycle_id = :cycle AND p.employee_id = :who RETURNING 1"
    )
    ended = "state = '{}', ended_at = '2027-01-20 17:00Z'"
    for who, change in (
        ("104", ended.format("done")),
        ("105", ended.format("done")),
        ("106", ended.format("excused")),
        ("107", ended.format("cancelled")),
        ("109", ended.format("expired")),
        ("110", "state = 'planned', opens_at = '2027-02-20 17:00Z'"),
        ("111", "due_on = '2027-03-01', due_at = '2027-03-01 23:00Z'"),
    ):
        assert await rows(database, self_reviews.format(change), cycle=cycle, who=who)
    await rows(
        database,
        "INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state, cause,"
        " begun_at, opens_at, announce_at, due_on, due_at, created_at) SELECT :cycle, s.id, p.id,"
        " 'rater', p.id, 'done', 'asked', :at, :at, :at, '2027-01-20', :at, :at"
        " FROM stages s, people p WHERE s.cycle_id = :cycle AND s.kind = 'collect'"
        " AND p.employee_id = '104' RETURNING 1",
        cycle=cycle,
        at=LAUNCHED,
    )
    await rows(
        database,
        "UPDATE participants p SET late = true, entered_on = '2027-01-28' FROM people w"
        " WHERE w.id = p.person_id AND w.employee_id = '112' RETURNING 1",
    )
    async with database.begin() as conn:
        gone = await person(database, "113")
        await remove_participant(conn, cycle, gone, "A matter.", HR, LAUNCHED)
    await advance(database, cycle, utc(1, 20))


def added(counts: Iterable[int | None]) -> int:
    """The sum of what is counted; what is no count is none."""
    return sum(count for count in counts if count is not None)


async def test_all_figures_of_an_awkward_cycle_count_the_same_tasks(demo: Database) -> None:
    cycle = await annual_with_its_round(demo)
    await make_awkward(demo, cycle)
    async with demo.begin() as conn:
        all_of_them = await counted(conn, cycle, LATER)
        stages = await list_stages(conn, cycle, LATER, hidden=[])
        days = await progress.by_day(conn, cycle, LATER, "America/Los_Angeles", hidden=[])
        [listed] = await cycle_pages.cycle_rows(conn, LATER, hidden=[])
        people = await cycle_pages.participant_rows(
            conn, cycle, now=LATER, hidden=[], state="", limit=1000
        )
        tabs = await cycle_pages.tab_counts(conn, cycle, hidden=[])
        look = await first_ten_minutes(conn, cycle, LATER, hidden=[])
        mailed = await cycle_counts(conn, cycle, LATER, hidden=[])
        shares = await progress.shares(conn, cycle, LATER, hidden=[])
    assert all(getattr(all_of_them, status) for status in FIELDS), "something of everything"
    done = all_of_them.done
    by_stage = [(s.done, s.open, s.planned, s.expired) for s in stages if s.done is not None]
    assert sum(map(added, by_stage)) == all_of_them.total
    assert added(s.overdue for s in stages) == all_of_them.late
    assert listed.counts == all_of_them
    assert (added(days.planned.values()), added(days.done.values())) == (all_of_them.total, done)
    assert added(row.done for row in people) == all_of_them.done
    # What is about nobody, a release, is in no person's row; here it is still to come.
    assert added(row.open for row in people) == all_of_them.open == tabs.open
    assert added(row.overdue for row in people) == all_of_them.late > 0
    opened = all_of_them.total - all_of_them.to_come
    assert (look.tasks, look.done) == (opened, done)
    assert (mailed.tasks, mailed.done, mailed.expired) == (opened, done, all_of_them.expired)
    bars = pictures.by_department(shares)
    heat = pictures.by_stage(shares, stages)
    burn = pictures.cycle_burn_up(days, LAUNCHED.date(), LATER.date(), over=False)
    assert bars is not None
    assert heat is not None
    assert burn is not None
    assert added(int(row[-1]) for row in bars.table.rows) == all_of_them.total
    cells = [cell for row in heat.table.rows for cell in row[1:] if cell != "none"]
    assert added(int(cell.split(" of ")[1].split(",")[0]) for cell in cells) == all_of_them.total
    assert int(burn.table.rows[-1][2]) == all_of_them.total
    assert f"{done} of {all_of_them.total} tasks done" in burn.description


async def test_the_whole_stays_the_same_while_stages_open(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    async with demo.begin() as conn:
        before = await counted(conn, cycle, LAUNCHED)
    assert (before.total, before.done) == (425, 0), "four stages for 106 people, and one release"
    await rows(demo, "UPDATE tasks SET state = 'done', ended_at = :at RETURNING 1", at=utc(1, 15))
    await advance(demo, cycle, utc(1, 20))
    async with demo.begin() as conn:
        after = await counted(conn, cycle, utc(1, 20))
    assert (after.total, after.done) == (425, 106)
    made = await rows(demo, "SELECT count(*) FROM tasks WHERE state <> 'done'")
    assert made[0][0] == 106, "the tasks of managers are made, and none of them is counted twice"


async def test_the_plan_stays_that_of_the_launch_when_dates_move(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))

    async def planned() -> dict[date, int]:
        async with demo.begin() as conn:
            return dict((await progress.by_day(conn, cycle, utc(1, 20), "UTC", hidden=[])).planned)

    before = await planned()
    async with demo.begin() as conn:
        stages = {s.key: s.id for s in await list_stages(conn, cycle, LAUNCHED, hidden=[])}
        await extend_stage(conn, cycle, stages["self"], 7, HR, LAUNCHED, and_after=True)
    await advance(demo, cycle, LAUNCHED)
    moved = await rows(demo, "SELECT DISTINCT due_on FROM tasks WHERE due_revision > 1")
    assert moved, "the due dates of the tasks have moved"
    assert await planned() == before
    await rows(demo, "UPDATE tasks SET state = 'done', ended_at = :at RETURNING 1", at=utc(2, 15))
    await advance(demo, cycle, utc(2, 16))  # the manager review opens weeks late
    assert await planned() == before


async def test_who_entered_late_was_promised_nothing_before(demo: Database) -> None:
    cycle = await launched(demo, await published(demo))
    await rows(
        demo,
        "UPDATE participants SET late = true, entered_on = '2027-02-25' WHERE person_id = :who"
        " RETURNING 1",
        who=await person(demo, "104"),
    )
    async with demo.begin() as conn:
        days = await progress.by_day(conn, cycle, LAUNCHED, "UTC", hidden=[])
    first = min(days.planned)
    assert days.planned[first] == 105
    assert days.planned[date(2027, 2, 25)] >= 1


async def test_nothing_that_waits_is_expected_in_the_past(demo: Database) -> None:
    """A stage that waits for everybody moves as it will move when it opens, what follows too."""
    cycle = await launched(demo, await published(demo))
    async with demo.begin() as conn:
        planned = (await load_cycle(conn, cycle)).by_key("release").planned
        facts = await load_cycle(conn, cycle)
    assert planned is not None
    assert expected_plan(facts, LAUNCHED) == facts.plan
    late = utc(3, 22)
    assert planned.opens < late.date()
    expected = expected_plan(facts, late)
    assert expected is not None
    assert expected.stages["release"].opens == late.date()
    assert expected.stages["manager"].opens >= late.date()
    await rows(demo, "UPDATE tasks SET state = 'done', ended_at = :at RETURNING 1", at=late)
    await advance(demo, cycle, late)
    await rows(
        demo,
        "UPDATE tasks SET state = 'done', ended_at = :at WHERE state <> 'done' RETURNING 1",
        at=late,
    )
    await advance(demo, cycle, late)
    async with demo.begin() as conn:
        opened = (await load_cycle(conn, cycle)).by_key("release")
    assert opened.planned == expected.stages["release"]


async def test_a_personal_plan_that_moves_leaves_what_was_promised(demo: Database) -> None:
    """In a rolling cycle each person has a plan, which a pause moves."""
    cycle = await launched(demo, await published(demo))
    who = await person(demo, "104")
    async with demo.begin() as conn:
        plan = (await load_cycle(conn, cycle)).plan
        assert plan is not None
        await conn.execute(text("UPDATE cycles SET plan = NULL"))
    for days in (0, 3, 9):
        moved = {
            key: replace(stage, due=stage.due + timedelta(days=days))
            for key, stage in plan.stages.items()
        }
        async with demo.begin() as conn:
            await write_personal_plans(
                conn, cycle, {who: plan.model_copy(update={"stages": moved})}
            )
    promised = await rows(
        demo,
        f"SELECT DISTINCT promised_on FROM ({tasks_of('CAST(:cycle AS uuid)')}) k"
        " WHERE k.subject_id = :who AND k.stage_id = (SELECT id FROM stages WHERE key = 'self')",
        cycle=cycle,
        who=who,
        now=LAUNCHED,
        hidden=[],
    )
    assert promised == [(plan.stages["self"].due,)]
