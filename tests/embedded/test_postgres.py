"""PostgreSQL under our own supervision: private, durable, and clear about what stops it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from embedded import children, postgres_files
from embedded.failures import StackError
from embedded.ports import is_free
from embedded.postgres import (
    RunningPostgres,
    _answers_for_itself,
    _disown,
    end_orphan,
    ephemeral_postgres,
    start_postgres,
)
from embedded.postgres_files import reachable_home
from embedded.system_user import SystemUser
from tests.waiting import until_now

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's account can reach, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="almanac-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "postgres"


@pytest.fixture
def server(folder: Path) -> Iterator[RunningPostgres]:
    running = start_postgres(folder, fsync=False)
    yield running
    running.kill()


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[call-overload]
    return row[0] if row else None


def test_the_cluster_is_private_durable_and_unicode(folder: Path) -> None:
    server = start_postgres(folder)
    cluster = server.home / "cluster"
    assert cluster.stat().st_mode & 0o777 == 0o700
    assert (server.home / "password").stat().st_mode & 0o777 == 0o600
    for name, value in {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
    }.items():
        assert ask(server.dsn, f"SELECT current_setting('{name}')") == value
    assert ask(server.dsn, "SELECT lower('ÄÖ') || upper('straße')") == "äöSTRASSE"
    server.kill()


def test_a_wrong_password_is_refused(server: RunningPostgres) -> None:
    wrong = server.dsn.replace(server.dsn.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_committed_rows_survive_a_kill_and_the_restart_keeps_the_port(folder: Path) -> None:
    first = start_postgres(folder)
    with psycopg.connect(first.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE facts AS SELECT generate_series(1, 50) AS n")
        first.kill()
    second = start_postgres(folder, port=first.port)
    try:
        assert second.dsn == first.dsn
        assert ask(second.dsn, "SELECT count(*) FROM facts") == 50
    finally:
        second.stop()
    assert second.process.returncode == 0


def test_a_used_folder_names_the_process_that_holds_it(server: RunningPostgres) -> None:
    with pytest.raises(StackError, match=f"in use by process {os.getpid()}"):
        start_postgres(server.home)


def test_a_taken_port_is_told_with_the_setting_that_changes_it(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StackError, match=r"port is in use.*ALMANAC_POSTGRES_PORT"):
            start_postgres(folder, fsync=False, port=other.getsockname()[1])


def test_an_interrupted_creation_leaves_no_half_cluster(folder: Path) -> None:
    (folder / "cluster.unfinished" / "base").mkdir(parents=True)
    running = start_postgres(folder, fsync=False)
    try:
        assert ask(running.dsn, "SELECT 1") == 1
        assert not (folder / "cluster.unfinished").exists()
    finally:
        running.kill()


def stopped_with_number_of(folder: Path, pid: int) -> Path:
    """A cluster whose server was killed, and whose number now belongs to another process."""
    first = start_postgres(folder, fsync=False)
    pid_file = first.home / "cluster" / "postmaster.pid"
    first.kill()
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(pid), *lines[1:]]) + "\n")
    return pid_file


def test_a_process_id_that_now_belongs_to_another_program_does_not_block(folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as another:
        stopped_with_number_of(folder, another.pid)
        second = start_postgres(folder, fsync=False)
        assert another.poll() is None
        second.kill()
        another.kill()


def test_a_server_that_nobody_reaped_does_not_block(folder: Path) -> None:
    """As in a container whose first process reaps nobody."""
    zombie = os.fork()
    if zombie == 0:
        os._exit(0)
    try:
        while children.lives(zombie):
            os.sched_yield()
        stopped_with_number_of(folder, zombie)
        second = start_postgres(folder, fsync=False)
        second.kill()
    finally:
        os.waitpid(zombie, 0)


def test_processes_of_a_dead_server_still_guard_its_data(folder: Path) -> None:
    first = start_postgres(folder, fsync=False)
    pid_file = first.home / "cluster" / "postmaster.pid"
    [key] = [line for line in pid_file.read_text().splitlines() if len(line.split()) == 2][-1:]
    _disown(pid_file, first.process.pid)
    assert pid_file.read_text().splitlines()[0] == str(os.getpid())
    assert key in pid_file.read_text(), "PostgreSQL looks for its shared memory by this"
    first.kill()


def test_a_copy_does_not_take_the_server_of_the_original_for_its_own(folder: Path) -> None:
    first = start_postgres(folder, fsync=False)
    try:
        moved = folder.with_name("original")
        folder.rename(moved)  # it runs on; what stands in its old place is another folder
        shutil.copytree(moved, folder, copy_function=shutil.copy2)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "--reference", moved / "cluster", folder / "cluster"])
        end_orphan(folder)
        assert children.lives(first.process.pid)
        assert ask(first.dsn, "SELECT 1") == 1
    finally:
        first.kill()


def test_an_orphan_is_gone_before_its_port_is_looked_at(folder: Path) -> None:
    first = start_postgres(folder, fsync=False)
    first._lock.release()  # as if our process had gone without it
    end_orphan(folder)
    assert is_free(first.port)
    assert first.process.wait(10) == 0, "ended in good order, and reaped by us alone"
    end_orphan(folder)


def test_another_server_that_answers_is_not_taken_for_ours(folder: Path) -> None:
    first = start_postgres(folder, fsync=False)
    try:
        password = (first.home / "password").read_text()
        assert not _answers_for_itself(first.port, password, os.getpid())
        assert _answers_for_itself(first.port, password, first.process.pid)
    finally:
        first.kill()


def test_a_copy_of_a_note_is_not_let_into_the_data_of_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where PostgreSQL's account cannot reach the folder, its data lies elsewhere."""
    monkeypatch.setattr(postgres_files, "SHARED_PLACE", tmp_path / "shared")
    monkeypatch.setattr(postgres_files, "can_reach", lambda *_: False)
    original, copy, moved = (tmp_path / name for name in ("original", "copy", "moved"))
    original.mkdir()
    user = SystemUser(65534, 65534)
    home = reachable_home(original, user)
    assert reachable_home(original, user) == home
    shutil.copytree(original, copy)
    with pytest.raises(StackError, match=rf"{copy} is a copy of {original}"):
        reachable_home(copy, user)
    original.rename(moved)
    assert reachable_home(moved, user) == home, "moved is not copied"
    shutil.rmtree(home)
    with pytest.raises(StackError, match="is not there"):
        reachable_home(moved, user)


