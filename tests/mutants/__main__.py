"""Break the code on purpose, and see the named tests fail: `python -m tests.mutants [--only ID]`.

Each mutant is applied to a copy of the working tree, one at a time. A mutant that no test notices
survives: then the exit code is 1, and what it undoes may be undone by anybody unseen.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from tests.mutants.catalogue import ROOT, Mutant, mutants

NOTICED, SURVIVED = 0, 1
FAILED_TESTS = 1
"""pytest's exit code when tests ran and some failed; others mean that nothing was proved."""

LIMIT = "timeout=120"
"""Seconds for one test: a mutant may never end, and that is noticed, too."""

PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-o", LIMIT, "-p", "no:cacheprovider")
LONGEST = 900
"""Seconds for the tests of one mutant."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every mutant that was asked for; 1 if one survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="*", help="ids, as a pattern: A3, B*, boundary:*")
    parser.add_argument("--list", action="store_true", help="name the mutants, and try none")
    given = parser.parse_args(arguments)
    chosen = [one for one in mutants() if fnmatch(one.id, given.only)]
    if given.list:
        for one in chosen:
            sys.stdout.write(f"{one.id:<40} {one.undoes}\n")
        return NOTICED
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="almanac-mutants-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        for one in chosen:
            began = time.monotonic()
            verdict = _try(one, tree)
            survivors += verdict != "noticed"
            took = time.monotonic() - began
            sys.stdout.write(f"{verdict:<9} {took:6.1f} s  {one.id:<40} {one.undoes}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} mutants, {survivors} not noticed\n")
    return SURVIVED if survivors else NOTICED


def _copy(tree: Path) -> None:
    """What is in the repository, as it stands in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def _try(one: Mutant, tree: Path) -> str:
    file = tree / one.file
    original = file.read_text(encoding="utf-8")
    file.write_text(one.applied(original), encoding="utf-8")
    try:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-o",
                LIMIT,
                "-p",
                "no:cacheprovider",
                *one.tests,
            ],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    finally:
        file.write_text(original, encoding="utf-8")
    if ended.returncode == FAILED_TESTS:
        return "noticed"
    return "survives" if ended.returncode == 0 else f"broken {ended.returncode}"


if __name__ == "__main__":
    sys.exit(main())
