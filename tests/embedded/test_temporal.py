"""Temporal's development server as a child: reachable, inspectable, persistent."""

import socket
import sqlite3
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.testing import WorkflowEnvironment

from embedded import temporal
from embedded.failures import StackError
from embedded.temporal import start_dev_server, temporal_binary
from embedded.temporal import test_server_binary as skipping_server_binary


async def test_what_was_started_is_there_after_a_restart(tmp_path: Path) -> None:
    file, log = tmp_path / "temporal.db", tmp_path / "temporal.log"
    cycle = SearchAttributeKey.for_keyword("AlmanacCycle")
    first = start_dev_server(file, log=log)
    try:
        client = await Client.connect(first.address)
        await client.start_workflow(
            "Nothing",
            id="cycle-1",
            task_queue="none",
            search_attributes=TypedSearchAttributes([SearchAttributePair(cycle, "c1")]),
        )
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.close()
        assert first.ui_url is not None
        async with AsyncClient() as browser:
            assert (await browser.get(first.ui_url)).status_code == 200
    finally:
        first.stop()
    second = start_dev_server(file, log=log, headless=True)
    try:
        client = await Client.connect(second.address)
        found = await client.get_workflow_handle("cycle-1").describe()
        assert found.typed_search_attributes[cycle] == "c1"
        namespace = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="default")
        )
        assert namespace.config.workflow_execution_retention_ttl.ToTimedelta().days == 30
    finally:
        second.kill()
    assert second.ui_url is None


def test_a_taken_port_is_told_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StackError, match=r"port is in use.*ALMANAC_TEMPORAL_PORT"):
            start_dev_server(None, log=tmp_path / "log", port=other.getsockname()[1])


def test_a_file_that_is_no_database_is_told_with_the_last_words(tmp_path: Path) -> None:
    file = tmp_path / "temporal.db"
    file.write_text("this is not a database, but long enough to be taken for one " * 99)
    with pytest.raises(StackError, match="Temporal ended by itself") as told:
        start_dev_server(file, log=tmp_path / "log", headless=True)
    assert "not a database" in str(told.value)


def test_a_missing_program_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal.sys, "executable", "/nowhere/python")
    monkeypatch.setattr(temporal.shutil, "which", lambda _: None)
    with pytest.raises(StackError, match="ALMANAC_TEMPORAL_ADDRESS"):
        temporal_binary()


async def test_the_test_server_needs_no_download() -> None:
    path = str(skipping_server_binary())
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=path
    ) as environment:
        assert environment.supports_time_skipping
