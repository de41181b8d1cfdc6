"""What goes wrong on a laptop, said so that the reader can act."""

from pathlib import Path

NO_SPACE = (
    "No space left on device",
    "Check free disk space",  # PostgreSQL, when a part of a page still found room
    "database or disk is full",
    "Disk quota exceeded",
)


class StackError(Exception):
    """A failure of the embedded stack. Its text is one or two sentences for a person."""


class PortTaken(StackError):
    """Another program was quicker to take a port."""


def last_lines(log: Path, count: int = 5, *, since: int = 0) -> list[str]:
    """The last `count` lines of a log that say something, after the first `since` bytes of it."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def explain_exit(
    name: str, log: Path, *, folder: Path, port_setting: str = "", since: int = 0
) -> StackError:
    """Turn the last words of a server that ended by itself into advice."""
    words = "\n".join(last_lines(log, 30, since=since))
    if any(sign in words for sign in NO_SPACE):
        return disk_full(name, folder)
    if port_setting and "ddress already in use" in words:
        return PortTaken(
            f"{name} could not start: its port is in use by another program. "
            f"Stop that program, or choose another port with {port_setting}."
        )
    return StackError(f"{name} ended by itself. {last_words(log, since=since)}")


def last_words(log: Path, *, since: int = 0) -> str:
    """The end of a log as it may be shown: of a traceback only what it comes to."""
    lines = last_lines(log, since=since)
    if any(line.startswith(("  File ", "Traceback ")) for line in lines):
        lines = lines[-1:]
    tail = "\n  ".join(lines) or "(it wrote nothing)"
    return f"Its last words, from {log}:\n  {tail}"


def disk_full(name: str, folder: Path) -> StackError:
    """The one sentence for a full disk, whoever met it first."""
    return StackError(
        f"The disk is full: {name} cannot write to {folder}. Free at least 500 MB there, or choose "
        "a folder on another disk with ALMANAC_DATA_DIR. What was committed is safe."
    )
