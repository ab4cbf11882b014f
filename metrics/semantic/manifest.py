"""dbt's ``target/semantic_manifest.json`` as frozen dataclasses: what is defined, with nothing decided yet.

Reads the file that dbt-core 1.11 writes (``semantic_models:`` and ``metrics:``). Knows neither queries nor SQL.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metrics.errors import QueryError
from metrics.semantic.calendars import TimeSpine, read_spines
from metrics.semantic.conversion_params import ConversionParams, read_conversion
from metrics.semantic.saved_queries import SavedQuery, read_saved_queries
from metrics.semantic.spec import refusals


@dataclass(frozen=True)
class Relation:
    """A table or view in the warehouse."""

    name: str
    schema: str | None
    database: str | None


@dataclass(frozen=True)
class Entity:
    """A join key. ``type``: primary, unique, foreign or natural. ``expr`` is SQL over the model's relation."""

    name: str
    type: str
    expr: str

    @property
    def is_unique(self) -> bool:
        """One row per value: a join onto it cannot repeat rows."""
        return self.type in ("primary", "unique")


@dataclass(frozen=True)
class Dimension:
    """Something to group by. ``grain`` is set for time dimensions only: the finest grain that it holds.

    ``zone``: the time zone whose clock ``expr`` shows, where a query asked for one; ``stored`` is the timestamp in UTC.
    """

    name: str
    expr: str
    grain: str | None
    is_partition: bool = False
    stored: str = ""
    zone: str | None = None

    @property
    def is_time(self) -> bool:
        return self.grain is not None


@dataclass(frozen=True)
class NonAdditive:
    """A stock: only the rows at the first or last ``dimension`` of each period (and member of ``groupings``) count."""

    dimension: str
    choice: str
    groupings: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """An aggregation over one semantic model. ``time_dimension`` is what metric_time means for it."""

    name: str
    model: str
    agg: str
    expr: str
    time_dimension: str
    percentile: float | None = None
    discrete: bool = False
    non_additive: NonAdditive | None = None


@dataclass(frozen=True)
class SemanticModel:
    """``validity``: the times from which and until which (not included) a row of a slowly changing dimension holds."""

    name: str
    relation: Relation
    primary_entity: str | None
    entities: Mapping[str, Entity]
    dimensions: Mapping[str, Dimension]
    meta: Mapping[str, Any] = field(default_factory=dict)
    validity: tuple[Dimension, Dimension] | None = None

    @property
    def own_links(self) -> tuple[str, ...]:
        """Entities whose dimensions these are: the prefixes under which a local dimension can be named."""
        own = [entity.name for entity in self.entities.values() if entity.type != "foreign"]
        return tuple(dict.fromkeys((*((self.primary_entity,) if self.primary_entity else ()), *own)))


@dataclass(frozen=True)
class Window:
    """A count of days, weeks, months, quarters or years."""

    count: int
    grain: str

    def __str__(self) -> str:
        return f"{self.count} {self.grain}{'s' if self.count != 1 else ''}"


@dataclass(frozen=True)
class MeasureInput:
    measure: str
    filters: tuple[str, ...]
    join_to_timespine: bool
    fill_nulls_with: int | None


@dataclass(frozen=True)
class MetricInput:
    name: str
    alias: str
    filters: tuple[str, ...]
    offset_window: Window | None
    offset_to_grain: str | None


@dataclass(frozen=True)
class Cumulative:
    """All time when neither ``window`` nor ``grain_to_date`` is given. ``period_agg``: first, last or average."""

    window: Window | None
    grain_to_date: str | None
    period_agg: str


