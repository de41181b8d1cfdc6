"""What the documentation says of settings, conditions, lint, links and examples is true."""

import re
from datetime import date
from pathlib import Path

import pytest

from config import PREFIX, Settings
from definitions import lint
from definitions.company import Company
from definitions.expressions import PersonFacts
from definitions.forms import Question
from definitions.kinds.registry import KINDS
from definitions.launching import Audience, Launch
from definitions.loader import parse_definition
from definitions.models import Definition

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LANGUAGE = (ROOT / "docs" / "writing-a-definition.md").read_text(encoding="utf-8")


def _shown(default: object) -> str:
    if default is None or default == ():
        return "none"
    return str(default).lower() if isinstance(default, bool) else f"{default}"


def test_table_of_settings_is_what_config_reads() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    block = text.split("<!-- settings", 1)[1].split("<!-- /settings", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", block, re.MULTILINE)
    assert rows == [
        (PREFIX + name.upper(), _shown(setting.default), setting.description)
        for name, setting in Settings.model_fields.items()
    ]


def test_every_variable_of_conditions_is_described() -> None:
    somebody = PersonFacts(employee_id="1", hire_date=date(2027, 1, 4))
    for variable in somebody.variables():
        assert f"`{variable}`" in LANGUAGE, variable


@pytest.mark.parametrize(
    "model",
    [Definition, Launch, Audience, *(kind.model for kind in KINDS.values()), Question, Company],
)
def test_every_field_of_the_language_is_described(model: type[Definition]) -> None:
    for name in model.model_fields:
        assert f"`{name}`" in LANGUAGE or f"`{name}." in LANGUAGE, name


def test_every_code_of_lint_is_described() -> None:
    codes = set(re.findall(r"^\| `([a-z-]+)`", lint.__doc__ or "", re.MULTILINE))
    codes |= set(re.findall(r"`, `([a-z-]+)` \|", lint.__doc__ or ""))
    assert codes
    for code in codes:
        assert f"`{code}`" in LANGUAGE, code


def test_examples_of_definitions_can_be_used() -> None:
    examples = [e for e in re.findall(r"```yaml\n(.*?)```", LANGUAGE, re.DOTALL) if "stages:" in e]
    assert examples
    for example in examples:
        parse_definition(example, "example.yaml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(
        r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text("utf-8")
    ):
        link = next(filter(None, target))
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {link}"
        if anchor and file.suffix == ".md":
            assert anchor in _anchors(file.read_text("utf-8")), f"{page.name} links to {link}"


def _anchors(text: str) -> set[str]:
    """As the usual hosts of repositories make them."""
    headings = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
