"""Settings of the service: ``RECUPERA_*`` environment variables over ``recupera.toml`` over these defaults."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from api.access.signin_settings import OidcSettings, SignInSettings
from api.channels.settings import ChannelsSettings
from api.delivery.guard import AllowList
from api.early_warning.settings import AlertSettings
from api.lists import Words
from api.privacy.settings import PrivacySettings
from classifier.cascade import Effort
from classifier.errors import InputError
from classifier.faults import reason

if TYPE_CHECKING:
    from api.store.database import DatabaseUrl
    from api.store.vault import Vault

FILE: Final = "recupera.toml"


class DeliverySettings(BaseModel):
    """How events are delivered: ``[delivery]`` in the file, ``RECUPERA_DELIVERY_*`` in the environment.

    ``allow`` lists the hosts and networks that destinations may name although they are not public.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: Words = ()
    timeout_seconds: float = Field(default=15, ge=1, le=120)

    @field_validator("allow")
    @classmethod
    def _is_readable(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse an entry that would never allow anything."""
        try:
            AllowList.parse(entries)
        except InputError as error:
            raise PydanticCustomError("allow", "{reason}", {"reason": str(error)}) from None
        return entries


class WorkerSettings(BaseModel):
    """Who sees cases through: ``[worker]`` in the file, ``RECUPERA_WORKER_*`` in the environment.

    ``inside`` runs the workflows in the process of the service; without it ``recupera worker`` must run.
    ``executor_id`` names this process, and is the same after a restart: no two processes have the same one. Without it
    the service is ``service`` and ``recupera worker`` is ``worker``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    inside: bool = True
    executor_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


class AccessSettings(BaseModel):
    """Who may do what: ``[access]`` in the file, ``RECUPERA_ACCESS_*`` in the environment.

    ``requests`` is how many a key may make in a minute, in each process of the service; a key may have a limit of its
    own. ``hosts`` are names by which this machine is called while the service is open, besides ``localhost`` and
    addresses. ``proxies`` are addresses and networks of proxies besides those on this machine: where one of them sends
    a request, ``X-Forwarded-For`` says whose it is. ``trail_days`` is how long the record of who did what is kept; with
    0 nothing is recorded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: int = Field(default=30_000, ge=1)
    hosts: Words = ()
    proxies: Words = ()
    trail_days: int = Field(default=365, ge=0, le=36_500)

    @field_validator("proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no address: with a wrong one all who come by the proxy would be taken for one caller."""
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise PydanticCustomError("proxies", "write addresses, or networks such as 172.16.0.0/12") from None
        return proxies


class ConsoleSettings(BaseModel):
    """The pages for people: ``[console]`` in the file, ``RECUPERA_CONSOLE_*`` in the environment.

    ``mask`` hides what identifies somebody in the messages that are shown; without it, from who is not signed in and
    from roles that need not see it. To managers and engineers it is never shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    mask: bool | None = None


class Settings(BaseSettings):
    """What an operator may set.

    ``queue_size`` bounds the texts that wait for the model; past it callers are asked to come back. ``batch_wait_ms``
    is how long the first text of a batch waits for company while several ask at a time. ``effort`` is ``full`` (the
    whole model for each text), ``fast`` (its small network where that is sure), or ``auto``: full, and fast while more
    texts wait than two batches hold. ``database`` is ``postgresql://…`` or ``sqlite:///…``;
    without it a SQLite file in ``data``. It may hold a password, so it is never shown. ``policy`` is a file, without
    it the recovery policy that comes with Recupera. ``secret_key`` encrypts secrets, and messages where ``privacy``
    says so: a Fernet key, or several, the newest first, while a key is being changed. What dashboards show is counted
    ahead every ``analytics_seconds``, never with 0; without it the answers are the same, but slower. ``traces`` is the
    address of an OpenTelemetry collector (OTLP over HTTP), such as ``http://localhost:4318``.
    """

    model_config = SettingsConfigDict(
        env_prefix="RECUPERA_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        toml_file=FILE,
        extra="forbid",
        frozen=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    data: Path = Path("recupera-data")
    database: SecretStr | None = None
    secret_key: SecretStr | None = None
    policy: Path | None = None
    model: Path | None = None
    precision: Literal["auto", "f32", "bf16", "int8"] = "auto"
    threads: int | None = Field(default=None, ge=1)
    effort: Literal["auto", "fast", "full"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    queue_size: int = Field(default=2048, ge=256)
    batch_size: int = Field(default=64, ge=1)
    batch_wait_ms: float = Field(default=1.0, ge=0, le=10_000)
    max_body_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    analytics_seconds: float = Field(default=10, ge=0)
    traces: str | None = Field(default=None, pattern="^https?://")
    delivery: DeliverySettings = DeliverySettings()
    worker: WorkerSettings = WorkerSettings()
    alerts: AlertSettings = AlertSettings()
    channels: ChannelsSettings = ChannelsSettings()
    console: ConsoleSettings = ConsoleSettings()
    privacy: PrivacySettings = PrivacySettings()
    access: AccessSettings = AccessSettings()
    signin: SignInSettings = SignInSettings()
    oidc: OidcSettings = OidcSettings()

    @property
    def always(self) -> Effort | None:
        """How much computing each text is worth; ``None`` where that depends on how many wait."""
        return None if self.effort == "auto" else Effort(self.effort)

    @property
    def database_url(self) -> DatabaseUrl:
        """Where the database is; raise ``InputError`` if the setting names none that is supported."""
        from api.store.database import database_url

        return database_url(self.database.get_secret_value() if self.database else None, self.data)

    @property
    def vault(self) -> Vault | None:
        """What encrypts secrets and messages, if there is a key; raise ``InputError`` if it is none, or missing."""
        from api.store.vault import NO_KEY, Vault

        if self.secret_key is None:
            if self.privacy.encrypt:
                raise InputError(NO_KEY)
            return None
        return Vault.parse(self.secret_key.get_secret_value(), messages=self.privacy.encrypt)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then the environment, then the file."""
        return init_settings, env_settings, _File(settings_cls)


class _File(TomlConfigSettingsSource):
    """The file without its mailboxes, whose settings are read apart (``api.channels.email.settings``)."""

    def __call__(self) -> dict[str, Any]:
        """Return what the service has to know, or refuse."""
        return {name: value for name, value in super().__call__().items() if name != "inbox"}


def read_settings(given: dict[str, Any], file: Path = Path(FILE)) -> Settings:
    """Return the settings, those in ``given`` before all others; raise ``InputError`` that names what is wrong.

    ``file`` is another one than ``recupera.toml`` in the present folder.
    """

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        return FromFile(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {reason(fault)}" for fault in error.errors())
        raise InputError(f"settings: {'; '.join(faults)}") from None
    except SettingsError:
        tables = {
            f"RECUPERA_{name}".upper()
            for name, field in Settings.model_fields.items()
            if isinstance(field.default, BaseModel)
        }
        whole = tables & {name.upper() for name in os.environ}
        raise InputError(
            f"settings: of {', '.join(sorted(whole))} one is no JSON, as a whole table must be; its keys can be set "
            "one by one, as in RECUPERA_DELIVERY_TIMEOUT_SECONDS=5"
        ) from None
    except ValueError as error:
        raise InputError(f"{file} is not valid TOML: {error}") from None
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}") from None
