"""What a killed supervisor left is ended, and nothing else: numbers in a file are no proof."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded import children
from embedded.leftovers import end_leftovers, forget, remember

SLEEPER = [sys.executable, "-c", "import time; time.sleep(300)"]

STARTER = """
import os, subprocess, sys
from pathlib import Path
from embedded.leftovers import remember
folder = Path(sys.argv[1])
part = subprocess.Popen(sys.argv[2:], env=dict(os.environ, ALMANAC_DATA_DIR=str(folder)))
remember(folder, {"worker": part.pid})
print(part.pid, flush=True)
sys.stdin.read()
"""
"""A supervisor that can be killed; its part does not end with it, as on macOS."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


Start = Callable[[Path], tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[int] = []
    supervisors: list[subprocess.Popen[str]] = []

    def begin(folder: Path) -> tuple[subprocess.Popen[str], int]:
        supervisor = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(folder), *SLEEPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        supervisors.append(supervisor)
        assert supervisor.stdout is not None
        started.append(int(supervisor.stdout.readline()))
        return supervisor, started[-1]

    yield begin
    for pid in started:
        if children.lives(pid):
            os.kill(pid, signal.SIGKILL)
    for supervisor in supervisors:
        with supervisor:
            supervisor.kill()


def kill(supervisor: subprocess.Popen[str], part: int) -> None:
    supervisor.kill()
    supervisor.wait(30)
    assert children.lives(part), "the part is an orphan now"


def test_what_a_killed_supervisor_left_is_ended_and_gone(folder: Path, start: Start) -> None:
    supervisor, part = start(folder)
    kill(supervisor, part)
    assert end_leftovers(folder) == ["worker"]
    assert not children.lives(part)
    assert end_leftovers(folder) == []


def test_a_copy_of_a_live_folder_leaves_the_original_alone(folder: Path, start: Start) -> None:
    _, part = start(folder)
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    assert end_leftovers(copy) == []
    assert children.lives(part)


def test_a_copy_in_the_place_of_a_live_folder_leaves_it_alone(folder: Path, start: Start) -> None:
    _, part = start(folder)
    moved = folder.with_name("moved")
    folder.rename(moved)
    shutil.copytree(moved, folder)
    assert end_leftovers(folder) == []
    assert children.lives(part)


def test_a_copy_of_a_folder_whose_supervisor_was_killed_ends_nothing(
    folder: Path, start: Start
) -> None:
    supervisor, part = start(folder)
    kill(supervisor, part)
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    assert end_leftovers(copy) == []
    assert children.lives(part)


def test_a_number_that_was_used_again_is_not_ended(folder: Path, start: Start) -> None:
    supervisor, part = start(folder)
    kill(supervisor, part)
    file = folder / "processes.json"
    noted = json.loads(file.read_text())
    noted["parts"]["worker"]["began"] -= 3600  # that one was started an hour earlier
    file.write_text(json.dumps(noted))
    assert end_leftovers(folder) == []
    assert children.lives(part)


def test_a_process_of_no_folder_is_not_ended(folder: Path) -> None:
    with subprocess.Popen(SLEEPER) as other:
        remember(folder, {"worker": other.pid})
        file = folder / "processes.json"
        noted = json.loads(file.read_text()) | {"supervisor": 0}
        file.write_text(json.dumps(noted))
        assert end_leftovers(folder) == []
        assert children.lives(other.pid)
        other.kill()


@pytest.mark.parametrize("content", ["", "[]", '{"parts": {"worker": 1}}', '{"parts": null}', "\0"])
def test_a_file_that_cannot_be_read_names_nothing(folder: Path, content: str) -> None:
    (folder / "processes.json").write_text(content)
    assert end_leftovers(folder) == []
    forget(folder)


def test_a_process_listens_itself_or_it_does_not() -> None:
    script = (
        "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); "
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        assert children.listens(other.pid, port)
        assert not children.listens(os.getpid(), port)
        other.kill()
    assert not children.listens(other.pid, port)
    assert children.began(os.getpid()) <= time.time()
