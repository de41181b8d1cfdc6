"""What dies is started again, three deaths are the end, and the end is in order."""

import signal
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from embedded import children, signs, supervisor
from embedded.failures import StackError
from embedded.interruption import Stopped, stop_signals
from embedded.stack import Program
from embedded.supervisor import Running, Service, Supervisor


@pytest.fixture
def said() -> list[str]:
    return []


class Changes:
    """Counts starts; ends the watch after so many of them."""

    def __init__(self) -> None:
        self.left = -1

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Stopped


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def keeper(tmp_path: Path, said: list[str], changes: Changes) -> Supervisor:
    return Supervisor(tmp_path, say=said.append, changed=changes)


def shell(folder: Path, name: str, script: str) -> Service:
    log = folder / f"{name}.log"
    return Service(name, log, lambda: Program(children.spawn(["/bin/sh", "-c", script], log=log)))


def watch_until(keeper: Supervisor, starts: int) -> None:
    """Watch until so many services were started again."""
    changes = keeper._changed
    assert isinstance(changes, Changes)
    changes.left = starts
    with pytest.raises(Stopped):
        keeper.watch()


def watch_until_said(keeper: Supervisor, said: list[str], words: str) -> None:
    """Watch until a line with these words was said."""

    def say(line: str) -> None:
        said.append(line)
        if words in line:
            raise Stopped

    keeper._say = say
    with pytest.raises(Stopped):
        keeper.watch()


def test_a_killed_service_is_started_again_with_a_note(
    keeper: Supervisor, said: list[str], tmp_path: Path
) -> None:
    service = shell(tmp_path, "worker", "exec sleep 60")
    keeper.launch(service)
    assert service.running is not None
    service.running.process.send_signal(signal.SIGKILL)
    watch_until_said(keeper, said, "started again")
    assert service.running.process.poll() is None
    assert len(said) == 1
    assert "worker was ended by SIGKILL; started again in 0." in said[0]
    keeper.stop()


def test_three_deaths_within_a_minute_are_the_end(
    keeper: Supervisor, said: list[str], tmp_path: Path
) -> None:
    keeper.launch(shell(tmp_path, "worker", "echo one; echo two >&2; exit 3"))
    with pytest.raises(StackError) as told:
        keeper.watch()
    assert "worker ended 3 times within a minute, so everything was stopped" in str(told.value)
    assert str(told.value).endswith("one\n  two")
    assert all("worker ended with code 3; started again" in line for line in said)


def test_deaths_far_apart_are_no_reason_to_stop(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "DEATHS_SECONDS", 0.0)
    keeper.launch(shell(tmp_path, "worker", "exit 3"))
    watch_until(keeper, 4)
    keeper.stop()


def test_of_a_traceback_only_what_it_comes_to_is_shown(keeper: Supervisor, tmp_path: Path) -> None:
    python = "import sys; sys.exit(int('many'))"
    log = tmp_path / "worker.log"
    argv = ["python3", "-c", python]
    keeper.launch(Service("worker", log, lambda: Program(children.spawn(argv, log=log))))
    with pytest.raises(StackError) as told:
        keeper.watch()
    assert "Traceback" not in str(told.value)
    assert "ValueError: invalid literal for int() with base 10: 'many'" in str(told.value)


def test_a_service_is_back_when_it_serves_and_not_when_it_runs(
    keeper: Supervisor, said: list[str], tmp_path: Path
) -> None:
    service = shell(tmp_path, "worker", "exec sleep 60")
    looks: list[int] = []

    def is_ready(running: Running) -> bool:
        assert not said, "nothing is said before"
        looks.append(running.process.pid)
        return len(looks) == 3

    service.is_ready = is_ready
    keeper.launch(service)
    assert service.running is not None
    service.running.process.kill()
    watch_until_said(keeper, said, "started again")
    assert len(looks) == 3
    assert service.running is not None
    assert set(looks) == {service.running.process.pid}
    keeper.stop()