@dataclass(frozen=True)
class Metric:
    """A metric as defined. ``type``: simple, ratio, derived, cumulative or conversion."""

    name: str
    label: str
    description: str
    type: str
    meta: Mapping[str, Any] = field(hash=False)
    filters: tuple[str, ...]
    time_granularity: str | None
    measure: MeasureInput | None = None
    numerator: MetricInput | None = None
    denominator: MetricInput | None = None
    expr: str | None = None
    input_metrics: tuple[MetricInput, ...] = ()
    cumulative: Cumulative | None = None
    conversion: ConversionParams | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the metrics that this one is computed from; empty where it reads measures itself."""
        ratio = [part for part in (self.numerator, self.denominator) if part]
        return tuple(dict.fromkeys(part.name for part in (*ratio, *self.input_metrics)))


@dataclass(frozen=True)
class Manifest:
    models: Mapping[str, SemanticModel]
    measures: Mapping[str, Measure]
    metrics: Mapping[str, Metric]
    spines: tuple[TimeSpine, ...]
    digest: str
    saved_queries: Mapping[str, SavedQuery]
    refused: Mapping[str, str]

    @property
    def day_spine(self) -> TimeSpine | None:
        return next((spine for spine in self.spines if spine.grain == "day"), None)


def read_manifest(path: Path) -> Manifest:
    """Read ``semantic_manifest.json``. Raises QueryError when it is absent or was not written by dbt-core 1.11."""
    if not path.is_file():
        raise QueryError(f"{path}: no semantic manifest here; run `dbt parse` (or `kpi run`), which writes it")
    text = path.read_bytes()
    try:
        return parse_manifest(json.loads(text), hashlib.sha256(text).hexdigest())
    except (KeyError, TypeError, ValueError) as error:
        raise QueryError(
            f"{path}: not a semantic manifest of dbt-core 1.11 ({type(error).__name__}: {error}); run `dbt parse` again"
        ) from error


def parse_manifest(raw: Mapping[str, Any], digest: str) -> Manifest:
    """Read the parsed JSON. Raises ValueError, KeyError or TypeError where it is not what dbt-core 1.11 writes."""
    definitions = sorted(raw["semantic_models"], key=_name)
    models = {item["name"]: _model(item) for item in definitions}
    measures = {measure.name: measure for item in definitions for measure in _measures(item)}
    for measure in measures.values():
        if measure.time_dimension not in models[measure.model].dimensions:
            raise ValueError(f"measure '{measure.name}' of '{measure.model}' has no agg_time_dimension")
    spines = read_spines(raw["project_configuration"], _relation)
    metrics = {item["name"]: _metric(item) for item in sorted(raw["metrics"], key=_name)}
    saved = read_saved_queries(raw.get("saved_queries") or ())
    return Manifest(models, measures, metrics, spines, digest, saved, refusals(raw))


def _name(raw: Mapping[str, Any]) -> str:
    """dbt writes definitions in the order in which it happened to read files; sorted, equal projects are equal."""
    return str(raw["name"])


def _model(raw: Mapping[str, Any]) -> SemanticModel:
    entities = {
        item["name"]: Entity(item["name"], item["type"], item["expr"] or _column(item["name"])) for item in raw["entities"]
    }
    primary = raw.get("primary_entity") or next((item.name for item in entities.values() if item.type == "primary"), None)
    dimensions, edges = {}, {}
    for item in raw["dimensions"]:
        params = item.get("type_params") or {}
        grain = params["time_granularity"] if item["type"] == "time" else None
        found = Dimension(item["name"], item["expr"] or _column(item["name"]), grain, bool(item.get("is_partition")))
        dimensions[found.name] = found
        edges.update({edge: found for edge, is_set in (params.get("validity_params") or {}).items() if is_set})
    validity = (edges["is_start"], edges["is_end"]) if len(edges) == 2 else None
    meta = (raw.get("config") or {}).get("meta") or {}
    return SemanticModel(raw["name"], _relation(raw["node_relation"]), primary, entities, dimensions, meta, validity)


def _measures(raw: Mapping[str, Any]) -> Iterable[Measure]:
    default_time = (raw.get("defaults") or {}).get("agg_time_dimension")
    for item in raw["measures"]:
        params = item.get("agg_params") or {}
        stock = item.get("non_additive_dimension")
        yield Measure(
            name=item["name"],
            model=raw["name"],
            agg=item["agg"],
            expr=item["expr"] or _column(item["name"]),
            time_dimension=str(item.get("agg_time_dimension") or default_time),
            percentile=params.get("percentile"),
            discrete=bool(params.get("use_discrete_percentile")),
            non_additive=stock
            and NonAdditive(stock["name"], stock["window_choice"], tuple(stock.get("window_groupings") or ())),
        )


def _metric(raw: Mapping[str, Any]) -> Metric:
    params = raw["type_params"]
    cumulative = params.get("cumulative_type_params") or {}
    return Metric(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        description=raw.get("description") or "",
        type=raw["type"],
        meta=(raw.get("config") or {}).get("meta") or {},
        filters=_filters(raw.get("filter")),
        time_granularity=raw.get("time_granularity"),
        measure=_measure_input(params.get("measure")),
        numerator=_metric_input(params.get("numerator")),
        denominator=_metric_input(params.get("denominator")),
        expr=params.get("expr"),
        input_metrics=tuple(part for item in params.get("metrics") or () if (part := _metric_input(item))),
        cumulative=Cumulative(
            _window(cumulative.get("window") or params.get("window")),
            cumulative.get("grain_to_date") or params.get("grain_to_date"),
            cumulative.get("period_agg") or "first",
        )
        if raw["type"] == "cumulative"
        else None,
        conversion=read_conversion(params.get("conversion_type_params"), _measure_input, _window),
    )


def _measure_input(raw: Mapping[str, Any] | None) -> MeasureInput | None:
    if not raw:
        return None
    return MeasureInput(
        raw["name"], _filters(raw.get("filter")), bool(raw.get("join_to_timespine")), raw.get("fill_nulls_with")
    )


def _metric_input(raw: Mapping[str, Any] | None) -> MetricInput | None:
    if not raw:
        return None
    return MetricInput(
        name=raw["name"],
        alias=raw.get("alias") or raw["name"],
        filters=_filters(raw.get("filter")),
        offset_window=_window(raw.get("offset_window")),
        offset_to_grain=raw.get("offset_to_grain"),
    )


def _window(raw: Mapping[str, Any] | None) -> Window | None:
    return Window(int(raw["count"]), str(raw["granularity"]).rstrip("s")) if raw else None


def _filters(raw: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(item["where_sql_template"] for item in raw["where_filters"]) if raw else ()


def _relation(raw: Mapping[str, Any]) -> Relation:
    return Relation(raw["alias"], raw.get("schema_name"), raw.get("database"))


def _column(name: str) -> str:
    """A name used as a column, quoted so that a measure may be called like a keyword."""
    return '"' + name.replace('"', '""') + '"'
