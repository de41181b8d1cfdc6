"""Every page renders from its values, and keeps the promises that all pages make."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from api.pages.cycles.views import CyclePage
from api.pages.frame.render import render
from api.pages.tasks.views import TaskForm
from tests.api.pages.samples import samples

PAGES = samples()
VOID = {
    "meta",
    "link",
    "input",
    "br",
    "hr",
    "path",
    "line",
    "rect",
    "circle",
    "polyline",
    "polygon",
}


class Reader(HTMLParser):
    """What a page holds: its tags with their attributes, and whether they close."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a beginning"
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes something else"


def read(name: str) -> tuple[str, Reader]:
    page, visit = PAGES[name]
    html = render(page, visit)
    reader = Reader()
    reader.feed(html)
    assert not reader.open, reader.open
    return html, reader


@pytest.mark.parametrize("name", PAGES)
def test_page_needs_no_inline_script_or_style(name: str) -> None:
    _, page = read(name)
    for tag, attrs in page.tags:
        assert tag != "style"
        assert tag != "script" or attrs["src"]
        assert "style" not in attrs
        assert not [key for key in attrs if key.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_each_id_is_used_once_and_each_label_has_its_control(name: str) -> None:
    _, page = read(name)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert sorted(set(ids), key=str) == sorted(ids, key=str)
    for tag, attrs in page.tags:
        if tag == "label" and "for" in attrs:
            assert attrs["for"] in ids
        for key in ("aria-describedby", "aria-labelledby"):
            assert all(each in ids for each in (attrs.get(key) or "").split()), (key, attrs)


@pytest.mark.parametrize("name", PAGES)
def test_each_picture_has_a_title_and_a_table_behind_it(name: str) -> None:
    html, _ = read(name)
    figures = re.findall(r"<figure.*?</figure>", html, re.S)
    for figure in figures:
        assert 'role="img"' in figure
        assert "<title" in figure
        assert "<desc" in figure
        assert "<details>" in figure
        assert "<table>" in figure


@pytest.mark.parametrize("name", PAGES)
def test_page_has_one_heading_and_a_title(name: str) -> None:
    html, page = read(name)
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert "<title>" in html
    assert [tag for tag, _ in page.tags].count("main") == 1


@pytest.mark.parametrize("name", PAGES)
def test_words_of_people_are_escaped(name: str) -> None:
    html, _ = read(name)
    assert "&lt;br" not in html
    assert "{{" not in html
    assert "None" not in re.sub(r"<[^>]*>", " ", html)


def test_page_with_errors_says_so_first() -> None:
    html, _ = read("task-preview")
    assert html.index("<title>Error: ") < html.index('id="problems"')
    assert html.index('id="problems"') < html.index("<h1>")
    assert 'href="/tasks/t1?step=2#f-strengths"' in html


def test_text_of_a_person_cannot_become_markup() -> None:
    page, visit = PAGES["task-form"]
    evil = "<script>alert(1)</script>"

    assert isinstance(page, TaskForm)
    fields = (replace(page.fields[0], value=f"</textarea>{evil}", ask=evil), *page.fields[1:])
    html = render(replace(page, fields=fields), visit)
    assert evil not in html
    assert "&lt;/textarea&gt;" in html


def test_what_a_person_wrote_cannot_turn_or_hide_the_text_around_it() -> None:
    page, visit = PAGES["task-form"]
    assert isinstance(page, TaskForm)
    odd = "Pay \u202e001\u202c \u2066now\u2069 a\x07b \x1b[2Jc"
    kept = "می\u200cخواهم \u200fא 👩\u200d👧"
    fields = (replace(page.fields[0], value=odd, ask=kept), *page.fields[1:])
    html = render(replace(page, fields=fields), visit)
    assert "Pay 001 now ab [2Jc" in html
    assert kept in html


RAW = re.compile(
    r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b|\b[245]\d\d[ -][245]\.\d+\.\d+|<code>"
)


@pytest.mark.parametrize("name", PAGES)
def test_what_machines_say_is_folded(name: str) -> None:
    """Hashes, ids, codes, and answers of servers stand under a word that says what they are.

    But for the reference of an error, which is there to be told.
    """
    page, visit = PAGES[name]
    source = render(page, visit)
    body = source[source.index("<main") :]
    shown = re.sub(r"<details.*?</details>", "", body, flags=re.DOTALL)
    shown = re.sub(r"reference <code>\w+</code>", "", shown)
    shown = re.sub(
        r"<(?:pre|textarea|script)\b.*?</(?:pre|textarea|script)>", "", shown, flags=re.DOTALL
    )
    text = re.sub(r"<(?!code)[^>]*>", " ", shown)
    assert not RAW.findall(text), name


LABELLED = re.compile(r'<td[^>]*data-label="([^"]+)"[^>]*>(.*?)</td>', re.S)


@pytest.mark.parametrize("name", PAGES)
def test_no_cell_that_is_named_on_a_phone_is_empty(name: str) -> None:
    """At 360 pixels the column's name stands before the cell: "Due" and nothing behind it."""
    html, _ = read(name)
    empty = [label for label, cell in LABELLED.findall(html) if not re.sub(r"<[^>]*>", "", cell)]
    assert empty == []


def test_a_stage_whose_days_are_each_persons_own_says_so() -> None:
    """In a rolling cycle a stage has no day of its own."""
    name, (page, visit) = next(
        (name, found) for name, found in PAGES.items() if isinstance(found[0], CyclePage)
    )
    assert isinstance(page, CyclePage), name
    own = replace(page.stages[0], opens_on=None, due_on=None, closes_on=None, ended_on=None)
    html = render(replace(page, stages=(own,)), visit)
    [due] = [cell for label, cell in LABELLED.findall(html) if label == "Due"]
    assert "per person" in due
