"""Whatever a library logs is one JSON line of ours, without what somebody wrote."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("own_lines")


class PlantedError(Exception):
    pass


def written(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    text = capfd.readouterr().err
    assert "planted" not in text
    return [json.loads(line) for line in text.splitlines()]


def test_a_traceback_of_a_library_is_one_line_with_class_and_place(
    capfd: pytest.CaptureFixture[str],
) -> None:
    try:
        raise PlantedError("a planted sentence\nof two lines")
    except PlantedError:
        logging.getLogger("temporalio.activity").warning(
            "Completing activity as failed\n(%s)", {"activity_id": "1"}, exc_info=True
        )
    [line] = written(capfd)
    assert line["error"] == "PlantedError"
    assert line["logger"] == "temporalio.activity"
    assert line["text"] == "Completing activity as failed\n({'activity_id': '1'})"
    assert "test_library_logs.py" in str(line["place"])


def test_a_library_that_is_not_known_to_be_safe_says_only_who_and_where(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logging.getLogger("somelibrary").error("cannot read %r", "a planted answer")
    [line] = written(capfd)
    assert (line["logger"], line["level"]) == ("somelibrary", "error")
    assert str(line["place"]).startswith("test_library_logs:")
    assert "text" not in line


def test_handlers_that_a_library_made_for_itself_are_not_used(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logging.getLogger("uvicorn.error").error(OSError(98, "Address already in use"))
    [line] = written(capfd)
    assert (line["error"], line["reason"]) == ("OSError", "Address already in use")


def test_warnings_are_lines(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("a planted warning", stacklevel=1)
    [line] = written(capfd)
    assert line["logger"] == "py.warnings"


def test_what_a_thread_does_not_catch_is_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise PlantedError("a planted sentence")

    before = threading.excepthook
    thread = threading.Thread(target=fail)
    assert before is threading.excepthook
    thread.start()
    thread.join()
    [line] = written(capfd)
    assert (line["event"], line["error"]) == ("not_caught", "PlantedError")


async def test_what_a_task_does_not_catch_is_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved: planted", "exception": PlantedError()}
    )
    [line] = written(capfd)
    assert (line["logger"], line["error"]) == ("asyncio", "PlantedError")


def test_what_nobody_catches_ends_a_process_with_a_line() -> None:
    script = (
        "from api.logging import configure_logging\n"
        "configure_logging()\n"
        "raise ValueError('a planted sentence')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1
    line = json.loads(ended.stderr)
    assert (line["event"], line["error"]) == ("not_caught", "ValueError")
    assert "planted" not in ended.stderr
