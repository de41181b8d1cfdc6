"""What one connection may cost: heads and first lines have a size and a time, bodies a pace."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.body_limit import BodyLimit
from api.connection_limits import LimitedProtocol, Limits

HEAD = b"POST /there HTTP/1.1\r\nHost: almanac\r\n"
PATIENT = Limits()
QUICK = replace(PATIENT, head_seconds=0.5, body_seconds=0.5, rest_seconds=0.5)


@dataclass
class There:
    """A server, and what its application was asked."""

    port: int
    asked: list[str]


@asynccontextmanager
async def serving(limits: Limits) -> AsyncIterator[There]:
    asked: list[str] = []

    async def there(request: Request) -> PlainTextResponse:
        asked.append(request.url.path)
        return PlainTextResponse(f"{len(await request.body())} bytes")

    async def unread(request: Request) -> PlainTextResponse:
        return PlainTextResponse("0 bytes")

    limited = Starlette(
        routes=[
            Route("/there", there, methods=["POST"]),
            Route("/unread", unread, methods=["POST"]),
        ],
        middleware=[Middleware(BodyLimit, most=2_000_000, limits={})],
    )
    protocol = type("Protocol", (LimitedProtocol,), {"limits": limits})
    config = uvicorn.Config(
        limited, host="127.0.0.1", port=0, http=protocol, lifespan="off", ws="none", log_config=None
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    running = asyncio.create_task(server.main_loop())
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield There(port, asked)
    finally:
        server.should_exit = True
        await running
        await server.shutdown()


@dataclass
class Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        """Send, as far as the other side takes it."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def rest(self) -> bytes:
        """All that is answered until the connection is closed."""
        return await self.reader.read()


@asynccontextmanager
async def connected(there: There) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def answer_to(there: There, data: bytes) -> bytes:
    async with connected(there) as line:
        await line.say(data)
        return await line.rest()


async def test_a_request_within_the_limits_is_answered_and_the_connection_is_kept() -> None:
    async with serving(PATIENT) as there, connected(there) as line:
        for size in (5, 300_000):
            await line.say(HEAD + f"Content-Length: {size}\r\n\r\n".encode() + b"a" * size)
            head = await line.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            said = f"{size} bytes".encode()
            assert await line.reader.readexactly(len(said)) == said
        assert there.asked == ["/there", "/there"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /" + b"a" * 1_000_000, 414),
        (HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (HEAD + b"X: " + b"a" * 1_000_000, 431),
        (HEAD + b"X: a\r\n" * 7_000, 431),
        (HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(101)) + b"\r\n", 431),
        (b"a" * 100_000, 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),
    ],
    ids=["line", "endless line", "head", "endless header", "endless head", "many", "word", "TLS"],
)
async def test_a_head_that_is_too_large_is_refused_before_anything_is_asked(
    data: bytes, status: int
) -> None:
    async with serving(PATIENT) as there:
        answer = await answer_to(there, data)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nconnection: close\r\n" in answer
    assert there.asked == []


async def test_an_unfinished_header_takes_no_memory_however_long_it_goes_on() -> None:
    """Measured before: 300 MB were taken."""
    async with serving(replace(PATIENT, rest_bytes=100_000_000)) as there:
        await answer_to(there, HEAD + b"X: " + b"a" * 1_000_000)  # what a first time costs
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with connected(there) as line:
            await line.say(HEAD + b"X: ")
            for _ in range(60):
                await line.say(b"a" * 1_000_000)
            assert (await line.rest()).startswith(b"HTTP/1.1 431 ")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000, f"{grown} kB for 60 MB"


async def test_what_comes_after_a_refusal_is_thrown_away_only_so_far() -> None:
    limits = replace(PATIENT, rest_bytes=50_000, rest_seconds=60)
    async with serving(limits) as there, connected(there) as line:
        await line.say(HEAD + b"X: " + b"a" * 40_000)
        assert (await line.reader.readline()).startswith(b"HTTP/1.1 431 ")
        while not line.writer.transport.is_closing():
            await line.say(b"a" * 100_000)
            await asyncio.sleep(0.001)


async def drip(line: Line, data: bytes) -> bytes:
    """One byte after the other, for as long as it is taken; then what was answered."""

    async def say() -> None:
        for byte in data:
            await line.say(bytes([byte]))
            await asyncio.sleep(0.02)

    saying = asyncio.create_task(say())
    try:
        return await line.rest()
    finally:
        saying.cancel()


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"X: " + b"a" * 100_000,
        b"\r\n" * 100_000,
        HEAD + b"Content-Length: 100000\r\n\r\n" + b"a" * 100_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 20_000,
    ],
    ids=["head", "empty lines", "body", "chunks"],
)
async def test_a_request_byte_by_byte_is_ended_after_its_time(data: bytes) -> None:
    async with serving(QUICK) as there, connected(there) as line:
        assert (await drip(line, data)).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_stops_is_ended_and_one_that_keeps_its_pace_is_not() -> None:
    limits = replace(QUICK, body_bytes=10)
    async with serving(limits) as there:
        stopped = await answer_to(there, HEAD + b"Content-Length: 500\r\n\r\n" + b"a" * 100)
        assert stopped.startswith(b"HTTP/1.1 408 ")
        async with connected(there) as line:
            await line.say(HEAD + b"Content-Length: 600\r\n\r\n")
            for _ in range(6):  # 0.9 s: longer than one look
                await line.say(b"a" * 100)
                await asyncio.sleep(0.15)
            assert (await line.reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_a_connection_that_says_nothing_is_closed_without_an_answer() -> None:
    async with serving(QUICK) as there, connected(there) as line:
        assert await line.rest() == b""


@pytest.mark.parametrize("path", ["/there", "/unread"])
async def test_a_body_of_unknown_length_that_is_too_large_is_413(path: str) -> None:
    """3 MB in chunks, without a Content-Length: an answer, no hang and no reset."""
    head = HEAD.replace(b"/there", path.encode()) + b"Transfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (50_000, b"a" * 50_000) for _ in range(60))
    async with serving(PATIENT) as there, connected(there) as line:
        await line.say(head + chunks + b"0\r\n\r\n")
        answer = await line.reader.readuntil(b"\r\n\r\n")
    # What is not read is not too large for whoever does not read it.
    status = 413 if path == "/there" else 200
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
