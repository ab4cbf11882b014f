"""The shape of workspace.yml: frozen pydantic models. What belongs together across keys is checked in checks.py."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PrivateAttr

from metrics.workspace.channel_rules import ChannelRule, ChannelRules
from metrics.workspace.control_totals import ControlTotal
from metrics.workspace.entities import ColumnType
from metrics.workspace.parts import Duration, Name, Part, TimeOfDay, TimeZone
from metrics.workspace.promotions import Promotion
from metrics.workspace.small_cells import SmallCells
from metrics.workspace.yaml_lines import Located, YamlPath

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CRON = r"^\S+( \S+){4}$"
Domain = Literal["marketing", "sales", "support"]


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
    year: int | None = Field(default=None, ge=1900, le=2200, description="Year of dates whose format names none")
    decimal_separator: Literal[".", ","] = "."
    thousands_separator: Literal[".", ",", " ", "'"] | None = None
    sheet: str | None = Field(default=None, description="Excel: name of the sheet; default the first")
    member: str | None = Field(default=None, description="Zip: name or pattern of the file inside; default the only one")
    allow_empty: bool = Field(default=False, description="A file without rows is right, not an error")
    types: dict[str, ColumnType] = Field(default_factory=dict, description="Types of raw columns")


class Table(Part):
    """One raw table: files (connector files) or a table of a database (sql_database, warehouse_table)."""

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
    latest_by: str | None = Field(
        default=None,
        description="Keeps, per key of the entity, the row with the largest value; with query: a column that it returns",
    )
    query: str | None = Field(default=None, description="One SELECT over raw tables of this source that returns the columns")


class Source(Part):
    """A system that data comes from."""

    connector: Literal["files", "sql_database", "warehouse_table"]
    domain: Domain
    path: str = Field(default=".", description="Relative to the workspace; files: folder, warehouse_table: DuckDB file")
    connection: str | None = Field(
        default=None, repr=False, description="sql_database: SQLAlchemy URL; secrets as ${ENV_VAR}"
    )
    closes: Closes = Field(default_factory=Closes)
    silent_days_ok: int = Field(
        default=3, ge=0, description="Days this source may lag behind the workspace's today before it is called late"
    )
    settles_after: Duration = Field(default=dt.timedelta(0), description="How long after closing rows may still be restated")
    timezone: TimeZone = Field(default="UTC", description="Time zone of timestamps that name none")
    ids: Literal["own", "shared"] = Field(
        default="shared",
        description="own: its ids are its own numbering, other sources use the same numbers for other things; "
        "staging puts the source's name before them, shop_de:1001",
    )
    owner: str | None = None
    tables: dict[Name, Table] = Field(min_length=1)
    entities: dict[str, EntityMapping] = Field(default_factory=dict)
    control_totals: dict[str, tuple[ControlTotal, ...]] = Field(
        default_factory=dict, description="entity: what the vendor says it is, compared in mart.reconciliation"
    )

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
    small_cells: SmallCells | None = Field(
        default=None, description="Withholds segment values of few persons from readers; default: nothing is withheld"
    )
    channel_rules: ChannelRules = Field(
        default=(), description="Names the channel where a source gives none: a list of rules, or a .csv or .xlsx with them"
    )
    north_star: Literal["ecommerce", "saas", "content", "marketplace"] | None = Field(
        default=None, description="The ready-made set of KPIs that fits the business: a North Star and two auxiliaries"
    )
    promotions: str | None = Field(default=None, description="A .csv or .xlsx: promotion, from, to, channel, description")
    sources: dict[Name, Source] = Field(min_length=1)

    FILE_NAME: ClassVar[str] = "workspace.yml"
    _root: Path = PrivateAttr(Path())
    _located: Located = PrivateAttr(Located(FILE_NAME, None))
    _rules: tuple[ChannelRule, ...] = PrivateAttr(())
    _promotions: tuple[Promotion, ...] = PrivateAttr(())

    def model_post_init(self, _context: Any) -> None:
        for name, source in self.sources.items():
            source._name = name

    def where(self, *path: str | int) -> str:
        """Return ``workspace.yml:<line>`` of the given keys."""
        return self._located.where(path)

    def line(self, path: YamlPath) -> int:
        return self._located.line(path)

    @property
    def rules_of_channels(self) -> tuple[ChannelRule, ...]:
        """The channel rules, from workspace.yml or the file that it names."""
        return self._rules

    @property
    def known_promotions(self) -> tuple[Promotion, ...]:
        return self._promotions

    @property
    def files(self) -> list[Path]:
        """workspace.yml and the tables that it names, without those of sources."""
        named = [self.promotions, self.channel_rules if isinstance(self.channel_rules, str) else None]
        return [self._root / name for name in (self.FILE_NAME, *named) if name]

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
    def facts_dir(self) -> Path:
        """With small_cells: the rows behind what is published, which readers do not get."""
        return self.runtime_dir / "published_facts"

    @property
    def published_current(self) -> Path:
        """The switched link that readers open."""
        return self.published_dir / "current.duckdb"
