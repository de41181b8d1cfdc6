"""Ports are remembered, so that links in old mails keep working; locks never outlive a process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.failures import StackError
from embedded.locks import FolderLock
from embedded.ports import PortBook, free_port, is_free

ROOT = Path(__file__).resolve().parents[2]


def test_the_last_port_is_chosen_again_and_another_if_it_is_taken(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    usual = free_port()
    first = book.choose("pages", wanted=None, usual=usual, setting="X")
    assert first == usual
    assert book.choose("pages", wanted=None, usual=1, setting="X") == usual
    with socket.socket() as other:
        other.bind(("127.0.0.1", usual))
        other.listen()
        assert not is_free(usual)
        second = book.choose("pages", wanted=None, usual=usual, setting="X")
    assert second != usual
    assert book.choose("pages", wanted=None, usual=usual, setting="X") == second


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        book = PortBook(tmp_path / "ports.json")
        with pytest.raises(StackError, match=rf"Port {port}, which ALMANAC_API_PORT asks for"):
            book.choose("pages", wanted=port, usual=1, setting="ALMANAC_API_PORT")


def test_a_broken_book_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"pages": "many"')
    usual = free_port()
    book = PortBook(tmp_path / "ports.json")
    assert book.choose("pages", wanted=None, usual=usual, setting="X") == usual


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from embedded.locks import FolderLock\n"
        "FolderLock(Path(sys.argv[1])).take(); print('taken', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StackError, match=f"in use by process {holder.pid}.*kill {holder.pid}"):
            FolderLock(tmp_path).take()
        holder.send_signal(signal.SIGKILL)
    with FolderLock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
