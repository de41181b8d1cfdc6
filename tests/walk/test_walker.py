"""A walk finds what it is sent out to find: each fault, planted into a site of a few pages."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from httpx2 import ASGITransport, AsyncClient
from playwright.async_api import async_playwright

from api.authentication import guarded_routes
from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS, answers
from tests.walk.looking import looker
from tests.walk.routes import Routes
from tests.walk.walker import Walked, Walker

BASE = "http://127.0.0.1:1"


def page(body: str, heading: str = "A page") -> HTMLResponse:
    head = f"<!doctype html><title>{heading} · Almanac</title><link rel=icon href='data:,'>"
    return HTMLResponse(f"{head}<body><h1>{heading}</h1>{body}")


@dataclass
class Site:
    """A front page with something on it, and what may stand behind it."""

    front: str
    sent: list[str]

    def app(self) -> FastAPI:
        app = FastAPI()
        router = APIRouter()

        @router.get("/")
        async def front() -> Response:
            return page(self.front)

        @router.get("/good")
        async def good() -> Response:
            return page("")

        @router.get("/bare")
        async def bare() -> Response:
            return HTMLResponse("<p>half a page")

        @router.get("/bug")
        async def bug() -> Response:
            return HTMLResponse("a bug", 500)

        @router.get("/out")
        async def out() -> Response:
            return RedirectResponse("/sign-in", 303)

        @router.get("/sign-in")
        async def door() -> Response:
            return page("", "Sign in")

        @router.post("/save")
        @router.post("/sign-out")
        async def save(request: Request) -> Response:
            self.sent.append(request.url.path)
            return Response(status_code=422)

        app.include_router(router)
        return app


async def walk(front: str) -> tuple[Walked, list[str]]:
    site = Site(front, [])
    app = site.app()
    routes = Routes(guarded_routes(app.router.routes))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        walked = await Walker(client, BASE, routes, today=date(2027, 1, 12)).walk("/")
    return walked, site.sent


@pytest.mark.parametrize(
    ("front", "what"),
    [
        ("<a href='/nothing'>a</a>", "answers 404"),
        ("<a href='/bug'>a</a>", "answers 500"),
        ("<a href='/out'>a</a>", "leads to the door"),
        ("<a href='/bare'>a</a>", "no page of ours"),
        ("<a href='/good#place'>a</a>", "leads to no place of its page"),
        ("<a href='https://elsewhere.example/'>a</a>", "leads to a foreign place"),
        ("<form method=post action='/save'><button>Save</button></form>", "answers 422"),
        ("<form method=post action='/none'><button>Save</button></form>", "a form for no address"),
        ("<form action='/bug'><select name=a><option>b</select><button>Go</button></form>", "500"),
    ],
)
async def test_planted_fault_is_found(front: str, what: str) -> None:
    walked, _ = await walk(front)
    assert walked.faults, "nothing was found"
    assert all(what in fault.what for fault in walked.faults)


async def test_a_page_without_fault_is_none_and_harm_is_not_done() -> None:
    form = "<form method=post action='/sign-out'><button>Sign out</button></form>"
    walked, sent = await walk(f"<a href='/good'>a</a>{form}")
    assert walked.faults == []
    assert walked.routes == {"/", "/good"}
    assert [harm.route for harm in walked.spared] == ["/sign-out"]
    assert sent == []


@asynccontextmanager
async def served(front: str) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(Site(front, []).app(), port=port, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await answers(port)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("front", "path", "what"),
    [
        ("", "/", ""),
        ("", "/bug", "answers 500"),
        ("<script>console.error('broken')</script>", "/", "the console says 'broken'"),
        ("<script>nothing.here()</script>", "/", "an error in a script"),
        ("<img src='http://127.0.0.1:9/x.png'>", "/", "asks a foreign place"),
        ("<p style='width:500px'>wide</p>", "/", "does not fit into 360 pixels"),
        ("<p style='width:1400px'>wide</p>", "/", "does not fit into 1280 pixels"),
    ],
)
async def test_planted_fault_is_seen_in_the_browser(front: str, path: str, what: str) -> None:
    async with served(front) as base, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS)
        )
        async with looker(chromium, base, None) as person:
            await person.look(path)
        await chromium.close()
    if what:
        assert any(what in fault for fault in person.faults), person.faults
    else:
        assert person.faults == []
