"""Every figure still runs, tiny. What it says is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(240)
def test_every_figure_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--people", "40", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=220,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {figure["figure"].split(",")[0] for figure in figures} >= {
        "launch",
        "deadline storm",
        "cycle status",
        "mails",
        "submissions",
        "engine cost",
    }
    assert all(figure["measured"] > 0 for figure in figures)
