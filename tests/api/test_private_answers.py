"""What every answer is, on every route there is: private, of this site, and deaf to other sites."""

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient, Response
from sqlalchemy import text

from api.errors import SAFE_METHODS
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.api.test_routes_by_role import _address, _routes
from tests.store.people_rows import ADMIN, HR, LEAD, WORKER

EVIL = "evil.example"
NOT_PRIVATE = ("/static/{name}", "/favicon.ico")


async def _get(client: AsyncClient, path: str, world: World, **headers: str) -> Response:
    address = path.replace("{cycle_id}", str(world.cycle_id))
    address = address.replace("{task_id}", str(world.self_task))
    accept = "application/json" if path.startswith("/api") else "text/html"
    return await client.get(_address(address), headers={"accept": accept, **headers})


def _readable(app: FastAPI) -> list[str]:
    return sorted(path for method, path in _routes(app) if method == "GET")


async def test_what_another_site_sends_is_refused_on_every_route_that_changes_something(
    app: FastAPI, sign_in: SignIn, database: Database
) -> None:
    """With every right there is, and before anything is looked at."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE company_settings SET content = jsonb_set(content, '{administrators}',"
                " content -> 'hr')"
            )
        )
    client = await sign_in(HR)
    changing = sorted(one for one in _routes(app) if one[0] not in SAFE_METHODS)
    assert len(changing) > 80
    for said in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": f"https://{EVIL}"}):
        for method, path in changing:
            answer = await client.request(method, _address(path), headers=said)
            assert answer.status_code == 403, (method, path)
            assert "set-cookie" not in answer.headers, (method, path)
    assert (await client.get("/api/me")).status_code == 200


@pytest.mark.parametrize("person", [HR, LEAD, WORKER, ADMIN, 0])
async def test_no_answer_is_kept_by_a_browser_or_a_proxy_nor_framed_nor_sniffed(
    app: FastAPI, sign_in: SignIn, stranger: AsyncClient, world: World, person: int
) -> None:
    client = await sign_in(person) if person else stranger
    for path in _readable(app):
        answer = await _get(client, path, world)
        if path in NOT_PRIVATE:
            continue
        kept = answer.headers["cache-control"]
        assert "no-store" in kept, (path, kept)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers, path  # looking changes nothing


async def test_no_answer_repeats_the_name_that_a_request_gives_this_site(
    app: FastAPI, sign_in: SignIn, stranger: AsyncClient, world: World
) -> None:
    """A poisoned address would be followed by whoever gets the page from a cache or a log."""
    for client in (await sign_in(HR), stranger):
        for path in _readable(app):
            for name in ("Host", "X-Forwarded-Host", "Forwarded"):
                value = f"host={EVIL}" if name == "Forwarded" else EVIL
                answer = await _get(client, path, world, **{name: value})
                assert EVIL not in answer.text, (path, name)
                assert EVIL not in str(dict(answer.headers)), (path, name)


async def test_a_sign_in_link_is_asked_for_under_another_name_of_this_site_in_vain(
    app: FastAPI, stranger: AsyncClient, database: Database
) -> None:
    """The mail leads where the settings say."""
    body = {"email": "worker@example.com", "target": "/tasks"}
    asked = await stranger.post("/api/session/link", json=body, headers={"Host": EVIL})
    assert asked.status_code == 202
    async with database.begin() as conn:
        row = await conn.scalar(text("SELECT CAST(to_jsonb(n) AS text) FROM notifications n"))
    assert EVIL not in str(row)