def test_a_start_that_fails_at_once_is_tried_again_and_its_reason_is_told(
    keeper: Supervisor, tmp_path: Path
) -> None:
    service = shell(tmp_path, "PostgreSQL", "exit 1")
    keeper.launch(service)
    tries: list[int] = []

    def fail() -> Program:
        tries.append(1)
        raise StackError("PostgreSQL has lost its files.")

    service.start = fail
    with pytest.raises(StackError, match="PostgreSQL has lost its files"):
        keeper.watch()
    assert len(tries) == 2, "the third death is the end"


def test_a_frozen_service_is_told_and_then_started_again(
    keeper: Supervisor, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 0.6)
    monkeypatch.setattr(supervisor, "FROZEN_SECONDS", 1.2)
    service = shell(tmp_path, "worker", "exec sleep 60")
    service.sign = lambda: False
    keeper.launch(service)
    assert service.running is not None
    frozen = service.running.process
    frozen.send_signal(signal.SIGSTOP)
    watch_until_said(keeper, said, "started again in")
    assert "worker has not answered for" in said[0]
    assert "it is ended and started again" in said[0]
    assert "and is ended" in said[1]
    assert "worker was ended by SIGKILL; started again in" in said[2]
    assert frozen.returncode == -signal.SIGKILL
    keeper.stop()


def test_a_service_that_answers_again_is_left_alone(
    keeper: Supervisor, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 0.6)
    monkeypatch.setattr(signs, "LOOK_SECONDS", 0.1)
    service = shell(tmp_path, "worker", "exec sleep 60")
    service.sign = lambda: bool(said)
    keeper.launch(service)
    assert service.running is not None
    before = service.running.process.pid
    watch_until_said(keeper, said, "answers again")
    assert service.running.process.pid == before
    assert len(said) == 2
    keeper.stop()


def test_time_in_which_nobody_watched_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = signs.Pulse(lambda: False)
    clock = [1000.0]
    monkeypatch.setattr(signs.time, "monotonic", lambda: clock[0])
    pulse.begin()
    clock[0] += 36_000  # a laptop that slept, a supervisor that was stopped
    pulse.watch()
    assert pulse.silent == 1.0


Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_stops_everything_at_once(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.shutil, "disk_usage", lambda _: Usage(1000, 1000, 0))
    keeper.launch(shell(tmp_path, "PostgreSQL", "echo PANIC: No space left on device; exit 1"))
    with pytest.raises(StackError, match="The disk is full: PostgreSQL cannot write to"):
        keeper.watch()


@pytest.mark.parametrize(
    ("free", "sentence"), [(80_000_000, "Only 80 MB are left"), (4096, "is full. Nothing that")]
)
def test_a_disk_that_fills_is_told_once(
    keeper: Supervisor,
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    sentence: str,
) -> None:
    monkeypatch.setattr(supervisor.shutil, "disk_usage", lambda _: Usage(10**9, 0, free))
    monkeypatch.setattr(supervisor, "DISK_SECONDS", 0.0)
    keeper.launch(shell(tmp_path, "worker", "exit 3"))
    watch_until(keeper, 2)
    assert len([line for line in said if sentence in line]) == 1
    keeper.stop()


