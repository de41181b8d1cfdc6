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

from embedded import children
from embedded.failures import StackError
from embedded.postgres import RunningPostgres, ephemeral_postgres, start_postgres
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


def test_a_process_id_that_now_belongs_to_another_program_does_not_block(folder: Path) -> None:
    first = start_postgres(folder, fsync=False)
    lines = (first.home / "cluster" / "postmaster.pid").read_text().splitlines()
    first.stop()
    lines[0] = str(os.getpid())
    (first.home / "cluster" / "postmaster.pid").write_text("\n".join(lines))
    second = start_postgres(folder, fsync=False)
    second.kill()


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
        assert "postgres" in children.command_line(pid)
        parent.send_signal(signal.SIGKILL)
    if sys.platform == "linux":
        until_now("the server to end", lambda: children.command_line(pid), lambda left: not left)
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
