"""What `make quick` runs: about a tenth of the time, and every file that is new."""

from pathlib import Path

from tests.recorded_times import QUICK, quick_files, recorded

ROOT = Path(__file__).parents[1]


def test_quick_files_take_a_tenth_of_the_time() -> None:
    times = {"long": 90.0, "short": 6.0, "shorter": 3.0, "middle": 1.0}
    assert quick_files(times, set(times)) == {"short", "shorter", "middle"}
    assert quick_files(times | {"short": 6.1}, set(times)) == {"shorter", "middle"}


def test_what_was_never_recorded_is_quick() -> None:
    assert "new" in quick_files({"old": 100.0}, {"old", "new"})


def test_what_is_recorded_is_still_there() -> None:
    assert [file for file in recorded() if not (ROOT / file).exists()] == []


def test_the_rules_are_among_the_quick_ones() -> None:
    """What most changes touch is tried in the inner loop."""
    times = recorded()
    quick = quick_files(times, set(times))
    rules = {file for file in times if file.startswith("tests/domain/")}
    assert len(rules & quick) >= len(rules) / 2
    assert sum(times[file] for file in quick) <= sum(times.values()) * QUICK
