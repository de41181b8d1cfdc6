"""A round whose lists are being made, as the engine would have opened it."""

import json
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from store.base.session import Database
from store.kinds.feedback_round.asking import open_raters
from store.kinds.feedback_round.leaving import decline_request
from store.tasks.opening import open_planned, open_ready
from tests.store.kinds.feedback_round.world import (
    NOW,
    SOURCE,
    World,
    make_world,
    rows,
    task_of,
    unfolded,
)


async def round_world(database: Database) -> World:
    """A round in which three people name raters; nobody gets more than one request."""
    world = await make_world(database, team=12, subjects=3, definition=unfolded(load=1))
    await open_step(database, world, "nominate")
    written = parse_definition(SOURCE.replace("{raters}", "load: 1"))
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE definition_versions SET content = CAST(:content AS jsonb)"),
            {"content": json.dumps(written.content)},
        )
        await conn.execute(
            text(
                "UPDATE people SET first_name = 'Anna', last_name = 'Berg', job_title = 'Pilot',"
                " department = 'Flight', projects = '{Atlas}' WHERE id = :p"
            ),
            {"p": world.team[6]},
        )
        await conn.execute(
            text("UPDATE people SET first_name = 'Sam', projects = '{Atlas}' WHERE id = :p"),
            {"p": world.subject},
        )
    return world


async def manager_chooses(database: Database) -> World:
    """A round in which the manager makes the lists: there is no step before theirs."""
    whole = unfolded()
    _, approve, collect = whole.stages
    stages = (approve.model_copy(update={"after": ()}), collect)
    world = await make_world(
        database, team=6, definition=whole.model_copy(update={"stages": stages})
    )
    written = parse_definition(SOURCE.replace("{raters}", "nominate: {by: manager}"))
    async with database.begin() as conn:
        await conn.execute(text("DELETE FROM stages WHERE id = :s"), {"s": world.nominate})
        await conn.execute(
            text("UPDATE definition_versions SET content = CAST(:content AS jsonb)"),
            {"content": json.dumps(written.content)},
        )
    await open_step(database, world, "approve")
    return world


async def open_step(database: Database, world: World, step: str) -> None:
    async with database.begin() as conn:
        cycle, _, _ = await world.facts(conn)
        stage = cycle.stages[getattr(world, step)]
        await open_ready(conn, cycle, stage, NOW)
        await open_planned(conn, cycle, stage, NOW)


async def listed(database: Database, world: World) -> list[tuple[int, str, str]]:
    return [
        (int(person), str(relation), str(state))
        for person, relation, state in await rows(
            database,
            "SELECT person_id, relationship, state FROM raters WHERE subject_id = :s"
            " AND state IN ('proposed', 'asked') ORDER BY position",
            s=world.subject,
        )
    ]


async def make_full(database: Database, world: World, person: int) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO raters (stage_id, subject_id, person_id, relationship, state, source,"
                " created_at) VALUES (:s, :b, :p, 'peers', 'asked', 'subject', :now)"
            ),
            {"s": world.collect, "b": world.team[1], "p": person, "now": NOW},
        )


async def ask_at_once(database: Database, world: World) -> None:
    """What stands on the subject's list is asked without anybody looking it over."""
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'expired', ended_at = :n WHERE state = 'open'"),
            {"n": NOW},
        )
        cycle, stage, _ = await world.facts(conn)
        skips = "INSERT INTO skips (stage_id, subject_id, reason, at) VALUES (:s, :p, 'x', :n)"
        await conn.execute(text(skips), {"s": world.approve, "p": world.subject, "n": NOW})
        await open_raters(conn, cycle, stage, NOW)


async def decline(database: Database, world: World, rater: int) -> UUID:
    """A rater declined yesterday: what follows is seen from the next day on."""
    request = await task_of(database, world, rater)
    yesterday = NOW - timedelta(days=1)
    async with database.begin() as conn:
        await decline_request(conn, request, Actor(rater, "person"), "Too close.", now=yesterday)
    return request
