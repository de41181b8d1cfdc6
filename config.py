"""Every setting of Almanac, from environment variables that begin with ALMANAC_.

Only entry points (`cli`, `worker`, the API's factory) read it; everything below gets values. A
variable NAME may be given as NAME_FILE, the path of a file with the value, or as a file named like
the variable in the secrets folder (ALMANAC_SECRETS_DIR, else /run/secrets). The environment wins
over a file, a file over a default. `almanac config` shows what holds and where it comes from.
"""

import base64
import binascii
import os
import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PlainSerializer, SecretStr, field_validator, model_validator
from pydantic import ValidationError as PydanticError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "ALMANAC_"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
DEFAULT_SECRETS_DIR = Path("/run/secrets")
EXAMPLE_PASSWORD = "almanac"  # noqa: S105 - docker-compose.yml has it for trying out


class SettingsError(Exception):
    """Settings that cannot work, one sentence a line. Never quotes a secret."""


@dataclass(frozen=True)
class PayloadKey:
    """A key that encrypts what Temporal stores. `id` is stored beside each payload."""

    id: str
    key: bytes = field(repr=False)


Security = Literal["none", "starttls", "tls"]
Port = Annotated[int, Field(ge=1, le=65535)]
DatabaseUrl = Annotated[
    URL, PlainSerializer(lambda url: url.render_as_string(hide_password=True), return_type=str)
]
PayloadKeys = Annotated[
    tuple[PayloadKey, ...], NoDecode, PlainSerializer(lambda keys: [key.id for key in keys])
]


