"""Tables of words hold a word for everything that can be looked up in them.

A word that is missing is a page that answers 500, on the day on which somebody first meets it.
"""

import ast
from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from api.pages.account import sign_in
from api.pages.kinds.feedback_round import nominating_words, rating_words, report_words
from api.pages.kinds.registry import WORDS
from api.pages.office import definition_words, people_import, workflows
from api.pages.tasks import explaining
from definitions import shipped
from definitions.stages import Assignee, WrittenAssignee
from definitions.unfolding import unfold
from domain.anonymity import Spread, Standing
from domain.kinds.registry import TRAITS
from domain.processes.registry import PROCESSES
from domain.relationships import Relationship
from store.access.links import LinkState
from store.kinds.feedback_round.rules import CHOSEN
from store.people.file_columns import FIELDS
from store.views.explain import StandsStill

PAGES = Path(definition_words.__file__).parents[1]

ANSWERING = set(Relationship) - {Relationship.SELF, Relationship.MANAGER}
"""Relationships of which there are groups."""

TABLES: Mapping[str, tuple[Mapping[object, object], Collection[object]]] = {
    "definition_words.KINDS": (
        definition_words.KINDS,
        TRAITS.keys(),
    ),
    "definition_words.WHO": (definition_words.WHO, (*get_args(WrittenAssignee), "rater")),
    "sign_in.STATES": (sign_in.STATES, set(LinkState) - {LinkState.VALID}),
    "explaining.IN_THE_WAY": (explaining.IN_THE_WAY, get_args(StandsStill)),
    "report_words._GROUPS": (report_words._GROUPS, ANSWERING),
    "report_words._STANDINGS": (report_words._STANDINGS, list(Standing)),
    "report_words._SPREADS": (report_words._SPREADS, list(Spread)),
    "nominating_words.GROUPS": (nominating_words.GROUPS, CHOSEN),
    "nominating_words._ASKED": (nominating_words._ASKED, CHOSEN),
    "nominating_words._LABELS": (nominating_words._LABELS, list(Relationship)),
    "people_import.LABELS": (people_import.LABELS, FIELDS),
    "rating_words._GROUP": (rating_words._GROUP, ANSWERING),
    "workflows.KINDS": (workflows.KINDS, list(PROCESSES)),
    "kinds.WORDS": (WORDS, TRAITS.keys()),
    "kinds.TRAITS": (TRAITS, TRAITS.keys()),
}
"""Each table, and everything for which it is asked."""

NO_WORDS = {"DAYS", "MONTHS", "WEEKDAYS", "TYPES", "_NUMBERS"}
"""Looked up by position, or among what the same module has put there."""


@pytest.mark.parametrize("name", TABLES)
def test_table_has_a_word_for_everything(name: str) -> None:
    table, asked = TABLES[name]
    assert asked
    assert set(asked) - table.keys() == set()


def test_every_table_in_which_a_word_must_be_is_known_here() -> None:
    found: set[str] = set()
    for path in PAGES.rglob("*.py"):
        module = ".".join(path.relative_to(PAGES).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=key) if (
                    name.isupper()
                    and not isinstance(key, ast.Constant | ast.Slice)
                    and name not in NO_WORDS
                ):
                    found.add(f"{module}.{name}")
    assert len(found) > 5
    known = [id(table) for table, _ in TABLES.values()]
    unknown = set()
    for each in found:
        module, _, name = each.rpartition(".")
        if id(getattr(import_module(f"api.pages.{module}"), name)) not in known:
            unknown.add(each)
    assert unknown == set()


def test_the_assignees_are_those_of_the_language() -> None:
    assert {*get_args(WrittenAssignee), "rater"} == {
        name for part in get_args(Assignee) for name in (get_args(part) or (part,))
    }


@pytest.mark.parametrize("name", shipped.NAMES)
def test_every_stage_of_a_shipped_definition_is_put_into_words(name: str) -> None:
    definition = unfold(shipped.definition(name).definition)
    for stage in definition.stages:
        said = definition_words.stage_words(definition, stage)
        assert all((said.title, said.kind, said.assignee, said.when, said.ladder)), stage.id
