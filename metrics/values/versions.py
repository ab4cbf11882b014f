"""Versions of definitions: from which run on which definition of a metric holds, and what changed from the one before.

A metric whose definition changes is computed again over all its history, so that current values never mix two definitions;
what was published before the break is kept, under the version that it was computed with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from metrics.catalogue.changes import definition_changes
from metrics.values.rows import insert_rows

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.values.plan import Known, SeriesKey
    from metrics.workspace import Workspace

_BREAK = {
    "en": "Version {version} of the definition holds since {day}: {changes}. Values published before then follow version "
    "{before} and are not comparable with it; all periods were computed anew.",
    "zh": "自 {day} 起采用第 {version} 版口径：{changes}。"
    "此前发布的数值按第 {before} 版口径计算，与之不可比；所有期间均已重新计算。",
}
_UNKNOWN = {"en": "what changed was not recorded", "zh": "具体变化未记录"}
_SEPARATOR = {"en": "; ", "zh": "；"}
_LATEST = """select metric, definition_version, definition_hash, arithmetic
    from mart.kpi_definitions
    qualify row_number() over (partition by metric order by definition_version desc) = 1"""
_FIRST_VALUES = "select metric, min(recorded_at) from mart.kpi_values group by metric"


@dataclass(frozen=True)
class _Version:
    number: int
    definition_hash: str
    arithmetic: str | None


def append_versions(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    catalogue: Catalogue,
    known: Mapping[SeriesKey, Known],
    run_id: str,
    recorded_at: datetime,
) -> int:
    """Append a version for each connected metric whose definition is another than the latest; return how many.

    ``known``: the series of the run before. Values older than this table get a first version from the first of them.
    """
    versions = {metric: _Version(*rest) for metric, *rest in con.execute(_LATEST).fetchall()}
    rows: list[tuple[object, ...]] = []
    earlier = {metric: one.definition_hash for (metric, _, _), one in known.items() if metric not in versions}
    began = dict(con.execute(_FIRST_VALUES).fetchall()) if earlier else {}
    for metric in sorted(name for name in catalogue.metrics if catalogue.connected(name)):
        definition = catalogue.lineage[metric].definition
        now = _Version(1, definition.definition_hash, json.dumps(definition.arithmetic, sort_keys=True, default=str))
        latest = versions.get(metric)
        if latest is None and metric in began and metric in earlier:
            same = earlier[metric] == now.definition_hash
            latest = _Version(1, earlier[metric], now.arithmetic if same else None)
            rows.append((metric, 1, latest.definition_hash, began[metric], *[None] * 4, latest.arithmetic, run_id))
        if latest is None:
            rows.append((metric, 1, now.definition_hash, recorded_at, *[None] * 4, now.arithmetic, run_id))
        elif latest.definition_hash != now.definition_hash:
            texts = _texts(latest, now, recorded_at.replace(tzinfo=UTC).astimezone(ws.zone).date().isoformat())
            rows.append((metric, latest.number + 1, now.definition_hash, recorded_at, *texts, now.arithmetic, run_id))
    insert_rows(con, "mart.kpi_definitions", rows)
    return len(rows)


def _texts(old: _Version, new: _Version, day: str) -> list[str]:
    """What changed in English and Chinese, then the note on the break in both."""
    changes = {language: _changes(old, new, language) for language in ("en", "zh")}
    notes = [
        _BREAK[language].format(version=old.number + 1, before=old.number, day=day, changes=text)
        for language, text in changes.items()
    ]
    return [*changes.values(), *notes]


def _changes(old: _Version, new: _Version, language: str) -> str:
    if old.arithmetic is None or new.arithmetic is None:
        return _UNKNOWN[language]
    changes = definition_changes(json.loads(old.arithmetic), json.loads(new.arithmetic))
    return _SEPARATOR[language].join(change.in_language(language) for change in changes) or _UNKNOWN[language]
