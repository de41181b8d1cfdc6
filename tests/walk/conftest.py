"""The demo as a newcomer starts it, walked through once by each kind of person."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from httpx2 import AsyncClient

from definitions import shipped
from tests.embedded.running import ROOT, a_folder, almanac_run
from tests.walk.demo import (
    SECOND_HR,
    Demo,
    ask_for_link,
    enter,
    link_paths,
    mails_to,
    read_demo,
    seat_second_hr,
)
from tests.walk.filling import Typed
from tests.walk.routes import Routes, registered_routes
from tests.walk.walker import Walked, Walker

RATER = "imikkili@example.com"
"""Asked for feedback about seven colleagues, of whom some wait."""

COLLEAGUE = "lbissot@example.com"
"""In no team of anybody who walks, and in no round."""

ROLES = ("HR", "another HR", "Manager", "Participant", "rater", "Administrator", "stranger")


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """The whole stack with its demo company, as `make run` starts it."""
    with a_folder() as folder, almanac_run(folder) as run:
        run.until("^Ready in ")
        yield read_demo(run)


@pytest.fixture(scope="session")
def routes() -> Routes:
    """The routes of the application."""
    return registered_routes()


@pytest_asyncio.fixture(scope="session")
async def clients(demo: Demo) -> AsyncIterator[Mapping[str, AsyncClient]]:
    """A browser for each kind of person, signed in by a mailed link; a stranger is not."""
    await seat_second_hr(demo)
    found = {role: AsyncClient(timeout=60) for role in ROLES}
    for role in ("HR", "Manager", "Participant", "Administrator"):
        await enter(found[role], demo, demo.doors[role])
    for role, email in (("another HR", SECOND_HR), ("rater", RATER)):
        await enter(found[role], demo, await ask_for_link(found[role], demo, email))
    yield found
    for client in found.values():
        await client.aclose()


@pytest_asyncio.fixture(scope="session")
async def walks(
    demo: Demo, clients: Mapping[str, AsyncClient], routes: Routes
) -> Mapping[str, Walked]:
    """What each kind of person saw, in the order of `ROLES`."""
    return {
        role: await Walker(
            clients[role],
            demo.base,
            routes,
            today=datetime.now(UTC).date() + timedelta(days=1),
            signed_in=role != "stranger",
            friends=(demo.inbox, demo.engine),
            typed=await typed_by(demo, role),
            files={"/people/import": (PEOPLE.name, PEOPLE.read_bytes())},
        ).walk(*await starts(demo, clients[role], role))
        for role in ROLES
    }


PEOPLE = ROOT / "embedded" / "demo_company" / "company.csv"


async def typed_by(demo: Demo, role: str) -> Mapping[str, Typed]:
    """What forms ask for that no sentence answers, by route."""
    name = {"HR": "mid_year"}.get(role, "quarterly")  # of each there is one check at a time
    (version,) = await demo.rows(
        f"SELECT id FROM definition_versions WHERE definition = '{name}' ORDER BY version LIMIT 1"
    )
    return {
        "/cycles": {"version": str(version.id), "people": COLLEAGUE},
        "/cycles/{cycle_id}/steer/{name}": {"person": COLLEAGUE},
        "/cycles/{cycle_id}/reviewer": {"person": COLLEAGUE, "reviewer": RATER},
        "/definitions/publish": {"source": shipped.cycle_source("annual")},
        "/tasks/{task_id}/raters": {"q": "ann", "out.first": "", "out.last": "", "out.email": ""},
        "/tasks/{task_id}/raters go=outside": {
            "q": "",
            "out.first": "Gina",
            "out.last": "Guest",
            "out.email": "gina@client.example",
        },
    }


async def starts(demo: Demo, client: AsyncClient, role: str) -> list[str]:
    """Where somebody begins: the front page; a stranger at a link that was mailed, too."""
    if role != "stranger":
        return ["/"]
    mails = await mails_to(client, demo, COLLEAGUE)
    return ["/", "/sign-in", *link_paths(mails[0]["text"])[:1]]
