"""Submissions a second, and the slowest of a hundred, against a bare route with one INSERT.

Both applications run behind uvicorn in a process of their own, on the same database server, and
meet the same clients: kept connections that send the next request when the last was answered.
Almanac's clients are signed in by sessions, each submits a task of their own with real answers.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from uuid import UUID

from sqlalchemy import text

from benchmarks.company import NOW, check_laid_out, open_stages, populate
from benchmarks.figures import Figure, Pair
from benchmarks.machine import Machine
from benchmarks.served import BARE_TABLE
from domain.access import Level
from embedded.ports import LOOPBACK
from play.answers import plausible
from store.access.sessions import LIFETIMES
from store.base.arrays import literal
from store.base.session import Database
from store.base.tokens import new_token, token_hash
from store.cycles.facts import load_cycle

CLIENTS = 8
WARM_UP = 100

SESSIONS = text(
    "INSERT INTO sessions (token_hash, person_id, created_at, seen_at, expires_at) "
    "SELECT decode(s.hash, 'hex'), s.person, :now, :now, :until FROM unnest("
    "CAST(:hashes AS text[]), CAST(:people AS bigint[])) AS s(hash, person)"
)


@dataclass(frozen=True, slots=True)
class Load:
    """How one application did."""

    per_second: float
    p99: float


async def submission_figures(machine: Machine, people: int, rounds: int) -> list[Figure]:
    """`people` submissions a round, by as many people."""
    served: list[Load] = []
    bare: list[Load] = []
    async with machine.database() as database:
        requests = await _requests(database, people * rounds + WARM_UP)
        url = database.url.render_as_string(hide_password=False)
        env = {"ALMANAC_DATABASE_URL": url, "ALMANAC_LOG_LEVEL": "WARNING"}
        async with (
            machine.process(_uvicorn("almanac"), env) as ours,
            machine.process(_uvicorn("bare"), env) as theirs,
        ):
            await _load(ours, requests[:WARM_UP])
            await _load(theirs, requests[:WARM_UP])
            for number in range(rounds):
                start = WARM_UP + number * people
                some = requests[start : start + people]
                if number % 2:
                    bare.append(await _load(theirs, some))
                    served.append(await _load(ours, some))
                else:
                    served.append(await _load(ours, some))
                    bare.append(await _load(theirs, some))
        await _all_arrived(database, len(requests))
    note = f"{CLIENTS} clients; bare: a route with one INSERT"
    rates = [Pair(a.per_second, b.per_second) for a, b in zip(served, bare, strict=True)]
    tails = [Pair(a.p99, b.p99) for a, b in zip(served, bare, strict=True)]
    return [
        Figure("submissions", people, "/s", rates, least=0.5, note=note),
        Figure("submissions, p99", people, "ms", tails, most=3.0, note=note),
    ]


def _uvicorn(app: str) -> list[str]:
    """As the image starts it, without a line of log for each request on either side."""
    return [
        *("-m", "uvicorn", f"benchmarks.served:{app}", "--factory", "--host", LOOPBACK),
        *("--port", "PORT", "--log-level", "warning", "--no-access-log"),
    ]


async def _requests(database: Database, count: int) -> list[bytes]:
    """A launched cycle with a task for each, signed-in people, and what they are going to send."""
    version = await populate(database, count + 1)
    cycle = await check_laid_out(database, version)
    await open_stages(database, cycle)
    tokens = [new_token() for _ in range(count)]
    async with database.begin() as conn:
        await conn.execute(text(BARE_TABLE))
        await conn.execute(text("UPDATE tasks SET state = 'open' WHERE state = 'planned'"))
        facts = await load_cycle(conn, cycle)
        answers = plausible(facts.definition, facts.by_key("self").spec)
        tasks = (
            await conn.execute(
                text(
                    "SELECT t.id, t.assignee_id FROM tasks t JOIN stages s ON s.id = t.stage_id "
                    "WHERE s.key = 'self' ORDER BY t.id LIMIT :count"
                ),
                {"count": count},
            )
        ).all()
        await conn.execute(
            SESSIONS,
            {
                "now": NOW,
                "until": NOW + LIFETIMES[Level.FULL],
                "hashes": literal(token_hash(token).hex() for token in tokens),
                "people": literal(task.assignee_id for task in tasks),
            },
        )
    async with database.engine.connect() as conn:
        await conn.execution_options(isolation_level="AUTOCOMMIT")
        await conn.execute(text("VACUUM ANALYZE"))
    body = json.dumps({"answers": answers}).encode()
    return [_request(task.id, token, body) for task, token in zip(tasks, tokens, strict=True)]


def _request(task: UUID, token: str, body: bytes) -> bytes:
    head = (
        f"POST /api/tasks/{task}/submit HTTP/1.1\r\nHost: {LOOPBACK}\r\n"
        f"Cookie: almanac={token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _load(port: int, requests: Sequence[bytes]) -> Load:
    waits: list[float] = []
    waiting = iter(requests)
    begun = perf_counter()
    await asyncio.gather(*(_client(port, waiting, waits) for _ in range(CLIENTS)))
    took = perf_counter() - begun
    return Load(len(waits) / took, quantiles(waits, n=100)[98] * 1000)


async def _client(port: int, waiting: Iterator[bytes], waits: list[float]) -> None:
    """A client that costs next to nothing, so that what is measured is the server."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        for request in waiting:
            begun = perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            waits.append(perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"not accepted: {head[:40]!r} {body[:500]!r}")
    finally:
        writer.close()


async def _all_arrived(database: Database, count: int) -> None:
    async with database.begin() as conn:
        for table in ("responses", "bare_submissions"):
            found = await conn.scalar(text(f"SELECT count(*) FROM {table}"))
            assert found == count, f"{found} of {count} rows in {table}"
