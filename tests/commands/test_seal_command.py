"""`almanac seal open`, as a process of its own against a real database."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from store.base.session import Database
from store.kinds.feedback_round.rating import save_rating
from store.views.ledgers import audit_rows
from tests.store.kinds.feedback_round.world import (
    NOW,
    PEERS,
    SOURCE,
    World,
    ask,
    make_world,
    rate,
    rows,
    task_of,
)

ROOT = Path(__file__).parents[2]
SECRET = "Zanzibar meetings were splendid"
REASON = "The works council and the police ask about a threat."


def call(database: Database, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run `almanac seal open`, and say what came out."""
    return subprocess.run(
        [sys.executable, "-m", "cli", "seal", "open", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "ALMANAC_DATABASE_URL": database.url.set(drivername="postgresql").render_as_string(
                hide_password=False
            ),
            "ALMANAC_SEAL_KEYS_DIR": os.fspath(database.seal_keys.folder or ""),
        },
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


async def _written(database: Database) -> tuple[World, UUID]:
    world = await make_world(database)
    content = parse_definition(SOURCE.replace("{raters}", "")).content
    async with database.begin() as conn:  # the command reads it, in a process of its own
        await conn.execute(
            text("UPDATE definition_versions SET content = CAST(:content AS jsonb)"),
            {"content": json.dumps(content)},
        )
    await ask(database, world, {world.subject: [(p, PEERS) for p in world.team[1:5]]})
    task = await rate(database, world, world.team[1], {"keep": SECRET, "overall": 4})
    async with database.begin() as conn:
        me = Actor(world.team[1], "person")
        await save_rating(conn, task, me, {"keep": "Or not"}, now=NOW)
    return world, task


async def test_it_is_shown_after_hr_was_told_and_the_log_says_why(database: Database) -> None:
    world, task = await _written(database)
    done = call(database, str(task), "--because", REASON, typed="y\n")
    assert done.returncode == 0, done.stderr
    assert SECRET in done.stdout
    assert "What should stay?" in done.stdout
    assert "HR is told" in done.stdout
    assert await rows(
        database, "SELECT person_id FROM notifications WHERE event = 'seal_broken'"
    ) == [(world.hr,)]
    async with database.begin() as conn:
        shown = await audit_rows(conn, hidden=[])
    [entry] = [row for row in shown if row.action == "seal_broken"]
    assert entry.after is not None
    assert entry.after["because"] == REASON
    assert "@" in entry.after["account"]
    assert entry.what == "collect"  # the round; whose answer it was stands on no page


async def test_scripts_get_json_of_what_was_submitted_and_what_was_not(database: Database) -> None:
    _, task = await _written(database)
    done = call(database, str(task), "--because", REASON, "--yes", "--json")
    assert json.loads(done.stdout) == {
        "task": str(task),
        "answers": {"keep": SECRET, "overall": 4},
        "draft": {"keep": "Or not"},
    }


async def test_nothing_written_is_told_to_hr_as_well(database: Database) -> None:
    """Else it would be a quiet way to learn who has written."""
    world, _ = await _written(database)
    silent = await task_of(database, world, world.team[2])
    done = call(database, str(silent), "--because", REASON, "--yes")
    assert done.returncode == 0
    assert "Nothing." in done.stdout
    assert await rows(database, "SELECT count(*) FROM audit WHERE action = 'seal_broken'") == [(1,)]


async def test_without_a_reason_or_a_yes_nothing_is_opened_and_nothing_recorded(
    database: Database,
) -> None:
    world, task = await _written(database)
    for arguments, code in (
        ((str(task), "--because", "ok", "--yes"), 1),
        ((str(task), "--because", REASON), 1),
        ((str(task), "--yes"), 2),
        ((str(world.collect), "--because", REASON, "--yes"), 1),
    ):
        done = call(database, *arguments, typed="n\n")
        assert done.returncode == code, done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert await rows(database, "SELECT count(*) FROM audit WHERE action = 'seal_broken'") == [(0,)]
