"""What dies is started again, three deaths are the end, and the end is in order."""

import signal
from collections import namedtuple
from pathlib import Path

import pytest

from embedded import children, supervisor
from embedded.failures import StackError
from embedded.stack import Program
from embedded.supervisor import Service, Stopped, Supervisor, stop_signals


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def keeper(tmp_path: Path, said: list[str]) -> Supervisor:
    return Supervisor(tmp_path, say=said.append)


def shell(folder: Path, name: str, script: str) -> Service:
    log = folder / f"{name}.log"
    return Service(name, log, lambda: Program(children.spawn(["/bin/sh", "-c", script], log=log)))


def watch_until(keeper: Supervisor, changes: int) -> None:
    """Watch until so many restarts have happened."""
    left = [changes]

    def changed() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Stopped

    with pytest.raises(Stopped):
        keeper.watch(changed=changed)


def test_a_killed_service_is_started_again_with_a_note(
    keeper: Supervisor, said: list[str], tmp_path: Path
) -> None:
    service = shell(tmp_path, "worker", "exec sleep 60")
    keeper.launch(service)
    assert service.running is not None
    service.running.process.send_signal(signal.SIGKILL)
    watch_until(keeper, 1)
    assert service.running.process.poll() is None
    assert len(said) == 1
    assert "worker was ended by SIGKILL; started again in 0." in said[0]
    keeper.stop()


def test_three_deaths_within_a_minute_are_the_end(
    keeper: Supervisor, said: list[str], tmp_path: Path
) -> None:
    keeper.launch(shell(tmp_path, "worker", "echo one; echo two >&2; exit 3"))
    with pytest.raises(StackError) as told:
        keeper.watch(changed=lambda: None)
    assert "worker ended 3 times within a minute, so everything was stopped" in str(told.value)
    assert str(told.value).endswith("one\n  two")
    assert [line.split("  ")[1][:24] for line in said] == ["worker ended with code 3"] * 2


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
        keeper.watch(changed=lambda: None)
    assert "Traceback" not in str(told.value)
    assert "ValueError: invalid literal for int() with base 10: 'many'" in str(told.value)


Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_stops_everything_at_once(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.shutil, "disk_usage", lambda _: Usage(1000, 1000, 0))
    keeper.launch(shell(tmp_path, "PostgreSQL", "echo PANIC: No space left on device; exit 1"))
    with pytest.raises(StackError, match="The disk is full: PostgreSQL cannot write to"):
        keeper.watch(changed=lambda: None)


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


def test_a_long_log_is_put_aside_at_the_next_start(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LARGEST_LOG_BYTES", 10)
    (tmp_path / "worker.log").write_text("a line of yesterday\n")
    keeper.launch(shell(tmp_path, "worker", "exec sleep 60"))
    assert (tmp_path / "worker.log").read_text() == ""
    assert (tmp_path / "worker.1.log").read_text() == "a line of yesterday\n"
    keeper.stop()
