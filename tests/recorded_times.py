"""How long each file of tests took when it was recorded: for the order, and for `make quick`.

The longest file goes first, so that no process is left alone with it. `--quick` leaves out the long
ones: what remains takes about a tenth of the whole. `--record-times` writes the file anew.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

FILE = Path(__file__).parent / "recorded_times.json"
"""Seconds by file, of one run of everything on two cores."""

QUICK = 0.1
"""So much of the whole is quick."""

_took: defaultdict[str, float] = defaultdict(float)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make quick` and the recorder ask for."""
    parser.addoption("--quick", action="store_true", help="only files that take a moment")
    parser.addoption("--record-times", action="store_true", help=f"write {FILE.name} anew")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up set-up, test and tear-down, by file; in the process that has no worker id."""
    _took[report.location[0]] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what was added up, where that was asked for."""
    if session.config.getoption("--record-times") and not hasattr(session.config, "workerinput"):
        times = {file: round(seconds, 1) for file, seconds in sorted(_took.items())}
        FILE.write_text(json.dumps(times, indent=1) + "\n", encoding="utf-8")


def recorded() -> Mapping[str, float]:
    """Seconds by file."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def longest_first(items: list[pytest.Item]) -> None:
    """Bring the longest files forward; within a file the order stays."""
    times = recorded()
    items.sort(key=lambda item: -times.get(item.location[0], 0.0))


def only_quick(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the files that take longest, until a tenth of the time is left."""
    quick = quick_files(recorded(), {item.location[0] for item in items})
    config.hook.pytest_deselected(items=[i for i in items if i.location[0] not in quick])
    items[:] = [item for item in items if item.location[0] in quick]


def quick_files(times: Mapping[str, float], files: Sequence[str] | set[str]) -> set[str]:
    """The files that together take a tenth of all; what was never recorded is among them."""
    budget = sum(times.values()) * QUICK
    chosen = set()
    for file in sorted(files, key=lambda file: times.get(file, 0.0)):
        budget -= times.get(file, 0.0)
        if budget < 0:
            break
        chosen.add(file)
    return chosen
