"""The shape of workspace.yml: frozen pydantic models. What belongs together across keys is checked in checks.py."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from metrics.errors import did_you_mean
from metrics.workspace.entities import ColumnType
from metrics.workspace.yaml_lines import Located, YamlPath

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DURATION = re.compile(r"(\d+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

CRON = r"^\S+( \S+){4}$"

Domain = Literal["marketing", "sales", "support"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]


def parse_duration(value: Any) -> Any:
    """Turn ``6h``, ``30d``, ``90m`` into a timedelta."""
    if isinstance(value, dt.timedelta):
        return value
    match = DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("duration", "should be a duration such as 90m, 6h or 30d")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})


def _known_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError(
            "timezone",
            "should be a time zone of the IANA database such as Europe/Berlin.{hint}",
            {"hint": did_you_mean(value, available_timezones())},
        ) from error
    return value


def _minutes(value: Any) -> Any:
    # YAML 1.1 reads an unquoted 09:00 as the number 540, which is the same moment in minutes.
    if isinstance(value, str) and re.fullmatch(r"([01]?\d|2[0-4]):[0-5]\d", value):
        hours, minutes = value.split(":")
        value = int(hours) * 60 + int(minutes)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 24 * 60:
        return value
    raise PydanticCustomError("time_of_day", 'should be a time of day in quotes such as "09:00"')


Duration = Annotated[
    dt.timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s*[smhdw]$", "examples": ["6h", "30d"]}),
]
TimeZone = Annotated[str, AfterValidator(_known_timezone)]
TimeOfDay = Annotated[
    int,
    BeforeValidator(_minutes),
    WithJsonSchema({"type": "string", "pattern": r"^\d?\d:\d\d$", "examples": ["09:00"]}),
]


class Part(BaseModel):
    """A part of workspace.yml: frozen, and a key it does not know is an error that names the closest one."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "has no key '{key}'.{hint} It takes: {known}",
                        {"key": str(key), "hint": did_you_mean(str(key), known), "known": ", ".join(known)},
                    )
        return data


class Closes(Part):
    """What decides that a day of a source is complete."""

    by: Literal["load_time", "max_event_time", "file_name", "manual"] = "max_event_time"
    grace: Duration = Field(default=dt.timedelta(0), description="How long after the end of a day its last rows may take")
    entity: str | None = Field(
        default=None, description="max_event_time: the entity whose events decide; default: all of them"
    )
    pattern: str | None = Field(
        default=None, description="file_name: name of a file with strftime codes, orders_%Y-%m-%d.csv"
    )
    through: dt.date | None = Field(default=None, description="manual: the last complete day")


class ReadOptions(Part):
    """How the files of a table are written."""

    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="default: the likeliest of , ; tab |"
    )
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    skip: int = Field(default=0, ge=0, description="Lines before the header")
    null_values: tuple[str, ...] = Field(default=(), description='Texts that mean "nothing", for example NA')
    date_format: str | None = Field(default=None, description="strptime codes; default ISO, 2024-12-31")
    timestamp_format: str | None = Field(default=None, description="strptime codes; default ISO, 2024-12-31 18:30:00")
    decimal_separator: Literal[".", ","] = "."
    thousands_separator: Literal[".", ",", " ", "'"] | None = None
    sheet: str | None = Field(default=None, description="Excel: name of the sheet; default the first")
    allow_empty: bool = Field(default=False, description="A file without rows is right, not an error")
    types: dict[str, ColumnType] = Field(default_factory=dict, description="Types of raw columns")


class Table(Part):
    """One raw table: files (connector files) or a table of a database (connector sql_database)."""

    files: str | None = Field(default=None, description="File name or pattern below the source's path")
    read: ReadOptions = Field(default_factory=ReadOptions)
    table: str | None = Field(default=None, description="Name in the database, schema.table; default: the key itself")
    cursor: str | None = Field(default=None, description="Column that grows with every change: only newer rows are read")
    key: Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)] = Field(
        (), description="Columns that identify a row; needed with cursor"
    )


class EntityMapping(Part):
    """How rows of this source become rows of a canonical entity."""

    table: str | None = None
    columns: dict[str, str | bool | int | float] = Field(
        default_factory=dict, description="canonical column: raw column or SQL expression over the raw table"
    )
    latest_by: str | None = Field(default=None, description="Keeps, per key of the entity, the row with the largest value")
    query: str | None = Field(default=None, description="One SELECT over raw tables of this source that returns the columns")


