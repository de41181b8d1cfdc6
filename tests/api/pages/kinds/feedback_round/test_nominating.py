"""A subject names raters, the manager looks the list over, and nobody learns who answers."""

import re
from datetime import datetime
from uuid import UUID

import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient, Response
from sqlalchemy import text

from api.app import create_app
from config import Settings
from domain.clock import SetClock
from domain.notifications import Event
from store.base.session import Database
from store.outbox.outbox import NewNotification, queue
from store.people.outside import External, enter
from tests.api.conftest import SERVICE_KEY, SignIn
from tests.api.pages.browsing import HTML, get, hidden, plain, post
from tests.api.round import (
    ask_at_once,
    decline,
    listed,
    make_full,
    manager_chooses,
    open_step,
    round_world,
)
from tests.store.kinds.feedback_round.test_nominating import _task
from tests.store.kinds.feedback_round.world import NOW, World, rows


@pytest_asyncio.fixture
async def app(database: Database, database_url: str, clock: SetClock) -> FastAPI:
    settings = Settings(
        database_url=database_url, public_url="http://127.0.0.1:8000", service_key=SERVICE_KEY
    )
    return create_app(settings, clock=clock, database=database)


@pytest_asyncio.fixture
async def world(database: Database) -> World:
    return await round_world(database)


async def send(
    client: AsyncClient, task: UUID, go: str, people: list[int], **more: object
) -> Response:
    page = await get(client, f"/tasks/{task}")
    form: dict[str, object] = {"version": hidden(page, "version"), "go": go, "r": people, **more}
    data = {k: [str(v) for v in x] if isinstance(x, list) else str(x) for k, x in form.items()}
    return await client.post(f"/tasks/{task}/raters", data=data, headers=HTML)


async def test_the_page_says_how_many_why_and_suggests_with_reasons(
    world: World, database: Database, sign_in: SignIn
) -> None:
    await make_full(database, world, world.team[7])
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    page = await get(client, f"/tasks/{task}")
    said = plain(page)
    assert page.status_code == 200, page.text
    for sentence in (
        "Choose who is asked for feedback",
        "Four to six colleagues: at least three answers are needed before anything is shown, "
        "and one in four stays silent.",
        "Up to two people outside the company, if you like.",
        "You answer the same questions about yourself.",
        "works on Atlas too, same manager",
        "Has as many requests as one person gets in this round.",
        "your list goes to P1 Example as it stands, with suggestions.",
        "All in all?",
        "4 more wanted",
    ):
        assert sentence in said, sentence
    assert re.search(rf'value="{world.team[7]}" disabled', page.text)


