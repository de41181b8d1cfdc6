"""A Chromium for the browser tests: the system's, else Playwright's, else installed now.

`python -m tests.browser.chromium` makes sure that there is one, or says what to do and exits with
1: a missing browser must never turn into tests that are quietly left out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> Path | None:
    """The path of a Chromium that Playwright can drive; None if there is none."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def main() -> int:
    """Exit code 0 when there is a browser now."""
    if find_chromium() is not None:
        return 0
    _say("Installing a browser for the tests (once) …")
    own = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(own, capture_output=True).returncode != 0:
        _install_debians()
    if find_chromium() is not None:
        return 0
    _say(
        "almanac: the tests need Chromium. Install it (Debian: sudo apt-get install chromium; "
        "macOS: brew install --cask chromium) and run the command again."
    )
    return 1


def _install_debians() -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    quietly = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *command], env=quietly, stdout=subprocess.DEVNULL)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
