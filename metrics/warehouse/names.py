"""Quoting of names and texts in SQL that Python writes."""

from __future__ import annotations


def quoted(*names: str) -> str:
    """Return a quoted, dotted identifier: ``quoted("raw", "raw_shop", "orders")``."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str | None) -> str:
    """Return a quoted SQL text, for places that take no parameter (reader options, column types)."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