def test_room_again_is_told(
    keeper: Supervisor, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [4096]
    monkeypatch.setattr(supervisor.shutil, "disk_usage", lambda _: Usage(10**9, 0, free[0]))
    monkeypatch.setattr(supervisor, "DISK_SECONDS", 0.0)
    keeper.launch(shell(tmp_path, "worker", "exec sleep 60"))
    watch_until_said(keeper, said, "is full. Nothing that")
    free[0] = 900_000_000
    watch_until_said(keeper, said, "There is room again on the disk of")
    assert "900 MB" in said[-1]
    keeper.stop()


def test_each_disk_that_is_written_to_is_told_of_once(
    keeper: Supervisor, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, keys, away = tmp_path / "database", tmp_path / "keys", tmp_path / "away"
    free = {tmp_path: 900_000_000, database: 4096}
    disks = {tmp_path: 1, database: 2, keys: 2}
    monkeypatch.setattr(supervisor, "_free", lambda folder: free[folder])
    monkeypatch.setattr(supervisor, "_device", lambda folder: disks.get(folder) or away.stat())
    monkeypatch.setattr(supervisor, "DISK_SECONDS", 0.0)
    for folder in (database, keys, away, database):
        keeper.also_writes_to(folder)
    keeper.launch(shell(tmp_path, "worker", "exec sleep 60"))
    watch_until_said(keeper, said, f"The disk of {database} is full.")
    free[database] = 900_000_000
    watch_until_said(keeper, said, f"There is room again on the disk of {database}: 900 MB")
    assert len(said) == 2
    keeper.stop()


def test_a_service_ended_by_a_full_disk_names_the_folder_that_is_full(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "database"
    free = {tmp_path: 900_000_000, database: 0}
    monkeypatch.setattr(supervisor, "_free", lambda folder: free[folder])
    monkeypatch.setattr(supervisor, "_device", lambda folder: folder == database)
    keeper.also_writes_to(database)
    keeper.launch(shell(tmp_path, "PostgreSQL", "echo PANIC: No space left on device; exit 1"))
    with pytest.raises(StackError, match=f"PostgreSQL cannot write to {database}\\."):
        keeper.watch()


def test_services_stop_in_reverse_order(keeper: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    for name in ("first", "second", "third"):
        trap = f"trap 'echo {name} >> {ends}; exit' TERM; echo ready"
        script = f"{trap}; while :; do sleep 0.05; done"
        keeper.launch(shell(tmp_path, name, script))
    while any("ready" not in service.log.read_text() for service in keeper.services):
        assert all(s.running and s.running.process.poll() is None for s in keeper.services)
    keeper.stop()
    assert ends.read_text().split() == ["third", "second", "first"]
    keeper.stop()


def test_a_service_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    process = children.spawn(["/bin/sh", "-c", script], log=log)
    while not log.read_text():
        assert process.poll() is None
    children.stop(process, patience=0.2)
    assert process.returncode == -signal.SIGKILL


def test_the_first_signal_ends_and_the_others_are_ignored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_signals():
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


class AskedInBetween:
    """A lock of the kind that `Popen` has; somebody asks us to end just after it was taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.times = 1

    def acquire(self, blocking: bool = True) -> bool:
        taken = self._lock.acquire(blocking, 5 if blocking else -1)
        if self.times:
            self.times -= 1
            signal.raise_signal(signal.SIGINT)
        return taken

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        assert self.acquire(), "whoever had it was broken off, and never gave it back"

    def __exit__(self, *_: object) -> None:
        self.release()


@pytest.mark.parametrize("ask", ["poll", "wait"])
def test_a_signal_while_we_ask_after_a_child_lets_the_child_be_ended(
    tmp_path: Path, ask: str
) -> None:
    """Ctrl-C at the wrong instruction once left `make run` waiting for ever."""
    process = children.spawn(["/bin/sleep", "60"], log=tmp_path / "log")
    process._waitpid_lock = AskedInBetween()  # type: ignore[attr-defined]
    with stop_signals(), pytest.raises(Stopped):
        process.poll() if ask == "poll" else process.wait(60)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


def test_a_long_log_is_put_aside_at_the_next_start(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LARGEST_LOG_BYTES", 10)
    (tmp_path / "worker.log").write_text("a line of yesterday\n")
    keeper.launch(shell(tmp_path, "worker", "exec sleep 60"))
    assert (tmp_path / "worker.log").read_text() == ""
    assert (tmp_path / "worker.1.log").read_text() == "a line of yesterday\n"
    keeper.stop()
