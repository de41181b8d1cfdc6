"""The report of a 360 round, beside the form that the manager writes with it."""

import shutil
from pathlib import Path

from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text

from api.app import create_app
from config import Settings
from domain.access import Actor
from domain.clock import SetClock
from play.world import World
from store.access.sessions import create_session
from store.tasks.submitting import save_draft
from tests.api.pages.browsing import get, plain
from tests.cycles.conftest import SCENARIOS, Plays

SCENARIO = """
scenario: A manager about to write
definition: beside.def.yaml
company: company.yaml
launch: 2027-03-02 09:00
only: [t1]
everybody: at once
habits: [{who: lena, does: never, stage: manager}]
until: 2027-03-05 12:00
"""
RATING = "        - {id: overall, ask: All in all?, type: rating}\n"
BASE = "http://127.0.0.1:8000"


async def test_words_at_once_and_scores_after_the_own_rating(
    playing: Plays, tmp_path: Path
) -> None:
    folder = SCENARIOS / "round"
    written = (folder / "held.def.yaml").read_text(encoding="utf-8")
    (tmp_path / "beside.def.yaml").write_text(
        written.replace("    hold_comments: hr\n", "") + RATING, encoding="utf-8"
    )
    shutil.copy(SCENARIOS / "company.yaml", tmp_path)
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    seen: list[str] = []

    async def look(world: World) -> None:
        now = world.clock.now()
        async with world.database.begin() as conn:
            row = (
                await conn.execute(
                    text(
                        "SELECT t.id, t.assignee_id FROM tasks t JOIN stages s ON s.id = t.stage_id"
                        " WHERE s.key = 'manager' AND t.state = 'open'"
                    )
                )
            ).one()
            token = await create_session(conn, row.assignee_id, now)
        settings = Settings(database_url="postgresql://", service_key="k" * 40, public_url=BASE)
        app = create_app(settings, clock=SetClock(now), database=world.database)
        async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
            client.cookies.set("almanac", token)
            seen.append(plain(await get(client, f"/tasks/{row.id}")))
            async with world.database.begin() as conn:
                lena = Actor(row.assignee_id, "person")
                await save_draft(conn, row.id, lena, {"overall": 4}, now=now)
            seen.append(plain(await get(client, f"/tasks/{row.id}")))

    await playing(scenario, folder / "people.csv", before_end=look)
    assert all("What do you want more of?" in page for page in seen)
    assert ["How it was rated" in page for page in seen] == [False, True]
    assert ["Read the whole report" in page for page in seen] == [False, True]