class Settings(BaseSettings):
    """What the processes of Almanac are told. Read once, at the start of each."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )

    # Facts
    database_url: DatabaseUrl | None = Field(
        None, description="PostgreSQL 18 or newer, e.g. postgresql://name:password@host/almanac"
    )
    database_pool_size: int = Field(10, ge=1, le=200, description="connections per process")

    # What must not lie in the database
    seal_keys_dir: Path | None = Field(
        None, description="keys of open feedback rounds; one folder for API and workers"
    )

    audit_key: SecretStr | None = Field(None, description="signs the audit log; 32 or more")
    migration_url: DatabaseUrl | None = Field(
        None, description="the database as its owner, for `almanac migrate`; else the same"
    )

    # Engine
    temporal_address: str = Field("127.0.0.1:7233", description="host:port of Temporal's frontend")
    temporal_namespace: str = Field("default", description="namespace of the workflows")
    temporal_task_queue: str = Field("almanac", description="queue that the workers serve")
    temporal_ui_url: str | None = Field(None, description="Temporal's pages, for administrators")
    temporal_api_key: SecretStr | None = Field(None, description="for Temporal Cloud")
    temporal_tls: bool = Field(
        False, description="TLS to Temporal; implied by a key or an authority"
    )
    temporal_tls_ca: str | None = Field(None, description="authority of the server, as PEM text")
    temporal_tls_cert: str | None = Field(None, description="our certificate, as PEM text")
    temporal_tls_key: SecretStr | None = Field(None, description="its key, as PEM text")
    payload_keys: PayloadKeys = Field(
        (), description="id:base64 of 32 bytes, comma-separated; the first encrypts, all decrypt"
    )
    relay_poll_seconds: float = Field(0.5, gt=0, le=60, description="between two looks for bells")
    reconcile_seconds: float = Field(30, gt=0, le=600, description="between looks for late ones")
    worker_activities: int = Field(
        8,
        ge=1,
        le=200,
        description="at once in one worker; two of mail and two of slow work beside",
    )

    # Pages and API
    public_url: str = Field("http://127.0.0.1:8000", description="where people's browsers find us")
    api_host: str = Field("127.0.0.1", description="address that the API listens on")
    api_port: Port = Field(8000, description="port that the API listens on")
    forwarded_allow_ips: str = Field(
        "127.0.0.1",
        description="proxies that tell a client's address: addresses or networks, comma-separated",
    )
    service_key: SecretStr | None = Field(None, description="lets scripts call the API; 32 or more")
    sign_in_link_minutes: int = Field(30, ge=5, le=1440, description="a sign-in link holds so long")
    task_link_days: int = Field(60, ge=1, le=400, description="a task's link holds so long")

    # Mail
    smtp_host: str | None = Field(None, description="the relay that mails are handed to")
    smtp_port: Port = Field(587, description="its port")
    smtp_security: Security = Field("starttls", description="none, starttls or tls")
    smtp_username: str | None = Field(None, description="if the relay asks for one")
    smtp_password: SecretStr | None = Field(None, description="if the relay asks for one")
    smtp_timeout_seconds: float = Field(
        60, gt=0, le=600, description="for each answer of the relay"
    )
    smtp_per_second: float | None = Field(10, gt=0, description="mails a second that it allows")
    mail_from: str = Field("Almanac <almanac@localhost>", description="sender of every mail")
    reply_to: str | None = Field(None, description="where answers go, if not to the sender")
    mail_domain: str | None = Field(None, description="of Message-IDs; else that of the sender")
    company_name: str | None = Field(None, description="for people outside; else the mails' domain")

    # Watching
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="and above")
    log_format: Literal["json", "console"] = Field("json", description="console is for people")
    metrics_port: Port | None = Field(None, description="Prometheus endpoint of a worker")
    alive_file: Path | None = Field(None, description="a worker touches it every five seconds")

    # The stack that `almanac run` starts
    data_dir: Path = Field(Path(".almanac"), description="databases, mails, logs of `almanac run`")
    postgres_bin_dir: Path | None = Field(None, description="PostgreSQL's programs, if not ours")
    postgres_port: Port | None = Field(None, description="else any free one")
    temporal_port: Port | None = Field(None, description="else 7233, or any free one")
    temporal_ui_port: Port | None = Field(None, description="else 8233, or any free one")
    inbox_port: Port | None = Field(None, description="else 8025, or any free one")
    inbox_smtp_port: Port | None = Field(None, description="else 1025, or any free one")

    @field_validator("database_url", "migration_url", mode="before")
    @classmethod
    def _database_url(cls, value: object) -> object:
        """A type of our own, because pydantic's refuses socket addresses (an empty host)."""
        if not isinstance(value, str):
            return value
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("should look like postgresql://name:password@host/database") from None
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise ValueError(f"should begin with postgresql://, not with {url.drivername}://")
        return url.set(drivername="postgresql")

    @field_validator("payload_keys", mode="before")
    @classmethod
    def _payload_keys(cls, value: object) -> object:
        return _parse_keys(value) if isinstance(value, str) else value

    @field_validator("public_url", "temporal_ui_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", value):
            raise ValueError("should look like https://almanac.example.com")
        return None if value is None else value.rstrip("/")

    @field_validator("mail_from", "reply_to")
    @classmethod
    def _mailbox(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(value)[1]):
            raise ValueError("should look like People Team <people@example.com>")
        return value

    @field_validator("mail_domain")
    @classmethod
    def _domain(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(
            r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value
        ):
            raise ValueError("should be a domain like example.com")
        return value

    @field_validator("service_key", "audit_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("should have at least 32 characters, e.g. from `openssl rand -hex 24`")
        return value

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _proxies(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            try:
                ip_network(part, strict=False)
            except ValueError:
                raise ValueError(
                    "should be addresses or networks, e.g. 127.0.0.1,10.0.0.0/8; a name is not "
                    "looked up, and `*` would let everybody choose the address that is counted"
                ) from None
        return value

    @model_validator(mode="after")
    def _own_password(self) -> Self:
        """The compose file's passwords for trying out are known to everybody."""
        host = urlsplit(self.public_url).hostname or ""
        for url in (self.migration_url, self.database_url):
            if url is not None and url.password == EXAMPLE_PASSWORD and not _is_loopback(host):
                raise ValueError(
                    f"the role {url.username} of the database has the password of the example, and "
                    f"{PREFIX}PUBLIC_URL says that people come to {host}. Set ALMANAC_DB_PASSWORD "
                    "and ALMANAC_APPLICATION_PASSWORD before the first start; PostgreSQL keeps the "
                    f"owner's until ALTER ROLE {url.username} PASSWORD '…'"
                )
        return self

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.temporal_tls_cert is None) != (self.temporal_tls_key is None):
            raise ValueError(
                f"{PREFIX}TEMPORAL_TLS_CERT and {PREFIX}TEMPORAL_TLS_KEY belong together"
            )
        if self.smtp_password is not None and self.smtp_security == "none":
            raise ValueError(
                f"{PREFIX}SMTP_PASSWORD would cross the network in clear: set "
                f"{PREFIX}SMTP_SECURITY to starttls or tls"
            )
        return self

    def database(self) -> URL:
        """The database's address. Raises SettingsError if none was given."""
        if self.database_url is None:
            raise SettingsError(
                f"{PREFIX}DATABASE_URL is not set. Give it PostgreSQL's address, e.g. "
                "postgresql://almanac:PASSWORD@db.example.com/almanac, or use `almanac run`, "
                "which brings a database of its own."
            )
        return self.database_url

    @property
    def signing_key(self) -> str | None:
        """What signs the audit log."""
        return self.audit_key.get_secret_value() if self.audit_key else None

    def owned_database(self) -> URL:
        """The database as the role that owns its tables. Raises SettingsError without any."""
        return self.migration_url or self.database()

    @property
    def seal_keys(self) -> Path:
        """The folder with the keys of what raters write: on a laptop, one in the data folder."""
        return (self.seal_keys_dir or self.data_dir / "seal-keys").absolute()

    def relay_host(self) -> str:
        """The mail relay's host. Raises SettingsError if none was given."""
        if self.smtp_host is None:
            raise SettingsError(
                f"{PREFIX}SMTP_HOST is not set: there is no relay to hand mails to."
            )
        return self.smtp_host

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, files. No `.env`: it would hide where a value comes from."""
        return init_settings, env_settings, _FileSource(settings_cls)


class _FileSource(PydanticBaseSettingsSource):
    """Values from the files that NAME_FILE names, and from the secrets folder."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        file = value_file(field_name)
        if file is None:
            return None, field_name, False
        try:
            return file.read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise SettingsError(
                f"{variable(field_name)} should come from the file {file}, which cannot be read: "
                f"{reason}."
            ) from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(None, name)[0] for name in Settings.model_fields}
        return {name: value for name, value in found.items() if value}


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def value_file(name: str) -> Path | None:
    """The file that gives a setting's value, if one is named or lies in the secrets folder."""
    named = os.environ.get(f"{variable(name)}_FILE")
    if named:
        return Path(named)
    folder = Path(os.environ.get(SECRETS_DIR) or DEFAULT_SECRETS_DIR)
    for candidate in (folder / variable(name), folder / variable(name).lower()):
        if candidate.is_file():
            return candidate
    return None


def load_settings() -> Settings:
    """Read all settings. Raises SettingsError with a sentence for each that is wrong."""
    try:
        return Settings()
    except PydanticError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None


_PLAIN = {
    "int_parsing": "should be a whole number",
    "float_parsing": "should be a number",
    "bool_parsing": "should be true or false",
}


def _sentence(problem: Any) -> str:
    reason = _PLAIN.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return f"{reason}."
    name = str(problem["loc"][0])
    file = value_file(name)
    origin = f" (from {file})" if file and variable(name) not in os.environ else ""
    return f"{variable(name)}{origin}: {reason[0].lower()}{reason[1:]}."


def _parse_keys(text: str) -> tuple[PayloadKey, ...]:
    keys = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error:
            key = b""
        if not colon or not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", name) or len(key) != 32:
            raise ValueError("each key should be id:base64 of 32 bytes (openssl rand -base64 32)")
        keys.append(PayloadKey(name, key))
    if len({key.id for key in keys}) < len(keys):
        raise ValueError("two keys have the same id")
    return tuple(keys)
