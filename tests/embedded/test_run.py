"""The whole stack from one command: what it shows, what it survives, how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from httpx2 import Client

from definitions import shipped
from embedded import run_file
from tests.embedded.running import ROOT, Run, a_folder, almanac_run, gone, settings
from tests.waiting import until_now

pytestmark = pytest.mark.timeout(1800)


@dataclass
class Lives:
    """A first start with the demo company, its supervisor killed, and the start after it."""

    first: Run
    killed: dict[str, int]
    second: Run


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with a_folder() as folder, almanac_run(folder) as first:
        first.until("^Ready in ")
        processes: dict[str, int] = first.file["processes"]
        first.stop(signal.SIGKILL)
        with almanac_run(folder) as second:
            second.until("^Ready in ")
            yield Lives(first, processes, second)


@pytest.fixture
def demo(lives: Lives) -> Run:
    """A stack that runs; its data has seen a hard end."""
    return lives.second


@pytest.fixture
def folder() -> Iterator[Path]:
    with a_folder() as name:
        yield name


@pytest.mark.parametrize("start", ["first", "second"])
def test_a_start_says_in_twelve_lines_what_runs_and_where_to_go(lives: Lives, start: str) -> None:
    lines = {"first": lives.first, "second": lives.second}[start].lines
    lines = lines[: next(n for n, line in enumerate(lines, 1) if line.startswith("Ready in "))]
    shown = "\n".join(lines)
    assert len(lines) <= 12
    for step in ("PostgreSQL", "schema", "Temporal", "demo company", "inbox", "pages", "worker"):
        assert re.search(rf"{step} \d+\.\d s", shown)
    for place in ("Pages", "Inbox", "Temporal"):
        assert re.search(rf"^  {place} +http://127\.0\.0\.1:\d+$", shown, re.MULTILINE)
    for who in ("HR", "Manager", "Participant", "Administrator"):
        assert re.search(rf"^  {who} +http://127\.0\.0\.1:\d+/l/[\w-]{{40,}}$", shown, re.MULTILINE)


def test_scripts_find_everything_in_a_file_of_their_own(demo: Run) -> None:
    assert (demo.folder / "run.json").stat().st_mode & 0o777 == 0o600
    content = demo.file
    assert content["pid"] == demo.process.pid
    assert set(content["processes"]) == {"PostgreSQL", "Temporal", "inbox", "pages", "worker"}
    with Client() as script:
        key = {"Authorization": f"Bearer {content['service_key']}"}
        assert _health(script, content["pages"]) == "ok"
        assert script.get(f"{content['pages']}/api/cycles").status_code == 401
        answer = script.get(f"{content['pages']}/api/cycles", headers=key)
        assert answer.status_code == 200
        assert script.get(content["temporal_ui"]).status_code == 200


def _health(script: Client, pages: str) -> str:
    """What `/readyz` says, once whatever waited since the kill has been looked at."""
    return until_now(
        "everything to be well",
        lambda: str(script.get(f"{pages}/readyz").json()["status"]),
        lambda status: status == "ok",
    )


def test_a_cycle_of_the_whole_company_has_begun_with_a_mail_to_each(demo: Run) -> None:
    with psycopg.connect(demo.file["database_url"]) as connection:
        people = connection.execute("SELECT count(*) FROM people").fetchone()
        assert people == (107,)
        begun = connection.execute(
            "SELECT s.key, count(*) FROM tasks t JOIN stages s ON s.id = t.stage_id "
            "JOIN cycles c ON c.id = t.cycle_id AND c.definition = 'annual' "
            "WHERE t.state = 'open' GROUP BY 1 ORDER BY 1"
        )
        assert begun.fetchall() == [("feedback.nominate", 106), ("self", 106)]
        told = connection.execute(
            "SELECT count(DISTINCT n.person_id), count(DISTINCT n.mail_id) FROM notifications n "
            "JOIN cycles c ON c.id = n.cycle_id AND c.definition = 'annual' "
            "WHERE n.event = 'task_opened' AND n.state = 'sent'"
        )
        assert told.fetchone() == (106, 106), "one mail each"
        definitions = connection.execute("SELECT definition FROM definition_versions ORDER BY 1")
        assert [name for (name,) in definitions] == sorted(shipped.NAMES)
    with Client() as script:
        mails = script.get(f"{demo.file['inbox']}/mails.json?limit=1000").json()["mails"]
    assert len({mail["to"][0] for mail in mails}) == 106


def test_a_round_of_one_team_is_nearly_over(demo: Run) -> None:
    with psycopg.connect(demo.file["database_url"]) as connection:
        states = connection.execute(
            "SELECT s.key, t.state, count(*) FROM tasks t JOIN stages s ON s.id = t.stage_id "
            "JOIN cycles c ON c.id = t.cycle_id AND c.definition = 'feedback' "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        reports = connection.execute("SELECT count(*) FROM feedback_reports").fetchone()
    assert states[:1] == [("feedback.approve", "done", 8)]
    assert {(key, state) for key, state, _ in states[1:]} == {
        ("feedback.collect", "done"),
        ("feedback.collect", "open"),
        ("feedback.nominate", "done"),
    }
    assert reports == (1,), "that of the participant whose link is printed"


@pytest.mark.parametrize("who", ["HR", "Manager", "Participant", "Administrator"])
def test_each_sign_in_link_opens(demo: Run, who: str) -> None:
    line = next(line for line in demo.lines if line.startswith(f"  {who} "))
    with Client() as browser:
        assert browser.get(line.split()[-1]).status_code == 200


def test_nothing_of_it_is_for_other_accounts_to_read(demo: Run) -> None:
    for path in demo.folder.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_start_is_refused_with_the_process_to_stop(demo: Run) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "cli", "run"],
        capture_output=True,
        text=True,
        env=settings(demo.folder),
        cwd=ROOT,
    )
    assert second.returncode == 1
    assert f"in use by process {demo.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("name", ["PostgreSQL", "Temporal", "inbox", "pages", "worker"])
def test_what_is_killed_is_started_again_with_a_note(demo: Run, name: str) -> None:
    before = demo.file["processes"][name]
    os.kill(before, signal.SIGKILL)
    assert f"{name} was ended by SIGKILL; started again in" in demo.until("started again")
    demo.until_file_names_another(name, before)
    with Client() as script:
        assert script.get(f"{demo.file['pages']}/livez").status_code == 200


def test_a_killed_supervisor_leaves_nothing_behind_and_nothing_twice(lives: Lives) -> None:
    assert all(gone(pid) for pid in lives.killed.values())
    with psycopg.connect(lives.second.file["database_url"]) as connection:
        cycles = connection.execute("SELECT count(*) FROM cycles WHERE definition = 'annual'")
        assert cycles.fetchone() == (1,)


def test_ctrl_c_stops_everything_also_after_a_start_with_a_broken_file(folder: Path) -> None:
    folder.mkdir()
    (folder / "temporal.db").write_text("no database " * 2000)
    with almanac_run(folder, "--no-demo") as run:
        run.until("Temporal could not read its file; it was set aside as temporal")
        run.until("^Ready in ")
        processes = run.file["processes"]
        assert run.stop() == 0
    assert run.lines[-1] == "Everything is stopped; `make run` goes on where it was."
    assert not any("Traceback" in line for line in run.lines)
    assert not (folder / "run.json").exists()
    assert all(gone(pid) for pid in processes.values())


def test_a_port_that_was_asked_for_and_is_taken_is_told_before_anything_starts(
    folder: Path,
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with almanac_run(folder, env=settings(folder, api_port=port)) as run:
            run.until(f"Port {port}, which ALMANAC_API_PORT asks for the pages, is in use")
            assert run.process.wait(30) == 1
    assert not (folder / "postgres").exists()


def test_a_wrong_setting_is_a_sentence(folder: Path) -> None:
    with almanac_run(folder, env=settings(folder, api_port="many")) as run:
        run.until("ALMANAC_API_PORT: should be a whole number")
        assert run.process.wait(30) == 1


def test_leftovers_are_ended_only_if_they_are_what_was_started(tmp_path: Path) -> None:
    script = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(script) as ours, subprocess.Popen(script) as another:
        content = {
            "processes": {"worker": ours.pid, "pages": another.pid},
            "commands": {"worker": " ".join(script), "pages": "python of yesterday"},
        }
        file = tmp_path / "run.json"
        file.write_text(json.dumps(content))
        assert run_file.end_leftovers(file) == ["worker"]
        assert ours.wait(10) == -signal.SIGKILL
        assert another.poll() is None
        another.kill()
    assert run_file.end_leftovers(file) == []
