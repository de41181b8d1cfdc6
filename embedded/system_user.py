"""PostgreSQL refuses to run as root: who it runs as then, and what that account can reach."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.failures import StackError

_NOBODY = 65534  # what Debian and most others give to `nobody`, should the name be missing


@dataclass(frozen=True)
class SystemUser:
    """An account of this machine, by number: it needs no name and no home."""

    uid: int
    gid: int


def server_user() -> SystemUser | None:
    """The account that servers step down to; None when we are not root and need not."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return SystemUser(_NOBODY, _NOBODY)
    return SystemUser(entry.pw_uid, entry.pw_gid)


def can_reach(user: SystemUser, path: Path) -> bool:
    """Whether that account can walk to `path` and look inside. Asked, not computed: ACLs count.

    Raises StackError where this machine does not let root become another account.
    """
    try:
        asked = subprocess.run(
            ["test", "-x", os.fspath(path)], user=user.uid, group=user.gid, extra_groups=[], cwd="/"
        )
    except (PermissionError, ValueError, OSError) as error:
        raise StackError(
            f"PostgreSQL refuses to run as root, and stepping down to uid {user.uid} failed "
            f"({error}). Run as an ordinary user instead."
        ) from error
    return asked.returncode == 0


def give(user: SystemUser, path: Path) -> None:
    """Make `path` the account's own."""
    os.chown(path, user.uid, user.gid)
