"""One owner for each data folder. The lock dies with its process, so it is never stale."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from embedded.failures import StackError


class FolderLock:
    """An exclusive lock on a folder, held by an open file. The file names the holder."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Lock, or raise StackError with the process that holds it. Never waits."""
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 64).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StackError(
                f"The data folder {self.file.parent} is in use by process {holder}. "
                f"Stop it with `kill {holder}`, or choose another folder with ALMANAC_DATA_DIR."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Unlock. Repeatable."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "FolderLock":
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
