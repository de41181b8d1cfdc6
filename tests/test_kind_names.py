"""Kinds are named in their modules and in registries; elsewhere code asks for traits.

Each line that names one all the same is listed here with its reason; there are fewer than ten.
"""

import re
from pathlib import Path

from domain.kinds.registry import TRAITS

ROOT = Path(__file__).parents[1]
PACKAGES = ("activities", "api", "definitions", "domain", "embedded", "engine", "play", "store")
ENTRY = ("cli.py", "config.py", "worker.py")
NAMED = re.compile("|".join(rf"(?P<q{i}>[\"']){name}(?P=q{i})" for i, name in enumerate(TRAITS)))

NO_KIND = {
    # The same word for something else.
    ("definitions/defaults.py", '"form"'): "the key `form` of a stage",
    ("definitions/checks.py", '"form"'): "the key `form` of a stage",
    ("definitions/json_schema.py", '"form"'): "the key `form` of a stage",
    ("api/pages/office/ledgers.py", '"release"'): "an act in the audit log",
    ("play/acts.py", '"release"'): "an act of HR in a scenario",
    ("play/scenario.py", '"release"'): "an act of HR in a scenario",
    ("activities/notifications/saying.py", '"release"'): "what a result waits for",
    ("activities/notifications/saying.py", '"meeting"'): "what a result waits for",
    ("activities/notifications/mail_facts.py", '"release"'): "what a result waits for",
    ("activities/notifications/mail_facts.py", '"meeting"'): "what a result waits for",
    ("domain/processes/feedback_round.py", '"feedback_round"'): "a kind of process",
    ("domain/processes/feedback_round.py", '"nominate"'): "a phase of a process",
    ("domain/processes/feedback_round.py", '"approve"'): "a phase of a process",
    ("domain/processes/feedback_round.py", '"collect"'): "a phase of a process",
}

EXPLAINED = {
    ("definitions/stages.py", 'kind: str = "form"'): "what a stage is if nothing is written",
    ("definitions/models.py", '"examples": ["none", ["calibration", "manager.overall"]],'): (
        "an example in the published schema"
    ),
    (
        "embedded/demo_round.py",
        'steps = ("nominate", "approve", "collect")',
    ): "the demo's own round",
    ("embedded/demo_round.py", 'until = now if step == "collect" else _evening(company, at)'): (
        "the demo's own round"
    ),
    ("embedded/demo_round.py", 'if task.step == "nominate":'): "the demo's own round",
    ("embedded/demo_round.py", 'elif task.step == "approve":'): "the demo's own round",
}


def test_kinds_are_named_in_fewer_than_ten_lines_each_with_a_reason() -> None:
    found = set()
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    for path in [*files, *(ROOT / name for name in ENTRY)]:
        place = path.relative_to(ROOT).as_posix()
        if "/kinds/" in place or "/migrations/" in place:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            words = {match[0] for match in NAMED.finditer(line)}
            if any((place, word.replace("'", '"')) not in NO_KIND for word in words):
                found.add((place, line.strip()))
    assert found == EXPLAINED.keys()
    assert len(found) < 10
