"""One more answer in an open round changes nothing that anybody but its rater can see.

Everything that the application answers is asked for, by everybody who may ask: each route there is
(new ones are found by themselves), as subject, manager, HR, administrator, another rater, somebody
uninvolved, and script. Then one rater acts over HTTP, the audit log is sealed, and all of it is
asked for again. Bodies, statuses and headers must be the same, to the letter. So are counts, lists,
order, instants, versions, ledgers, the audit log and the figures compared at once. Counters of
requests, lines of the log and the numbers that the database hands out do not move either.

That the comparison would notice is shown by leaks that are planted, one for each channel.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from prometheus_client import generate_latest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from structlog.testing import capture_logs

from api.app import create_app
from api.authentication import guarded_routes
from config import Settings
from definitions.loader import parse_definition
from domain.access import Actor
from domain.clock import SetClock
from store.access.sessions import create_session
from store.base.audit import record, seal
from store.base.session import Database
from store.kinds.feedback_round.finishing import close_subjects
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

PLACE = "http://127.0.0.1:8000"
SERVICE_KEY = "a-service-key-for-tests-of-32-characters"
LATER = NOW + timedelta(days=20)
"""After the due date, before the close: now lateness would tell, too."""

NOT_ASKED = {"token"}
"""Parameters of routes that are about no round: files, links, sessions."""

PARTS = ("subject", "manager", "hr", "administrator", "rater", "bystander", "script")

Seen = Mapping[tuple[str, str], tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The world in which everything is asked for, and who asks."""

    database: Database
    app: FastAPI
    world: World
    tasks: tuple[UUID, ...]
    readers: Mapping[str, str]
    """Their sessions; none for the script."""
    clock: SetClock

    @property
    def next_rater(self) -> int:
        """Whose turn it is."""
        return self.world.team[3]


@pytest_asyncio.fixture
async def stage(database: Database, database_url: str) -> Stage:
    """A round with five raters, of whom two have answered."""
    world = await make_world(database, team=10)
    raters = world.team[1:6]
    content = parse_definition(SOURCE.replace("{raters}", "")).content
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE definition_versions SET content = CAST(:content AS jsonb)"),
            {"content": json.dumps(content)},
        )
        await conn.execute(
            text(
                "UPDATE company_settings SET content = jsonb_set(content, '{administrators}', "
                "'[\"p10@example.com\"]')"
            )
        )
    await ask(database, world, {world.subject: [(p, PEERS) for p in raters]})
    for rater in raters[:2]:
        await rate(database, world, rater, {"keep": f"Words {rater}", "overall": 3})
    tasks = [await task_of(database, world, rater) for rater in raters]
    clock = SetClock(NOW)
    settings = Settings(database_url=database_url, service_key=SERVICE_KEY, public_url=PLACE)
    app = create_app(settings, clock=clock, database=database)
    people = {
        "subject": world.subject,
        "manager": world.lead,
        "hr": world.hr,
        "administrator": world.team[7],
        "rater": raters[4],
        "bystander": world.team[8],
    }
    async with database.begin() as conn:
        readers = {who: await create_session(conn, person, NOW) for who, person in people.items()}
        nobody = Actor(None, "engine")
        await record(conn, at=NOW, actor=nobody, action="x", object_type="cycle", object_id=1)
    await seal(database, NOW)
    return Stage(database, app, world, tuple(tasks), readers, clock)


@asynccontextmanager
async def _as(stage: Stage, who: str) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(transport=ASGITransport(stage.app), base_url=PLACE)
    if who not in stage.readers:
        client.headers["Authorization"] = f"Bearer {SERVICE_KEY}"
    else:
        client.cookies.set("almanac", stage.readers[who])
    async with client:
        yield client


async def everything(stage: Stage, *, only: str = "") -> Seen:
    """All that anybody but the raters themselves can see now; or of one address `only`."""
    seen: dict[tuple[str, str], tuple[int, str, str]] = {}
    for who in PARTS:
        async with _as(stage, who) as client:
            for path in (only,) if only else _addresses(stage):
                answer = await client.get(path, headers={"accept": _wants(path)})
                headers = {
                    name: value
                    for name, value in answer.headers.items()
                    if name not in ("x-request-id", "date")
                    and (name, path) != ("content-length", "/metrics")
                }
                seen[who, path] = answer.status_code, json.dumps(headers), _settled(answer.text)
    return seen


