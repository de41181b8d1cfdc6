"""The keys of raters' answers: small files in a folder of their own, never in the database.

What is in PostgreSQL is in its write-ahead log, its backups and its replicas as well, and stays
there for as long as those are kept. So a key lies beside it: one file for each (round, subject),
which is overwritten and removed when the round closes for the subject. Then nothing opens what old
logs and backups still hold. In production the folder is a volume that API and workers share.

Everything here is repeatable and safe from several processes at once. What a function made or
removed is on the disk when it returns.
"""

import asyncio
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import AlmanacError

KEY_BYTES = 32
NAME_OF_FOLDER = "folder-id"
"""The file that tells this folder from another one, or from an empty mount."""

_UNFINISHED = "."
STALE_SECONDS = 3600.0
"""No transaction lasts so long: what belongs to none by then never will."""

_AT_ONCE = 8
"""Files written side by side: the disk syncs several in the time of one."""


class KeysUnavailable(AlmanacError):
    """The folder of seal keys cannot be used, or is not the one that the database knows.

    Who writes feedback reads that it cannot be kept now; `reason` is for who can mend it.
    """

    code = "seal-keys-unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retryable = True
    title = "This cannot be kept just now"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Feedback cannot be kept or read at this moment. Nothing was changed.",
            hint="Leave this page open and try again later. Administrators find why in the log.",
        )
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SealKeys:
    """The folder. `None` stands for an installation that was given none: using it is refused."""

    folder: Path | None = None

    async def make(self, stage_id: UUID, keys: Mapping[int, bytes]) -> None:
        """Keep a key for each subject. One that exists already stays as it is.

        Raises KeysUnavailable if a file cannot be written.
        """
        if keys:
            await asyncio.to_thread(self._make, stage_id, keys)

    async def read(self, stage_id: UUID, subjects: Iterable[int]) -> dict[int, bytes]:
        """The keys of these subjects; those that do not exist are left out.

        Raises KeysUnavailable if the folder cannot be read.
        """
        wanted = list(subjects)
        return await asyncio.to_thread(self._read, stage_id, wanted) if wanted else {}

    async def destroy(self, stage_id: UUID, subjects: Iterable[int]) -> None:
        """Overwrite and remove keys. Raises KeysUnavailable if one cannot be removed."""
        wanted = list(subjects)
        if wanted:
            await asyncio.to_thread(self._destroy, stage_id, wanted)

    async def kept(self, stage_id: UUID, *, for_seconds: float = 0.0) -> set[int]:
        """The subjects whose keys are there, and were made at least so long ago."""
        return await asyncio.to_thread(self._kept, stage_id, for_seconds)

    async def tidy(self, stage_id: UUID) -> None:
        """Remove what processes that were killed left unfinished."""
        await asyncio.to_thread(self._tidy, stage_id)

    async def rounds(self) -> list[UUID]:
        """The rounds that have a folder here."""
        return await asyncio.to_thread(self._rounds)

    async def name(self) -> UUID | None:
        """What the folder calls itself; none if it is new or another one is mounted here.

        Makes the folder where there is none. Raises KeysUnavailable if it cannot be used.
        """
        return await asyncio.to_thread(self._name)

    async def christen(self, name: UUID) -> UUID:
        """Give a new folder its name; returns the one that it has then."""
        return await asyncio.to_thread(self._christen, name)

    # --- In a thread ---------------------------------------------------------------------------

    def _place(self) -> Path:
        if self.folder is None:
            raise KeysUnavailable(
                "This process was given no folder for seal keys (ALMANAC_SEAL_KEYS_DIR)."
            )
        return self.folder

    def _round(self, stage_id: UUID) -> Path:
        return self._place() / str(stage_id)

    def _make(self, stage_id: UUID, keys: Mapping[int, bytes]) -> None:
        folder = self._round(stage_id)
        with _explained(folder):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync(folder.parent)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(lambda item: _put(folder, str(item[0]), item[1]), keys.items()))
            _sync(folder)

    def _read(self, stage_id: UUID, subjects: Sequence[int]) -> dict[int, bytes]:
        folder = self._round(stage_id)
        found = {}
        with _explained(folder):
            for subject in subjects:
                with suppress(FileNotFoundError):
                    key = (folder / str(subject)).read_bytes()
                    if len(key) == KEY_BYTES:  # else it is being overwritten at this moment
                        found[subject] = key
        return found

    def _destroy(self, stage_id: UUID, subjects: Sequence[int]) -> None:
        folder = self._round(stage_id)
        with _explained(folder):
            if not folder.exists():
                return
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(lambda subject: _wipe(folder / str(subject)), subjects))
            _sync(folder)
            with suppress(OSError):  # others are still in it
                folder.rmdir()

    def _kept(self, stage_id: UUID, for_seconds: float) -> set[int]:
        folder = self._round(stage_id)
        # The system's clock, not business time: it is compared with the times of files.
        made_before = time.time() - for_seconds
        with _explained(folder):
            if not folder.exists():
                return set()
            return {
                int(entry.name)
                for entry in os.scandir(folder)
                if entry.name.isdecimal() and (not for_seconds or _older(entry, made_before))
            }

    def _tidy(self, stage_id: UUID) -> None:
        folder = self._round(stage_id)
        made_before = time.time() - STALE_SECONDS  # the clock of the files, as above
        with _explained(folder):
            for entry in os.scandir(folder) if folder.exists() else ():
                if entry.name.startswith(_UNFINISHED) and _older(entry, made_before):
                    _wipe(Path(entry.path))

    def _rounds(self) -> list[UUID]:
        found = []
        with _explained(self._place()):
            for entry in os.scandir(self._place()):
                with suppress(ValueError):
                    found.append(UUID(entry.name))
        return sorted(found)

    def _name(self) -> UUID | None:
        folder = self._place()
        with _explained(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if stat.S_IMODE(folder.stat().st_mode) & 0o077:
                folder.chmod(0o700)
            probe = folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            probe.unlink()
            try:
                return UUID((folder / NAME_OF_FOLDER).read_text(encoding="ascii").strip())
            except (FileNotFoundError, ValueError):
                return None

    def _christen(self, name: UUID) -> UUID:
        folder = self._place()
        with _explained(folder):
            _put(folder, NAME_OF_FOLDER, f"{name}\n".encode())
            _sync(folder)
        return self._name() or name


def new_name() -> UUID:
    """A name for a folder that has none."""
    return uuid4()


def keys_of(conn: AsyncConnection) -> SealKeys:
    """The folder that belongs to this connection's database (see `store.base.session.Database`)."""
    sync = conn.sync_connection
    found = sync.get_execution_options().get("seal_keys") if sync is not None else None
    return found if isinstance(found, SealKeys) else SealKeys()


def _put(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is whole from its first moment; of several writers the first one wins."""
    unfinished = folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        with suppress(FileExistsError):
            os.link(unfinished, folder / name)
    finally:
        unfinished.unlink()


def _older(entry: os.DirEntry[str], instant: float) -> bool:
    try:
        return entry.stat().st_mtime < instant
    except FileNotFoundError:  # destroyed while we look
        return False


def _wipe(file: Path) -> None:
    """Overwrite and remove. The former means something only where a file is rewritten in place."""
    with suppress(FileNotFoundError):
        with file.open("r+b") as output:
            output.write(secrets.token_bytes(KEY_BYTES))
            output.flush()
            os.fsync(output.fileno())
        file.unlink()


def _sync(folder: Path) -> None:
    """A file that was added or removed is only lastingly so when its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What the system refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise KeysUnavailable(
            f"{folder} cannot be used: {error.strerror or type(error).__name__}. Make it "
            "writable for this process."
        ) from error
