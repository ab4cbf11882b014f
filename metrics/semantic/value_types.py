"""What a measure's values are, where the manifest tells: a manifest has no column types, but expressions have theirs."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metrics.semantic.filters import SOURCE_DIALECT
from metrics.semantic.manifest import Manifest, Measure

_KINDS = {
    "boolean": frozenset({exp.DType.BOOLEAN}),
    "text": exp.DataType.TEXT_TYPES,
    "date": exp.DataType.TEMPORAL_TYPES,
}


def kind_of(measure: Measure, manifest: Manifest) -> str | None:
    """``boolean``, ``text`` or ``date`` for an extreme of such values; None for numbers, and where it is not known.

    A column that is summed as a boolean or declared as a time elsewhere in the manifest is one.
    """
    if measure.agg not in ("min", "max"):
        return None
    same = [one for one in manifest.measures.values() if (one.model, one.expr) == (measure.model, measure.expr)]
    if any(one.agg == "sum_boolean" for one in same):
        return "boolean"
    times = [one.expr for one in manifest.models[measure.model].dimensions.values() if one.is_time]
    if any(expr.strip('"') == measure.expr.strip('"') for expr in times):
        return "date"
    from sqlglot.optimizer.annotate_types import annotate_types

    try:
        found = annotate_types(sqlglot.parse_one(measure.expr, read=SOURCE_DIALECT), dialect=SOURCE_DIALECT).type
    except SqlglotError:
        return None  # refused where it is compiled
    return next((kind for kind, types in _KINDS.items() if found and found.this in types), None)
