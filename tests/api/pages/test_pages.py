"""Pages on the real application and a real database, as a browser without scripts uses them."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response
from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from domain.clock import SetClock
from store import launch, links
from store.definitions import publish
from store.session import Database
from store.tasks import submit
from tests.api.conftest import SignIn
from tests.api.cycle import ANSWERS, World
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, WORKER

HTML = {"accept": "text/html,application/xhtml+xml"}


async def get(client: AsyncClient, path: str) -> Response:
    return await client.get(path, headers=HTML)


async def post(client: AsyncClient, path: str, **fields: str) -> Response:
    return await client.post(path, data=fields, headers=HTML)


def hidden(page: Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, name
    return found[1]


def plain(page: Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).replace("&#39;", "'").split())


# --- The door ------------------------------------------------------------------------------------


async def test_page_without_a_session_leads_to_the_door_and_back(stranger: AsyncClient) -> None:
    answer = await get(stranger, "/tasks?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Ftasks%3Fx%3D1"
    door = await get(stranger, answer.headers["location"])
    assert hidden(door, "next") == "/tasks?x=1"


async def test_door_does_not_lead_to_another_site(stranger: AsyncClient) -> None:
    door = await get(stranger, "/sign-in?next=//evil.example/")
    assert hidden(door, "next") == "/"


async def test_asking_for_a_link_says_the_same_for_unknown_addresses(
    stranger: AsyncClient, database: Database, world: World
) -> None:
    known = await post(stranger, "/sign-in", email="worker@example.com", next="/tasks")
    unknown = await post(stranger, "/sign-in", email="nobody@example.com", next="/tasks")
    assert known.status_code == unknown.status_code == 200
    assert plain(known).replace("worker@", "") == plain(unknown).replace("nobody@", "")
    async with database.begin() as conn:
        asked = await conn.scalar(text("SELECT count(*) FROM notifications WHERE event='sign_in'"))
    assert asked == 1


async def test_bad_address_is_kept_and_explained(stranger: AsyncClient) -> None:
    page = await post(stranger, "/sign-in", email="worker at example", next="/")
    assert page.status_code == 422
    assert 'value="worker at example"' in page.text
    assert "Enter an address like name@company.com" in page.text


async def make_link(database: Database, clock: SetClock, person: int, target: str) -> str:
    async with database.begin() as conn:
        return await links.create_link(
            conn,
            person_id=person,
            purpose="task",
            task_id=None,
            target=target,
            now=clock.now(),
            lifetime=timedelta(days=1),
        )


async def test_opening_a_link_changes_nothing_and_the_button_signs_in(
    stranger: AsyncClient, database: Database, clock: SetClock, world: World
) -> None:
    target = f"/tasks/{world.self_task}"
    token = await make_link(database, clock, WORKER, target)
    page = await get(stranger, f"/l/{token}")
    assert "Hello Worker" in page.text
    assert (await get(stranger, "/tasks")).status_code == 303
    entered = await post(stranger, f"/l/{token}")
    assert (entered.status_code, entered.headers["location"]) == (303, target)
    assert (await get(stranger, target)).status_code == 200
    again = await get(stranger, f"/l/{token}")
    assert (again.status_code, again.headers["location"]) == (303, target)


async def test_link_of_somebody_else_opens_nothing(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    token = await make_link(database, clock, WORKER, "/tasks")
    lead = await sign_in(LEAD)
    page = await get(lead, f"/l/{token}")
    assert page.status_code == 403
    assert "You are signed in as" in page.text
    assert "Worker" not in page.text
    assert (await post(lead, f"/l/{token}")).status_code == 403


async def test_link_that_ran_out_or_was_revoked_offers_a_new_one(
    stranger: AsyncClient, database: Database, clock: SetClock, world: World
) -> None:
    expired = await make_link(database, clock, WORKER, "/tasks")
    clock.advance(timedelta(days=2))
    revoked = await make_link(database, clock, WORKER, "/tasks")
    async with database.begin() as conn:
        await links.revoke_for_person(conn, WORKER, clock.now())
    for token, words in ((expired, "run out"), (revoked, "no longer works")):
        for page in (await get(stranger, f"/l/{token}"), await post(stranger, f"/l/{token}")):
            assert page.status_code == 410
            assert words in page.text
            assert "Send me a new link" in page.text
    assert (await get(stranger, "/l/of-nothing-at-all")).status_code == 404


# --- Who sees what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/cycles",
        "/cycles/new",
        "/definitions",
        "/definitions/publish",
        "/people",
        "/people/import",
        "/company",
        "/notifications",
        "/audit",
        "/workflows",
        "/team",
    ],
)
async def test_participant_does_not_see_the_office(
    sign_in: SignIn, world: World, path: str
) -> None:
    page = await get(await sign_in(WORKER), path)
    assert page.status_code == 403
    assert "This is not for you to do" in page.text


async def test_missing_and_hidden_are_not_told_apart(sign_in: SignIn, world: World) -> None:
    worker = await sign_in(WORKER)
    hidden_task = await get(worker, f"/tasks/{world.manager_task}")
    missing = await get(worker, "/tasks/01890000-0000-7000-8000-000000000000")
    assert hidden_task.status_code == missing.status_code == 404
    assert plain(hidden_task).split(" reference ")[0] == plain(missing).split(" reference ")[0]


async def test_hr_is_a_participant_in_its_own_case(sign_in: SignIn, world: World) -> None:
    hr = await sign_in(HR)
    cycle = f"/cycles/{world.cycle_id}"
    assert (await get(hr, f"{cycle}/people/{HR}")).status_code == 404
    assert (await get(hr, f"{cycle}/people/{BOSS}")).status_code == 404
    assert (await get(hr, f"/reviews/{world.cycle_id}/{HR}")).status_code == 404
    assert (await get(hr, f"/tasks/{world.boss_self_task}/steer/excuse")).status_code in (403, 404)
    people = plain(await get(hr, f"{cycle}/people"))
    assert "HR's rights end here" in people
    tasks = await get(hr, f"{cycle}/tasks")
    assert f"/tasks/{world.boss_self_task}" not in tasks.text
    assert f"/tasks/{world.self_task}" in tasks.text


async def test_administrator_reads_no_answers(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    secret = "A sentence that only the line may read."
    async with database.begin() as conn:
        await submit(
            conn, world.self_task, Actor(WORKER, "person"), {"going": secret}, now=clock.now()
        )
    admin = await sign_in(ADMIN)
    for path in (
        f"/tasks/{world.self_task}",
        f"/tasks/{world.self_task}/explain",
        f"/cycles/{world.cycle_id}",
        f"/cycles/{world.cycle_id}/people/{WORKER}",
        "/workflows",
        "/audit",
        "/notifications",
    ):
        page = await get(admin, path)
        assert page.status_code == 200, path
        assert secret not in page.text
    assert (await get(admin, f"/reviews/{world.cycle_id}/{WORKER}")).status_code == 404
    lead = await get(await sign_in(LEAD), f"/tasks/{world.self_task}")
    assert secret in lead.text


async def test_manager_is_not_told_of_lateness_unless_it_was_brought_to_them(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    lead = await sign_in(LEAD)
    before = plain(await get(lead, "/team"))
    assert "Your view" in before
    assert "in 14 days" in before
    clock.advance(timedelta(days=20))
    lead = await sign_in(LEAD)
    unaware = await get(lead, "/team")
    assert "late" not in plain(unaware).lower().replace("latest", "")
    assert "Was due" not in (await get(lead, f"/tasks/{world.self_task}")).text
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET told_to = :told WHERE id = :id"),
            {"told": [LEAD], "id": world.self_task},
        )
    aware = plain(await get(lead, "/team"))
    assert "6 days late" in aware or "7 days late" in aware
    assert "Was due" in (await get(lead, f"/tasks/{world.self_task}")).text


# --- The form, without a script ------------------------------------------------------------------


async def test_form_is_saved_checked_and_submitted_without_a_script(
    sign_in: SignIn, database: Database, world: World
) -> None:
    worker = await sign_in(WORKER)
    href = f"/tasks/{world.self_task}"
    form = await get(worker, href)
    assert "How is it going?" in form.text
    saved = await post(
        worker, href, version=hidden(form, "version"), step="1", go="save", **{"a.mood": "4"}
    )
    assert saved.status_code == 303
    assert "Draft saved." in (await get(worker, saved.headers["location"])).text
    preview = await get(worker, f"{href}/preview")
    assert "Not answered" in preview.text
    refused = await post(worker, f"{href}/submit", version=hidden(preview, "version"))
    assert refused.status_code == 422
    assert f'href="{href}#f-going"' in refused.text
    form = await get(worker, href)
    assert re.search(r'value="4" checked', form.text)
    answer = await post(
        worker,
        href,
        version=hidden(form, "version"),
        step="1",
        go="preview",
        **{"a.mood": "4", "a.going": "Well & <good>"},
    )
    preview = await get(worker, answer.headers["location"])
    assert "Well &amp; &lt;good&gt;" in preview.text
    done = await post(worker, f"{href}/submit", version=hidden(preview, "version"))
    assert done.status_code == 303
    page = await get(worker, done.headers["location"])
    assert "Submitted." in page.text
    assert "the next stage has opened" in page.text
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'planned' WHERE id = :id"), {"id": world.manager_task}
        )
    assert "Take it back" in (await get(worker, href)).text
    assert "Submitted" in plain(await get(worker, "/tasks"))
    back = await post(worker, f"{href}/withdraw")
    assert "Taken back." in (await get(worker, back.headers["location"])).text
    assert "Well &amp; &lt;good&gt;" in (await get(worker, href)).text


async def test_two_windows_lose_nothing_and_the_choice_is_clear(
    sign_in: SignIn, world: World
) -> None:
    worker = await sign_in(WORKER)
    href = f"/tasks/{world.self_task}"
    first = hidden(await get(worker, href), "version")
    await post(worker, href, version=first, step="1", go="save", **{"a.going": "From the phone"})
    clash = await post(
        worker, href, version=first, step="1", go="preview", **{"a.going": "From the desk"}
    )
    assert clash.status_code == 412
    assert "From the phone" in clash.text
    assert "From the desk" in clash.text
    fields = {
        "version": hidden(clash, "version"),
        "settle": "1",
        "step": "1",
        "a.going": "From the desk",
        "keep.going": "there",
    }
    await post(worker, href, **fields)
    assert "From the phone" in (await get(worker, f"{href}/preview")).text


async def test_more_time_from_hr_is_no_conflict_with_what_was_typed(
    sign_in: SignIn, database: Database, world: World
) -> None:
    worker = await sign_in(WORKER)
    href = f"/tasks/{world.self_task}"
    version = hidden(await get(worker, href), "version")
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET version = version + 1 WHERE id = :id"), {"id": world.self_task}
        )
    answer = await post(worker, href, version=version, step="1", go="save", **{"a.going": "Fine"})
    assert answer.status_code == 303


async def test_draft_answers_the_script_with_its_version_and_what_is_asked(
    sign_in: SignIn, world: World
) -> None:
    worker = await sign_in(WORKER)
    href = f"/tasks/{world.self_task}"
    version = hidden(await get(worker, href), "version")
    json = {"accept": "application/json"}
    fields = {"version": version, "step": "1", "a.going": "Typing"}
    saved = await worker.post(f"{href}/draft", data=fields, headers=json)
    assert saved.status_code == 200
    body = saved.json()
    assert body["asked"] == ["going", "mood"]
    assert body["version"] != version
    assert re.fullmatch(r"\d\d:\d\d", body["clock"])
    stale = await worker.post(f"{href}/draft", data={**fields, "a.going": "Stale"}, headers=json)
    assert stale.status_code == 412
    assert stale.json()["code"] == "edit-conflict"


async def test_submitting_after_another_window_changed_the_draft_shows_it_once_more(
    sign_in: SignIn, world: World
) -> None:
    worker = await sign_in(WORKER)
    href = f"/tasks/{world.self_task}"
    form = await get(worker, href)
    await post(
        worker, href, version=hidden(form, "version"), step="1", go="save", **{"a.going": "One"}
    )
    seen = hidden(await get(worker, f"{href}/preview"), "version")
    form = await get(worker, href)
    await post(
        worker, href, version=hidden(form, "version"), step="1", go="save", **{"a.going": "Two"}
    )
    answer = await post(worker, f"{href}/submit", version=seen)
    assert answer.status_code == 412
    assert "changed in another window" in answer.text
    assert "Two" in answer.text


async def test_form_of_a_task_that_ended_meanwhile_says_so_and_takes_nothing(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    worker = await sign_in(WORKER)
    href = f"/tasks/{world.self_task}"
    version = hidden(await get(worker, href), "version")
    async with database.begin() as conn:
        await submit(conn, world.self_task, Actor(WORKER, "person"), ANSWERS, now=clock.now())
    answer = await post(worker, href, version=version, step="1", go="save", **{"a.going": "Late"})
    assert answer.status_code == 409
    assert "Well enough." in answer.text
    assert "Late" not in plain(answer)


async def test_evidence_stands_beside_and_private_questions_are_marked(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    answers = {"going": "I led the move.", "mood": 5}
    async with database.begin() as conn:
        await submit(conn, world.self_task, Actor(WORKER, "person"), answers, now=clock.now())
    page = plain(await get(await sign_in(LEAD), f"/tasks/{world.manager_task}"))
    assert "I led the move." in page
    assert "Only you, the managers above you and HR read this." in page
    assert "Only HR reads this." in page


MEETING = """
definition: talk
title: Talk {period}
purpose: To see whether a talk took place.
period: previous year
audience: {tenure: 0 days}
stages:
  - {id: talk, title: Check-in, kind: meeting, opens: launch, due: 10 working days}
  - {id: answer, title: Answer, kind: acknowledgement, due: 5 working days}
