"""Every setting comes from one place, says where from, and never shows a secret."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import build
from config import Settings, SettingsError, load_settings

KEY = base64.b64encode(b"k" * 32).decode()
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("ALMANAC_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ALMANAC_SECRETS_DIR", str(tmp_path / "secrets"))
    (tmp_path / "secrets").mkdir()


def shown(*arguments: str) -> str:
    answer = CliRunner().invoke(build(["config"]), ["config", *arguments])
    assert answer.exit_code == 0
    return answer.output


def test_no_setting_is_needed_and_none_carries_a_secret_by_default() -> None:
    settings = load_settings()
    secrets = (settings.service_key, settings.smtp_password, settings.temporal_api_key)
    assert secrets == (None, None, None)
    assert settings.payload_keys == ()
    assert settings.database_url is None


def test_what_a_process_needs_and_lacks_is_named() -> None:
    with pytest.raises(SettingsError, match="ALMANAC_DATABASE_URL is not set"):
        load_settings().database()
    with pytest.raises(SettingsError, match="ALMANAC_SMTP_HOST is not set"):
        load_settings().relay_host()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://almanac:secret@db.example.com:5433/almanac",
        "postgresql:///almanac?host=/var/run/postgresql",
        "postgresql+psycopg://almanac@db/almanac?sslmode=verify-full",
        "postgres://almanac@db/almanac",
    ],
)
def test_addresses_of_every_kind_are_understood(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ALMANAC_DATABASE_URL", address)
    url = load_settings().database()
    assert url.drivername == "postgresql"
    assert url.database == "almanac"


def test_the_environment_wins_over_a_file_and_a_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    (secrets / "ALMANAC_SMTP_HOST").write_text("folder.example.com\n")
    (secrets / "almanac_mail_domain").write_text("folder.example.com\n")
    named = tmp_path / "host"
    named.write_text("named.example.com\n")
    assert load_settings().smtp_host == "folder.example.com"
    assert load_settings().mail_domain == "folder.example.com"
    monkeypatch.setenv("ALMANAC_SMTP_HOST_FILE", str(named))
    assert load_settings().smtp_host == "named.example.com"
    monkeypatch.setenv("ALMANAC_SMTP_HOST", "")
    assert load_settings().smtp_host == "named.example.com"
    monkeypatch.setenv("ALMANAC_SMTP_HOST", "env.example.com")
    assert load_settings().smtp_host == "env.example.com"


def test_a_named_file_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMANAC_SERVICE_KEY_FILE", "/no/such/file")
    with pytest.raises(SettingsError, match="ALMANAC_SERVICE_KEY should come from the file /no"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "mysql://db/almanac", "should begin with postgresql://"),
        ("DATABASE_URL", "almanac", "should look like postgresql://"),
        ("API_PORT", "many", "should be a whole number"),
        ("API_PORT", "0", "input should be greater than or equal to 1"),
        ("SMTP_PER_SECOND", "fast", "should be a number"),
        ("TEMPORAL_TLS", "perhaps", "should be true or false"),
        ("SMTP_SECURITY", "ssl", "input should be 'none', 'starttls' or 'tls'"),
        ("PUBLIC_URL", "almanac.example.com", "should look like https://"),
        ("MAIL_FROM", "the people team", "should look like People Team <people@example.com>"),
        ("SERVICE_KEY", "short", "should have at least 32 characters"),
        ("PAYLOAD_KEYS", "first:short", "each key should be id:base64 of 32 bytes"),
        ("PAYLOAD_KEYS", f"a:{KEY},a:{KEY}", "two keys have the same id"),
        ("TEMPORAL_TLS_CERT", "PEM", "belong together"),
    ],
)
def test_a_wrong_value_is_a_sentence_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"ALMANAC_{name}", value)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert f"ALMANAC_{name}" in str(told.value)
    assert sentence in str(told.value)


def test_a_password_is_never_sent_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMANAC_SMTP_PASSWORD", "hunter-two")
    monkeypatch.setenv("ALMANAC_SMTP_SECURITY", "none")
    with pytest.raises(SettingsError, match="in clear") as told:
        load_settings()
    assert "hunter-two" not in str(told.value)


def test_all_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMANAC_API_PORT", "x")
    monkeypatch.setenv("ALMANAC_SMTP_PORT", "x")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert len(str(told.value).splitlines()) == 2


def test_the_first_payload_key_encrypts_and_all_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMANAC_PAYLOAD_KEYS", f"new:{KEY}, old:{KEY}")
    keys = load_settings().payload_keys
    assert [key.id for key in keys] == ["new", "old"]
    assert keys[0].key == b"k" * 32


SECRETS = {
    "DATABASE_URL": "postgresql://almanac:hush-database@db/almanac",
    "SERVICE_KEY": "hush-service-key-of-at-least-32-characters",
    "SMTP_PASSWORD": "hush-relay",
    "TEMPORAL_API_KEY": "hush-cloud",
    "PAYLOAD_KEYS": f"first:{base64.b64encode(b'hush' * 8).decode()}",
    "TEMPORAL_TLS_KEY": "hush-tls",
    "TEMPORAL_TLS_CERT": "public",
}


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_no_secret_is_ever_printed(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"ALMANAC_{name}", value)
    output = shown(*arguments)
    settings = load_settings()
    for text in (output, repr(settings), str(settings), settings.model_dump_json()):
        assert "hush" not in text
        assert base64.b64encode(b"hush" * 8).decode() not in text
    assert "********" in output


def test_the_listing_names_every_setting_with_value_origin_and_meaning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALMANAC_API_PORT", "8100")
    (tmp_path / "secrets" / "almanac_smtp_host").write_text("relay.example.com")
    listed = json.loads(shown("--json"))["settings"]
    assert set(listed) == {f"ALMANAC_{name.upper()}" for name in Settings.model_fields}
    assert all(row["meaning"] for row in listed.values())
    assert listed["ALMANAC_API_PORT"] | {"meaning": ""} == {
        "value": 8100,
        "origin": "environment",
        "meaning": "",
    }
    host = listed["ALMANAC_SMTP_HOST"]
    assert host["origin"] == f"file {tmp_path}/secrets/almanac_smtp_host"
    assert listed["ALMANAC_SMTP_PORT"]["origin"] == "default"


def test_a_slip_of_the_pen_is_told_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMANAC_DATABSE_URL", "postgresql://db/almanac")
    warnings = json.loads(shown("--json"))["warnings"]
    assert warnings == [
        "ALMANAC_DATABSE_URL is not a setting and has no effect. Did you mean ALMANAC_DATABASE_URL?"
    ]


def test_the_table_fits_eighty_columns_and_has_no_colours_when_piped() -> None:
    output = shown()
    assert max(len(line) for line in output.splitlines()) <= 80
    assert "\x1b" not in output


def test_the_command_ends_with_a_sentence_and_not_with_a_traceback() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ALMANAC_")}
    for arguments, words in {
        ("migrate",): "ALMANAC_DATABASE_URL is not set",
        ("config",): "ALMANAC_API_PORT: should be a whole number",
    }.items():
        ended = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment | ({"ALMANAC_API_PORT": "x"} if arguments == ("config",) else {}),
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith(f"almanac: {words}")
        assert "Traceback" not in ended.stderr


def test_a_database_that_is_away_is_a_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "migrate"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"ALMANAC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/almanac"},
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("almanac: PostgreSQL cannot be reached: ")
    assert len(ended.stderr.splitlines()) == 1


EXAMPLE = "postgresql://almanac:almanac@db/almanac"


@pytest.mark.parametrize(
    ("address", "public", "refused"),
    [
        (EXAMPLE, "http://127.0.0.1:8000", False),
        (EXAMPLE, "http://localhost:8000", False),
        (EXAMPLE, "http://almanac.localhost", False),
        (EXAMPLE, "http://[::1]:8000", False),
        (EXAMPLE, "https://reviews.example.com", True),
        (EXAMPLE, "http://192.168.1.7:8000", True),
        (EXAMPLE, "http://127.example.com", True),
        (EXAMPLE.replace(":almanac@", ":another@"), "https://reviews.example.com", False),
        ("postgresql:///almanac", "https://reviews.example.com", False),
    ],
)
def test_the_password_of_the_example_is_for_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, address: str, public: str, refused: bool
) -> None:
    monkeypatch.setenv("ALMANAC_DATABASE_URL", address)
    monkeypatch.setenv("ALMANAC_PUBLIC_URL", public)
    if refused:
        with pytest.raises(SettingsError, match="has the password of the example"):
            load_settings()
    else:
        load_settings()


@pytest.mark.parametrize("proxies", ["127.0.0.1", "10.0.0.7, 10.1.0.0/16", "::1"])
def test_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    monkeypatch.setenv("ALMANAC_FORWARDED_ALLOW_IPS", proxies)
    assert load_settings().forwarded_allow_ips == proxies


@pytest.mark.parametrize("proxies", ["*", "proxy.example.com", "10.0.0.0/99"])
def test_a_proxy_that_could_be_anybody_is_refused(
    monkeypatch: pytest.MonkeyPatch, proxies: str
) -> None:
    monkeypatch.setenv("ALMANAC_FORWARDED_ALLOW_IPS", proxies)
    with pytest.raises(SettingsError, match="should be addresses or networks"):
        load_settings()


@pytest.mark.parametrize("domain", ["example.com>", "a b", "@example.com", "-x.com"])
def test_a_domain_that_would_break_a_header_is_refused(
    monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    monkeypatch.setenv("ALMANAC_MAIL_DOMAIN", domain)
    with pytest.raises(SettingsError, match="should be a domain"):
        load_settings()