def _wants(path: str) -> str:
    return "application/json" if path.startswith("/api") else "text/html"


def _settled(body: str) -> str:
    """Without what is new in each answer: one-time keys, and the figures about requests."""
    body = re.sub(r'name="key" value="[^"]*"', "", body)
    body = re.sub(r"reference <code>\w*</code>", "", body)
    body = re.sub(r'"(request_id|instance)": ?"[^"]*"', "", body)
    return re.sub(r"(?m)^.*almanac_http.*\n", "", body)


def _addresses(stage: Stage) -> Iterator[str]:
    """Every GET route, about everything that has to do with the round."""
    world = stage.world
    values: dict[str, list[object]] = {
        "cycle_id": [world.cycle],
        "task_id": [stage.tasks[0], stage.tasks[2]],
        "person_id": [world.subject],
        "subject_id": [world.subject],
        "round_id": [world.collect],
        "stage_id": [world.collect],
        "process_id": [f"round-{world.collect}"],
        "definition": ["rounds"],
        "version": [1],
        "number": [1],
        "version_id": [UUID(int=1)],
        "name": ["pause", "cancel", "extend", "nudge"],
        "code": ["not-found"],
    }
    unknown: set[str] = set()
    for route in guarded_routes(stage.app.router.routes):
        if "GET" not in (route.methods or ()):
            continue
        addresses = [route.path]
        for name in re.findall(r"{([a-z_]+)(?::\w+)?}", route.path):
            if name not in values:
                unknown.add(name)
                addresses = []
            addresses = [
                re.sub(rf"{{{name}(:\w+)?}}", str(value), path)
                for path in addresses
                for value in values.get(name, [])
            ]
        yield from addresses
    assert unknown <= NOT_ASKED, f"routes take {unknown}: say what to ask for"


def differences(before: Seen, after: Seen) -> list[tuple[str, str]]:
    """What can be told apart, and by whom."""
    assert before.keys() == after.keys()
    return [key for key in before if before[key] != after[key]]


def told_apart(before: Seen, after: Seen) -> str:
    """For whoever has to find out: where, and in which lines."""
    lines = []
    for key in differences(before, after):
        lines.append(f"{key}: {before[key][0]} {after[key][0]}")
        for old, new in zip(before[key][2].splitlines(), after[key][2].splitlines(), strict=False):
            if old != new:
                lines += [f"  - {old[:300]}", f"  + {new[:300]}"]
    return "\n".join(lines)


Acts = Callable[[Stage], Awaitable[object]]


async def _signed_in(stage: Stage, person: int) -> str:
    async with stage.database.begin() as conn:
        return await create_session(conn, person, stage.clock.now())


@asynccontextmanager
async def _own(stage: Stage, rater: int) -> AsyncIterator[tuple[AsyncClient, str]]:
    """The rater with the address of their own request, looked at as a page and over the API."""
    task = await task_of(stage.database, stage.world, rater)
    async with AsyncClient(transport=ASGITransport(stage.app), base_url=PLACE) as client:
        client.cookies.set("almanac", await _signed_in(stage, rater))
        for path in ("/feedback", f"/feedback/{task}"):
            assert (await client.get(path, headers={"accept": "text/html"})).status_code == 200
        yield client, f"/api/feedback-requests/{task}"


async def _version(client: AsyncClient, path: str) -> dict[str, str]:
    found = await client.get(path)
    assert found.status_code == 200
    return {"If-Match": found.headers["etag"]}


async def _submits(stage: Stage) -> None:
    async with _own(stage, stage.next_rater) as (client, path):
        body = {"answers": {"keep": "A third view", "overall": 5}}
        wrong = await client.post(f"{path}/submit", json={"answers": {"overall": 77}})
        assert wrong.status_code == 422
        done = await client.post(f"{path}/submit", json=body, headers=await _version(client, path))
        assert done.json()["submitted"], done.text


async def _types(stage: Stage) -> None:
    async with _own(stage, stage.next_rater) as (client, path):
        body = {"answers": {"keep": "So far"}}
        kept = await client.put(f"{path}/draft", json=body, headers=await _version(client, path))
        assert kept.status_code == 200, kept.text