"""


async def open_task(
    database: Database, clock: SetClock, stage: str, role: str, assignee: int
) -> UUID:
    actor = Actor(SECOND_HR, "hr")
    now = clock.now()
    async with database.begin() as conn:
        parsed = parse_definition(MEETING, "talk.yaml")
        version = await publish(conn, parsed, source=MEETING, actor=actor, now=now)
        cycle = await launch.prepare(conn, version.id, now.date(), "button", actor, now)
        await launch.confirm(conn, cycle, actor, now)
        found = await conn.scalar(
            text(
                "INSERT INTO tasks (cycle_id, stage_id, subject_id, role, assignee_id, state,"
                " cause, begun_at, opens_at, announce_at, due_on, due_at, created_at)"
                " SELECT :cycle, id,"
                " :subject, :role, :assignee, 'open', 'launch', :now, :now, :now, :on, :due, :now"
                " FROM stages WHERE cycle_id = :cycle AND key = :stage RETURNING id"
            ),
            {
                "cycle": cycle,
                "stage": stage,
                "subject": WORKER,
                "role": role,
                "assignee": assignee,
                "now": now,
                "on": now.date() + timedelta(days=14),
                "due": now + timedelta(days=14),
            },
        )
        assert isinstance(found, UUID)
        return found


async def test_meeting_is_done_when_its_day_is_said(
    sign_in: SignIn, app: object, database: Database, clock: SetClock
) -> None:
    task = await open_task(database, clock, "talk", "manager", LEAD)
    lead = await sign_in(LEAD)
    href = f"/tasks/{task}"
    form = await get(lead, href)
    assert "On which day did you talk?" in form.text
    empty = await post(lead, href, version=hidden(form, "version"), go="preview", held_on="")
    preview = await get(lead, empty.headers["location"])
    refused = await post(lead, f"{href}/submit", version=hidden(preview, "version"))
    assert refused.status_code == 422
    assert "Say on which day you talked." in refused.text
    day = date(2027, 1, 11)
    answer = await post(
        lead, href, version=hidden(form, "version"), go="preview", held_on=day.isoformat()
    )
    preview = await get(lead, answer.headers["location"])
    assert "Mon 11 Jan" in preview.text
    done = await post(
        lead,
        f"{href}/submit",
        version=hidden(preview, "version"),
        held_on=hidden(preview, "held_on"),
    )
    assert done.status_code == 303
    assert "talked on Mon 11 Jan" in (await get(lead, href)).text


async def test_disagreeing_needs_words_and_keeps_them(
    sign_in: SignIn, app: object, database: Database, clock: SetClock
) -> None:
    task = await open_task(database, clock, "answer", "subject", WORKER)
    worker = await sign_in(WORKER)
    href = f"/tasks/{task}"
    page = await get(worker, href)
    refused = await post(
        worker, href, version=hidden(page, "version"), go="submit", **{"a.answer": "disagree"}
    )
    assert refused.status_code == 422
    assert "Please write what you want to add." in refused.text
    assert re.search(r'value="disagree" checked', refused.text)
    page = await get(worker, href)
    fields = {"a.answer": "disagree", "a.text": "The second half is missing."}
    done = await post(worker, href, version=hidden(page, "version"), go="submit", **fields)
    assert done.status_code == 303
    assert "The second half is missing." in (await get(worker, href)).text


# --- HR and administrators -----------------------------------------------------------------------


async def test_act_is_previewed_and_done_once_however_often_the_button_is_pressed(
    sign_in: SignIn, database: Database, world: World
) -> None:
    hr = await sign_in(SECOND_HR)
    href = f"/cycles/{world.cycle_id}/steer/pause"
    preview = await get(hr, href)
    assert "5 open tasks" in preview.text
    key = hidden(preview, "key")
    for _ in range(2):
        answer = await post(hr, href, key=key)
        assert answer.status_code == 303
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM pauses")) == 1
    page = plain(await get(hr, f"/cycles/{world.cycle_id}"))
    assert "paused since" in page
    assert "Resume" in page


async def test_what_cannot_be_undone_is_confirmed_with_its_number(
    sign_in: SignIn, database: Database, world: World
) -> None:
    hr = await sign_in(SECOND_HR)
    href = f"/cycles/{world.cycle_id}/steer/cancel"
    asked = await get(hr, f"{href}?go=look&reason=")
    assert asked.status_code == 422
    preview = await get(hr, f"{href}?go=look&reason=Wrong+people")
    assert "5 tasks are cancelled" in preview.text
    key = hidden(preview, "key")
    wrong = await post(hr, href, key=key, reason="Wrong people", confirm="50")
    assert wrong.status_code == 422
    assert "Type 5 to confirm." in wrong.text
    done = await post(hr, href, key=hidden(wrong, "key"), reason="Wrong people", confirm="5")
    assert done.status_code == 303
    refused = await get(hr, f"/cycles/{world.cycle_id}/steer/pause")
    assert refused.status_code == 409
    assert "The cycle was cancelled." in refused.text


async def test_stage_is_extended_from_its_row(
    sign_in: SignIn, database: Database, world: World
) -> None:
    hr = await sign_in(SECOND_HR)
    cycle = await get(hr, f"/cycles/{world.cycle_id}")
    found = re.search(r'href="(/cycles/[^"]*extend_stage\?stage=[^"]*)"', cycle.text)
    assert found
    form = await get(hr, found[1])
    assert "By how many working days?" in form.text
    assert re.search(r'name="stage" value="[^"]*" checked', form.text)
    wrong = await get(hr, f"{found[1]}&go=look&days=1000")
    assert wrong.status_code == 422
    assert "from 1 to 120" in wrong.text
    preview = await get(hr, f"{found[1]}&go=look&days=3&after=")
    assert "Extend 3 tasks" in preview.text
    stage = hidden(preview, "stage")
    done = await post(
        hr,
        f"/cycles/{world.cycle_id}/steer/extend_stage",
        key=hidden(preview, "key"),
        stage=stage,
        days="3",
        after="",
    )
    assert done.status_code == 303
    async with database.begin() as conn:
        found_days = await conn.scalar(
            text("SELECT extended_by FROM stages WHERE id = :id"), {"id": stage}
        )
    assert found_days == 3


async def test_task_is_reassigned_by_address_and_unknown_people_are_refused(
    sign_in: SignIn, database: Database, world: World
) -> None:
    hr = await sign_in(SECOND_HR)
    href = f"/tasks/{world.manager_task}/steer/reassign"
    nobody = await get(hr, f"{href}?go=look&person=ghost@example.com")
    assert nobody.status_code == 422
    assert "There is nobody by ghost@example.com." in nobody.text
    preview = await get(hr, f"{href}?go=look&person=boss@example.com")
    done = await post(hr, href, key=hidden(preview, "key"), person="boss@example.com")
    assert done.status_code == 303
    async with database.begin() as conn:
        holder = await conn.scalar(
            text("SELECT assignee_id FROM tasks WHERE id = :id"), {"id": world.manager_task}
        )
    assert holder == BOSS


async def test_launch_is_checked_and_confirmed_with_the_number_of_people(
    sign_in: SignIn, app: object, database: Database, clock: SetClock
) -> None:
    async with database.begin() as conn:
        parsed = parse_definition(MEETING, "talk.yaml")
        version = await publish(
            conn, parsed, source=MEETING, actor=Actor(HR, "hr"), now=clock.now()
        )
    hr = await sign_in(HR)
    incomplete = await post(hr, "/cycles", version="", launch_on="")
    assert incomplete.status_code == 422
    assert "Choose a definition." in incomplete.text
    prepared = await post(hr, "/cycles", version=str(version.id), launch_on="2027-01-14")
    check = await get(hr, prepared.headers["location"])
    assert "Nothing is open and nobody was told." in check.text
    people = re.search(r"type how many people take part: (\d+)", check.text)
    assert people
    href = prepared.headers["location"].removesuffix("/check")
    wrong = await post(hr, f"{href}/confirm", key=hidden(check, "key"), confirm="1000")
    assert wrong.status_code == 422
    done = await post(hr, f"{href}/confirm", key=hidden(wrong, "key"), confirm=people[1])
    assert done.headers["location"] == f"{href}/first-minutes?said=launched"
    assert (await get(hr, f"{href}/first-minutes")).status_code == 200
    assert "Timeline" in (await get(hr, href)).text


async def test_administrator_sees_why_a_workflow_fails_and_can_ring_it(
    sign_in: SignIn, database: Database, clock: SetClock, world: World
) -> None:
    process = f"cycle-{world.cycle_id}"
    async with database.begin() as conn:
        await conn.execute(
            text(
                "UPDATE processes SET failures = 3, failure = 'IntegrityError in advance_cycle',"
                " failed_at = :now WHERE id = :id"
            ),
            {"id": process, "now": clock.now()},
        )
        await conn.execute(
            text(
                "INSERT INTO held_rows (process_id, cycle_id, person_id, code, mended_by, at)"
                " VALUES (:id, :cycle, :person, 'cannot-open: unknown zone', 'hr', :now)"
            ),
            {"id": process, "cycle": world.cycle_id, "person": WORKER, "now": clock.now()},
        )
        before = await conn.scalar(text("SELECT count(*) FROM bells"))
    admin = await sign_in(ADMIN)
    page = plain(await get(admin, "/workflows?what=failing"))
    assert "IntegrityError in advance_cycle" in page
    assert "3 failures in a row" in page
    assert "A task cannot be opened" in page
    assert "Worker Example" not in page
    assert (await post(admin, f"/workflows/{process}/retry")).status_code == 303
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM bells")) > before
        cleared = text("SELECT count(*) FROM held_rows WHERE cleared_at IS NULL")
        assert await conn.scalar(cleared) == 0
    hr = await sign_in(SECOND_HR)
    assert (await post(hr, f"/workflows/{process}/ring")).status_code == 403


async def test_definition_with_problems_shows_each_at_its_place(
    sign_in: SignIn, app: object
) -> None:
    hr = await sign_in(HR)
    broken = MEETING.replace("10 working days}", "10 workdays}")
    page = await post(hr, "/definitions/publish", source=broken, go="check")
    assert page.status_code == 422
    assert re.search(r'class="place">\d+:\d+<', page.text)
    assert "10 workdays" in page.text
    good = await post(hr, "/definitions/publish", source=MEETING, go="check")
    assert "Publish as a new version" in good.text
    done = await post(hr, "/definitions/publish", source=MEETING, go="publish")
    version = await get(hr, done.headers["location"])
    assert "Published." in version.text
    assert "Stages in words" in version.text


PEOPLE = "Number,Vorname,Nachname,Mail,Start\n1,Ada,Lovelace,ada@example.com,2020-02-30\n"


async def test_people_file_is_mapped_checked_and_taken_over_whole_or_not_at_all(
    sign_in: SignIn, app: object, database: Database
) -> None:
    hr = await sign_in(HR)

    async def send(content: str, go: str, **mapping: str) -> Response:
        fields = {"go": go, **{f"map.{key}": value for key, value in mapping.items()}}
        return await hr.post(
            "/people/import",
            data=fields,
            files={"file": ("people.csv", content.encode(), "text/csv")},
            headers=HTML,
        )

    read = await send(PEOPLE, "read")
    assert "Which column is what" in read.text
    assert "Lovelace" in read.text
    mapping = {
        "employee_id": "Number",
        "first_name": "Vorname",
        "last_name": "Nachname",
        "email": "Mail",
        "hire_date": "Start",
    }
    wrong = await send(PEOPLE, "check", **mapping)
    assert wrong.status_code == 422
    assert "row 2" in wrong.text
    fine = PEOPLE.replace("02-30", "02-28")
    checked = await send(fine, "check", **mapping)
    assert checked.status_code == 200
    assert "Everything is fine" in checked.text
    done = await send(fine, "import", **mapping)
    assert done.status_code == 303
    async with database.begin() as conn:
        found = text("SELECT count(*) FROM people WHERE email = 'ada@example.com'")
        assert await conn.scalar(found) == 1


async def test_error_page_speaks_plainly_and_keeps_the_api_apart(
    stranger: AsyncClient, sign_in: SignIn, world: World
) -> None:
    worker = await sign_in(WORKER)
    page = await get(worker, "/no/such/page")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    lost = await post(stranger, f"/tasks/{world.self_task}", version="1.0", go="save")
    assert lost.status_code == 401
    assert "Your text is still on the page before this one" in lost.text
    api = await worker.get("/api/no-such-thing", headers=HTML)
    assert api.headers["content-type"].startswith("application/problem+json")


async def test_static_files_are_kept_by_browsers_and_pages_are_not(stranger: AsyncClient) -> None:
    page = await get(stranger, "/sign-in")
    found = re.search(r'href="(/static/almanac\.css\?[0-9a-f]+)"', page.text)
    assert found
    css = await stranger.get(found[1])
    assert "immutable" in css.headers["cache-control"]
    assert page.headers["cache-control"] == "private, no-store"
    assert (await stranger.get("/static/../api/app.py")).status_code == 404
