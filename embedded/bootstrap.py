"""Set up .venv from requirements.lock, every file checked by its hash. Standard library only.

Run by make with whatever Python there is, so it must start on an old one to say what is missing.
Does nothing when the lock file has not changed since the last time.
"""

from __future__ import annotations  # an old Python must come as far as the sentence about it

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "almanac-lock.sha256"
OLDEST = (3, 11)


class SetUpError(Exception):
    """What stands in the way, in a sentence."""


def main() -> int:
    """Exit code 0 when .venv matches the lock file, 1 with a sentence otherwise."""
    try:
        if sys.version_info[:2] < OLDEST:
            raise SetUpError(
                "Almanac needs Python 3.11 or newer; this is %d.%d. Install a newer one, or name "
                "it: make run PYTHON=/path/to/python3" % sys.version_info[:2]
            )
        set_up()
    except SetUpError as error:
        print(f"almanac: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nalmanac: stopped; the next start sets up what is missing.", file=sys.stderr)
        return 130
    return 0


def set_up() -> None:
    """Create the environment, or bring it up to date. Repeatable; safe to interrupt."""
    wanted = _fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    if not sys.stderr.isatty():
        _say("  environment      setting up .venv; the first time takes a minute or more\n")
    if not _works():
        _create()
    _install(["install", "--require-hashes", "--requirement", str(LOCK)], began)
    # The `almanac` command. Built by the setuptools that the line above checked and installed.
    _install(["install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], began)
    STAMP.write_text(wanted)
    _say(f"  environment      ready            {time.monotonic() - began:5.1f} s\n")


def _fingerprint() -> str:
    """Lock file, project file and interpreter: a change of any of them sets up anew."""
    digest = hashlib.sha256()
    for file in (LOCK, ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    digest.update(f"{sys.version_info[:2]} {ROOT}".encode())
    return digest.hexdigest() + "\n"


def _works() -> bool:
    """Whether there is an environment of this very Python with a pip that runs."""
    if not PYTHON.exists():
        return False
    probe = "import pip, sys; print(sys.version_info[:2])"
    asked = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True)
    return asked.stdout.strip() == str(sys.version_info[:2])


def _create() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode != 0 and "ensurepip" in made.stdout + made.stderr:
        _install_ensurepip()
        shutil.rmtree(VENV, ignore_errors=True)
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True
        )
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        words = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
        raise SetUpError(_explain(f"No environment could be made in {VENV}: {words[-1]}"))


def _install_ensurepip() -> None:
    """Debian packs a part of the standard library apart."""
    package = "python%d.%d-venv" % sys.version_info[:2]
    advice = (
        f"this Python cannot make environments: Debian and Ubuntu pack that part as {package}. "
        f"Install it once with: sudo apt-get install {package}"
    )
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise SetUpError(advice)
    _say(f"  environment      installing {package}\n")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", package]):
        done = subprocess.run(["apt-get", "-qq", *command], capture_output=True, env=environment)
    if done.returncode != 0:
        raise SetUpError(advice)


def _install(arguments: list[str], began: float) -> None:
    """Run pip, its many lines folded into one that grows; all of them on failure."""
    argv = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    total = len(re.findall(r"^[\w.\[\]-]+==", LOCK.read_text(), re.MULTILINE))
    lines: list[str] = []
    done = 0
    environment = os.environ | {"PIP_PROGRESS_BAR": "off", "PIP_ROOT_USER_ACTION": "ignore"}
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line.rstrip())
            done += line.startswith(("Collecting ", "Requirement already satisfied"))
            if sys.stderr.isatty():
                seconds = time.monotonic() - began
                count = min(done, total)
                step = f"{count} of {total}" if count < total else "installing"
                _say(f"\r  environment      {step:<16} {seconds:5.1f} s")
    if sys.stderr.isatty():
        _say("\r\033[K")
    if pip.returncode != 0:
        raise SetUpError(_explain("\n".join(lines[-12:])))


def _explain(words: str) -> str:
    if "No space left on device" in words:
        return f"the disk that holds {VENV} is full; the environment needs about 1.5 GB there."
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in words:
        return f"a downloaded file is not the one that requirements.lock names:\n{words}"
    if "No matching distribution" in words or "from versions: none" in words:
        return (
            "a package has no build for this platform and Python, or the package index cannot "
            f"be reached:\n{words}"
        )
    return f"setting up {VENV} failed:\n{words}"


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
