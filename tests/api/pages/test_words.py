"""Pages and mails keep to the words of the house: plain, calm, and no synonyms."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt")
)
MODULES = sorted(
    path
    for folder in ("api/pages", "activities/notifications")
    for path in (ROOT / folder).rglob("*.py")
)

FORBIDDEN = re.compile(
    r"\b(users?|resources?|e-?mails?|reviewees?|appraisals?|appraisees?|supervisors?|superiors?"
    r"|tickets?|surveys?|questionnaires?|admins?|successful(ly)?|oops|sorry|click here"
    r"|resource owner|human resources?|non-compliant|offenders?|delinquent)\b",
    re.IGNORECASE,
)
SHOUTING = re.compile(r"\w[!\u00a1]|[\u2600-\u27bf\U0001f000-\U0001faff]")


def _seen(path: Path) -> str:
    """What a reader of the page or mail may see: no code, no tags, but the attributes with text."""
    source = path.read_text()
    source = re.sub(r"\{#.*?#\}|<!--.*?-->|<!doctype[^>]*>", " ", source, flags=re.S | re.I)
    source = re.sub(r"\{%.*?%\}", " ", source, flags=re.S)
    told = re.findall(r'(?:aria-label|title|alt|data-what)="([^"]*)"', source)
    expressions = re.findall(r"\{\{(.*?)\}\}", source, re.S)
    said = [text for each in expressions for text in re.findall(r'"([^"]*)"', each) if " " in text]
    source = re.sub(r"\{\{.*?\}\}", " ", source, flags=re.S)
    return " ".join([re.sub(r"<[^>]*>", " ", source), *told, *said])


def _sentences(path: Path) -> Iterator[str]:
    """Texts in a module that have words in them: no names, no docstrings, no SQL."""
    tree = ast.parse(path.read_text())
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if " " in node.value.strip() and id(node) not in documented:
            yield node.value


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_use_the_words_of_the_house(path: Path) -> None:
    text = _seen(path)
    assert FORBIDDEN.search(text) is None, FORBIDDEN.search(text)
    assert SHOUTING.search(text) is None, SHOUTING.search(text)
    assert "placeholder=" not in path.read_text(), "guidance stands beside a field, not in it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_in_modules_use_the_words_of_the_house(path: Path) -> None:
    for sentence in _sentences(path):
        assert FORBIDDEN.search(sentence) is None, sentence
        assert SHOUTING.search(sentence) is None, sentence
