"""PostgreSQL as a direct child of ours, from a wheel's binaries: nothing to install, no root.

Only the binaries of the package are used, not its manager, which trusts every connection, loosens
folder permissions as root and mistakes an unreaped server for a living one. Here: passwords
(scram), a folder of mode 0700, checksums, durable commits, loopback only, and a server that is
reaped at once and checked by connecting to it.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from embedded import children
from embedded.failures import NO_SPACE, StackError, disk_full, explain_exit, last_lines
from embedded.locks import FolderLock
from embedded.ports import LOOPBACK, free_port
from embedded.postgres_files import Installation, find_binaries, known_home, reachable_home
from embedded.system_user import SystemUser, give, server_user

SUPERUSER = "almanac"
APPLICATION = "almanac_application"
"""The role of API and workers."""

DATABASE = "almanac"
START_SECONDS = 300.0
"""Recovery after a hard end may replay a lot; a process that lives is given this long."""

ORPHAN_SECONDS = 20.0
"""How long what is left of an earlier server may take to go."""

_UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass
class RunningPostgres:
    """A server that accepts connections. Its addresses carry passwords: never log them.

    `dsn` is the owner's, who migrates; `application` that of API and workers, once the owner has
    let them in (`store.base.grants`).
    """

    dsn: str
    application: str
    port: int
    home: Path
    log: Path
    process: subprocess.Popen[bytes]
    _lock: FolderLock = field(repr=False)

    def stop(self, patience: float = 20.0) -> None:
        """Disconnect clients, write a checkpoint, end (PostgreSQL's fast shutdown). Repeatable."""
        children.stop(self.process, patience=patience, gently=signal.SIGINT)
        self._lock.release()

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL to every process of the server."""
        children.kill(self.process)
        self._lock.release()


def start_postgres(
    data_dir: Path,
    *,
    fsync: bool = True,
    port: int | None = None,
    bin_dir: Path | None = None,
    log: Path | None = None,
    settings: Sequence[str] = (),
) -> RunningPostgres:
    """Start the server whose data lives in `data_dir`, creating both if need be.

    `fsync=False` gives up durability for speed: for tests only. `port` None takes any free one.
    `settings` are further `name=value` pairs. Blocks until the server answers; call it from the
    main thread. Raises StackError, with a sentence for a person, for everything that can go wrong:
    no binaries for this platform, folder in use, port in use, disk full, another major version.
    """
    data_dir = data_dir.resolve()  # the server runs in another folder
    data_dir.mkdir(parents=True, exist_ok=True)
    user = server_user()
    home = reachable_home(data_dir, user)
    installation = find_binaries(bin_dir, user)
    lock = FolderLock(home)
    lock.take()
    try:
        log = log or data_dir / "postgres.log"
        cluster = home / "cluster"
        password = _password(home)
        if not (cluster / "PG_VERSION").exists():
            _initdb(installation, cluster, password, user, durable=fsync)
        _check_version(installation, cluster)
        _end_orphan(cluster)
        options = [*settings] if fsync else [*_UNSAFE, *settings]
        process, port = _start(installation, cluster, log, port, options, user, password)
    except BaseException:
        lock.release()
        raise
    place = f"{LOOPBACK}:{port}/{DATABASE}"
    dsn = f"postgresql://{SUPERUSER}:{password}@{place}"
    application = f"postgresql://{APPLICATION}:{_password(home, APPLICATION)}@{place}"
    return RunningPostgres(dsn, application, port, home, log, process, lock)


@contextmanager
def ephemeral_postgres(
    *, fsync: bool = False, settings: Sequence[str] = ()
) -> Iterator[RunningPostgres]:
    """A server with an empty database that is gone afterwards, data and all. For tests.

    Its folder is made where the server's account can reach it, which pytest's own is not.
    """
    folder = Path(tempfile.mkdtemp(prefix="almanac-postgres-"))
    try:
        server = start_postgres(folder, fsync=fsync, settings=settings)
        try:
            yield server
        finally:
            server.kill()
            if server.home != folder:
                shutil.rmtree(server.home, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _password(home: Path, role: str = "") -> str:
    """A role's password, else the superuser's: made once, readable by the stack's owner only."""
    file = home / (f"password-{role}" if role else "password")
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as output:
            output.write(secrets.token_urlsafe(24))
    return file.read_text().strip()


def _initdb(
    installation: Installation,
    cluster: Path,
    password: str,
    user: SystemUser | None,
    *,
    durable: bool,
) -> None:
    """Create the cluster beside its final name, so that an interrupted start leaves no half."""
    unfinished = cluster.with_name("cluster.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory(dir=cluster.parent) as scratch:
        handover = Path(scratch) / "password"
        handover.write_text(password + "\n")
        if user is not None:
            for path in (unfinished, Path(scratch), handover):
                give(user, path)
        argv = [
            os.fspath(installation.program("initdb")),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            f"--pwfile={handover}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=PG_UNICODE_FAST",
            "--no-instructions",
            *([] if durable else ["--no-sync"]),
        ]
        made = _run(argv, user)
    if made.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        if any(sign in made.stderr for sign in NO_SPACE):
            raise disk_full("PostgreSQL", cluster.parent)
        raise StackError(f"PostgreSQL could not create its data folder: {made.stderr.strip()}")
    unfinished.rename(cluster)


def _run(argv: list[str], user: SystemUser | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
        )
    except OSError as error:
        raise StackError(f"The PostgreSQL binary {argv[0]} does not run here: {error}.") from error


def _environment() -> dict[str, str]:
    """Ours without PGDATA, PGPORT and the like, which would quietly win over our options."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _check_version(installation: Installation, cluster: Path) -> None:
    written_by = (cluster / "PG_VERSION").read_text().strip()
    if written_by != str(installation.major):
        raise StackError(
            f"The data in {cluster} was written by PostgreSQL {written_by}, and the binaries here "
            f"are version {installation.major}. Point ALMANAC_POSTGRES_BIN_DIR to a PostgreSQL "
            f"{written_by}, dump the data, and restore it into a new data folder."
        )


def end_orphan(data_dir: Path) -> None:
    """End the server that a killed supervisor left on this data; its port is free afterwards.

    Repeatable; does nothing where there is no data yet. Raises StackError if another stack holds
    the data.
    """
    home = known_home(data_dir.resolve())
    if home is not None and home.exists():
        with FolderLock(home):
            _end_orphan(home / "cluster")


def _end_orphan(cluster: Path) -> None:
    """End a server that a killed supervisor left behind. We hold the folder's lock.

    Its file is left to PostgreSQL, which also looks for processes of that server that still have
    the data open. But PostgreSQL takes any process of that number for the server: one that was not
    reaped, as in a container whose first process reaps nobody, and one of another program.
    """
    pid_file = cluster / "postmaster.pid"
    pid = _noted_pid(pid_file)
    if pid is None:
        return
    if _serves(pid, cluster):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while _serves(pid, cluster):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    if _noted_pid(pid_file) == pid and psutil.pid_exists(pid):
        _disown(pid_file, pid)


def _noted_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _disown(pid_file: Path, pid: int) -> None:
    """Put our own number in the place of one that is not a server's.

    PostgreSQL knows that the number of its parent is no server's, and goes on to its other checks;
    without the file it could not make them.
    """
    rest = pid_file.read_text().removeprefix(str(pid))
    pid_file.write_text(f"{os.getpid()}{rest}")


def _serves(pid: int, cluster: Path) -> bool:
    """Whether that process is the server of this very folder: it works inside it.

    The folder is compared, not its name: a copy may have been put where the original was.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        try:
            return Path(process.cwd()).samefile(cluster)
        except psutil.AccessDenied:  # root without the right to look at other accounts
            return os.fspath(cluster) in process.cmdline()
    except (psutil.Error, OSError):
        return False


def _start(
    installation: Installation,
    cluster: Path,
    log: Path,
    port: int | None,
    options: Sequence[str],
    user: SystemUser | None,
    password: str,
) -> tuple[subprocess.Popen[bytes], int]:
    """Start and wait. A free port may be taken between choosing and binding: then another."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    attempts = 1 if port is not None else 5
    while True:
        chosen = port if port is not None else free_port()
        argv: list[str | Path] = [installation.program("postgres"), "-D", cluster]
        argv += ["-h", LOOPBACK, "-p", str(chosen)]
        for option in ("unix_socket_directories=", "max_connections=200", *options):
            argv += ["-c", option]
        since = log.stat().st_size if log.exists() else 0
        process = children.spawn(
            argv,
            log=log,
            env=_environment(),
            cwd=Path("/"),
            user=user,
            orphan_signal=signal.SIGINT,
        )
        try:
            _wait_until_ready(process, chosen, password, log, cluster.parent, since)
        except StackError:
            words = "\n".join(last_lines(log, 30, since=since))
            # After a hard end the old server's processes take a moment to notice and leave.
            if "shared memory block" in words and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            attempts -= 1
            if "already in use" in words and attempts > 0:
                continue
            raise
        except BaseException:
            children.stop(process, gently=signal.SIGINT)
            raise
        return process, chosen


def _wait_until_ready(
    process: subprocess.Popen[bytes],
    port: int,
    password: str,
    log: Path,
    folder: Path,
    since: int,
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise explain_exit(
                "PostgreSQL",
                log,
                folder=folder,
                port_setting="ALMANAC_POSTGRES_PORT",
                since=since,
            )
        try:
            if _answers_for_itself(port, password, process.pid):
                return
            reason: Exception | None = None
        except psycopg.errors.DiskFull as error:
            raise disk_full("PostgreSQL", folder) from error
        except psycopg.OperationalError as error:
            reason = error
        if time.monotonic() > deadline:
            raise StackError(
                f"PostgreSQL runs but does not answer after {START_SECONDS:.0f} s. See {log}."
            ) from reason
        time.sleep(0.02)


def _answers_for_itself(port: int, password: str, pid: int) -> bool:
    """Whether the server that answers is the process that we started; makes our database in it.

    Another stack's server may hold the port, and a copied folder has the same password.
    """
    with psycopg.connect(
        host=LOOPBACK,
        port=port,
        user=SUPERUSER,
        password=password,
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    ) as connection:
        noted = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        if noted is None or noted[0].split("\n")[0] != str(pid):
            return False
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    return True