class Source(Part):
    """A system that data comes from."""

    connector: Literal["files", "sql_database"]
    domain: Domain
    path: str = Field(default=".", description="files: folder, relative to the workspace")
    connection: str | None = Field(
        default=None, repr=False, description="sql_database: SQLAlchemy URL; secrets as ${ENV_VAR}"
    )
    closes: Closes = Field(default_factory=Closes)
    silent_days_ok: int = Field(
        default=3, ge=0, description="Days this source may lag behind the workspace's today before it is called late"
    )
    settles_after: Duration = Field(default=dt.timedelta(0), description="How long after closing rows may still be restated")
    timezone: TimeZone = Field(default="UTC", description="Time zone of timestamps that name none")
    owner: str | None = None
    tables: dict[Name, Table] = Field(min_length=1)
    entities: dict[str, EntityMapping] = Field(default_factory=dict)

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        return self._name

    @property
    def settles_after_days(self) -> int:
        return -(-self.settles_after // dt.timedelta(days=1)) if self.settles_after else 0

    @property
    def schema_name(self) -> str:
        """Schema of its raw tables."""
        return f"raw_{self._name}"


class Webhook(Part):
    kind: Literal["webhook"]
    url: str = Field(repr=False, description="Slack-compatible incoming webhook; secrets as ${ENV_VAR}")


class NotifyFile(Part):
    kind: Literal["file"]
    path: str = Field(description="Relative to the workspace; one JSON object per line")


class BusinessHours(Part):
    """Working time, for minutes that count only it."""

    days: tuple[Day, ...] = DAYS[:5]
    start: TimeOfDay = Field(default=540, alias="from")
    end: TimeOfDay = Field(default=1080, alias="to")


class Lookback(Part):
    """A second, rarer run that trusts nothing of the last days: it reads and computes them again."""

    schedule: str = Field(default="0 3 * * 0", pattern=CRON, description="cron, in the workspace's time zone")
    days: int | None = Field(default=None, ge=1, description="default: the longest settles_after plus a week, at least 35")


class Workspace(Part):
    """One company: workspace.yml, and the places below its folder."""

    name: str = Field(min_length=1)
    language: Literal["en", "zh"] = "en"
    timezone: TimeZone = Field(description="Decides the business date of every row")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code that all money is converted to")
    week_start: Literal["monday"] = Field(default="monday", description="Weeks are those of ISO 8601")
    history_start: dt.date = Field(description="First day of every KPI")
    clock: Literal["now", "data_end"] | dt.date = "now"
    schedule: str = Field(default="0 6 * * *", pattern=CRON, description="cron, in the workspace's time zone")
    publish_within: Duration = Field(
        default=dt.timedelta(hours=2), description="A run that has not published so long after it was due is an alert"
    )
    lookback: Lookback | Literal[False] = Field(default=Lookback(), description="off: no look-back run")
    business_hours: BusinessHours = Field(default_factory=BusinessHours)
    holidays: tuple[dt.date, ...] = Field(default=(), description="Dates without business hours")
    notify: tuple[Annotated[Webhook | NotifyFile, Field(discriminator="kind")], ...] = ()
    keep_published: int = Field(default=5, ge=1)
    sources: dict[Name, Source] = Field(min_length=1)

    FILE_NAME: ClassVar[str] = "workspace.yml"
    _root: Path = PrivateAttr(Path())
    _located: Located = PrivateAttr(Located(FILE_NAME, None))

    def model_post_init(self, _context: Any) -> None:
        for name, source in self.sources.items():
            source._name = name

    def where(self, *path: str | int) -> str:
        """Return ``workspace.yml:<line>`` of the given keys."""
        return self._located.where(path)

    def line(self, path: YamlPath) -> int:
        return self._located.line(path)

    def mapped_entities(self) -> set[str]:
        """Names of the entities that at least one source fills."""
        return {entity for source in self.sources.values() for entity in source.entities}

    @property
    def lookback_days(self) -> int:
        """How far back a look-back run goes: what may still be restated, and the week since the one before."""
        asked = self.lookback.days if self.lookback else None
        return asked or max(35, 7 + max(source.settles_after_days for source in self.sources.values()))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def root(self) -> Path:
        return self._root

    @property
    def runtime_dir(self) -> Path:
        return self._root / ".bellwether"

    @property
    def warehouse_path(self) -> Path:
        return self.runtime_dir / "warehouse.duckdb"

    @property
    def raw_path(self) -> Path:
        return self.runtime_dir / "raw.duckdb"

    @property
    def dbt_target_dir(self) -> Path:
        return self.runtime_dir / "dbt_target"

    @property
    def dagster_home(self) -> Path:
        return self.runtime_dir / "dagster"

    @property
    def dlt_dir(self) -> Path:
        return self.runtime_dir / "dlt"

    @property
    def state_path(self) -> Path:
        return self.runtime_dir / "state.db"

    @property
    def lock_path(self) -> Path:
        return self.runtime_dir / "lock"

    @property
    def fingerprint_path(self) -> Path:
        return self.runtime_dir / "fingerprint.json"

    @property
    def published_dir(self) -> Path:
        return self._root / "published"

    @property
    def published_current(self) -> Path:
        """The switched link that readers open."""
        return self.published_dir / "current.duckdb"