def test_a_server_left_behind_by_a_killed_supervisor_is_ended(folder: Path) -> None:
    first = start_postgres(folder, fsync=False)
    first._lock.release()  # as if our process had gone without it
    second = start_postgres(folder, fsync=False)
    try:
        assert first.process.wait(10) == 0
        assert ask(second.dsn, "SELECT 1") == 1
    finally:
        second.kill()


def test_the_server_ends_with_a_supervisor_that_is_killed(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from embedded.postgres import start_postgres\n"
        "print(start_postgres(Path(sys.argv[1]), fsync=False).process.pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert children.lives(pid)
        parent.send_signal(signal.SIGKILL)
    if sys.platform == "linux":
        until_now("the server to end", lambda: children.lives(pid), lambda lives: not lives)
    start_postgres(folder, fsync=False).kill()


def test_a_folder_closed_to_the_server_is_used_all_the_same(folder: Path) -> None:
    folder.parent.chmod(0o700)  # as /root is, where root may well clone the project
    first = start_postgres(folder, fsync=False)
    home = first.home
    try:
        assert (home == folder) == (os.geteuid() != 0)
        first.stop()
        second = start_postgres(folder, fsync=False)
        second.kill()
        assert second.home == home
    finally:
        first.kill()
        shutil.rmtree(home)


def test_an_ephemeral_server_leaves_nothing() -> None:
    with ephemeral_postgres() as running:
        home = running.home
        assert ask(running.dsn, "SELECT current_setting('fsync')") == "off"
    assert not home.exists()


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("echo 'could not write: No space left on device' >&2; exit 1", "The disk is full"),
        (
            "echo 'could not extend file\nHINT:  Check free disk space.' >&2; exit 1",
            "The disk is full",
        ),
        ("echo 'initdb: error: no' >&2; exit 1", "could not create its data folder: initdb"),
    ],
)
def test_what_goes_wrong_while_creating_is_a_sentence(
    folder: Path, program: str, sentence: str
) -> None:
    programs = folder.parent / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").write_text(f"#!/bin/sh\n{program}\n")
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n")
    for file in programs.iterdir():
        file.chmod(0o755)
    with pytest.raises(StackError, match=sentence):
        start_postgres(folder, bin_dir=programs)


def test_data_of_another_major_version_is_refused(folder: Path) -> None:
    running = start_postgres(folder, fsync=False)
    running.stop()
    (running.home / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StackError, match="written by PostgreSQL 16"):
        start_postgres(folder, fsync=False)


def test_a_folder_without_programs_names_the_setting(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="ALMANAC_POSTGRES_BIN_DIR"):
        start_postgres(folder, bin_dir=tmp_path)


def test_a_platform_without_package_is_told_the_ways_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.postgres_files.PACKAGE", "no_such_package")
    with pytest.raises(StackError, match=r"no PostgreSQL for .* ALMANAC_DATABASE_URL"):
        start_postgres(folder)