async def test_direct_reports_are_spoken_of_only_where_there_are_any(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    assert "direct reports" not in plain(await get(client, f"/tasks/{task}"))
    said = []
    for reports in (world.team[9:11], world.team[8:12]):
        async with database.begin() as conn:
            await conn.execute(
                text("UPDATE reporting_lines SET manager_id = :s WHERE person_id = ANY(:people)"),
                {"s": world.subject, "people": list(reports)},
            )
        said.append(plain(await get(client, f"/tasks/{task}")))
    assert "Your direct reports are asked only where there are four or more." in said[0]
    assert "Your direct reports are asked too." in said[1]


async def test_picks_a_search_and_somebody_outside_add_up_and_are_sent(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    a, b, c, d = world.team[1:5]
    kept = await send(client, task, "search", [], pick=[a, b], q="flight anna")
    assert kept.headers["location"] == f"/tasks/{task}?q=flight%20anna#found"
    page = await get(client, f"/tasks/{task}?q=flight%20anna")
    assert "Anna Berg" in page.text.partition('id="found"')[2]
    more = {
        "pick": [c, d, world.team[6]],
        "out.first": "Otto",
        "out.email": "otto@client.example",
        f"rel.{b}": "others",
    }
    added = await send(client, task, "outside", [a, b], **more)
    assert added.status_code == 303, added.text
    outsider = (await listed(database, world))[5][0]
    sent = await send(client, task, "submit", [a, b, c, d, world.team[6], outsider])
    assert sent.status_code == 422
    assert "outside" in plain(sent)
    sent = await send(
        client,
        task,
        "submit",
        [a, c, d, world.team[6], outsider],
        **{f"rel.{outsider}": "external"},
    )
    assert sent.headers["location"] == f"/tasks/{task}?said=list-sent"
    assert await listed(database, world) == [
        (a, "peers", "proposed"),
        (c, "peers", "proposed"),
        (d, "peers", "proposed"),
        (world.team[6], "peers", "proposed"),
        (outsider, "external", "proposed"),
    ]
    done = plain(await get(client, f"/tasks/{task}?said=list-sent"))
    assert "P1 Example looks over this list. Then these people are asked." in done
    assert "otto@client.example" in done


async def test_what_is_wrong_stands_at_its_entry_and_nothing_typed_is_lost(
    world: World, database: Database, sign_in: SignIn
) -> None:
    await make_full(database, world, world.team[7])
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    many = [world.team[n] for n in (1, 2, 3, 4, 5, 6, 7, 8, 9)]
    refused = await send(client, task, "submit", many, **{"out.first": "Otto", "out.email": "x"})
    said = plain(refused)
    assert refused.status_code == 422
    row = refused.text.partition(f'id="r-{world.team[7]}"')[2].partition("</li>")[0]
    assert "This person has as many requests as anybody may get in this round." in row
    assert "Colleagues: At most 8 can be asked; 9 are named." in said
    assert "1 too many" in said
    assert "Please give a mail address and a first name." in said
    assert 'value="Otto"' in refused.text
    assert refused.text.count('name="r" value=') == 9
    assert await listed(database, world) == []
    empty = await send(client, task, "submit", [])
    assert empty.status_code == 422
    assert "Name at least one person" in plain(empty)


async def test_two_windows_do_not_overwrite_each_other(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    old = hidden(await get(client, f"/tasks/{task}"), "version")
    assert (await send(client, task, "save", [world.team[1]])).status_code == 303
    clash = await post(
        client, f"/tasks/{task}/raters", version=old, go="save", r=str(world.team[2])
    )
    assert clash.status_code == 412
    assert "changed in another window" in plain(clash)
    again = await post(
        client,
        f"/tasks/{task}/raters",
        version=hidden(clash, "version"),
        go="save",
        r=str(world.team[2]),
    )
    assert again.status_code == 303
    assert await listed(database, world) == [(world.team[2], "peers", "proposed")]


async def test_a_draft_is_kept_while_one_picks_and_says_when(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    before = hidden(await get(client, f"/tasks/{task}"), "version")
    fields = {"version": before, "pick": str(world.team[1]), "out.first": "Ot"}
    kept = await post(client, f"/tasks/{task}/raters/draft", **fields)
    version = hidden(await get(client, f"/tasks/{task}"), "version")
    assert kept.json() == {"version": version, "clock": "09:00"}
    assert version != before
    again = await post(client, f"/tasks/{task}/raters/draft", **fields)
    assert again.json() == kept.json()
    assert await listed(database, world) == [(world.team[1], "peers", "proposed")]
    fields = {"version": version, "pick": str(world.subject)}
    refused = await post(client, f"/tasks/{task}/raters/draft", **fields)
    assert refused.status_code == 422


async def test_a_form_cannot_be_submitted_where_a_list_is_asked(
    world: World, database: Database, sign_in: SignIn
) -> None:
    client = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    for path in ("", "/submit"):
        answer = await post(client, f"/tasks/{task}{path}", go="submit", version="1.0")
        assert answer.status_code in (409, 412), path
    assert await rows(database, "SELECT state FROM tasks WHERE id = :t", t=task) == [("open",)]


async def test_the_manager_changes_a_list_approves_it_and_goes_on_to_the_next(
    world: World, database: Database, sign_in: SignIn
) -> None:
    subject, manager = await sign_in(world.subject), await sign_in(world.lead)
    a, b, c, d, e = world.team[3:8]
    nominate = await _task(database, world, "nominate")
    assert (await send(subject, nominate, "submit", [a, b, c, d])).status_code == 303
    async with database.begin() as conn:
        await conn.execute(
            text("UPDATE tasks SET state = 'expired', ended_at = :n WHERE state = 'open'"),
            {"n": NOW},
        )
    await open_step(database, world, "approve")
    task = await _task(database, world, "approve")
    page = plain(await get(manager, f"/tasks/{task}"))
    assert "Look over Sam Example's feedback list" in page
    assert "the list as it stands is asked" in page
    assert "2 more wait for you" in page
    removed = await send(manager, task, f"remove:{a}", [a, b, c, d], pick=[e])
    assert removed.status_code == 303
    assert [person for person, _, _ in await listed(database, world)] == [b, c, d, e]
    done = await send(manager, task, "approve", [b, c, d, e], **{f"rel.{e}": "others"})
    assert done.headers["location"] == f"/tasks/{task}?said=list-approved-next"
    assert [state for _, _, state in await listed(database, world)] == ["asked"] * 4
    after = plain(await get(manager, f"/tasks/{task}"))
    assert "Next list: P4 Example" in after or "Next list: P5 Example" in after
    for reader, path in ((manager, task), (subject, nominate)):
        shown = plain(await get(reader, f"/tasks/{path}"))
        assert "Anna Berg" in shown
        assert "These people are asked" in shown


async def test_an_empty_list_is_approved_only_once_that_is_said(
    world: World, database: Database, sign_in: SignIn
) -> None:
    manager = await sign_in(world.lead)
    async with database.begin() as conn:
        await conn.execute(text("UPDATE tasks SET state = 'expired', ended_at = :n"), {"n": NOW})
    await open_step(database, world, "approve")
    task = await _task(database, world, "approve")
    page = plain(await get(manager, f"/tasks/{task}"))
    assert "no 360 for Sam, and HR is told" in page
    assert "Suggestions" in page
    refused = await send(manager, task, "approve", [])
    assert refused.status_code == 422
    assert "Nobody is to be asked about Sam" in plain(refused)
    assert (await send(manager, task, "approve", [], nobody="yes")).status_code == 303


async def test_nobody_but_the_subject_and_the_approver_sees_a_list_also_when_it_is_sent(
    world: World, database: Database, sign_in: SignIn, script: AsyncClient
) -> None:
    subject = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    await send(subject, task, "save", [world.team[6]])
    for other in (world.hr, world.lead):
        page = await get(await sign_in(other), f"/tasks/{task}")
        assert page.status_code == 200
        assert "Anna Berg" not in page.text
    colleague = await sign_in(world.team[5])
    assert (await get(colleague, f"/tasks/{task}")).status_code == 404
    assert (await post(colleague, f"/tasks/{task}/raters", go="save")).status_code == 404
    assert (await post(await sign_in(world.lead), f"/tasks/{task}/raters")).status_code == 409
    await send(subject, task, "submit", [world.team[6]])
    for other in (world.hr, world.lead):
        client = await sign_in(other)
        assert "Anna Berg" not in (await get(client, f"/tasks/{task}")).text
        assert (await client.get(f"/api/tasks/{task}/raters")).status_code == 404
    assert (await script.get(f"/api/tasks/{task}/raters")).status_code == 404
    assert (await subject.get(f"/api/tasks/{task}/raters")).status_code == 200


async def test_who_is_asked_from_outside_stands_in_no_list_of_people_and_no_ledger(
    world: World, database: Database, sign_in: SignIn, script: AsyncClient, now: datetime
) -> None:
    """Also not by the links with which they sign in; HR cannot turn their mail to itself."""
    async with database.begin() as conn:
        known = await enter(conn, [External("gina@client.example", "Gina", "Guest")], now)
        gina = known["gina@client.example"]
        item = NewNotification("x", Event.SIGN_IN, gina, now, now, "asked")
        await queue(conn, [item])
        await conn.execute(
            text("UPDATE people SET address_refused_at = :now WHERE id = :id"),
            {"now": now, "id": gina},
        )
    hr = await sign_in(world.hr)
    for client in (hr, script):
        for path in ("/api/people?limit=200", "/api/notifications?limit=200"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "gina" not in answer.text.lower()
            assert f'"person_id":{gina}' not in answer.text
        assert (await client.get(f"/api/people/{gina}")).status_code == 404
        body = {"address": "hr.second@example.com"}
        assert (await client.post(f"/api/people/{gina}/address", json=body)).status_code == 422
    for path in ("/people", "/people?status=refused", "/notifications"):
        assert "Guest" not in (await get(hr, path)).text


async def test_one_more_person_is_named_without_saying_for_whom(
    world: World, database: Database, sign_in: SignIn
) -> None:
    subject = await sign_in(world.subject)
    task = await _task(database, world, "nominate")
    chosen = [world.team[n] for n in (3, 4, 5, 6)]
    await send(subject, task, "submit", chosen)
    await ask_at_once(database, world)
    place = f"/rounds/{world.collect}/raters"
    before = plain(await get(subject, place))
    assert "Nobody else is to be named." in before
    await decline(database, world, world.team[6])
    page = await get(subject, place)
    said = plain(page)
    assert "There is room on your list." in said
    assert "Anna Berg" in said
    assert "declined" not in said
    assert place in (await get(subject, f"/tasks/{task}")).text
    again = await post(subject, place, go="name", pick=str(world.team[6]))
    assert again.status_code == 422
    assert "This person is on the list already." in plain(again)
    assert (await post(subject, place, go="name")).status_code == 422
    named = await post(subject, place, go="name", pick=str(world.team[8]))
    assert named.headers["location"] == f"{place}?said=one-more"
    assert (await post(subject, place, go="name", pick=str(world.team[9]))).status_code == 409
    assert "Nobody else is to be named." in plain(await get(subject, place))
    assert (await get(await sign_in(world.team[5]), place)).status_code == 404


async def test_where_the_manager_chooses_nobody_is_said_to_have_chosen_before(
    app: FastAPI, database: Database, sign_in: SignIn
) -> None:
    world = await manager_chooses(database)
    manager = await sign_in(world.lead)
    task = await _task(database, world, "approve")
    said = plain(await get(manager, f"/tasks/{task}"))
    assert "Choose people who have seen P3's work from different sides. Then they are" in said
    assert "Ask these people" in said
    assert "P3 has named nobody" not in said
    done = await send(manager, task, "approve", [], pick=list(world.team[1:5]))
    assert done.status_code == 303
    assert [state for _, _, state in await listed(database, world)] == ["asked"] * 4
    assert (await get(await sign_in(world.subject), f"/tasks/{task}")).status_code == 404
