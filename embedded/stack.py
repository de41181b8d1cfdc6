"""The stack of `almanac run`: its parts, their order, and how they find each other.

Settings that name a server (database, Temporal, mail relay) take the place of the one that would be
started here. Everything else lives in one folder, which the next start goes on with.
"""

import asyncio
import base64
import errno
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import PREFIX, Settings
from embedded import children, run_file
from embedded.demo import seed
from embedded.failures import StackError, disk_full, explain_exit
from embedded.locks import FolderLock
from embedded.ports import LOOPBACK, PortBook
from embedded.postgres import start_postgres
from embedded.supervisor import Running, Service, Stopped, Supervisor, stop_signals
from embedded.temporal import start_dev_server, temporal_binary
from embedded.terminal import Terminal
from store.migrate import upgrade

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0
PATIENCE_SECONDS = 10.0


@dataclass
class Program:
    """A Python process of ours."""

    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Let it finish what it is at, within limits. Repeatable."""
        children.stop(self.process, patience=PATIENCE_SECONDS)


@dataclass(frozen=True)
class Ports:
    """Where our own servers listen on loopback."""

    postgres: int
    temporal: int
    temporal_ui: int
    inbox: int
    smtp: int
    api: int


class Stack:
    """One run, from the first server to the last."""

    def __init__(self, settings: Settings, terminal: Terminal, *, demo: bool = True) -> None:
        self._settings = settings
        self._terminal = terminal
        self._folder = settings.data_dir.resolve()
        self._logs = self._folder / "logs"
        self._supervisor = Supervisor(self._folder, say=terminal.say)
        self._values: dict[str, str] = {}
        self._own_database = settings.database_url is None
        self._own_temporal = "temporal_address" not in settings.model_fields_set
        self._own_inbox = settings.smtp_host is None
        self._demo = demo and self._own_database and self._own_inbox
        self._started_at = ""
        self._ports: Ports

    def run(self) -> None:
        """Start everything, stay until asked to end, stop everything. Raises StackError."""
        os.umask(0o077)  # mails, logs and databases are nobody else's to read
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(0o711)  # as root, PostgreSQL's account passes through here
            with FolderLock(self._folder), stop_signals():
                try:
                    self._start()
                    self._supervisor.watch(changed=self._write_run_file)
                except Stopped:
                    self._terminal.say("Stopping.", "dim")
                finally:
                    self._terminal.flush()
                    self._stop()
        except OSError as error:
            raise _explained(error, self._folder) from error
        self._terminal.say("Everything is stopped; `make run` goes on where it was.", "dim")

    def _start(self) -> None:
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        run_file.end_leftovers(self._folder / "run.json")
        self._logs.mkdir(exist_ok=True)
        self._terminal.say(f"Almanac starts; its data is in {_short(self._folder)}.")
        self._ports = self._choose_ports()
        self._values = self._shared_values()
        if self._own_database:
            self._launch("PostgreSQL", self._postgres)
        with self._terminal.step("schema"):
            self._migrate()
        if self._own_temporal:
            self._launch("Temporal", self._temporal)
        if self._own_inbox:
            self._launch("inbox", self._inbox)
        self._launch("worker", self._worker)
        self._launch("pages", self._pages)
        links = self._seed()
        self._write_run_file()
        self._terminal.addresses(self._addresses() + links)
        self._terminal.ready()

    def _launch(self, name: str, start: Callable[[], Running]) -> None:
        with self._terminal.step(name):
            self._supervisor.launch(Service(name=name, log=self._log(name), start=start))

    def _stop(self) -> None:
        self._supervisor.stop()
        (self._folder / "run.json").unlink(missing_ok=True)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.lower()}.log"

    # --- What is told to whom ------------------------------------------------------------------

    def _choose_ports(self) -> Ports:
        book = PortBook(self._folder / "ports.json")
        given = self._settings

        def choose(service: str, name: str, usual: int) -> int:
            wanted = getattr(given, name) if name in given.model_fields_set else None
            setting = f"{PREFIX}{name.upper()}"
            return book.choose(service, wanted=wanted, usual=usual, setting=setting)

        return Ports(
            postgres=choose("PostgreSQL", "postgres_port", 54320) if self._own_database else 0,
            temporal=choose("Temporal", "temporal_port", 7233) if self._own_temporal else 0,
            temporal_ui=choose("its pages", "temporal_ui_port", 8233) if self._own_temporal else 0,
            inbox=choose("the inbox", "inbox_port", 8025) if self._own_inbox else 0,
            smtp=choose("mails", "inbox_smtp_port", 1025) if self._own_inbox else 0,
            api=choose("the pages", "api_port", 8000),
        )

    def _shared_values(self) -> dict[str, str]:
        """Settings that every process of the stack gets, by name without prefix."""
        secrets = self._folder / "secrets"
        key = base64.b64encode(bytes.fromhex(run_file.secret(secrets, "payload-key"))).decode()
        given = self._settings
        values = {"API_HOST": given.api_host, "API_PORT": str(self._ports.api)}
        values["DATA_DIR"] = os.fspath(self._folder)
        if "public_url" not in given.model_fields_set:
            values["PUBLIC_URL"] = f"http://{LOOPBACK}:{self._ports.api}"
        if given.service_key is None:
            values["SERVICE_KEY"] = run_file.secret(secrets, "service-key")
        if not given.payload_keys:
            values["PAYLOAD_KEYS"] = f"laptop:{key}"
        if self._own_temporal:
            values["TEMPORAL_ADDRESS"] = f"{LOOPBACK}:{self._ports.temporal}"
            values["TEMPORAL_UI_URL"] = f"http://{LOOPBACK}:{self._ports.temporal_ui}"
        if self._own_inbox:
            values |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(self._ports.smtp)}
            values |= {"SMTP_SECURITY": "none", "SMTP_PER_SECOND": "100"}
        return values

    def _environment(self) -> dict[str, str]:
        told = {PREFIX + name: value for name, value in self._values.items()}
        # Half-written lines of a killed process are lost otherwise, and they are the telling ones.
        return dict(os.environ) | told | {"PYTHONUNBUFFERED": "1"}

    def _value(self, name: str) -> str:
        """A setting as the processes of this stack have it."""
        own = self._values.get(name.upper())
        return own if own is not None else str(getattr(self._settings, name))

    # --- The parts, in the order of their start ------------------------------------------------

    def _postgres(self) -> Running:
        server = start_postgres(
            self._folder / "postgres",
            port=self._ports.postgres,
            bin_dir=self._settings.postgres_bin_dir,
            log=self._log("PostgreSQL"),
        )
        self._values["DATABASE_URL"] = server.dsn
        return server

    def _database_url(self) -> str:
        own = self._values.get("DATABASE_URL")
        return own or self._settings.database().render_as_string(hide_password=False)

    def _migrate(self) -> None:
        upgrade(self._database_url())

    def _temporal(self) -> Running:
        file = self._folder / "temporal.db"
        log = self._log("Temporal")
        try:
            return self._temporal_on(file, log)
        except StackError as error:
            if not file.exists() or "disk is full" in str(error):
                raise
            # Its file is disposable: every workflow is started again from PostgreSQL.
            aside = file.with_name(f"temporal.{int(time.time())}.db")
            for ending in ("", "-wal", "-shm"):
                part = file.with_name(file.name + ending)
                if part.exists():
                    part.rename(aside.with_name(aside.name + ending))
            running = self._temporal_on(file, log)
            self._terminal.say(
                f"Temporal could not read its file; it was set aside as {aside.name}, and every "
                "workflow starts again from the facts in PostgreSQL."
            )
            return running

    def _temporal_on(self, file: Path, log: Path) -> Running:
        return start_dev_server(
            file,
            log=log,
            port=self._ports.temporal,
            ui_port=self._ports.temporal_ui,
            namespace=self._settings.temporal_namespace,
        )

    def _inbox(self) -> Running:
        smtp, port = str(self._ports.smtp), str(self._ports.inbox)
        arguments = ["--folder", os.fspath(self._folder / "mails"), "--smtp-port", smtp]
        program = self._python("inbox", "-m", "embedded.inbox", *arguments, "--port", port)
        return self._when_ready("inbox", program, lambda: answers(self._ports.inbox, "/inbox.css"))

    def _worker(self) -> Running:
        program = self._python("worker", "worker.py")
        return self._when_ready("worker", program, self._is_polled)

    def _is_polled(self) -> bool:
        """Whether the worker asks Temporal for work: from then on nothing waits for it."""
        if not self._own_temporal:
            return True  # the way there may need keys; the worker's log tells
        argv = [os.fspath(temporal_binary()), "task-queue", "describe", "--output", "json"]
        argv += ["--address", self._value("temporal_address")]
        argv += ["--namespace", self._settings.temporal_namespace]
        argv += ["--task-queue", self._settings.temporal_task_queue, "--command-timeout", "5s"]
        asked = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        try:
            return asked.returncode == 0 and bool(json.loads(asked.stdout).get("pollers"))
        except ValueError:
            return False

    def _pages(self) -> Running:
        port = str(self._ports.api)
        arguments = ["--host", self._settings.api_host, "--port", port, "--log-level", "warning"]
        program = self._python(
            "pages", "-m", "uvicorn", "api.app:create_app", "--factory", *arguments
        )
        return self._when_ready("pages", program, lambda: answers(self._ports.api, "/readyz"))

    def _python(self, name: str, *arguments: str) -> Program:
        return Program(
            children.spawn(
                [sys.executable, *arguments],
                log=self._log(name),
                env=self._environment(),
                cwd=ROOT,
            )
        )

    def _when_ready(self, name: str, program: Program, ready: Callable[[], bool]) -> Program:
        log = self._log(name)
        deadline = time.monotonic() + READY_SECONDS
        try:
            while not ready():
                if program.process.poll() is not None:
                    raise explain_exit(f"The {name} process", log, folder=self._folder)
                if time.monotonic() > deadline:
                    raise StackError(
                        f"The {name} process runs, but was not ready after {READY_SECONDS:.0f} s. "
                        f"See {log}."
                    )
                time.sleep(0.05)
        except BaseException:
            program.stop()
            raise
        return program

    # --- What is shown and kept ----------------------------------------------------------------

    def _seed(self) -> list[tuple[str, str]]:
        """Demo company, definitions, cycle; and a sign-in link for each kind of person."""
        if not self._demo:
            return []
        with self._terminal.step("demo company"):
            seeded = asyncio.run(seed(self._database_url(), self._value("public_url")))
        return [(door.who, door.address) for door in seeded.doors]

    def _addresses(self) -> list[tuple[str, str]]:
        rows = [("Pages", self._value("public_url"))]
        if self._own_inbox:
            rows.append(("Inbox", f"http://{LOOPBACK}:{self._ports.inbox}"))
        if "TEMPORAL_UI_URL" in self._values:
            rows.append(("Temporal", self._values["TEMPORAL_UI_URL"]))
        return rows

    def _write_run_file(self) -> None:
        running = {
            service.name: service.running.process.pid
            for service in self._supervisor.services
            if service.running is not None
        }
        given = self._settings.service_key
        inbox = f"http://{LOOPBACK}:{self._ports.inbox}" if self._own_inbox else None
        smtp = f"{LOOPBACK}:{self._ports.smtp}" if self._own_inbox else None
        content = run_file.RunFile(
            pid=os.getpid(),
            started_at=self._started_at,
            pages=self._value("public_url"),
            inbox=inbox,
            smtp=smtp,
            temporal=self._value("temporal_address"),
            temporal_namespace=self._settings.temporal_namespace,
            temporal_ui=self._values.get("TEMPORAL_UI_URL") or self._settings.temporal_ui_url,
            database_url=self._database_url(),
            service_key=given.get_secret_value() if given else self._values["SERVICE_KEY"],
            processes=running,
            commands={name: children.command_line(pid) for name, pid in running.items()},
        )
        run_file.write(self._folder / "run.json", content)


def answers(port: int, path: str) -> bool:
    """Whether a server on loopback answers this path with 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _short(folder: Path) -> str:
    """Relative to where the command was given, where that is shorter."""
    relative = os.path.relpath(folder)
    return relative if len(relative) < len(os.fspath(folder)) else os.fspath(folder)


def _explained(error: OSError, folder: Path) -> StackError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full("Almanac", folder)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StackError(
            f"{error.filename or folder} cannot be written ({error.strerror}). It may belong to "
            "another account, e.g. because Almanac ran as root before. Run as that account again, "
            "or choose another folder with ALMANAC_DATA_DIR."
        )
    return StackError(f"The operating system refused: {error}.")
