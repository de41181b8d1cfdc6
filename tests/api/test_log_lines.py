"""A full disk tears no line into the next, and fails nobody's request."""

import json
import os
import resource
import sys
from pathlib import Path

import pytest

from api.log_lines import Lines


def test_a_line_that_the_disk_took_half_of_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "pages.log"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with path.open("w") as file:
        lines = Lines(file)
        lines.info(json.dumps({"n": 1}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, limit[1]))
        try:
            lines.error(json.dumps({"n": 2, "long": "x" * 100}))
            lines.error(json.dumps({"n": 3}))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        lines.info(json.dumps({"n": 4}))
        lines.info(json.dumps({"n": 5}))
    first, torn, *rest = path.read_text().splitlines()
    assert json.loads(first) == {"n": 1}
    assert torn == '{"n":'
    assert [json.loads(line) for line in rest] == [{"n": 4}, {"n": 5}]


def test_a_file_that_takes_nothing_fails_nobody() -> None:
    with Path("/dev/full").open("w") as file:
        Lines(file).info("{}")


def test_where_there_is_no_file_the_stream_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    Lines(sys.stderr).info("{}")
    assert capsys.readouterr().err == "{}\n"


def test_a_line_is_one_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written: list[bytes] = []
    real = os.write

    def counted(file: int, data: bytes) -> int:
        written.append(data)
        return real(file, data)

    with (tmp_path / "log").open("w") as file:
        monkeypatch.setattr(os, "write", counted)
        Lines(file).info("a line")
        monkeypatch.undo()
    assert written == [b"a line\n"]
