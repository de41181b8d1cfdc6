"""The figures still run, tiny. What they say is not judged here.

The engine's cost and the rehearsal are plays, which `tests/cycles` lives through anyway.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ONLY = ("sets", "rounds", "mails", "submissions", "bells")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(1800)
def test_the_figures_run() -> None:
    only = [word for name in ONLY for word in ("--only", name)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--people", "40", "--json", *only],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1700,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {figure["figure"].split(",")[0] for figure in figures} >= {
        "launch",
        "deadline storm",
        "cycle status",
        "round",
        "mails",
        "submissions",
        "bells at once",
    }
    assert all(figure["measured"] > 0 for figure in figures)
