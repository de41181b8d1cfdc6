"""The stack of `almanac run`: its parts, their order, and how they find each other.

Settings that name a server (database, Temporal, mail relay) take the place of the one that would be
started here. Everything else lives in one folder, which the next start goes on with.
"""

import asyncio
import base64
import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from config import PREFIX, Settings
from embedded import children, run_file
from embedded.beside import built_beside
from embedded.demo import holds_nothing, make_demo, open_doors
from embedded.failures import PortTaken, StackError, disk_full
from embedded.interruption import Stopped, stop_signals
from embedded.leftovers import end_leftovers, forget, remember
from embedded.locks import FolderLock
from embedded.ports import LOOPBACK, PortBook
from embedded.postgres import end_orphan, start_postgres
from embedded.postgres_files import known_home
from embedded.signs import Look, answers, database_answers, touched
from embedded.supervisor import Running, Service, Supervisor
from embedded.temporal import start_dev_server, temporal_binary
from embedded.terminal import Terminal
from store.base.migrate import upgrade

ROOT = Path(__file__).resolve().parent.parent
PORTS = ("postgres", "temporal", "temporal_ui", "inbox", "inbox_smtp", "api")
PORT_ATTEMPTS = 5

PATIENCE_SECONDS = 25.0
"""More than a worker takes to drain."""


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
        self._alive = self._folder / "worker.alive"
        self._supervisor = Supervisor(self._folder, say=terminal.say, changed=self._note)
        self._values: dict[str, str] = {}
        self._own_database = settings.database_url is None
        self._owner: str | None = None
        self._own_temporal = "temporal_address" not in settings.model_fields_set
        self._own_inbox = settings.smtp_host is None
        self._demo = demo and self._own_database and self._own_inbox
        self._started_at = ""
        self._doors: list[tuple[str, str]] = []
        self._ready = False
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
                    self._supervisor.watch()
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
        self._logs.mkdir(exist_ok=True)
        self._terminal.say(f"Almanac starts; its data is in {_short(self._folder)}.")
        if self._own_inbox or self._own_temporal:
            self._terminal.say(self._who_can_look(), "yellow")
        # Before ports are chosen: what is left of an earlier run may still hold them.
        end_leftovers(self._folder)
        if self._own_database:
            end_orphan(self._folder / "postgres")
        for attempt in range(PORT_ATTEMPTS):
            self._ports = self._choose_ports(anew=attempt > 0)
            try:
                self._start_parts()
                break
            except PortTaken:
                if attempt + 1 == PORT_ATTEMPTS or self._ports_are_given():
                    raise
                self._supervisor.stop()
                self._supervisor.services.clear()
                self._terminal.say("Another program took a port meanwhile; others are chosen.")
        self._ready = True
        self._note()
        self._terminal.addresses(self._addresses() + self._doors)
        self._terminal.ready()

    def _start_parts(self) -> None:
        self._values = self._shared_values()
        self._supervisor.also_writes_to(self._told.seal_keys)
        if self._own_database:
            self._launch(self._service("PostgreSQL", self._postgres, sign=self._database_answers))
        with self._terminal.step("schema"):
            self._migrate()
        # These take a while to import what they need; meanwhile the others get ready.
        inbox = self._service("inbox", self._inbox, self._inbox_answers, self._inbox_signs)
        pages = self._service("pages", self._pages, self._pages_answer, self._pages_sign)
        worker = self._service("worker", self._worker, self._is_polled, touched(self._alive))
        pages.port_setting, inbox.port_setting = f"{PREFIX}API_PORT", f"{PREFIX}INBOX_PORT"
        demo_is_wanted = self._demo and asyncio.run(holds_nothing(self._told))
        if demo_is_wanted:
            self._remove_half_a_demo()
        if self._own_inbox:
            self._supervisor.launch(inbox)
        self._supervisor.launch(pages)
        if self._own_temporal:
            self._launch(self._service("Temporal", self._temporal, sign=self._temporal_answers))
        if self._own_inbox:
            self._until_ready(inbox)  # the first mails go out while the company is made
        if demo_is_wanted:
            self._until_ready(pages)  # so that links in these mails lead here
            self._make_demo()
        self._supervisor.launch(worker)
        if not demo_is_wanted:
            self._until_ready(pages)
        self._doors = self._open_doors()
        self._until_ready(worker)

    def _service(
        self,
        name: str,
        start: Callable[[], Running],
        is_ready: Callable[[Running], bool] = lambda _: True,
        sign: Look | None = None,
    ) -> Service:
        return Service(name, self._log(name), start, is_ready, sign)

    def _launch(self, service: Service) -> None:
        with self._terminal.step(service.name):
            self._supervisor.launch(service)

    def _until_ready(self, service: Service) -> None:
        with self._terminal.step(service.name, service.began):
            self._supervisor.wait(service)

    def _stop(self) -> None:
        self._ready = False
        self._supervisor.stop()
        (self._folder / "run.json").unlink(missing_ok=True)
        forget(self._folder)

    def _note(self) -> None:
        """Write down which processes run: for the next start, and for scripts once all do."""
        remember(self._folder, self._supervisor.processes)
        if self._ready:
            self._write_run_file()

    def _who_can_look(self) -> str:
        open_to_all = []
        if self._own_inbox:
            open_to_all.append("the inbox (all mails, sign-in links included)")
        if self._own_temporal:
            open_to_all.append("Temporal's pages")
        return f"Every account of this machine can open {' and '.join(open_to_all)}."

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.lower()}.log"

    # --- What is told to whom ------------------------------------------------------------------

    def _choose_ports(self, *, anew: bool) -> Ports:
        book = PortBook(self._folder / "ports.json")
        given = self._settings

        def choose(service: str, name: str, usual: int) -> int:
            wanted = getattr(given, name) if name in given.model_fields_set else None
            setting = f"{PREFIX}{name.upper()}"
            return book.choose(service, wanted=wanted, usual=usual, setting=setting, anew=anew)

        return Ports(
            postgres=choose("PostgreSQL", "postgres_port", 54320) if self._own_database else 0,
            temporal=choose("Temporal", "temporal_port", 7233) if self._own_temporal else 0,
            temporal_ui=choose("its pages", "temporal_ui_port", 8233) if self._own_temporal else 0,
            inbox=choose("the inbox", "inbox_port", 8025) if self._own_inbox else 0,
            smtp=choose("mails", "inbox_smtp_port", 1025) if self._own_inbox else 0,
            api=choose("the pages", "api_port", 8000),
        )

    def _ports_are_given(self) -> bool:
        """Whether no other choice could help."""
        names = {f"{name}_port" for name in PORTS}
        return names <= self._settings.model_fields_set

    def _shared_values(self) -> dict[str, str]:
        """Settings that every process of the stack gets, by name without prefix."""
        secrets = self._folder / "secrets"
        key = base64.b64encode(bytes.fromhex(run_file.secret(secrets, "payload-key"))).decode()
        given = self._settings
        values = {"API_HOST": given.api_host, "API_PORT": str(self._ports.api)}
        values["DATA_DIR"] = os.fspath(self._folder)
        values["ALIVE_FILE"] = os.fspath(self._alive)
        if "public_url" not in given.model_fields_set:
            values["PUBLIC_URL"] = f"http://{LOOPBACK}:{self._ports.api}"
        if given.service_key is None:
            values["SERVICE_KEY"] = run_file.secret(secrets, "service-key")
        if given.audit_key is None:
            values["AUDIT_KEY"] = run_file.secret(secrets, "audit-key")
        if not given.payload_keys:
            values["PAYLOAD_KEYS"] = f"laptop:{key}"
        if self._own_temporal:
            values["TEMPORAL_ADDRESS"] = f"{LOOPBACK}:{self._ports.temporal}"
            values["TEMPORAL_UI_URL"] = f"http://{LOOPBACK}:{self._ports.temporal_ui}"
        if self._own_inbox:
            values |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(self._ports.smtp)}
            values |= {"SMTP_SECURITY": "none", "SMTP_PER_SECOND": "100"}
        return values

    @property
    def _told(self) -> Settings:
        """The settings as the processes of this stack have them."""
        values: dict[str, Any] = {name.lower(): value for name, value in self._values.items()}
        return Settings(**values)

    def _environment(self) -> dict[str, str]:
        told = {PREFIX + name: value for name, value in self._values.items()}
        # Half-written lines of a killed process are lost otherwise, and they are the telling ones.
        return dict(os.environ) | told | {"PYTHONUNBUFFERED": "1"}

    # --- The parts, in the order of their start ------------------------------------------------

    def _database_answers(self) -> bool:
        return database_answers(self._values["DATABASE_URL"])

    def _postgres(self) -> Running:
        server = start_postgres(
            self._folder / "postgres",
            port=self._ports.postgres,
            bin_dir=self._settings.postgres_bin_dir,
            log=self._log("PostgreSQL"),
        )
        # Run by root, its data may lie outside the data folder.
        self._supervisor.also_writes_to(known_home(self._folder / "postgres") or self._folder)
        self._values["DATABASE_URL"] = server.application
        self._owner = server.dsn
        return server

    def _migrate(self) -> None:
        application = self._told.database().render_as_string(hide_password=False)
        if self._owner is None:
            upgrade(self._told.owned_database().render_as_string(hide_password=False))
            return
        upgrade(self._owner, application=application)

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
            env=self._environment(),
        )

    def _temporal_answers(self) -> bool:
        return answers(self._ports.temporal_ui, "/healthz")

    def _inbox(self) -> Running:
        smtp, port = str(self._ports.smtp), str(self._ports.inbox)
        arguments = ["--folder", os.fspath(self._folder / "mails"), "--smtp-port", smtp]
        return self._python("inbox", "-m", "embedded.inbox", *arguments, "--port", port)

    def _inbox_answers(self, running: Running) -> bool:
        pid, ports = running.process.pid, (self._ports.inbox, self._ports.smtp)
        return all(children.listens(pid, port) for port in ports) and self._inbox_signs()

    def _inbox_signs(self) -> bool:
        return answers(self._ports.inbox, "/inbox.css")

    def _worker(self) -> Running:
        return self._python("worker", "worker.py")

    def _is_polled(self, running: Running) -> bool:
        """Whether this very worker asks for work; from then on nothing waits for it.

        Temporal names those that asked in the last minutes, dead ones among them. The way to a
        Temporal elsewhere may need keys: there the worker's log tells.
        """
        if not self._own_temporal:
            return True
        argv = [os.fspath(temporal_binary()), "task-queue", "describe", "--output", "json"]
        argv += ["--address", self._told.temporal_address]
        argv += ["--namespace", self._told.temporal_namespace]
        argv += ["--task-queue", self._told.temporal_task_queue, "--command-timeout", "5s"]
        asked = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        try:
            pollers = json.loads(asked.stdout).get("pollers") or []
        except ValueError:
            return False
        own = f"{running.process.pid}@"  # as the SDK names itself
        return any(str(poller.get("identity", "")).startswith(own) for poller in pollers)

    def _pages(self) -> Running:
        return self._python("pages", "-m", "cli", "serve")

    def _pages_answer(self, running: Running) -> bool:
        return children.listens(running.process.pid, self._ports.api) and answers(
            self._ports.api, "/readyz"
        )

    def _pages_sign(self) -> bool:
        return answers(self._ports.api, "/livez")

    def _python(self, name: str, *arguments: str) -> Program:
        return Program(
            children.spawn(
                [sys.executable, *arguments],
                log=self._log(name),
                env=self._environment(),
                cwd=ROOT,
            )
        )

    # --- What is shown and kept ----------------------------------------------------------------

    def _remove_half_a_demo(self) -> None:
        """The mails of a start that was stopped while it made the demo lead nowhere."""
        shutil.rmtree(self._folder / "mails", ignore_errors=True)

    def _make_demo(self) -> None:
        """The demo company, in full or not at all, in the place of the empty database."""
        owner = make_url(self._owner or "")
        with self._terminal.step("demo company"), built_beside(owner) as beside:
            told = self._told.database().set(database=beside.database)
            upgrade(
                beside.render_as_string(hide_password=False),
                application=told.render_as_string(hide_password=False),
            )
            asyncio.run(make_demo(self._told.model_copy(update={"database_url": told})))

    def _open_doors(self) -> list[tuple[str, str]]:
        """A sign-in link for each kind of person."""
        if not self._demo:
            return []
        return [(door.who, door.address) for door in asyncio.run(open_doors(self._told))]

    def _addresses(self) -> list[tuple[str, str]]:
        rows = [("Pages", self._told.public_url)]
        if self._own_inbox:
            rows.append(("Inbox", f"http://{LOOPBACK}:{self._ports.inbox}"))
        if self._told.temporal_ui_url:
            rows.append(("Temporal", self._told.temporal_ui_url))
        return rows

    def _write_run_file(self) -> None:
        told = self._told
        inbox = f"http://{LOOPBACK}:{self._ports.inbox}" if self._own_inbox else None
        smtp = f"{LOOPBACK}:{self._ports.smtp}" if self._own_inbox else None
        content = run_file.RunFile(
            pid=os.getpid(),
            started_at=self._started_at,
            pages=told.public_url,
            inbox=inbox,
            smtp=smtp,
            temporal=told.temporal_address,
            temporal_namespace=told.temporal_namespace,
            temporal_ui=told.temporal_ui_url,
            database_url=told.database().render_as_string(hide_password=False),
            service_key=told.service_key.get_secret_value() if told.service_key else "",
            processes=self._supervisor.processes,
        )
        run_file.write(self._folder / "run.json", content)


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
