"""The worker as a process: what it waits for, what it says, and that it shows that it lives."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from embedded.ports import free_port
from embedded.signs import touched
from embedded.temporal import RunningTemporal, start_dev_server

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTemporal]:
    running = start_dev_server(None, log=tmp_path_factory.mktemp("t") / "log", headless=True)
    yield running
    running.kill()


@contextmanager
def worker(folder: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    given = {f"ALMANAC_{name.upper()}": value for name, value in settings.items()}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ALMANAC_")}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "worker.py"],
            env=kept | given | {"ALMANAC_SMTP_HOST": "127.0.0.1"},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def lines(folder: Path) -> list[dict[str, object]]:
    """The log; a line that is no JSON fails."""
    return [json.loads(line) for line in (folder / "worker.log").read_text().splitlines()]


def until(
    found: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 100
) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert process.poll() is None, "the worker has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_worker_waits_for_a_database_that_is_starting_up(
    tmp_path: Path, database_url: str, temporal: RunningTemporal
) -> None:
    """It used to end; three of its ends within a minute stopped the whole stack."""
    nowhere = make_url(database_url).set(host="127.0.0.1", port=free_port())
    url = nowhere.render_as_string(hide_password=False)
    with worker(tmp_path, database_url=url, temporal_address=temporal.address) as process:
        until(
            lambda: sum(line["event"] == "database_unavailable" for line in lines(tmp_path)) >= 2,
            process,
        )
        assert {line.get("outage") for line in lines(tmp_path)} == {"unreachable"}


def test_a_worker_that_turns_touches_its_file_whatever_it_waits_for(
    tmp_path: Path, database_url: str
) -> None:
    alive = tmp_path / "alive"
    address = f"127.0.0.1:{free_port()}"
    with worker(
        tmp_path, database_url=database_url, temporal_address=address, alive_file=str(alive)
    ) as process:
        until(alive.exists, process)
        look = touched(alive)
        look()
        until(look, process)
        until(lambda: any(x["event"] == "engine_unreachable" for x in lines(tmp_path)), process)
