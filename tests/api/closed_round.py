"""A round that is over for its subject, behind the real application: four peers have answered."""

import json
from datetime import date, datetime

from sqlalchemy import text

from definitions.loader import parse_definition
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
from store.kinds.feedback_round.report_opening import open_reports
from tests.store.kinds.feedback_round.world import (
    AFTER_CLOSE,
    PEERS,
    SOURCE,
    World,
    ask,
    make_world,
    rate,
    unfolded,
)

WORDS = "Comes prepared, and lets others finish."


async def collected(database: Database, **collect: object) -> World:
    """Everybody asked has answered; nothing has closed yet."""
    world = await make_world(database, definition=unfolded(**collect))
    written = parse_definition(SOURCE.replace("{raters}", "")).content
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE definition_versions SET content = CAST(:content AS jsonb)"),
            {"content": json.dumps(written)},
        )
    peers = world.team[1:5]
    await ask(database, world, {world.subject: [(p, PEERS) for p in peers]})
    for n, rater in enumerate(peers):
        answers = {"overall": (3, 4, 4, 3)[n], "keep": f"{WORDS} Number {n}."}
        await rate(database, world, rater, answers)
    return world


async def close(database: Database, world: World, now: datetime = AFTER_CLOSE) -> None:
    """The round closes for everybody, and its reports open as far as it is time."""
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired' WHERE state = 'open'"))
        cycle, stage, _ = await world.facts(conn)
        await close_subjects(conn, cycle, stage, now)
        await open_reports(conn, cycle, stage, now)


async def hold_back(database: Database, world: World) -> None:
    """The report is there, for the manager alone: the subject's day has not come."""
    async with database.begin() as conn:
        await conn.execute(text("UPDATE participants SET opened_at = NULL"))
        await conn.execute(
            text("UPDATE feedback_reports SET readable_on = :day"), {"day": date(2027, 12, 1)}
        )
