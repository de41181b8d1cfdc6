"""Tasks over the API: who sees and does what, two windows, and commands sent twice."""

import asyncio
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text

from domain.clock import SetClock
from store.base.session import Database
from store.people.leaves import add_leave
from tests.api.conftest import SignIn
from tests.api.cycle import ANSWERS, World
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, TOP, WORKER


async def _count(database: Database, table: str) -> int:
    async with database.begin() as conn:
        return int(await conn.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.parametrize(
    ("person", "self_task", "hr_task", "boss_task"),
    [
        (WORKER, 200, 404, 404),  # the assignee, and nobody's manager
        (LEAD, 200, 404, 404),  # the assignee's manager
        (TOP, 200, 200, 200),  # everybody's manager's manager
        (HR, 200, 200, 404),  # HR, but neither their own case nor their manager's with HR's rights
        (SECOND_HR, 200, 200, 200),
        (BOSS, 404, 200, 200),
        (ADMIN, 200, 200, 200),  # states and instants
    ],
)
async def test_who_sees_which_task(
    world: World, sign_in: SignIn, person: int, self_task: int, hr_task: int, boss_task: int
) -> None:
    client = await sign_in(person)
    tasks = (world.self_task, world.hr_self_task, world.boss_self_task)
    seen = [(await client.get(f"/api/tasks/{task}")).status_code for task in tasks]
    assert seen == [self_task, hr_task, boss_task]


async def test_hr_does_not_steer_its_own_case_or_that_of_its_line(
    world: World, sign_in: SignIn
) -> None:
    client = await sign_in(HR)
    own = await client.post(f"/api/tasks/{world.hr_self_task}/extend", json={"days": 3})
    line = await client.post(f"/api/tasks/{world.boss_self_task}/extend", json={"days": 3})
    other = await client.post(f"/api/tasks/{world.self_task}/extend?preview=true", json={"days": 3})
    assert (own.status_code, line.status_code, other.status_code) == (403, 404, 200)
    assert own.json()["code"] == "forbidden"
    listed = await client.get(f"/api/cycles/{world.cycle_id}/tasks")
    assert {task["subject_id"] for task in listed.json()["items"]} == {WORKER, None}


async def test_an_administrator_reads_no_answers_and_steers_no_task(
    world: World, sign_in: SignIn
) -> None:
    worker = await sign_in(WORKER)
    await worker.post(f"/api/tasks/{world.self_task}/submit", json={"answers": ANSWERS})
    admin = await sign_in(ADMIN)
    detail = (await admin.get(f"/api/tasks/{world.self_task}")).json()
    assert detail["task"]["state"] == "done"
    assert (detail["submission"], detail["draft"]) == (None, None)
    refused = await admin.post(f"/api/tasks/{world.self_task}/reopen", json={"reason": "x"})
    assert refused.status_code == 403


async def test_answers_are_read_by_those_they_are_meant_for_only(
    world: World, sign_in: SignIn, database: Database
) -> None:
    lead = await sign_in(LEAD)
    answers = {"text": "Good.", "quiet": "Promote?", "secret": "Case 7."}
    await lead.post(f"/api/tasks/{world.manager_task}/submit", json={"answers": answers})

    async def read(person: int) -> set[str] | None:
        client = await sign_in(person)
        answer = await client.get(f"/api/tasks/{world.manager_task}")
        if answer.status_code == 404:
            return None
        submission = answer.json()["submission"]
        return set(submission["answers"]) if submission else set()

    assert await read(LEAD) == {"text", "quiet", "secret"}  # the author
    assert await read(SECOND_HR) == {"text", "quiet", "secret"}
    assert await read(TOP) == set()  # the line above, from the release on
    assert await read(WORKER) is None
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE participants SET released_at = now() WHERE person_id = :id"),
            {"id": WORKER},
        )
    assert await read(TOP) == {"text", "quiet"}


