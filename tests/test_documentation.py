"""What the documentation says of settings, conditions, lint, links and examples is true."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from api.app import LARGEST_BODY
from api.connection_limits import Limits
from api.sign_in import BY_HOST, UNKNOWN_BY_HOST
from config import PREFIX, Settings
from definitions import lint
from definitions.company import Company
from definitions.expressions import PersonFacts
from definitions.forms import Question
from definitions.kinds.registry import KINDS
from definitions.launching import Audience, Launch
from definitions.loader import parse_definition
from definitions.models import Definition
from domain.access import Level
from domain.anonymity import CONSENTED_BAR, AnonymityRules
from store.access.address_changes import HOLD, VOICES
from store.access.sessions import LIFETIMES
from store.base.audit_anchor import FILE
from store.base.session import IDLE_IN_TRANSACTION_SECONDS
from store.mail.fates import MOST_REFUSALS, Fate, backoff
from store.tables import Base
from store.upkeep.retention import KEPT_AFTER_EXPIRY

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


def _privacy() -> str:
    return " ".join((ROOT / "docs" / "privacy.md").read_text(encoding="utf-8").split())


def test_every_table_of_the_database_is_told_with_who_reads_it() -> None:
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    rows = text.split("## What is stored", 1)[1].split("## ", 1)[0]
    told = re.findall(r"`([a-z_]+)`", rows)
    assert set(Base.metadata.tables) <= set(told)


def test_times_and_numbers_of_privacy_are_those_of_the_code() -> None:
    said = _privacy()
    assert (timedelta(hours=72), 2) == (HOLD, VOICES)
    assert "signs nobody in for 72 hours" in said
    assert "two members of desks confirm it" in said
    assert {Level.TASK: timedelta(days=7), Level.FULL: timedelta(hours=12)} == LIFETIMES
    assert "a session that began with it lasts seven days" in said
    assert "and the session lasts twelve hours" in said
    assert timedelta(days=30) == KEPT_AFTER_EXPIRY
    assert "| links and sessions | 30 days after they expired |" in said
    assert (AnonymityRules().threshold, CONSENTED_BAR) == (3, 2)
    assert "from three answers on, unless the definition says another number" in said


def test_limits_of_operating_are_those_of_the_code() -> None:
    said = " ".join((ROOT / "docs" / "operating.md").read_text(encoding="utf-8").split())
    limits = Limits()
    assert (limits.line_bytes, limits.head_bytes, limits.headers) == (8 << 10, 32 << 10, 100)
    assert "first line may have 8 kB, its head 32 kB and 100 headers within 20 seconds" in said
    assert (limits.head_seconds, limits.body_seconds, limits.body_bytes) == (20, 30, 8 << 10)
    assert "a body must come at 8 kB in 30 seconds or faster" in said
    assert LARGEST_BODY == 2_000_000
    assert "A body has at most 2 MB (413)" in said
    assert (BY_HOST.hits, UNKNOWN_BY_HOST.hits, BY_HOST.seconds) == (2_000, 120, 15 * 60)
    assert "links (2,000 in 15 minutes) and trying tokens that were never made (120)" in said
    assert IDLE_IN_TRANSACTION_SECONDS == 15
    assert "idle in a transaction for 15 seconds" in said
    waits = [backoff(Fate.LATER, n) for n in (1, 2, 3, 20)]
    assert waits == [timedelta(minutes=n) for n in (1, 2, 4, 30)]
    assert "| 4xx | tried again after 1, 2, 4 … up to 30 minutes |" in said
    waits = [backoff(Fate.NO_CONNECTION, n) for n in (1, 2, 20)]
    assert waits == [timedelta(seconds=n) for n in (15, 30, 300)]
    assert "tried again after 15 s, 30 s … up to 5 minutes" in said
    assert MOST_REFUSALS == 5
    assert "tried five times, then held for administrators" in said
    assert FILE in said


def test_every_workflow_is_named_for_whoever_operates_them() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    code = "".join(file.read_text() for file in (ROOT / "workflows").glob("*.py"))
    names = re.findall(r'defn\(name="(\w+)"', code)
    assert len(names) >= 5
    assert [name for name in names if f"`{name}`" not in operating] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if "decisions" in page.parts:
        return  # they tell of their day
    for name in re.findall(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|md|yaml|csv|yml))`", text):
        assert (ROOT / name).exists() or (page.parent / name).exists(), name


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
