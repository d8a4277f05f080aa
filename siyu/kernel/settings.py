"""Settings, read from the environment (prefix ``SIYU_``). Every one is documented in docs/settings.md."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _postgres(value: str) -> str:
    """The address as psycopg reads it; other tools write the same server with other schemes."""
    scheme, colon, rest = value.partition("://")
    if not colon or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ValueError("write it as postgresql://user:password@host:port/database")
    return f"postgresql://{rest}"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; write it as Asia/Shanghai") from None
    return value


class Settings(BaseSettings):
    """How this installation runs. Business configuration lives in the database, not here."""

    model_config = SettingsConfigDict(env_prefix="SIYU_", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path(".siyu"), description="Where the embedded server, files and keys live.")
    database_url: Annotated[str, AfterValidator(_postgres)] | None = Field(
        default=None,
        description="A PostgreSQL server (postgresql://user:password@host/db) instead of the embedded one.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the HTTP server listens on.")
    port: int = Field(default=8700, ge=0, le=65535, description="Port of the HTTP server; 0 takes a free one.")
    public_url: str | None = Field(
        default=None,
        description="The address that customers' browsers and the platforms reach; default http://host:port.",
    )
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Asia/Shanghai", description="The company's time zone; it decides days."
    )
    workers: int = Field(default=1, ge=1, le=16, description="Worker threads that serve pulses, ticks and sends.")
    servers: int = Field(
        default=1, ge=1, le=16, description="Processes that answer HTTP; a second one uses a second core."
    )
    lease_seconds: float = Field(
        default=120.0,
        ge=2,
        le=3600,
        description="Machine seconds that calls under way belong to their worker; after them another takes over.",
    )
    event_months: int = Field(
        default=36,
        ge=14,
        le=1200,
        description="Months that events are kept; older ones are dropped month by month (docs/customers.md).",
    )
    silent_seconds: float = Field(
        default=120.0,
        ge=4,
        le=86400,
        description="Machine seconds without a round after which workers count as silent (/healthz, /healthz/workers).",
    )
    master_key: str | None = Field(
        default=None, description="Key that encrypts stored secrets and signs links; default: a file in data_dir."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="What is logged, as lines of JSON on standard error: DEBUG, INFO, WARNING or ERROR."
    )
    wecom_archive: str = Field(
        default="",
        description="Who reads the conversation archive: module:factory around WeCom's own library, or sandbox.",
    )
    chromium: str | None = Field(default=None, description="Path of a Chromium for the browser tests.")


_known: dict[str, object] = {}


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings(**_known)  # type: ignore[arg-type]  # names and values are checked by pydantic


def know(**values: object) -> Settings:
    """Settings that only the edge learns, such as the public address once the port is bound; returns all settings."""
    _known.update(values)
    settings.cache_clear()
    return settings()