async def test_a_draft_needs_the_version_it_is_based_on(world: World, sign_in: SignIn) -> None:
    client = await sign_in(WORKER)
    address = f"/api/tasks/{world.self_task}"
    tag = (await client.get(address)).headers["etag"]
    missing = await client.put(f"{address}/draft", json={"answers": ANSWERS})
    assert (missing.status_code, missing.json()["code"]) == (428, "version-required")
    first = await client.put(
        f"{address}/draft", json={"answers": ANSWERS}, headers={"If-Match": tag}
    )
    assert first.status_code == 200
    other_window = await client.put(
        f"{address}/draft", json={"answers": {"going": "Other."}}, headers={"If-Match": tag}
    )
    assert (other_window.status_code, other_window.json()["code"]) == (412, "edit-conflict")
    assert (await client.get(address)).json()["draft"]["answers"] == ANSWERS
    late = await client.post(
        f"{address}/submit", json={"answers": {"going": "Other."}}, headers={"If-Match": tag}
    )
    assert late.status_code == 412


async def test_text_that_is_kept_already_is_no_conflict_whatever_its_version(
    world: World, sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    address = f"/api/tasks/{world.self_task}"
    old = {"If-Match": (await client.get(address)).headers["etag"]}
    first = await client.put(f"{address}/draft", json={"answers": ANSWERS}, headers=old)
    again = await client.put(f"{address}/draft", json={"answers": ANSWERS}, headers=old)
    assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])
    done = await client.post(f"{address}/submit", json={"answers": ANSWERS}, headers=old)
    assert done.status_code == 200


async def test_twenty_submissions_under_one_key_are_one(
    world: World, sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(WORKER)
    answers = await asyncio.gather(
        *(
            client.post(
                f"/api/tasks/{world.self_task}/submit",
                json={"answers": ANSWERS},
                headers={"Idempotency-Key": "once"},
            )
            for _ in range(20)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await _count(database, "responses") == 1
    other = await client.post(
        f"/api/tasks/{world.self_task}/submit",
        json={"answers": {"going": "Different."}},
        headers={"Idempotency-Key": "once"},
    )
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")


async def test_wrong_answers_are_named_and_not_quoted(world: World, sign_in: SignIn) -> None:
    client = await sign_in(WORKER)
    answer = await client.post(
        f"/api/tasks/{world.self_task}/submit", json={"answers": {"mood": "terrible-secret"}}
    )
    assert answer.status_code == 422
    assert {p["question"] for p in answer.json()["problems"]} == {"going", "mood"}
    assert "terrible-secret" not in answer.text


async def test_my_tasks_are_paged_in_order_of_urgency(
    world: World, sign_in: SignIn, database: Database
) -> None:
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET assignee_id = :id, desk = NULL"), {"id": WORKER})
    client = await sign_in(WORKER)
    seen: list[str] = []
    address: str | None = "/api/my/tasks?limit=2"
    while address is not None:
        answer = await client.get(address)
        seen += [task["id"] for task in answer.json()["items"]]
        address = answer.links["next"]["url"] if "next" in answer.links else None
    assert len(seen) == len(set(seen)) == 5
    forged = await client.get("/api/my/tasks", params={"cursor": "AAAA"})
    assert (forged.status_code, forged.json()["code"]) == (400, "malformed")


async def test_explain_tells_the_next_rung_and_whom_it_reaches(
    world: World, sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE tasks SET last_rung = 'remind:1', last_rung_on = :on,"
                " next_rung = 'escalate:3', next_rung_at = :at WHERE id = :id"
            ),
            {
                "id": world.self_task,
                "on": (clock.now() + timedelta(days=16)).date(),
                "at": clock.now() + timedelta(days=20),
            },
        )
        await conn.execute(
            text(
                "INSERT INTO notifications (key, event, person_id, task_id, cause, at, send_at,"
                " state, reason) VALUES ('a', 'reminder', :p, :t, 'rung:remind:-5', now(), now(),"
                " 'suppressed', 'done'), ('b', 'task_opened', :p, :t, 'launch', now(), now(),"
                " 'queued', NULL)"
            ),
            {"p": WORKER, "t": world.self_task},
        )
    client = await sign_in(WORKER)
    found = (await client.get(f"/api/tasks/{world.self_task}/explain")).json()
    assert found["opening"]["cause"] == "launch"
    assert [m["event"] for m in found["mails"]] == ["task_opened"]
    assert [(m["event"], m["why_not"]) for m in found["suppressed"]] == [("reminder", "done")]
    assert found["next"]["key"] == "escalate:3"
    assert [person["person_id"] for person in found["next"]["reaches"]] == [LEAD]
    stranger = await sign_in(BOSS)
    assert (await stranger.get(f"/api/tasks/{world.self_task}/explain")).status_code == 404


async def test_the_service_key_steers_but_works_on_no_task(
    world: World, script: AsyncClient
) -> None:
    paused = await script.post(f"/api/cycles/{world.cycle_id}/pause")
    assert (paused.status_code, paused.json()["state"]) == (200, "paused")
    refused = await script.post(f"/api/tasks/{world.self_task}/submit", json={"answers": ANSWERS})
    assert refused.status_code == 403


async def test_a_delegate_neither_writes_nor_sees_what_is_about_themselves(
    world: World, sign_in: SignIn, database: Database, now: datetime
) -> None:
    async with database.begin() as conn:
        await add_leave(conn, LEAD, now.date(), now.date(), delegate_id=WORKER, now=now)
    delegate = await sign_in(WORKER)
    address = f"/api/tasks/{world.manager_task}"
    listed = (await delegate.get("/api/my/tasks")).json()["items"]
    assert [task["id"] for task in listed] == [str(world.self_task)]
    assert (await delegate.get(address)).status_code == 404
    answers = {"answers": {"text": "Best colleague ever."}}
    draft = await delegate.put(f"{address}/draft", json=answers, headers={"If-Match": "*"})
    done = await delegate.post(f"{address}/submit", json=answers)
    assert (draft.status_code, done.status_code) == (404, 404)


async def _overdue(database: Database, task: object, told: list[int], now: datetime) -> None:
    """Past its due date, with a rung that went out, and the next one ahead."""
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE tasks SET due_at = :due, due_on = :on, closes_at = :closes,"
                " told_to = :told, last_rung = 'escalate:3', last_rung_on = :on,"
                " next_rung = 'escalate:6', next_rung_at = :next WHERE id = :id"
            ),
            {
                "due": now - timedelta(days=5),
                "on": (now - timedelta(days=5)).date(),
                "closes": now + timedelta(days=5),
                "next": now + timedelta(days=3),
                "told": told,
                "id": task,
            },
        )
        await conn.execute(
            text(
                "INSERT INTO notifications (key, event, person_id, task_id, rung, cause, at,"
                " send_at, state) VALUES ('r', 'reminder', :p, :t, 'remind:1', 'rung:remind:1',"
                " now(), now(), 'sent'), ('o', 'task_opened', :p, :t, NULL, 'launch', now(),"
                " now(), 'sent')"
            ),
            {"p": WORKER, "t": task},
        )
        await conn.execute(
            text(
                "INSERT INTO task_events (task_id, at, event, detail) VALUES"
                " (:t, :at, 'opened', '{}'), (:t, :at, 'rung', '{\"rung\": \"escalate:3\"}'),"
                " (:t, :at, 'extended', '{\"due_on\": \"2027-01-07\"}')"
            ),
            {"t": task, "at": now - timedelta(days=2)},
        )


