"""Requests for feedback over the API: one's own alone, sealed, until the round closes."""

import json
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text

from domain.clock import SetClock
from domain.relationships import Relationship
from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.feedback import ANSWERS, CANNOT, ZOE, ask_for, close_round, make_round
from tests.store.kinds.feedback_round.world import World, rows
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, WORKER

PEERS = Relationship.PEERS
THREE = {ADMIN: PEERS, ZOE: PEERS, BOSS: Relationship.OTHERS}


@pytest_asyncio.fixture
async def world(app: FastAPI, database: Database, clock: SetClock) -> World:
    del app  # its fixture has brought the company
    return await make_round(database, clock.now())


@pytest_asyncio.fixture
async def asked(world: World, database: Database, clock: SetClock) -> dict[int, UUID]:
    """Three requests of WORKER, all due at once."""
    return await ask_for(database, world, WORKER, THREE, clock.now())


def path(task: UUID, act: str = "") -> str:
    return f"/api/feedback-requests/{task}{act}"


async def submit(client: AsyncClient, task: UUID, **answers: object) -> None:
    body = {"answers": answers or ANSWERS}
    answer = await client.post(path(task, "/submit"), json=body)
    assert answer.status_code == 200, answer.text


async def test_my_requests_by_deadline_then_name(asked: dict[int, UUID], sign_in: SignIn) -> None:
    client = await sign_in(WORKER)
    listed = (await client.get("/api/my/feedback-requests")).json()["items"]
    assert [item["subject"] for item in listed] == ["Admin Example", "Boss Example", "Zoe Example"]
    assert {item["standing"] for item in listed} == {"new"}
    assert [item["task_id"] for item in listed] == [str(asked[s]) for s in (ADMIN, BOSS, ZOE)]
    first = (await client.get("/api/my/feedback-requests?limit=2")).json()
    rest = await client.get(f"/api/my/feedback-requests?limit=2&cursor={first['next']}")
    assert [item["subject"] for item in rest.json()["items"]] == ["Zoe Example"]


async def test_a_request_says_what_is_asked_and_promised(
    asked: dict[int, UUID], sign_in: SignIn
) -> None:
    detail = (await (await sign_in(WORKER)).get(path(asked[ADMIN]))).json()
    assert detail["promise"]["named"] is False
    assert "at least 3 colleagues" in " ".join(detail["promise"]["sentences"])
    assert [q["id"] for s in detail["form"] for q in s["questions"]] == [
        "keep",
        "clear",
        "managers",
    ]
    assert (detail["submitted"], detail["draft"], detail["asks_consent"]) == (None, None, False)


