"""What readers of the values need beside them: dim_kpi, kpi_leading_indicators, promotions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metrics.catalogue import Catalogue, Kpi, segment_dimension
from metrics.values.rows import insert_rows, one_transaction
from metrics.values.tables import ensure_tables

if TYPE_CHECKING:
    import duckdb

    from metrics.workspace import Promotion

_FLAGS = ("practical", "directional", "actionable", "financial")
_LISTS = ("goals", "siblings", "guardrails")
_KPI_FIELDS = (
    "timing",
    "role",
    "level",
    "scope",
    "nature",
    "owner",
    "team",
    "threshold",
    "alert",
    "minimum_n",
    "matures_after_days",
    "baseline_until",
    "parent",
    "relation",
    "drivers",
    "weight",
    "review",
    "version",
)


def write_definitions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, promotions: Sequence[Promotion] = ()) -> int:
    """Rewrite the three tables and return the number of metrics."""
    ensure_tables(con)
    rows = [_row(catalogue, name) for name in sorted(catalogue.metrics)]
    columns = list(rows[0]) if rows else []
    with one_transaction(con):
        for table in ("dim_kpi", "kpi_leading_indicators", "promotions"):
            con.execute(f"delete from mart.{table}")
        insert_rows(con, f"mart.dim_kpi ({', '.join(columns)})", [[row[name] for name in columns] for row in rows])
        leaders = [(kpi.id, lead.kpi, lead.lag_days) for kpi in catalogue.kpis.values() for lead in kpi.leading_indicators]
        insert_rows(con, "mart.kpi_leading_indicators", leaders)
        held = [(one.promotion, one.from_, one.to, one.channel, one.description) for one in promotions]
        insert_rows(con, "mart.promotions", held)
    return len(rows)


def _row(catalogue: Catalogue, name: str) -> dict[str, Any]:
    metric, title, definition = catalogue.metric(name), catalogue.title(name), catalogue.lineage[name].definition
    missing = catalogue.missing_entities(name)
    judged = catalogue.kpis.get(name) or catalogue.watched.get(name)
    return {
        "metric": name,
        "kind": catalogue.kind(name),
        "title_en": title.en,
        "title_zh": title.zh,
        "formula": definition.formula,
        "unit": catalogue.unit(name),
        "direction": catalogue.direction(name),
        "additivity": metric.meta.get("additivity"),
        "grains": ",".join(catalogue.grains(name)),
        "segments": ",".join(segment_dimension(item) for item in catalogue.segments(name)),
        "is_connected": not missing,
        "missing_entities": ",".join(sorted(missing)),
        "entities": ",".join(sorted(catalogue.lineage[name].needs)),
        "models": ",".join(sorted(catalogue.lineage[name].tables)),
        "defined_at": catalogue.where.get(name),
        "definition_hash": definition.definition_hash,
        **_texts(catalogue.kpis.get(name), metric.description),
        **{field: getattr(judged, field, None) for field in _KPI_FIELDS},
        **_judgement(catalogue.kpis.get(name)),
    }


def _judgement(kpi: Kpi | None) -> dict[str, Any]:
    """Lines of the status (shares of the target), flags, lists (joined by commas), benchmark; NULL for a plain metric."""
    benchmark = kpi.benchmark if kpi else None
    lines = kpi.thresholds if kpi else None
    return {
        "at_risk_below": lines.at_risk if lines else None,
        "off_track_below": lines.off_track if lines else None,
        "hysteresis": lines.hysteresis if lines else None,
        **{f"is_{flag}": getattr(kpi, flag, None) for flag in _FLAGS},
        **{field: ",".join(getattr(kpi, field)) if kpi else None for field in _LISTS},
        "benchmark": benchmark.value if benchmark else None,
        "benchmark_source": benchmark.source if benchmark else None,
    }


def _texts(kpi: Kpi | None, description: str) -> dict[str, str | None]:
    """Description, question and playbook in both languages; a plain metric has only dbt's description."""
    if kpi is None:
        fields = [f"{field}_{language}" for field in ("question", "playbook") for language in ("en", "zh")]
        return {"description_en": description, "description_zh": None} | dict.fromkeys(fields)
    texts = {"description": kpi.description, "question": kpi.question, "playbook": kpi.playbook}
    return {f"{field}_{language}": text.in_language(language) for field, text in texts.items() for language in ("en", "zh")}
