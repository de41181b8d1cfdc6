"""The OpenAPI description, and a fuzzer that tries to prove it wrong."""

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from httpx2 import AsyncClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.authentication import guarded_routes
from api.errors import CATALOGUE
from config import Settings
from domain.clock import SetClock
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.api.cycle import World
from tests.store.people_rows import WORKER

EXAMPLES = 3
"""For each operation, of valid and of broken requests: about twenty seconds in all."""


async def test_the_description_names_roles_problems_and_keys(
    app: FastAPI, script: AsyncClient
) -> None:
    described = (await script.get("/api/openapi.json")).json()
    operation = described["paths"]["/api/cycles/{cycle_id}/pause"]["post"]
    assert operation["x-allowed"] == ["administrator", "hr", "service"]
    assert any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
    assert "application/problem+json" in str(described["components"]["responses"]["Problem409"])
    codes = described["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) == set(CATALOGUE)
    listed = {
        (path, method.upper()) for path, ways in described["paths"].items() for method in ways
    }
    for route in guarded_routes(app.router.routes):
        if route.include_in_schema:
            assert {(route.path, method) for method in route.methods or ()} <= listed


@pytest.fixture
def served(app: FastAPI, database_url: str, clock: SetClock) -> Iterator[str]:
    """The application behind a real server, in a thread of its own."""
    del app  # its fixture has brought the company
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    options = Settings(database_url=database_url, service_key=SERVICE_KEY, public_url=address)
    served_app = create_app(options, clock=clock)
    server = uvicorn.Server(
        uvicorn.Config(served_app, log_config=None, access_log=False, lifespan="on")
    )
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield address
    server.should_exit = True
    thread.join()


def _known_ids(case: Any, world: World, turn: int) -> None:
    """Every other request goes to something that exists."""
    known = {
        "cycle_id": world.cycle_id,
        "task_id": (world.self_task, world.manager_task, world.release_task)[turn % 3],
        "version_id": world.version_id,
        "person_id": WORKER,
        "process_id": f"cycle-{world.cycle_id}",
    }
    for name, value in (case.path_parameters or {}).items():
        if name in known and turn % 2 and _fits(name, value):
            case.path_parameters[name] = str(known[name])


def _fits(name: str, value: Any) -> bool:
    if name not in ("cycle_id", "task_id", "version_id"):
        return True
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


PERSONAL = (
    "/api/my/",
    "/api/me",
    "/api/session",
    "/draft",
    "/submit",
    "/withdraw",
    "/feedback-requests",
    "/feedback/",
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
]


async def test_the_application_keeps_what_its_description_promises(
    served: str, world: World, sign_in: SignIn
) -> None:
    cookie = (await sign_in(WORKER)).cookies["almanac"]
    await asyncio.to_thread(_fuzz, served, world, cookie)


def _fuzz(served: str, world: World, cookie: str) -> None:
    headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
    description = httpx2.get(f"{served}/api/openapi.json", headers=headers).json()
    for operation in (way for ways in description["paths"].values() for way in ways.values()):
        operation.pop("security", None)  # who asks is ours to choose, not the fuzzer's
    schema = schemathesis.openapi.from_dict(description)
    turns = itertools.count()
    broken: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        personal = any(part in operation.path for part in PERSONAL)
        who = {"Cookie": f"almanac={cookie}"} if personal else headers
        if operation.method.upper() == "DELETE":
            who = headers  # nobody signs the fuzzer out
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _attempt(served, operation, mode, who, world, turns)
            except Unsatisfiable:
                continue  # an operation without parameters has no broken request
            except (Exception, BaseExceptionGroup) as failure:
                broken.append(f"{operation.label} ({mode.value}): {failure}")
    assert not broken, "\n\n".join(broken)


def _attempt(
    served: str,
    operation: Any,
    mode: GenerationMode,
    who: dict[str, str],
    world: World,
    turns: Iterator[int],
) -> None:
    @seed(20270112)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            _known_ids(case, world, next(turns))
        case.call_and_validate(base_url=served, headers=who, checks=CHECKS)

    attempt()