async def test_a_draft_needs_a_version_and_two_windows_conflict(
    asked: dict[int, UUID], sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    address = path(asked[ADMIN])
    tag = (await client.get(address)).headers["etag"]
    body = {"answers": {"keep": "One."}}
    assert (await client.put(f"{address}/draft", json=body)).status_code == 428
    first = await client.put(f"{address}/draft", json=body, headers={"If-Match": tag})
    assert (first.status_code, first.json()["submitted"]) == (200, False)
    assert first.headers["etag"] == f'"{first.json()["version"]}"'
    second = {"answers": {"keep": "Two."}}
    other = await client.put(f"{address}/draft", json=second, headers={"If-Match": tag})
    assert (other.status_code, other.json()["code"]) == (412, "edit-conflict")
    assert (await client.get(address)).json()["draft"] == {"keep": "One."}
    same = await client.put(f"{address}/draft", json=body, headers={"If-Match": tag})
    assert same.status_code == 200


async def test_what_is_submitted_is_one_answer_until_the_close(
    asked: dict[int, UUID], sign_in: SignIn, database: Database, world: World
) -> None:
    client = await sign_in(WORKER)
    await submit(client, asked[ADMIN])
    await submit(client, asked[ADMIN], **CANNOT)
    detail = (await client.get(path(asked[ADMIN]))).json()
    assert detail["submitted"] == CANNOT
    assert (detail["request"]["standing"], detail["request"]["done_on"]) == ("done", "2027-01-12")
    back = await client.post(path(asked[ADMIN], "/withdraw"))
    assert back.json()["submitted"] is False
    assert (await client.get(path(asked[ADMIN]))).json()["draft"] == CANNOT
    await submit(client, asked[ADMIN])
    await close_round(database, world, [ADMIN])
    closed = (await client.get(path(asked[ADMIN]))).json()
    assert (closed["submitted"], closed["draft"]) == (None, None)
    assert (closed["request"]["standing"], closed["request"]["may_write"]) == ("done", False)
    late = await client.post(path(asked[ADMIN], "/submit"), json={"answers": ANSWERS})
    assert late.status_code == 409


async def test_wrong_answers_are_named_and_not_quoted(
    asked: dict[int, UUID], sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    body = {"answers": {"clear": "a-secret"}}
    answer = await client.post(path(asked[ADMIN], "/submit"), json=body)
    assert answer.status_code == 422
    assert {p["question"] for p in answer.json()["problems"]} >= {"keep", "clear"}
    assert "a-secret" not in answer.text


async def test_declining_takes_a_reason_and_is_told_to_nobody_by_name(
    asked: dict[int, UUID], sign_in: SignIn, database: Database, world: World
) -> None:
    client = await sign_in(WORKER)
    address = path(asked[ADMIN], "/decline")
    assert (await client.post(address, json={"reason": " "})).status_code == 422
    assert (await client.post(address, json={"reason": "Hardly met."})).status_code == 200
    assert (await client.get(path(asked[ADMIN]))).json()["request"]["standing"] == "declined"
    async with database.begin() as conn:
        await conn.execute(text("UPDATE stages SET state = 'closed'"))
    for person in (SECOND_HR, ADMIN, LEAD):
        other = await sign_in(person)
        assert (await other.get(f"/api/tasks/{asked[ADMIN]}")).status_code == 404
        assert (await other.get(f"/api/tasks/{asked[ADMIN]}/explain")).status_code == 404
    desk = await sign_in(SECOND_HR)
    listed = await desk.get(f"/api/cycles/{world.cycle}/tasks?assignee_id={WORKER}")
    assert str(asked[ADMIN]) not in listed.text
    assert "declined" not in listed.text


@pytest.mark.parametrize("person", [ADMIN, LEAD, HR, SECOND_HR, ZOE])
async def test_nobody_else_reaches_a_request(
    asked: dict[int, UUID], sign_in: SignIn, person: int
) -> None:
    await submit(await sign_in(WORKER), asked[ADMIN])
    client = await sign_in(person)
    anything = {"If-Match": "*"}
    body: dict[str, object] = {"answers": {}}
    answers = [
        await client.get(path(asked[ADMIN])),
        await client.put(path(asked[ADMIN], "/draft"), json=body, headers=anything),
        await client.post(path(asked[ADMIN], "/submit"), json=body),
        await client.post(path(asked[ADMIN], "/withdraw")),
        await client.post(path(asked[ADMIN], "/decline"), json={"reason": "x"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    listed = await client.get("/api/my/feedback-requests")
    assert str(asked[ADMIN]) not in listed.text


async def test_a_script_reads_and_writes_no_feedback(
    asked: dict[int, UUID], script: AsyncClient
) -> None:
    assert (await script.get("/api/my/feedback-requests")).status_code == 403
    assert (await script.get(path(asked[ADMIN]))).status_code == 403


async def test_the_routes_of_forms_refuse_what_raters_write(
    asked: dict[int, UUID], sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(WORKER)
    address = f"/api/tasks/{asked[ADMIN]}"
    detail = (await client.get(address)).json()
    assert (detail["may_work"], detail["draft"], detail["submission"]) == (False, None, None)
    body = {"answers": ANSWERS}
    key = {"If-Match": "*", "Idempotency-Key": "once"}
    refused = [
        await client.put(f"{address}/draft", json=body, headers=key),
        await client.post(f"{address}/submit", json=body, headers=key),
        await client.post(f"{address}/withdraw", headers=key),
    ]
    assert {answer.status_code for answer in refused} == {409}
    for table in ("drafts", "responses", "command_keys"):
        assert await rows(database, f"SELECT count(*) FROM {table}") == [(0,)]


async def test_no_command_of_a_rater_is_remembered(
    asked: dict[int, UUID], sign_in: SignIn, database: Database, script: AsyncClient
) -> None:
    """A remembered command would hold the hash of what was written, its author and the instant."""
    client = await sign_in(WORKER)
    key = {"Idempotency-Key": "once"}
    body = {"answers": ANSWERS}
    await client.post(path(asked[ADMIN], "/submit"), json=body, headers=key)
    assert await rows(database, "SELECT count(*) FROM command_keys") == [(0,)]
    described = (await script.get("/api/openapi.json")).json()["paths"]
    for name, ways in described.items():
        if name.startswith("/api/feedback-requests/"):
            parameters = [p["name"] for way in ways.values() for p in way.get("parameters", [])]
            assert "Idempotency-Key" not in parameters, name


async def test_explanations_tell_nothing_of_answers(
    asked: dict[int, UUID], sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(WORKER)
    await submit(client, asked[ADMIN])
    await client.post(path(asked[ADMIN], "/withdraw"))
    await submit(client, asked[ADMIN])
    async with database.begin() as conn:
        await conn.execute(text("UPDATE stages SET state = 'closed'"))
    story = await client.get(f"/api/tasks/{asked[ADMIN]}/explain")
    assert story.status_code == 200
    assert {event["event"] for event in story.json()["history"]} <= {"opened"}
    assert "Monday" not in story.text
    assert "withdrawn" not in story.text
    task = (await client.get(f"/api/tasks/{asked[ADMIN]}")).json()["task"]
    assert (task["version"], task["revision"]) == (0, 0)
    for path_to in ("", "/explain"):
        hidden = await (await sign_in(SECOND_HR)).get(f"/api/tasks/{asked[ADMIN]}{path_to}")
        assert hidden.status_code == 404, "who is done tells who answered"


@pytest.mark.parametrize(
    ("answers", "where"),
    [
        ({"keep": "Fine\x00."}, "keep"),
        ({"keep": "Fine\ud800."}, "keep"),
        ({"keep": "Fine.", "no\x00": "x"}, "U+0000"),
        ({"keep": {"deep": ["\udfff"]}}, "keep.deep.0"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_place(
    asked: dict[int, UUID], sign_in: SignIn, answers: dict[str, object], where: str
) -> None:
    client = await sign_in(WORKER)
    sent = json.dumps({"answers": answers})
    kind = {"content-type": "application/json"}
    for act in ("/submit", "/draft"):
        address = path(asked[ADMIN], act)
        tag = {"if-match": (await client.get(path(asked[ADMIN]))).headers["etag"]}
        method = "PUT" if act == "/draft" else "POST"
        answer = await client.request(method, address, content=sent, headers=kind | tag)
        assert answer.status_code == 422, answer.text
        [problem] = answer.json()["problems"]
        assert where in problem["message"]
        assert "remove it" in problem["message"]
    assert (await client.get(path(asked[ADMIN]))).json()["draft"] is None


@pytest.mark.parametrize(
    ("question", "value"),
    [("clear", 3.0), ("clear", True), ("keep", 3), ("keep.why", {"a": 1}), ("clear", float("nan"))],
)
async def test_an_answer_of_another_shape_is_refused_before_it_is_sealed(
    asked: dict[int, UUID], sign_in: SignIn, question: str, value: object
) -> None:
    client = await sign_in(WORKER)
    sent = json.dumps({"answers": {**ANSWERS, question: value}})
    answer = await client.post(
        path(asked[ADMIN], "/submit"), content=sent, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
