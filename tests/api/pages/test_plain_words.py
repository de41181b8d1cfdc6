"""Words that people stumbled over are on no page."""

import re

import pytest

from api.pages.frame.render import render
from tests.api.pages.samples import samples

PAGES = samples()

OLD = re.compile(
    r"\b(whoever|ladder climbed|climbed the ladder|rung|came into being|hostages?)\b|"
    r"\bSteer\b|>\s*Ring\s*<|What is to be said about it|name nobody for certain|"
    r"whom the definition means|No clock publishes",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_says_it_in_the_old_words(name: str) -> None:
    page, visit = PAGES[name]
    source = render(page, visit)
    text = re.sub(r"<(?!/?(?:button|a)\b)[^>]*>", " ", source[source.index("<main") :])
    text = re.sub(r"<a [^>]*>|<button [^>]*>", ">", text)
    assert OLD.findall(text) == [], name
