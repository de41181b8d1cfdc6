"""The recorder adds recordings; it touches none that is there."""

import json
from pathlib import Path
from typing import Any

from tests.replay.record import HISTORIES, add


def history(*events: str, run: str = "a") -> dict[str, Any]:
    return {"events": [{"eventType": event, "eventTime": run} for event in events]}


def test_a_recording_that_went_another_way_is_added_beside_the_first(tmp_path: Path) -> None:
    first = add(tmp_path, "Mail-cancel", history("STARTED", "TIMER"))
    second = add(tmp_path, "Mail-cancel", history("STARTED", "ACTIVITY"))
    third = add(tmp_path, "Mail-cancel", history("STARTED", "ACTIVITY", "TIMER"))
    assert [path and path.name for path in (first, second, third)] == [
        "Mail-cancel.json",
        "Mail-cancel.2.json",
        "Mail-cancel.3.json",
    ]
    assert first is not None
    assert json.loads(first.read_text()) == history("STARTED", "TIMER")


def test_a_recording_that_went_the_same_way_is_not_kept_twice(tmp_path: Path) -> None:
    first = add(tmp_path, "Mail-cancel", history("STARTED"))
    assert first is not None
    before = first.read_bytes()
    assert add(tmp_path, "Mail-cancel", history("STARTED", run="b")) is None
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_what_is_recorded_tells_ways_apart(tmp_path: Path) -> None:
    for path in sorted(HISTORIES.glob("Stage-*.json")):
        assert add(tmp_path, "Stage", json.loads(path.read_text())) is not None, path.name
