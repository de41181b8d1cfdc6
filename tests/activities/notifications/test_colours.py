"""Mails, pages, the inbox and reports on paper have one green: as they are rendered."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from activities.notifications.colours import shared_colours
from activities.notifications.rendering import render
from api.app import create_app
from config import Settings
from domain.notifications import Event
from tests.activities.notifications import samples

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def app() -> FastAPI:
    """Static files need no database."""
    return create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))


async def test_the_button_of_a_mail_has_the_colours_of_the_pages(app: FastAPI) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as client:
        styles = (await client.get("/static/almanac.css")).text
    light, dark = re.findall(r"--accent: (#\w+);", styles)
    on_light, on_dark = re.findall(r"--on-accent: (#\w+);", styles)
    for made in (
        samples.mail(samples.ITEMS[Event.TASK_OPENED]),
        samples.busy_morning(),
    ):
        html = render(made, now=samples.NOW).html
        [button] = re.findall(r"<a[^>]*background:(#\w+);color:(#\w+)", html)
        assert button == (light, on_light)
        assert f"a {{ color: {dark} !important; }}" in html
        assert f"background: {dark} !important; color: {on_dark} !important;" in html


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("embedded/pages/inbox.css", ("accent", "dark_accent", "on_accent", "dark_on_accent")),
        ("templates/pdf/feedback-report.typ", ("accent",)),
        ("api/static/almanac.svg", ("accent",)),
    ],
)
def test_what_stands_alone_has_the_same_green(file: str, names: tuple[str, ...]) -> None:
    content = (ROOT / file).read_text("utf-8")
    for name in names:
        assert shared_colours()[name] in content, name


def test_no_template_of_a_mail_names_a_green_of_its_own() -> None:
    named = {colour for colour in shared_colours().values() if colour != "#ffffff"}
    for path in (ROOT / "templates" / "mail").rglob("*.*"):
        assert not named & set(re.findall(r"#[0-9a-f]{6}", path.read_text("utf-8"))), path
