"""The whole stack from one command: what it shows, what it survives, how it ends."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from httpx2 import Client

from definitions import shipped
from embedded import children
from embedded.temporal import temporal_binary
from tests.embedded.running import ROOT, Run, a_folder, almanac_run, gone, settings
from tests.store.base.forbidden import allowed
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
    steps = ["PostgreSQL", "schema", "Temporal", "inbox", "pages", "worker"]
    for step in steps + ["demo company"] * (start == "first"):
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


def test_pages_and_worker_connect_as_a_role_that_cannot_change_the_audit_log(demo: Run) -> None:
    """Asked of the database, and of the address that each process was really given."""
    addresses = {}
    for part in ("pages", "worker"):
        given = Path(f"/proc/{demo.file['processes'][part]}/environ").read_bytes().split(b"\0")
        told = dict(line.decode().partition("=")[::2] for line in given if line)
        addresses[part] = told["ALMANAC_DATABASE_URL"]
        assert "ALMANAC_MIGRATION_URL" not in told
        assert "\n".join(allowed(addresses[part])) == ""
    with psycopg.connect(addresses["worker"]) as conn:
        rows = conn.execute(
            "SELECT DISTINCT application_name, usename FROM pg_stat_activity"
            " WHERE application_name LIKE 'almanac%'"
        ).fetchall()
    assert set(rows) == {
        ("almanac-api", "almanac_application"),
        ("almanac-worker", "almanac_application"),
    }


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


def test_who_else_can_look_is_said_before_anything_is_shown(lives: Lives) -> None:
    said = lives.first.lines[1]
    assert said == (
        "Every account of this machine can open the inbox (all mails, sign-in links included) and "
        "Temporal's pages."
    )


@pytest.mark.parametrize("part", ["worker", "pages", "inbox"])
def test_each_line_of_a_log_is_json(lives: Lives, part: str) -> None:
    lines = (lives.second.folder / "logs" / f"{part}.log").read_text().splitlines()
    assert lines or part == "inbox"
    for line in lines:
        assert isinstance(json.loads(line), dict), line


def test_a_restarted_worker_is_back_when_it_is_the_one_that_asks_for_work(demo: Run) -> None:
    before = demo.file["processes"]["worker"]
    os.kill(before, signal.SIGKILL)
    demo.until("worker was ended by SIGKILL; started again in")
    content = demo.file
    words = ["task-queue", "describe", "--task-queue", "almanac", "--output", "json"]
    asked = subprocess.run(
        [temporal_binary(), *words, "--address", content["temporal"]],
        capture_output=True,
        text=True,
    )
    pollers = {poller["identity"].split("@")[0] for poller in json.loads(asked.stdout)["pollers"]}
    assert str(content["processes"]["worker"]) in pollers


def test_a_copy_of_a_folder_whose_stack_runs_starts_beside_it(demo: Run) -> None:
    copy = demo.folder.with_name("copy")
    shutil.copytree(demo.folder, copy, ignore_dangling_symlinks=True, copy_function=_copy)
    if os.geteuid() == 0:
        subprocess.run(["cp", "-a", "-T", demo.folder / "postgres", copy / "postgres"])
    with almanac_run(copy, env=settings(copy)) as beside:
        beside.until("^Ready in ")
        assert beside.file["processes"].keys() == demo.file["processes"].keys()
        for name, pid in demo.file["processes"].items():
            assert children.lives(pid), name
            assert beside.file["processes"][name] != pid
        for run in (demo, beside):
            key = {"Authorization": f"Bearer {run.file['service_key']}"}
            with Client(headers=key) as script:
                assert script.get(f"{run.file['pages']}/api/cycles").status_code == 200


def _copy(source: str, target: str) -> None:
    """A file of a running server may go while it is copied."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def test_two_stacks_that_start_together_find_ports_of_their_own(tmp_path: Path) -> None:
    """Both want the same usual ports, and see them free."""
    with a_folder() as one, a_folder() as two:
        usual = {name: value for name, value in settings(one).items() if name.endswith("_PORT")}
        ports = {
            "PostgreSQL": usual["ALMANAC_POSTGRES_PORT"],
            "Temporal": usual["ALMANAC_TEMPORAL_PORT"],
            "its pages": usual["ALMANAC_TEMPORAL_UI_PORT"],
            "the inbox": usual["ALMANAC_INBOX_PORT"],
            "mails": usual["ALMANAC_INBOX_SMTP_PORT"],
            "the pages": usual["ALMANAC_API_PORT"],
        }
        for folder in (one, two):
            folder.mkdir()
            book = {service: int(port) for service, port in ports.items()}
            (folder / "ports.json").write_text(json.dumps(book))
        env = {k: v for k, v in settings(one).items() if k not in usual}
        with (
            almanac_run(one, "--no-demo", env=env | {"ALMANAC_DATA_DIR": str(one)}) as first,
            almanac_run(two, "--no-demo", env=env | {"ALMANAC_DATA_DIR": str(two)}) as second,
        ):
            for run in (first, second):
                run.until("^Ready in ")
            for run in (first, second):
                key = {"Authorization": f"Bearer {run.file['service_key']}"}
                with Client(headers=key) as script:
                    assert script.get(f"{run.file['pages']}/api/cycles").status_code == 200
                for name, pid in run.file["processes"].items():
                    assert children.lives(pid), name
            assert first.file["pages"] != second.file["pages"]
            assert first.file["temporal"] != second.file["temporal"]


