"""A task's form as a browser without scripts uses it: nothing is lost."""

import re
from datetime import date

from sqlalchemy import text

from domain.access import Actor
from domain.clock import SetClock
from store.base.session import Database
from store.tasks.submitting import submit
from tests.api.conftest import SignIn
from tests.api.cycle import ANSWERS, World
from tests.api.pages.browsing import get, hidden, plain, post
from tests.api.pages.talk import open_task
from tests.store.people_rows import LEAD, WORKER


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
    assert f'href="{href}#f-going"' in preview.text
    assert "One thing to correct" in plain(preview)
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
    assert "Nothing more to do" not in page.text
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
    assert "held_on" not in str(preview.url)
    done = await post(lead, f"{href}/submit", version=hidden(preview, "version"))
    assert done.status_code == 303
    assert "talked on Mon 11 Jan" in (await get(lead, href)).text


async def test_the_day_of_a_talk_is_kept_while_it_is_typed(
    sign_in: SignIn, app: object, database: Database, clock: SetClock
) -> None:
    """The script saves the day alone; the page shows it again, and clearing it is kept, too."""
    task = await open_task(database, clock, "talk", "manager", LEAD)
    lead = await sign_in(LEAD)
    href = f"/tasks/{task}"
    version = hidden(await get(lead, href), "version")
    for typed, shown in (("2027-01-11", "2027-01-11"), ("2027-01-", ""), ("2027-01-08",) * 2):
        saved = await post(lead, f"{href}/draft", version=version, step="1", held_on=typed)
        assert saved.status_code == 200
        version = saved.json()["version"]
        again = await get(lead, href)
        assert f'name="held_on" value="{shown}"' in again.text
        assert hidden(again, "version") == version
    draft = (await lead.get(f"/api{href}")).json()["draft"]
    assert (draft["held_on"], draft["answers"]) == ("2027-01-08", {})


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
