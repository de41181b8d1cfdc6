"""HR's and administrators' pages: previewed, confirmed, done once."""

import re
from datetime import date, timedelta

from httpx2 import AsyncClient, Response
from sqlalchemy import text

from definitions.loader import parse_definition
from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.definitions.versions import publish
from store.launch.launching import prepare
from tests.api.conftest import SignIn
from tests.api.cycle import SMALL, World
from tests.api.pages.browsing import HTML, get, hidden, plain, post
from tests.api.pages.talk import MEETING
from tests.store.people_rows import ADMIN, BOSS, HR, SECOND_HR, WORKER


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
    asked = await post(hr, href, go="look", reason="")
    assert asked.status_code == 422
    preview = await post(hr, href, go="look", reason="Wrong people")
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


async def test_what_is_typed_about_somebody_is_in_no_address(
    sign_in: SignIn, world: World, database: Database
) -> None:
    """Looking is a POST; an old address with a reason in it shows an empty form."""
    hr = await sign_in(SECOND_HR)
    person = await get(hr, f"/cycles/{world.cycle_id}/people/{WORKER}")
    found = re.search(r'href="([^"]*steer/remove[^"]*)"', person.text)
    assert found
    assert "@" not in found[1]
    form = await get(hr, found[1])
    assert 'method="post"' in form.text
    assert 'value="worker@example.com"' in form.text
    href = f"/cycles/{world.cycle_id}/steer/remove"
    old = await get(hr, f"{href}?go=look&person=worker@example.com&reason=Ill")
    assert "Ill" not in old.text
    told = {"person": "worker@example.com", "reason": "Ill since May."}
    preview = await post(hr, href, go="look", **told)
    assert "tasks about them are cancelled" in preview.text
    assert "worker@example.com" in plain(preview), "what was typed is read once more"
    assert "Ill since May." in plain(preview)
    again = await post(hr, href, go="change", key=hidden(preview, "key"), **told)
    assert "Ill since May." in again.text
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM participants WHERE because > ''")) == 0
    done = await post(hr, href, key=hidden(preview, "key"), **told)
    assert (done.status_code, "Ill" in done.headers["location"]) == (303, False)


async def test_stage_is_extended_from_its_row(
    sign_in: SignIn, database: Database, world: World
) -> None:
    hr = await sign_in(SECOND_HR)
    cycle = await get(hr, f"/cycles/{world.cycle_id}")
    found = re.search(r'href="(/cycles/[^"]*extend_stage\?stage=[^"]*)"', cycle.text)
    assert found
    form = await get(hr, found[1])
    assert "By how many working days?" in form.text
    chosen = re.search(r'name="stage" value="([^"]*)" checked', form.text)
    assert chosen
    hidden_stage, href = chosen[1], f"/cycles/{world.cycle_id}/steer/extend_stage"
    wrong = await post(hr, href, go="look", stage=hidden_stage, days="1000", after="")
    assert wrong.status_code == 422
    assert "from 1 to 120" in wrong.text
    preview = await post(hr, href, go="look", stage=hidden_stage, days="3", after="")
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
    nobody = await post(hr, href, go="look", person="ghost@example.com")
    assert nobody.status_code == 422
    assert "There is nobody by ghost@example.com." in nobody.text
    preview = await post(hr, href, go="look", person="boss@example.com")
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
    assert "reports to nobody" in check.text
    alone = await post(hr, f"{href}/reviewer", person="top@example.com", reviewer="ghost")
    assert alone.status_code == 422
    assert "There is nobody by ghost." in alone.text
    own = await post(hr, f"{href}/reviewer", person="top@example.com", reviewer="lead@example.com")
    assert own.status_code == 403, "the top is in HR's own line"
    assert "This person is you, or somebody above you." in plain(own)
    assert 'value="top@example.com"' in own.text
    assert 'value="lead@example.com"' in own.text
    second = await sign_in(SECOND_HR)
    assert (await get(second, f"{href}/reviewer")).status_code == 200
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


async def test_first_minutes_count_what_has_opened_and_end_after_ten(
    sign_in: SignIn, world: World, clock: SetClock
) -> None:
    hr = await sign_in(SECOND_HR)
    page = plain(await get(hr, f"/cycles/{world.cycle_id}/first-minutes"))
    assert page.count("of 5") == 2, "forms opened, and submitted"
    assert "Watch for ten minutes" in page
    clock.advance(timedelta(minutes=11))
    assert "The first ten minutes are over." in plain(
        await get(hr, f"/cycles/{world.cycle_id}/first-minutes")
    )


async def test_launch_check_shows_the_first_mail_to_whom_hr_names_but_not_to_her_own_line(
    sign_in: SignIn, app: object, database: Database, clock: SetClock
) -> None:
    actor = Actor(SECOND_HR, "hr")
    async with database.begin() as conn:
        parsed = parse_definition(SMALL, "small.yaml")
        version = await publish(conn, parsed, source=SMALL, actor=actor, now=clock.now())
        cycle = await prepare(conn, version.id, date(2027, 1, 14), "button", actor, clock.now())
    hr = await sign_in(HR)
    first = plain(await get(hr, f"/cycles/{cycle}/check"))
    assert "Preview: " in first
    assert "Send this preview to me" in first
    named = await get(hr, f"/cycles/{cycle}/check?person=worker@example.com")
    assert "Worker Example gets this mail" in plain(named)
    assert f'name="person" value="{WORKER}"' in named.text
    for address, said in (
        ("boss@example.com", "HR's rights end at one's own case"),
        ("nobody-here", "This names nobody for certain."),
    ):
        page = plain(await get(hr, f"/cycles/{cycle}/check?person={address}"))
        assert said in page.replace("’", "'")
        assert "Preview: " not in page
    administrator = await sign_in(ADMIN)
    assert "Preview: " not in plain(await get(administrator, f"/cycles/{cycle}/check"))
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT state FROM cycles")) == "check"


async def test_a_launch_prepared_twice_and_a_preview_asked_for_twice_are_one(
    sign_in: SignIn, app: object, database: Database, clock: SetClock
) -> None:
    async with database.begin() as conn:
        parsed = parse_definition(MEETING, "talk.yaml")
        version = await publish(
            conn, parsed, source=MEETING, actor=Actor(HR, "hr"), now=clock.now()
        )
    hr = await sign_in(HR)
    key = hidden(await get(hr, "/cycles/new"), "key")
    form = {"version": str(version.id), "launch_on": "2027-01-14", "key": key}
    places = {(await post(hr, "/cycles", **form)).headers["location"] for _ in range(2)}
    assert len(places) == 1
    cycle = places.pop().removesuffix("/check")
    for _ in range(2):
        assert (await post(hr, f"{cycle}/first-mail", person=str(WORKER))).status_code == 303
    assert (await post(hr, f"{cycle}/first-mail", person=str(BOSS))).status_code == 404
    assert (await post(hr, f"{cycle}/first-mail", person="all")).status_code == 404
    async with database.begin() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM cycles")) == 1
        mails = "SELECT count(*) FROM notifications WHERE event = 'test_mail'"
        assert await conn.scalar(text(mails)) == 1