def test_our_own_orphan_on_a_port_that_was_asked_for_is_no_other_program(folder: Path) -> None:
    env = settings(folder)
    with almanac_run(folder, "--no-demo", env=env) as first:
        first.until("^Ready in ")
        server = first.file["processes"]["PostgreSQL"]
        os.kill(server, signal.SIGSTOP)  # so that it does not end with its supervisor
        first.stop(signal.SIGKILL)
    os.kill(server, signal.SIGCONT)
    with almanac_run(folder, "--no-demo", env=env) as second:
        second.until("^Ready in ")
        assert second.file["processes"]["PostgreSQL"] != server
        assert not children.lives(server)


MOMENTS = (0.0, 2.0, 5.0, 9.0)
"""Seconds into the making of the demo, which takes longer; where it does not, the last ones say
that a demo that is complete stays as it is."""


def test_a_demo_that_was_stopped_at_any_moment_is_whole_at_the_next_start(folder: Path) -> None:
    """Ctrl-C and SIGKILL by turns; then a start that is let alone."""
    for number, seconds in enumerate(MOMENTS):
        with almanac_run(folder) as run:
            log = folder / "logs" / "inbox.log"
            _until_it_is_made(folder)
            time.sleep(seconds)  # a moment of the making, not a wait for anything
            run.stop(signal.SIGKILL if number % 2 else signal.SIGINT)
            assert log.exists()
    with almanac_run(folder) as whole:
        whole.until("^Ready in ")
        with psycopg.connect(whole.file["database_url"]) as connection:
            facts = connection.execute(
                "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM cycles"
                " WHERE definition IN ('annual', 'feedback')),"
                " (SELECT count(*) FROM feedback_reports),"
                " (SELECT count(DISTINCT person_id) FROM notifications n"
                "  JOIN cycles c ON c.id = n.cycle_id AND c.definition = 'annual'"
                "  WHERE n.event = 'task_opened' AND n.state = 'sent'),"
                " (SELECT count(*) FROM mails WHERE state = 'sent')"
            ).fetchone()
            databases = connection.execute("SELECT datname FROM pg_database").fetchall()
        assert facts is not None
        assert facts[:4] == (107, 2, 1, 106)
        assert ("almanac_unfinished",) not in databases
        with Client() as script:
            told = script.get(f"{whole.file['inbox']}/mails.json?limit=1000").json()["mails"]
        assert len(told) == facts[4], "no mail of a demo that was given up"


def _until_it_is_made(folder: Path) -> None:
    """Wait until the demo is being made: its database is there beside ours, or it is done."""
    until_now("the demo to be begun", lambda: _is_being_made(folder), bool)


def _is_being_made(folder: Path) -> bool:
    with contextlib.suppress(OSError, psycopg.Error, ValueError, KeyError):
        port = json.loads((folder / "ports.json").read_text())["PostgreSQL"]
        password = (_home(folder) / "password").read_text().strip()
        url = f"postgresql://almanac:{password}@127.0.0.1:{port}/"
        with psycopg.connect(f"{url}postgres", connect_timeout=2) as connection:
            names = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        if "almanac_unfinished" in names:
            return True
        with psycopg.connect(f"{url}almanac", connect_timeout=2) as connection:
            return connection.execute("SELECT count(*) FROM people").fetchone() != (0,)
    return False


def _home(folder: Path) -> Path:
    note = folder / "postgres" / "location"
    return Path(note.read_text().strip()) if note.exists() else folder / "postgres"


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
