"""What `kpi diff` prints: which definitions differ and in what, which values change, and what cannot be said."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from dagster_project.console import WIDTH, period, print_rows
from dagster_project.diffing import Diff
from metrics.alerts.events import shown
from metrics.values.comparison import ChangedMetric, ChangedValue

_COLUMNS = ("metric", "grain", "period", "segment", "old", "new", "change")
_MOST_FILES = 5


def print_diff(found: Diff, output: str, currency: str, *, with_segments: bool, limit: int) -> None:
    """Table, CSV (values only) or JSON (everything)."""
    values = [one for one in found.comparison.values if with_segments or not one.segment_dimension]
    if output == "json":
        print(json.dumps(_as_json(found, values), default=str, ensure_ascii=False, indent=2))
    elif output == "csv":
        print_rows([asdict(one) for one in values], "csv")
    else:
        _print_table(found, values, currency, with_segments=with_segments, limit=limit)


def _as_json(found: Diff, values: list[ChangedValue]) -> dict[str, Any]:
    metrics = [
        {**asdict(one), "changes": [{**asdict(change), "text": change.in_language("en")} for change in one.changes]}
        for one in found.comparison.metrics
    ]
    return {
        "a": found.old,
        "b": found.new,
        "data_until": found.data_until,
        "sql_files_that_differ": found.sql_files,
        "metrics": metrics,
        "semantic_models": [change.in_language("en") for change in found.comparison.models],
        "values": [asdict(one) for one in values],
    }


def _print_table(found: Diff, values: list[ChangedValue], currency: str, *, with_segments: bool, limit: int) -> None:
    _say(f"A: {found.old}")
    _say(f"B: {found.new}")
    _say(f"Both computed on the published data, which reaches to {found.data_until}; nothing was written.")
    for line in _sql_lines(found.sql_files):
        _say(line)
    print()
    comparison = found.comparison
    if not comparison.metrics:
        print("No definition differs, and no value changes.")
        return
    for one in comparison.metrics:
        for number, line in enumerate(_metric_lines(one)):
            _say(line, indent=2 if number else 0)
    if comparison.models and any(one.kind == "changed" for one in comparison.metrics):
        print("Semantic models")
        for change in comparison.models:
            _say(change.in_language("en"), indent=2)
    print()
    if not comparison.values:
        print("No value changes.")
        return
    print_rows([_row(one, currency) for one in values[:limit]], "table", _columns(values), empty="No total changes.")
    _print_rest(comparison.values, values, limit, with_segments=with_segments)


def _metric_lines(one: ChangedMetric) -> Iterable[str]:
    if one.kind != "changed":
        yield f"{one.metric}: only in {'A' if one.kind == 'only_old' else 'B'}"
        return
    if one.problem:
        yield f"{one.metric}: its values are not compared, because {one.problem}"
    else:
        yield f"{one.metric}: {one.changed:,} of {one.compared:,} values change"
    yield from (change.in_language("en") for change in one.changes)
    if not one.changes:
        yield "written as before; what it reads differs, see the semantic models below"


def _sql_lines(files: Any) -> Iterable[str]:
    if files is None:
        yield "Whether the SQL of the tables differs is not known: an older version has published them."
    elif files:
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        yield (
            f"The SQL of the tables differs too: {', '.join(files[:_MOST_FILES])}{more}. Its effect is not shown here: "
            "values are computed on the tables as they are. `kpi run` builds them anew."
        )


def _columns(values: list[ChangedValue]) -> list[str]:
    has_segment = any(one.segment_dimension for one in values)
    return [name for name in _COLUMNS if name != "segment" or has_segment]


def _row(one: ChangedValue, currency: str) -> dict[str, Any]:
    old, new = ("" if value is None else shown(value, one.unit, currency) for value in (one.old, one.new))
    return {
        "metric": one.metric,
        "grain": one.grain,
        "period": period(asdict(one)),
        "segment": f"{one.segment_dimension}={one.segment_value}" if one.segment_dimension else "",
        "old": old,
        "new": new,
        "change": one.change,
    }


def _print_rest(every: Any, listed: list[ChangedValue], limit: int, *, with_segments: bool) -> None:
    if len(listed) > limit:
        print(f"... and {len(listed) - limit:,} more: --limit {len(listed)} shows all, --grain month fewer.")
    if not with_segments and (hidden := len(every) - len(listed)):
        print(f"{hidden:,} values of segments change as well: --segments shows them.")


def _say(text: str, indent: int = 0) -> None:
    """A line, folded at the width of every table."""
    print(textwrap.fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)))