@pytest.mark.parametrize(
    ("person", "knows"),
    [(WORKER, True), (LEAD, False), (TOP, True), (SECOND_HR, True), (ADMIN, True)],
)
async def test_lateness_is_told_to_whom_it_concerns_only(
    world: World, sign_in: SignIn, database: Database, clock: SetClock, person: int, knows: bool
) -> None:
    await _overdue(database, world.self_task, [TOP], clock.now())
    client = await sign_in(person)
    task = (await client.get(f"/api/tasks/{world.self_task}")).json()["task"]
    story = (await client.get(f"/api/tasks/{world.self_task}/explain")).json()
    for name in ("due_on", "due_at", "closes_at", "next_rung", "next_rung_at"):
        assert (task[name] is not None) is knows, name
    for name in ("due_on", "due_at", "closes_at", "next"):
        assert (story[name] is not None) is knows, name
    assert ("rung" in {event["event"] for event in story["history"]}) is knows
    assert any(event["detail"] for event in story["history"]) is knows
    mails = {mail["event"] for mail in story["mails"]}
    assert mails == ({"task_opened", "reminder"} if knows else {"task_opened"})


async def test_a_due_date_ahead_is_seen_by_the_line_but_not_the_ladder(
    world: World, sign_in: SignIn
) -> None:
    client = await sign_in(LEAD)
    task = (await client.get(f"/api/tasks/{world.self_task}")).json()["task"]
    story = (await client.get(f"/api/tasks/{world.self_task}/explain")).json()
    assert task["due_on"] is not None
    assert story["due_on"] is not None
    assert (task["next_rung"], task["next_rung_at"], story["next"]) == (None, None, None)
