"""Numbers leave out what lists leave out: a hidden case changes no count."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from store.base.session import Database
from store.launch.first_minutes import first_ten_minutes
from store.steering.participation import remove_participant
from store.views import cycle_pages, progress
from store.views.cycle_counts import cycle_counts
from store.views.ledgers import audit_rows
from store.views.lists.cycles import list_participants, list_stages
from tests.api.cycle import World, launch_small
from tests.store.people_rows import BOSS, HR, SECOND_HR, WORKER, insert_people

HIDDEN = [BOSS, HR]


async def _numbers(conn: AsyncConnection, world: World, now: datetime) -> dict[str, Any]:
    """Everything that HR, who may not see HIDDEN, is shown as a number."""
    cycle, hidden = world.cycle_id, HIDDEN
    look = await first_ten_minutes(conn, cycle, now, hidden=hidden)
    return {
        "stages": await list_stages(conn, cycle, now, hidden=hidden),
        "shares": sorted(map(str, await progress.shares(conn, cycle, now, hidden=hidden))),
        "days": await progress.by_day(conn, cycle, now, "UTC", hidden=hidden),
        "dues": sorted(map(str, await progress.dues(conn, cycle, now, hidden=hidden))),
        "attention": await progress.attention(conn, cycle, hidden=hidden),
        "cycles": await cycle_pages.cycle_rows(conn, now, hidden=hidden),
        "tabs": await cycle_pages.tab_counts(conn, cycle, hidden=hidden),
        "first": (look.tasks, look.forms_seen, look.done),
        "mailed": await cycle_counts(conn, cycle, now, hidden=hidden),
    }


@pytest.mark.parametrize(
    "change",
    [
        "state = 'done', ended_at = now()",
        "state = 'excused'",
        "due_at = now() - interval '9 years', due_on = '2018-01-01', told_to = '{4}'",
        "seen_at = now()",
        "assignee_id = NULL",
    ],
)
async def test_what_happens_in_a_hidden_case_changes_no_number(
    database: Database, now: datetime, change: str
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    async with database.begin() as conn:
        before = await _numbers(conn, world, now)
        await conn.execute(
            text(f"UPDATE tasks SET {change} WHERE subject_id = ANY(:hidden)"), {"hidden": HIDDEN}
        )
        assert await _numbers(conn, world, now) == before
        await conn.execute(
            text(f"UPDATE tasks SET {change} WHERE subject_id = :id"), {"id": WORKER}
        )
        assert await _numbers(conn, world, now) != before


async def test_words_and_acts_about_hidden_people_are_not_fetched(
    database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await insert_people(conn, now)
    world = await launch_small(database, now)
    actor = Actor(SECOND_HR, "hr")
    async with database.begin() as conn:
        for person in (BOSS, WORKER):
            await remove_participant(conn, world.cycle_id, person, "A matter.", actor, now)
        people = await list_participants(
            conn, world.cycle_id, state=None, department=None, hidden=HIDDEN, after=0, limit=50
        )
        rows = await cycle_pages.participant_rows(
            conn, world.cycle_id, now=now + timedelta(days=1), hidden=HIDDEN
        )
        log = await audit_rows(conn, hidden=HIDDEN)
    assert {p.person_id for p in people if p.because} == {WORKER}
    assert {p.person_id for p in rows if p.because} == {WORKER}
    assert {row.object_id for row in log if row.object_type == "person"} == {str(WORKER)}