async def _takes_back(stage: Stage) -> None:
    async with _own(stage, stage.world.team[1]) as (client, path):
        back = await client.post(f"{path}/withdraw")
        assert back.status_code == 200, back.text


async def _declines(stage: Stage) -> None:
    async with _own(stage, stage.next_rater) as (client, path):
        gone = await client.post(f"{path}/decline", json={"reason": "I hardly know her."})
        assert gone.status_code == 200, gone.text


async def _numbers(owner: Database, app: FastAPI) -> tuple[object, ...]:
    """What the database has handed out, and the counters of requests with their instants.

    But for bells: they are gone within a second and carry no instant. Taking an answer back rings
    one, because its rater is to be reminded again.
    """
    given = await rows(
        owner,
        "SELECT sequencename, last_value FROM pg_sequences"
        " WHERE sequencename <> 'bells_id_seq' ORDER BY 1",
    )
    return given, generate_latest(app.state.metrics.registry).decode()


async def _acts(stage: Stage, owner: Database, act: Acts) -> None:
    """Act and have the audit log sealed; nothing is counted, numbered or logged by it."""
    before = await _numbers(owner, stage.app)
    with capture_logs() as logged:
        await act(stage)
    assert logged == []
    assert await seal(stage.database, stage.clock.now()) == 0
    assert await _numbers(owner, stage.app) == before


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("act", "late"),
    [
        (_submits, False),
        (_submits, True),
        (_types, False),
        (_takes_back, False),
        (_declines, False),
    ],
    ids=["submits", "submits late", "types", "takes back", "declines"],
)
async def test_nobody_else_sees_that_a_rater_acts(
    stage: Stage, owner: Database, act: Acts, late: bool
) -> None:
    if late:
        stage.clock.instant = LATER
    before = await everything(stage)
    await _acts(stage, owner, act)
    after = await everything(stage)
    assert differences(before, after) == [], told_apart(before, after)


async def test_what_fails_on_our_side_is_counted_and_logged_under_one_name(stage: Stage) -> None:
    session = await _signed_in(stage, stage.next_rater)
    stage.app.state.database = Database("postgresql://nobody@127.0.0.1:1/none")
    with capture_logs() as logged:
        async with AsyncClient(transport=ASGITransport(stage.app), base_url=PLACE) as client:
            client.cookies.set("almanac", session)
            assert (await client.get(f"/feedback/{stage.tasks[0]}")).status_code == 503
    await stage.app.state.database.close()
    assert [line["route"] for line in logged if line["event"] == "request"] == ["(feedback)"]
    figures = generate_latest(stage.app.state.metrics.registry).decode()
    assert 'route="(feedback)",status="503"' in figures


async def test_after_the_close_raters_rows_are_alike(stage: Stage, owner: Database) -> None:
    """Neither how often somebody saved is left, nor in which transaction they were done."""
    for act in (_types, _submits):
        await act(stage)
    apart = (
        "SELECT count(DISTINCT xmin::text), count(DISTINCT version) FROM tasks WHERE role = 'rater'"
    )
    assert await rows(owner, apart) != [(1, 1)]
    async with stage.database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'expired', ended_at = :now WHERE state = 'open'"),
            {"now": NOW},
        )
        cycle, collecting, _ = await stage.world.facts(conn)
        await close_subjects(conn, cycle, collecting, NOW)
    assert await rows(owner, apart) == [(1, 1)]
    acts = "SELECT count(*) FROM {} WHERE actor_id IS NOT NULL"
    for table in ("audit", "task_events"):
        assert await rows(owner, acts.format(table)) == [(0,)]


async def test_the_pages_are_really_read(stage: Stage) -> None:
    """A comparison of refusals would prove nothing."""
    seen = await everything(stage)
    cycle = f"/cycles/{stage.world.cycle}"
    for who, path in (
        ("subject", "/tasks"),
        ("subject", "/reviews"),
        ("manager", "/team"),
        ("hr", cycle),
        ("hr", f"{cycle}/people"),
        ("hr", f"{cycle}/tasks"),
        ("hr", f"{cycle}/people/{stage.world.subject}"),
        ("hr", "/notifications"),
        ("hr", "/audit"),
        ("hr", f"/api{cycle}"),
        ("administrator", "/workflows"),
        ("administrator", "/metrics"),
        ("script", f"/api{cycle}"),
    ):
        assert seen[who, path][0] == 200, (who, path, seen[who, path])
    for who in PARTS:
        for task in (stage.tasks[0], stage.tasks[2]):
            for path in (f"/tasks/{task}", f"/tasks/{task}/explain", f"/api/tasks/{task}"):
                assert seen[who, path][0] in (401, 403, 404), (who, path)


