"""What raters see and do: one sitting, drafts, what is promised, saying no, and the close."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from domain.clock import SetClock
from domain.relationships import Relationship
from store.access.links import LinkPurpose, create_link
from store.base.session import Database
from store.people.leaves import add_leave
from store.people.outside import External, enter
from tests.api.conftest import SignIn
from tests.api.feedback import ZOE, ask_for, close_round, make_round
from tests.api.pages.browsing import HTML, get, hidden, plain, post
from tests.store.kinds.feedback_round.world import World, ask, rows, task_of
from tests.store.people_rows import ADMIN, BOSS, HR, LEAD, SECOND_HR, WORKER

PEERS, SELF, MANAGER = Relationship.PEERS, Relationship.SELF, Relationship.MANAGER
SEVEN = {
    ADMIN: PEERS,
    BOSS: PEERS,
    HR: PEERS,
    LEAD: Relationship.REPORTS,
    SECOND_HR: PEERS,
    WORKER: SELF,
    ZOE: Relationship.OTHERS,
}
FILLED = {"a.keep": "The Monday notes.", "a.clear": "4", "a.clear.why": "In writing."}


@pytest_asyncio.fixture
async def world(app: FastAPI, database: Database, clock: SetClock) -> World:
    del app  # its fixture has brought the company
    return await make_round(database, clock.now())


@pytest_asyncio.fixture
async def seven(world: World, database: Database, clock: SetClock) -> dict[int, UUID]:
    """Seven requests of WORKER, the one about ADMIN due first."""
    return await ask_for(database, world, WORKER, SEVEN, clock.now(), days_apart=1)


async def write(client: AsyncClient, task: UUID, go: str, **fields: str) -> Response:
    page = await get(client, f"/feedback/{task}?change=1")
    assert page.status_code == 200, plain(page)
    typed = {**FILLED, **fields, "version": hidden(page, "version"), "go": go}
    return await client.post(f"/feedback/{task}", data=typed, headers=HTML)


async def test_seven_requests_are_one_card_and_one_list_by_deadline(
    seven: dict[int, UUID], sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    card = await get(client, "/tasks")
    assert "Feedback on 7 people" in plain(card)
    assert card.text.count("/feedback/") == 0
    page = await get(client, "/feedback")
    assert "7 people to write about" in plain(page)
    places = [page.text.index(f'href="/feedback/{seven[subject]}"') for subject in SEVEN]
    assert places == sorted(places)
    assert "Not begun" in plain(page)


async def test_a_single_request_stands_among_the_tasks(
    world: World, database: Database, clock: SetClock, sign_in: SignIn
) -> None:
    [task] = (await ask_for(database, world, WORKER, {ADMIN: PEERS}, clock.now())).values()
    client = await sign_in(WORKER)
    page = await get(client, "/tasks")
    assert "Give Admin Example feedback" in plain(page)
    there = await get(client, f"/tasks/{task}")
    assert (there.status_code, there.headers["location"]) == (303, f"/feedback/{task}")


async def test_a_sitting_goes_from_one_to_the_next_until_nothing_is_left(
    seven: dict[int, UUID], sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    order = [seven[subject] for subject in SEVEN]
    kept = await write(client, order[0], "next")
    assert kept.headers["location"] == f"/feedback/{order[1]}?said=saved"
    draft = await get(client, f"/feedback/{order[0]}")
    assert "The Monday notes." in draft.text
    for number, task in enumerate(order[1:], 1):
        answer = await write(client, task, "submit")
        assert answer.headers["location"] == f"/feedback/{task}?said=submitted"
        done = await get(client, answer.headers["location"])
        # Back to the one that was left a draft once the later ones are written.
        after = order[number + 1] if number + 1 < len(order) else order[0]
        assert f'href="/feedback/{after}">Next: ' in done.text
        assert f"{number} of 7 done" in plain(done)
    last = await write(client, order[0], "submit")
    assert last.headers["location"] == "/feedback/thank-you"
    thanks = await get(client, "/feedback/thank-you")
    assert "You have written about all 7." in plain(thanks)


async def test_nothing_of_it_lies_in_drafts_or_responses(
    seven: dict[int, UUID], sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(WORKER)
    task = seven[ADMIN]
    for address in ("draft", "submit", "withdraw", "preview", ""):
        path = f"/tasks/{task}/{address}".rstrip("/")
        way = client.get if address == "preview" else client.post
        answer = await way(path, headers=HTML)
        assert answer.status_code in (404, 409), (path, answer.status_code)
    await write(client, task, "submit")
    assert await rows(database, "SELECT count(*) FROM drafts") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM responses") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(1,)]


async def test_what_is_promised_is_said_for_the_relationship(
    seven: dict[int, UUID], sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    peer = plain(await get(client, f"/feedback/{seven[ADMIN]}"))
    assert "You are asked as a colleague." in peer
    assert "Your name is not shown." in peer
    assert "only if at least 3 colleagues answer" in peer
    assert "word by word" in peer
    assert "gives you away" in peer
    assert "group of two" not in peer
    own = plain(await get(client, f"/feedback/{seven[WORKER]}"))
    assert "This stands under your name." in own
    assert "gives you away" not in own
    report = plain(await get(client, f"/feedback/{seven[LEAD]}"))
    assert "only if at least 3 people who report to Lead answer" in report


async def test_i_cannot_say_answers_every_rating(seven: dict[int, UUID], sign_in: SignIn) -> None:
    client = await sign_in(WORKER)
    answer = await write(client, seven[ADMIN], "submit", **{"a.clear": "-", "a.clear.why": ""})
    assert answer.status_code == 303
    done = await get(client, f"/feedback/{seven[ADMIN]}")
    assert "I cannot say" in plain(done)
    form = await get(client, f"/feedback/{seven[ADMIN]}?change=1")
    assert 'value="-" checked' in form.text


async def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    seven: dict[int, UUID], sign_in: SignIn
) -> None:
    client = await sign_in(WORKER)
    answer = await write(client, seven[ADMIN], "submit", **{"a.clear": ""})
    assert answer.status_code == 422
    assert 'href="#f-clear"' in answer.text
    again = await get(client, f"/feedback/{seven[ADMIN]}")
    assert "The Monday notes." in again.text


async def test_two_windows_get_a_choice(seven: dict[int, UUID], sign_in: SignIn) -> None:
    client = await sign_in(WORKER)
    path = f"/feedback/{seven[ADMIN]}"
    seen = hidden(await get(client, path), "version")
    first = await post(client, f"{path}/draft", **{"a.keep": "One.", "version": seen})
    assert set(first.json()) == {"version", "clock", "asked"}
    late = await post(client, path, **{"a.keep": "Two.", "version": seen, "go": "submit"})
    assert late.status_code == 412
    assert "One." in late.text
    assert "Two." in late.text
    chosen = {"a.keep": "Two.", "keep.keep": "there", "settle": "1"}
    settled = await post(client, path, **chosen, version=hidden(late, "version"))
    assert settled.status_code == 303
    assert "One." in (await get(client, path)).text


async def test_an_extension_meanwhile_is_no_conflict(
    seven: dict[int, UUID], sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(WORKER)
    path = f"/feedback/{seven[ADMIN]}"
    seen = hidden(await get(client, path), "version")
    await rows(database, "UPDATE tasks SET version = version + 1 RETURNING id")
    answer = await post(client, f"{path}/draft", **{"a.keep": "One.", "version": seen})
    assert answer.status_code == 200


async def test_what_is_submitted_may_be_changed_and_taken_back_until_the_close(
    seven: dict[int, UUID], sign_in: SignIn, database: Database, world: World
) -> None:
    client = await sign_in(WORKER)
    path = f"/feedback/{seven[ADMIN]}"
    await write(client, seven[ADMIN], "submit")
    await write(client, seven[ADMIN], "save", **{"a.keep": "Changed."})
    between = plain(await get(client, path))
    assert "The Monday notes." in between
    assert "You have begun to change this." in between
    await write(client, seven[ADMIN], "submit", **{"a.keep": "Changed."})
    assert "Changed." in (await get(client, path)).text
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(1,)]
    back = await post(client, f"{path}/withdraw")
    assert back.status_code == 303
    assert "Changed." in (await get(client, path)).text
    await write(client, seven[ADMIN], "submit")
    await close_round(database, world, [ADMIN])
    after = await get(client, path)
    assert "Done on Tue 12 Jan" in plain(after)
    assert "The Monday notes." not in after.text
    late = await post(client, path, **FILLED, version="x", go="submit")
    assert late.status_code == 409
    assert "This round has closed" in plain(late)


async def test_declining_says_what_happens_and_wants_a_reason(
    seven: dict[int, UUID], sign_in: SignIn, database: Database
) -> None:
    client = await sign_in(WORKER)
    path = f"/feedback/{seven[ADMIN]}"
    page = plain(await get(client, f"{path}/decline"))
    assert "Admin is not told that you declined, or why." in page
    assert "asked to name one more person" in page
    without = await post(client, f"{path}/decline", reason=" ")
    assert without.status_code == 422
    done = await post(client, f"{path}/decline", reason="We have never met.")
    assert done.headers["location"] == path
    assert "Declined on Tue 12 Jan" in plain(await get(client, path))
    assert "6 people to write about" in plain(await get(client, "/feedback"))
    assert await rows(database, "SELECT decline_reason FROM raters WHERE state = 'declined'") == [
        ("We have never met.",)
    ]


@pytest.mark.parametrize("person", [ADMIN, LEAD, HR, SECOND_HR, ZOE])
async def test_nobody_else_finds_a_request(
    seven: dict[int, UUID], sign_in: SignIn, person: int
) -> None:
    await write(await sign_in(WORKER), seven[ADMIN], "submit")
    client = await sign_in(person)
    for path in ("/feedback/{}", "/feedback/{}/decline", "/tasks/{}", "/tasks/{}/explain"):
        assert (await get(client, path.format(seven[ADMIN]))).status_code == 404
    for act in ("", "/draft", "/withdraw", "/decline"):
        answer = await post(client, f"/feedback/{seven[ADMIN]}{act}", reason="x", go="submit")
        assert answer.status_code == 404


async def test_a_delegate_does_not_see_what_a_rater_has_to_write(
    seven: dict[int, UUID], sign_in: SignIn, database: Database, clock: SetClock
) -> None:
    now = clock.now()
    async with database.begin() as conn:
        await add_leave(conn, WORKER, now.date(), now.date(), delegate_id=ZOE, now=now)
    page = await get(await sign_in(ZOE), "/tasks")
    assert "2 tasks for you" in plain(page)  # their own: about WORKER, and about themselves
    assert "Admin Example" not in plain(page)
    del seven


# --- From outside ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Guest:
    """Somebody outside, with what they were asked and their link."""

    id: int
    task: UUID
    token: str


@pytest_asyncio.fixture
async def guest(world: World, database: Database, clock: SetClock) -> Guest:
    now = clock.now()
    async with database.begin() as conn:
        [person] = (
            await enter(conn, [External("gina@client.example", "Gina", "Guest")], now)
        ).values()
    lists = {person: Relationship.EXTERNAL}
    await ask(database, world, {ADMIN: [*lists.items(), (ZOE, PEERS)]}, now)
    task = await task_of(database, world, person, ADMIN)
    async with database.begin() as conn:
        token = await create_link(
            conn,
            person_id=person,
            purpose=LinkPurpose.TASK,
            task_id=task,
            target=f"/tasks/{task}",
            now=now,
            lifetime=timedelta(days=60),
        )
    return Guest(person, task, token)


async def test_somebody_outside_comes_in_by_their_link_and_sees_their_request_alone(
    guest: Guest, stranger: AsyncClient, database: Database
) -> None:
    door = await get(stranger, f"/l/{guest.token}")
    assert "Hello Gina Guest" in plain(door)
    assert "This is not me" in plain(door)
    inside = await post(stranger, f"/l/{guest.token}")
    assert inside.headers["location"] == f"/feedback/{guest.task}"
    page = await get(stranger, f"/feedback/{guest.task}")
    assert "This was sent to Gina Guest" in plain(page)
    assert "as somebody outside the company who works with Admin" in plain(page)
    for kept_back in ("Sales", "To learn from each other", "My tasks", "Reviews", "/tasks"):
        assert kept_back not in page.text
    assert await rows(database, "SELECT 1 FROM audit WHERE action = 'sign_in'") == []
    assert (await get(stranger, "/")).headers["location"] == "/feedback"
    for path in ("/tasks", "/reviews", "/team", "/people", "/cycles", f"/tasks/{guest.task}"):
        refused = await get(stranger, path)
        assert refused.status_code == 403, path
        assert "Reviews" not in refused.text
    for path in ("/api/my/tasks", "/api/people", f"/api/tasks/{guest.task}", "/api/openapi.json"):
        assert (await stranger.get(path)).status_code == 403, path


async def test_answered_twice_from_outside_it_is_one_answer(
    guest: Guest, stranger: AsyncClient, database: Database
) -> None:
    await post(stranger, f"/l/{guest.token}")
    await write(stranger, guest.task, "submit")
    again = await write(stranger, guest.task, "submit", **{"a.keep": "Second thoughts."})
    assert again.status_code == 303
    assert "Second thoughts." in (await get(stranger, f"/feedback/{guest.task}")).text
    assert await rows(database, "SELECT count(*) FROM sealed_answers") == [(1,)]


@pytest.mark.parametrize("inside", [False, True])
async def test_this_is_not_me_closes_the_doors_and_mails_a_fresh_link(
    guest: Guest, stranger: AsyncClient, database: Database, inside: bool
) -> None:
    if inside:
        await post(stranger, f"/l/{guest.token}")
        answer = await post(stranger, "/feedback/stranger")
    else:
        answer = await post(stranger, f"/l/{guest.token}/stranger")
    assert "Thank you for telling us" in plain(answer)
    gone = await get(stranger, f"/feedback/{guest.task}")
    assert (gone.status_code, gone.headers["location"][:8]) == (303, "/sign-in")
    door = await get(stranger, f"/l/{guest.token}")
    assert (door.status_code, "Gina" in door.text) == (410, False)
    assert await rows(
        database, "SELECT event, person_id FROM notifications WHERE event = 'sign_in'"
    ) == [("sign_in", guest.id)]
    [(state,)] = await rows(database, "SELECT state FROM tasks WHERE id = :id", id=guest.task)
    assert state == "open"
    await post(stranger, f"/l/{guest.token}/stranger")
    [(mails,)] = await rows(database, "SELECT count(*) FROM notifications WHERE event = 'sign_in'")
    assert mails == 1


async def test_a_link_opened_late_says_that_the_round_has_closed(
    guest: Guest, stranger: AsyncClient, database: Database, world: World
) -> None:
    await close_round(database, world, [ADMIN])
    door = await get(stranger, f"/l/{guest.token}")
    assert door.status_code == 410
    assert "This round has closed" in plain(door)
    assert "Gina" not in door.text
    assert (await post(stranger, f"/l/{guest.token}")).status_code == 410


async def test_somebody_outside_has_no_rights_by_their_address(
    guest: Guest, stranger: AsyncClient, database: Database
) -> None:
    """Also if the company's settings name the address at a desk."""
    await rows(
        database,
        "UPDATE company_settings SET content = jsonb_set(content, '{hr}',"
        """ '["gina@client.example"]') RETURNING id""",
    )
    await post(stranger, f"/l/{guest.token}")
    assert (await get(stranger, "/people")).status_code == 403
    assert (await stranger.get("/api/me")).json()["roles"] == ["outside"]
