"""`Idempotency-Key`: a command sent twice has one effect and gets the same answer."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python

from api.authentication import Call
from store.base.command_keys import Answer, fingerprint, run_once

HEADER = "Idempotency-Key"


async def once(
    call: Call, effect: Callable[[], Awaitable[object]], *, status: int = 200
) -> JSONResponse:
    """Run a command in the call's transaction; under a key, at most once.

    The key belongs to the sender: the same key of another person is another key. Without the
    header the command simply runs. `effect` answers a model or a dataclass; its `version`, if it
    has one, becomes the ETag.
    """
    key = call.request.headers.get(HEADER)

    async def run() -> Answer:
        return status, to_jsonable_python(await effect())

    if key is None:
        code, body = await run()
    else:
        code, body = await run_once(
            call.conn, call.actor.key, key, await _fingerprint(call), call.now, run
        )
    return _response(code, body)


async def _fingerprint(call: Call) -> str:
    request = call.request
    path = f"{request.url.path}?{request.url.query}"
    # What the sender has seen is part of what they ask for.
    seen = request.headers.get("if-match", "").encode()
    return fingerprint(request.method, path, await request.body() + b"\n" + seen)


def _response(code: int, body: dict[str, Any]) -> JSONResponse:
    # In one order of keys: a repeated command gets the same bytes, though jsonb reorders.
    response = JSONResponse(dict(sorted(body.items())), code)
    version = body.get("version")
    if isinstance(version, int):
        response.headers["ETag"] = json.dumps(str(version))
    return response