# --- Leaks that are planted ---------------------------------------------------------------------

COUNT = "SELECT count(*)::text FROM tasks WHERE role = 'rater' AND state = 'done'"
SILENT = (
    "SELECT string_agg(assignee_id::text, ',' ORDER BY id) FROM tasks"
    " WHERE role = 'rater' AND state = 'open'"
)
ORDER = "SELECT string_agg(assignee_id::text, ',' ORDER BY state, id) FROM tasks"
VERSIONS = "SELECT sum(version)::text FROM tasks"
INSTANT = "SELECT max(xmin::text::bigint)::text FROM sealed_answers"
SIZE = "SELECT repeat('.', count(*)::int) FROM sealed_answers"


@dataclass(frozen=True, slots=True)
class Leak:
    """What a careless page would add: to an answer's body, or to a header of it."""

    path: str
    sql: str
    who: str = "hr"
    header: str = ""


CYCLE = "/cycles/{cycle}"
LEAKS = {
    "a count of answers as progress": Leak(CYCLE, COUNT),
    "a count over the api": Leak("/api/cycles/{cycle}", COUNT, "script"),
    "who is missing, in a list of tasks": Leak(CYCLE + "/tasks", SILENT),
    "the order of a list of people": Leak(CYCLE + "/people", ORDER),
    "a participant's page": Leak(CYCLE + "/people/{subject}", COUNT),
    "the subject's own tasks": Leak("/tasks", COUNT, "subject"),
    "the manager's team": Leak("/team", SILENT, "manager"),
    "why a task looks as it does": Leak("/tasks/{task}/explain", COUNT, "manager"),
    "a number to confirm": Leak(CYCLE + "/steer/pause", COUNT),
    "the ledger of mails": Leak("/notifications", SILENT),
    "the audit log": Leak("/audit", COUNT, "administrator"),
    "the figures": Leak("/metrics", COUNT, "script"),
    "the engine room": Leak("/workflows", INSTANT, "administrator"),
    "an etag": Leak("/api/cycles/{cycle}", VERSIONS, "hr", "etag"),
    "when it was last modified": Leak(CYCLE, INSTANT, "hr", "last-modified"),
    "how large an answer is": Leak("/reviews", SIZE, "subject"),
}


@pytest.mark.parametrize("name", LEAKS)
async def test_a_planted_leak_is_found(stage: Stage, name: str) -> None:
    leak = LEAKS[name]
    names = {"cycle": stage.world.cycle, "subject": stage.world.subject, "task": stage.tasks[0]}
    where = leak.path.format(**names)

    @stage.app.middleware("http")
    async def careless(
        request: Request, go_on: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        answer = await go_on(request)
        if request.url.path != where:
            return answer
        [(told,)] = await rows(stage.database, leak.sql)
        if leak.header:
            answer.headers[leak.header] = str(told)
            return answer
        return Response(f"{answer.status_code} {told}", answer.status_code)

    before = await everything(stage, only=where)
    assert differences(before, await everything(stage, only=where)) == []
    await _submits(stage)
    found = differences(before, await everything(stage, only=where))
    assert (leak.who, where) in found


async def test_a_mail_about_somebody_elses_answer_would_be_seen_in_the_ledger(
    stage: Stage,
) -> None:
    before = await everything(stage, only="/notifications")
    async with stage.database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO notifications (key, event, person_id, at, send_at, cause, cycle_id,"
                " data, state) SELECT 'leak', 'done_notice', :lead, :now, :now, 'leak', :cycle,"
                " '{}', 'queued'"
            ),
            {"lead": stage.world.lead, "now": NOW, "cycle": stage.world.cycle},
        )
    assert ("hr", "/notifications") in differences(
        before, await everything(stage, only="/notifications")
    )
