"""The demo as `make run` starts it, and the people who walk through it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx2 import AsyncClient
from sqlalchemy import text

from definitions import shipped
from definitions.loader import parse_company
from store.base.session import Database
from store.people.company import save_company
from tests.embedded.running import Run
from tests.walk.walker import HTML

SECOND_HR = "wgietz@example.com"


@dataclass(frozen=True)
class Demo:
    """Where the demo answers. `doors`: the printed sign-in links, by the kind of person."""

    base: str
    inbox: str
    engine: str
    database_url: str
    doors: Mapping[str, str]

    async def rows(self, statement: str) -> list[Any]:
        """What the facts say."""
        database = Database(self.database_url, pool_size=1, application="almanac-walk")
        try:
            async with database.begin() as conn:
                return list((await conn.execute(text(statement))).all())
        finally:
            await database.close()


def read_demo(run: Run) -> Demo:
    """What a stack that is ready has printed and written down."""
    places = run.file
    doors = dict(
        found.groups()
        for line in run.lines
        if (found := re.fullmatch(r"  (\w+) +(http://\S+/l/\S+)", line))
    )
    assert {"HR", "Manager", "Participant", "Administrator"} <= doors.keys()
    return Demo(
        places["pages"], places["inbox"], places["temporal_ui"], places["database_url"], doors
    )


async def seat_second_hr(demo: Demo) -> None:
    """The shipped company has one member of HR; the walk wants another one."""
    source = shipped.company_source()
    first = "hr: [sjacobs@example.com]"
    assert first in source
    source = source.replace(first, f"hr: [sjacobs@example.com, {SECOND_HR}]")
    database = Database(demo.database_url, pool_size=1, application="almanac-walk")
    try:
        async with database.begin() as conn:
            company = parse_company(source, "company.yaml")
            await save_company(conn, company, source, now=datetime.now(UTC), saved_by_id=None)
    finally:
        await database.close()


async def enter(client: AsyncClient, demo: Demo, link: str) -> None:
    """Sign in by a mailed link, with its button."""
    opened = await client.get(link, headers=HTML)
    assert opened.status_code == 200, opened.text
    entered = await client.post(link, headers=HTML | {"origin": demo.base})
    assert entered.status_code == 303, entered.text


async def ask_for_link(client: AsyncClient, demo: Demo, email: str) -> str:
    """Ask for a sign-in link as a person does, and find it in the inbox."""
    before = {mail["id"] for mail in await mails_to(client, demo, email)}
    asked = await client.post(
        f"{demo.base}/sign-in",
        data={"email": email, "next": "/", "key": email},
        headers=HTML | {"origin": demo.base},
    )
    assert asked.status_code == 200, asked.text
    deadline = datetime.now(UTC) + timedelta(seconds=90)
    while datetime.now(UTC) < deadline:
        for mail in await mails_to(client, demo, email):
            if mail["id"] not in before:
                return demo.base + link_paths(mail["text"])[0]
    raise AssertionError(f"no sign-in link was mailed to {email}")


async def mails_to(client: AsyncClient, demo: Demo, email: str) -> list[dict[str, Any]]:
    """Everything that the inbox holds for somebody, the newest first."""
    answer = await client.get(f"{demo.inbox}/mails.json", params={"to": email, "limit": 200})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["mails"]
    return found


def link_paths(text: str) -> list[str]:
    """The paths of the sign-in links in the text of a mail."""
    found = re.findall(r"http://[^/\s]+(/l/[\w-]+)", text)
    assert found, text
    return found
