"""Every address with every kind of odd value: a refusal in the house's format, never a mistake.

The values are few and fixed, so that this stays quick; the fuzzer of `test_contract.py` and the
stories of `test_odd_input.py` go deeper.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from httpx2 import AsyncClient, Response

from api.authentication import guarded_routes
from api.errors import CATALOGUE, MEDIA_TYPE
from tests.api.conftest import SignIn
from tests.api.cycle import World
from tests.store.people_rows import ADMIN, SECOND_HR, WORKER

HTML = {"accept": "text/html"}
Extra = dict[str, Any]

ODD = (
    "%00",
    "a%00b",
    "%FF%FE",
    "%ED%A0%BD",  # one half of a pair of surrogates
    "-1",
    "0",
    "1.5",
    "1e309",
    "NaN",
    "9223372036854775808",
    "9" * 5000,
    quote("²"),
    quote("١"),
    quote("🚀\u202e"),
    "%25",
    "_%5C%27%22%3B--",
    "2027-02-30",
    "9999-12-31",
    "0001-01-01",
    "10000-01-01",
    "null",
    "%5B%5D",
    "",
    "00000000-0000-0000-0000-000000000000",
    quote("//evil.example", safe=""),
    "x" * 3000,
)
"""As they stand in an address."""

BODIES = (
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"null", "application/json"),
    (b"[]", "application/json"),
    (b'"\\ud800"', "application/json"),
    (b"\xff\xfe", "application/json"),
    (b"[" * 50_000, "application/json"),
    (b'{"\\u0000": 1}', "application/json"),
    (b'{"days": ' + b"9" * 5000 + b"}", "application/json"),
    (b"{}", "application/json; charset=utf-16"),
    (b"x", "text/plain"),
    (b"x", "multipart/form-data"),
    (b"--b\r\n", "multipart/form-data; boundary=b"),
    (
        b"%FF=%00&a&=&&;key=%00&version=%ED%A0%BD&reason=%00&day=9999-12-31",
        FORM := "application/x-www-form-urlencoded",
    ),
    (b"go=&key=&version=-1&days=1e309&person=%00&step=%C2%B2&content=%00&a.going=%00", FORM),
)
HEADERS: tuple[dict[str, bytes], ...] = (
    {"if-none-match": b'"\xff'},
    {"range": b"bytes=9-1"},
    {"accept-language": b"de;q=x, ;;, \xff"},
    {"cookie": b"almanac=\xff"},
    {"authorization": b"Bearer \xff"},
    {"host": b""},
    {"if-match": b"\xff"},
    {"idempotency-key": b"\xff" * 500},
)

EACH = 3
"""So many in each place: the next ones in turn, so that neighbours get others."""

ODD_TURN, BODIES_TURN, HEADERS_TURN = cycle(ODD), cycle(BODIES), cycle(HEADERS)


def _queries(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        yield parameter.alias
    for inner in dependant.dependencies:
        yield from _queries(inner)


def _is_ours(route: APIRoute) -> bool:
    return not route.path.startswith(("/static", "/api/session"))


def _must_be_no_mistake(answer: Response, said: str) -> None:
    assert answer.status_code < 500, f"{said}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 400 and "/api/" in said and answer.request.method != "HEAD":
        assert answer.headers["content-type"] == MEDIA_TYPE, f"{said}: {answer.text[:300]}"
        assert answer.json()["code"] in CATALOGUE, said


def _address(route: APIRoute, known: Mapping[str, str], **instead: str) -> str:
    def value(found: re.Match[str]) -> str:
        return instead.get(found[1], known.get(found[1], "x"))

    return re.sub(r"\{([a-z_]+)(?::\w+)?\}", value, route.path)


async def test_no_odd_value_anywhere_is_a_mistake_of_ours(
    app: FastAPI, world: World, sign_in: SignIn, script: AsyncClient
) -> None:
    people = [await sign_in(person) for person in (WORKER, SECOND_HR, ADMIN)]
    turns, api_turns = cycle(people), cycle([*people, script])
    known = {
        "cycle_id": str(world.cycle_id),
        "task_id": str(world.self_task),
        "version_id": str(world.version_id),
        "process_id": f"cycle-{world.cycle_id}",
        "person_id": str(WORKER),
        "definition": "small",
        "number": "1",
    }
    tried = 0
    for route in guarded_routes(app.router.routes):
        if not _is_ours(route):
            continue
        page = not route.path.startswith(("/api", "/metrics"))
        for method, address, extra in _requests(route, known):
            client = next(turns if page else api_turns)
            headers = [(k.encode(), v.encode()) for k, v in HTML.items()] if page else []
            headers += [(k.encode(), v) for k, v in extra.get("headers", {}).items()]
            answer = await client.request(
                method, address, headers=headers, content=extra.get("content")
            )
            _must_be_no_mistake(answer, f"{method} {address[:200]} {str(extra)[:200]}")
            tried += 1
    assert tried > 500


def _requests(route: APIRoute, known: Mapping[str, str]) -> Iterator[tuple[str, str, Extra]]:
    """Each odd value in each place of one address, with each of its methods."""
    here = _address(route, known)
    names = re.findall(r"\{([a-z_]+)", route.path)
    methods = set(route.methods or ())
    for method in sorted(methods):
        for name in names:
            for value in islice(ODD_TURN, EACH):
                yield method, _address(route, known, **{name: value}), {}
        if method == "GET":
            for name in sorted({*_queries(route.dependant), "unknown"}):
                for value in islice(ODD_TURN, EACH):
                    yield method, f"{here}?{name}={value}&{name}=2", {}
            for headers in islice(HEADERS_TURN, 2):
                yield method, here, {"headers": headers}
        elif method != "DELETE":
            for content, kind in islice(BODIES_TURN, EACH):
                headers = {"content-type": kind.encode(), "if-match": b'"1"'}
                yield method, here, {"content": content, "headers": headers}
    for method in sorted({"HEAD", "OPTIONS", "TRACE", "PROPFIND"} - methods):
        yield method, here, {}
