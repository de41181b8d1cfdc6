"""HR and administrators at work: launch, steer, add, import, mend. Each answers at once."""

from datetime import date

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text

from store.base.session import Database
from tests.api.conftest import SignIn
from tests.api.cycle import SMALL, World
from tests.api.pages.browsing import HTML
from tests.store.people_rows import ADMIN, HR, SECOND_HR, WORKER


async def _scalar(database: Database, query: str) -> object:
    async with database.begin() as conn:
        return await conn.scalar(text(query))


async def test_a_preview_changes_nothing_and_the_act_is_audited(
    world: World, sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(SECOND_HR)
    address = f"/api/cycles/{world.cycle_id}"
    seen = await client.post(f"{address}/pause?preview=true")
    assert seen.json()["counts"]["open"] == 5
    assert (await client.get(address)).json()["state"] == "open"
    done = await client.post(f"{address}/pause")
    assert done.json()["state"] == "paused"
    assert (await client.post(f"{address}/pause")).status_code == 200  # twice is once
    back = await client.post(f"{address}/resume")
    assert back.json()["state"] == "open"
    actions = await _scalar(
        database,
        "SELECT array_agg(action || ' ' || actor_kind ORDER BY id) FROM audit"
        " WHERE action IN ('pause', 'resume')",
    )
    assert actions == ["pause hr", "resume hr"]
    assert await _scalar(database, "SELECT count(*) FROM bells WHERE urgent") != 0


@pytest.mark.parametrize(
    ("act", "body", "says"),
    [
        ("reassign", {"person_id": HR}, "Hr Example holds the task from now on, due"),
        ("excuse", {"reason": "On leave."}, "counts as closed"),
    ],
)
async def test_acts_on_a_task_say_first_what_they_would_do(
    world: World, sign_in: SignIn, database: Database, act: str, body: dict[str, object], says: str
) -> None:
    client = await sign_in(SECOND_HR)
    address = f"/api/tasks/{world.manager_task}/{act}"
    before = await _scalar(database, "SELECT string_agg(t::text, '' ORDER BY id) FROM tasks t")
    seen = await client.post(f"{address}?preview=true", json=body)
    assert (seen.status_code, says in " ".join(seen.json()["sentences"])) == (200, True)
    after = await _scalar(database, "SELECT string_agg(t::text, '' ORDER BY id) FROM tasks t")
    assert after == before
    assert await _scalar(database, f"SELECT count(*) FROM audit WHERE action = '{act}'") == 0
    assert (await client.post(address, json=body)).status_code == 200


async def test_a_preview_of_reopening_names_the_date_and_refuses_what_the_act_refuses(
    world: World, sign_in: SignIn
) -> None:
    hr, worker = await sign_in(SECOND_HR), await sign_in(WORKER)
    address = f"/api/tasks/{world.self_task}"
    body = {"reason": "A page was missing."}
    early = await hr.post(f"{address}/reopen?preview=true", json=body)
    assert (early.status_code, early.json()["code"]) == (409, "illegal-state")
    await worker.post(f"{address}/submit", json={"answers": {"going": "Well."}})
    seen = (await hr.post(f"{address}/reopen?preview=true", json=body)).json()["sentences"]
    assert "due Tue 26 Jan 2027" in seen[0]
    assert "becomes a draft" in seen[1]
    assert (await hr.get(address)).json()["task"]["state"] == "done"
    selfish = await hr.post(f"{address}/reassign?preview=true", json={"person_id": HR})
    assert selfish.status_code in (409, 422)


async def test_extending_twice_under_one_key_extends_once(
    world: World, sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(SECOND_HR)
    stages = (await client.get(f"/api/cycles/{world.cycle_id}/stages")).json()
    address = f"/api/cycles/{world.cycle_id}/stages/{stages[0]['id']}/extend"
    answers = [
        await client.post(address, json={"days": 3}, headers={"Idempotency-Key": "extend-1"})
        for _ in range(2)
    ]
    assert answers[0].text == answers[1].text
    assert await _scalar(database, "SELECT max(extended_by) FROM stages") == 3
    refused = await client.post(address, json={"days": 0})
    assert refused.status_code == 422


async def test_who_steers_an_older_picture_is_refused(world: World, sign_in: SignIn) -> None:
    client = await sign_in(SECOND_HR)
    address = f"/api/cycles/{world.cycle_id}"
    tag = (await client.get(address)).headers["etag"]
    await client.post(f"{address}/pause")
    late = await client.post(
        f"{address}/cancel", json={"reason": "A mistake"}, headers={"If-Match": tag}
    )
    assert (late.status_code, late.json()["code"]) == (412, "edit-conflict")
    refused = await client.post(f"{address}/cancel", json={"reason": " "})
    assert refused.status_code == 422


async def test_an_administrator_may_stop_but_not_decide(world: World, sign_in: SignIn) -> None:
    client = await sign_in(ADMIN)
    stages = (await client.get(f"/api/cycles/{world.cycle_id}/stages")).json()
    closed = await client.post(
        f"/api/cycles/{world.cycle_id}/stages/{stages[0]['id']}/close", json={"reason": "x"}
    )
    assert closed.status_code == 403
    assert (await client.post(f"/api/cycles/{world.cycle_id}/pause")).status_code == 200


async def test_nobody_decides_about_their_own_participation(world: World, sign_in: SignIn) -> None:
    client = await sign_in(HR)
    address = f"/api/cycles/{world.cycle_id}/participants"
    own = await client.post(f"{address}/{HR}/remove", json={"reason": "I'd rather not"})
    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    other = await client.post(f"{address}/{WORKER}/remove?preview=true", json={"reason": "Left"})
    assert other.status_code == 200
    listed = (await client.get(address, params={"limit": 3})).json()
    assert len(listed["items"]) == 3
    assert listed["next"]


async def test_publish_prepare_check_and_confirm(
    app: FastAPI, sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(SECOND_HR)
    broken = await client.post(
        "/api/definitions/validate", json={"text": SMALL.replace("due:", "dew:", 1)}
    )
    assert broken.json()["valid"] is False
    assert broken.json()["problems"][0]["line"] > 0
    refused = await client.post("/api/definitions", json={"text": "definition: x"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    first = await client.post("/api/definitions", json={"text": SMALL})
    again = await client.post("/api/definitions", json={"text": "# a comment\n" + SMALL})
    assert first.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    prepared = await client.post(
        "/api/cycles", json={"definition": "small", "launch_on": "2027-01-13"}
    )
    assert (prepared.status_code, prepared.json()["state"]) == (201, "check")
    cycle = prepared.json()["id"]
    check = await client.get(f"/api/cycles/{cycle}/check")
    assert check.status_code == 200
    confirmed = await client.post(f"/api/cycles/{cycle}/confirm")
    assert confirmed.json()["participants"] == 6  # the top has nobody to review them
    assert confirmed.json() == (await client.post(f"/api/cycles/{cycle}/confirm")).json()
    assert (await client.get(f"/api/cycles/{cycle}")).json()["state"] == "open"
    rolled = await client.post(
        "/api/cycles", json={"definition": "small", "launch_on": "2027-01-13"}
    )
    assert (rolled.status_code, rolled.json()["code"]) == (409, "illegal-state")


@pytest.mark.parametrize("kind", ["calibration", "development_plan"])
async def test_a_kind_that_does_not_run_yet_is_refused_with_its_place(
    app: FastAPI, script: AsyncClient, kind: str
) -> None:
    more = SMALL.replace(
        "  - id: release\n",
        f"  - id: later\n    kind: {kind}\n    due: 9 days\n  - id: release\n",
        1,
    )
    answer = await script.post("/api/definitions", json={"text": more})
    assert answer.status_code == 422
    assert kind in answer.text


async def test_an_import_is_all_or_nothing_and_says_every_problem(
    app: FastAPI, script: AsyncClient, database: Database
) -> None:
    head = "employee_id,first_name,last_name,email,hire_date,manager_id\n"
    bad = head + "n1,Ann,New,ann@example.com,2027-99-01,lead\nn2,Bo,New,nonsense,2026-01-01,lead\n"
    refused = await script.post(
        "/api/people/import", content=bad, headers={"Content-Type": "text/csv"}
    )
    assert refused.status_code == 422
    assert {problem["row"] for problem in refused.json()["problems"]} == {2, 3}
    good = head + "n1,Ann,New,ann@example.com,2026-01-01,lead\n"
    tried = await script.post("/api/people/import?dry_run=true", content=good)
    assert (tried.json()["new"], tried.json()["dry_run"]) == (["n1"], True)
    assert await _scalar(database, "SELECT count(*) FROM people") == 7
    done = await script.post("/api/people/import", content=good)
    assert (done.status_code, done.json()["new"]) == (200, ["n1"])
    found = await script.get("/api/people", params={"search": "ANN@"})
    assert [person["employee_id"] for person in found.json()["items"]] == ["n1"]
    assert found.json()["items"][0]["hire_date"] == date(2026, 1, 1).isoformat()


async def test_an_administrator_rings_and_retries(
    world: World, sign_in: SignIn, database: Database
) -> None:
    process = f"cycle-{world.cycle_id}"
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO held_rows (process_id, code, mended_by, at)"
                " VALUES (:id, 'zone', 'hr', now())"
            ),
            {"id": process},
        )
    client = await sign_in(ADMIN)
    listed = (await client.get("/api/workflows", params={"failing": True})).json()
    assert [item["id"] for item in listed["items"]] == [process]
    detail = (await client.get(f"/api/workflows/{process}")).json()
    assert detail["held"][0]["code"] == "zone"
    assert (await client.post(f"/api/workflows/{process}/ring")).json()["retried"] == 0
    assert (await client.post(f"/api/workflows/{process}/retry")).json()["retried"] == 1
    assert (await client.get(f"/api/workflows/{process}")).json()["held"] == []
    hr = await sign_in(SECOND_HR)
    assert (await hr.post(f"/api/workflows/{process}/ring")).status_code == 403
    assert (await client.get("/api/workflows/nothing")).status_code == 404


async def test_the_ledger_leaves_out_the_readers_own_case(
    world: World, sign_in: SignIn, database: Database
) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO notifications (key, event, person_id, subject_id, cause, at, send_at)"
                " SELECT 'n' || id, 'reminder', 1, id, 'rung', now(), now() FROM people"
            )
        )
    for person, hidden in ((HR, {HR, 2, 1}), (SECOND_HR, {SECOND_HR, 1}), (ADMIN, {ADMIN, 4, 1})):
        client = await sign_in(person)
        ledger = (await client.get("/api/notifications", params={"state": "queued"})).json()
        assert len(ledger["items"]) >= 7 - len(hidden)
        subjects = await _scalar(database, "SELECT array_agg(id) FROM people")
        assert isinstance(subjects, list)
        seen = {item["id"] for item in ledger["items"]}
        for subject in hidden:
            number = await _scalar(
                database, f"SELECT id FROM notifications WHERE key = 'n{subject}'"
            )
            assert number not in seen


async def test_nobody_is_given_what_only_the_person_can_say(world: World, sign_in: SignIn) -> None:
    client = await sign_in(SECOND_HR)
    own = f"/api/tasks/{world.self_task}"
    refused = await client.post(f"{own}/reassign", json={"person_id": HR})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert (await client.get(own)).json()["task"]["assignee_id"] == WORKER


async def test_the_last_day_of_a_cycle_is_moved_once_under_one_key(
    world: World, sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(SECOND_HR)
    address = f"/api/cycles/{world.cycle_id}/extend"
    before = (await client.get(f"/api/cycles/{world.cycle_id}")).json()["ends_at"]
    seen = await client.post(f"{address}?preview=true", json={"days": 5})
    assert "instead of" in seen.json()["sentences"][0]
    assert (await client.get(f"/api/cycles/{world.cycle_id}")).json()["ends_at"] == before
    answers = [
        await client.post(address, json={"days": 5}, headers={"Idempotency-Key": "later"})
        for _ in range(2)
    ]
    assert answers[0].text == answers[1].text
    assert answers[0].json()["ends_at"] > before
    assert await _scalar(database, "SELECT count(*) FROM audit WHERE action = 'extend_cycle'") == 1
    wrong = await client.post(address, json={"days": 121})
    assert wrong.status_code == 422
    await client.post(f"/api/cycles/{world.cycle_id}/cancel", json={"reason": "Wrong year."})
    over = await client.post(address, json={"days": 5})
    assert (over.status_code, over.json()["detail"]) == (409, "The cycle was cancelled.")


async def test_a_cycle_without_a_last_day_is_not_extended(
    world: World, sign_in: SignIn, database: Database
) -> None:
    async with database.begin() as conn:
        await conn.execute(text("UPDATE cycles SET ends_at = NULL"))
    client = await sign_in(SECOND_HR)
    for query in ("", "?preview=true"):
        refused = await client.post(f"/api/cycles/{world.cycle_id}/extend{query}", json={"days": 5})
        assert refused.status_code == 409
        assert "it ends when its last person is through" in refused.json()["detail"]


async def test_why_somebody_was_added_is_kept_and_shown(
    world: World, sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(SECOND_HR)
    people = f"/api/cycles/{world.cycle_id}/participants"
    await client.post(f"{people}/{WORKER}/remove", json={"reason": "On loan."})
    added = await client.post(people, json={"person_id": WORKER, "reason": "Back early."})
    assert added.status_code == 200
    items = (await client.get(people)).json()["items"]
    (row,) = [item for item in items if item["person_id"] == WORKER]
    assert (row["reason"], row["because"]) == ("added_by_hr", "Back early.")
    page = await client.get(f"/cycles/{world.cycle_id}/people", headers={"accept": "text/html"})
    assert "added by HR, late joiner: Back early." in page.text
    noted = await _scalar(database, "SELECT after FROM audit WHERE action = 'add_participant'")
    assert noted == {"person_id": WORKER, "reason": "given"}


async def _refuse(database: Database, person: int) -> None:
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET address_refused_at = now() WHERE id = :id"), {"id": person}
        )
        mail = await conn.scalar(
            text(
                "INSERT INTO mails (key, message_id, kind, person_id, address, subject, state,"
                " smtp_code, smtp_answer, next_try_at, created_at) VALUES ('m', '<m@x>', 'daily',"
                " :id, 'worker@example.com', '', 'failed', 550, 'no such mailbox', now(), now())"
                " RETURNING id"
            ),
            {"id": person},
        )
        await conn.execute(
            text(
                "INSERT INTO notifications (key, event, person_id, cause, at, send_at, state,"
                " reason, mail_id) VALUES ('n', 'result_opened', :id, 'talk', now(), now(),"
                " 'failed', 'address_refused', :mail)"
            ),
            {"id": person, "mail": mail},
        )


async def test_a_refused_address_is_corrected_and_what_was_missed_goes_out(
    world: World, sign_in: SignIn, database: Database
) -> None:
    await _refuse(database, WORKER)
    client = await sign_in(SECOND_HR)
    listed = await client.get("/people?status=refused", headers=HTML)
    assert f"/people/{WORKER}/address" in listed.text
    form = await client.get(f"/people/{WORKER}/address", headers=HTML)
    assert "550 no such mailbox" in form.text
    taken = await client.post(
        f"/people/{WORKER}/address", data={"address": "lead@example.com"}, headers=HTML
    )
    assert (taken.status_code, "belongs to somebody else" in taken.text) == (422, True)
    address = f"/api/people/{WORKER}/address"
    for wrong in ("nowhere", "HR@example.com", "lead@example.com"):
        refused = await client.post(address, json={"address": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    answers = [
        await client.post(
            address, json={"address": "w@example.org"}, headers={"Idempotency-Key": "a"}
        )
        for _ in range(2)
    ]
    assert {answer.text for answer in answers} == {f'{{"person_id":{WORKER},"queued":1}}'}
    record = (await client.get(f"/api/people/{WORKER}")).json()
    assert record["email"] == "w@example.org"
    assert await _scalar(database, "SELECT state FROM notifications WHERE key = 'n'") == "queued"
    again = await client.post(address, json={})
    assert (again.status_code, "was refused" in again.json()["detail"]) == (409, True)


async def test_an_address_is_tried_again_as_it_is_from_its_page(
    world: World, sign_in: SignIn, database: Database
) -> None:
    await _refuse(database, WORKER)
    client = await sign_in(ADMIN)
    page = f"/people/{WORKER}/address"
    done = await client.post(page, data={"address": "worker@example.com"}, headers=HTML)
    assert done.status_code == 303
    assert await _scalar(database, "SELECT count(address_refused_at) FROM people") == 0
    worker = await sign_in(WORKER)
    assert (await worker.get(page, headers=HTML)).status_code == 403


async def test_all_refused_addresses_are_tried_again_from_page_and_api_at_once(
    world: World, sign_in: SignIn, database: Database
) -> None:
    await _refuse(database, WORKER)
    client = await sign_in(SECOND_HR)
    assert "/people/addresses/try-again" in (await client.get("/people", headers=HTML)).text
    done = await client.post("/people/addresses/try-again", headers=HTML)
    assert done.status_code == 303
    marked = "SELECT count(address_refused_at) FROM people"
    assert await _scalar(database, marked) == 0
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE people SET address_refused_at = now() WHERE id IN (:a, :b)"),
            {"a": WORKER, "b": ADMIN},
        )
    tried = await client.post("/api/people/addresses/try-again")
    assert (tried.status_code, tried.json()["people"]) == (200, 2)
    assert await _scalar(database, marked) == 0
    entries = "SELECT count(*) FROM audit WHERE action = 'address_mended'"
    assert await _scalar(database, entries) == 3
    worker = await sign_in(WORKER)
    assert (await worker.post("/api/people/addresses/try-again")).status_code == 403
    assert (await worker.post("/people/addresses/try-again", headers=HTML)).status_code == 403


async def test_a_refused_address_may_be_replaced_by_one_of_somebody_who_left(
    world: World, sign_in: SignIn, database: Database
) -> None:
    await _refuse(database, WORKER)
    async with database.begin() as conn:
        await conn.execute(
            text(
                "INSERT INTO people (employee_id, first_name, last_name, email, hire_date, status,"
                " left_on, created_at, updated_at) VALUES ('gone', 'Gone', 'Away',"
                " 'Gone@example.com', '2020-01-01', 'left', '2026-01-01', now(), now())"
            )
        )
    client = await sign_in(SECOND_HR)
    address = f"/api/people/{WORKER}/address"
    assert (await client.post(address, json={"address": "gone@example.com"})).status_code == 200
    left = "SELECT email FROM people WHERE employee_id = 'gone'"
    assert await _scalar(database, left) == ""
