"""DuckDB and a real PostgreSQL behind one way of asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from metrics.semantic import Query, SemanticLayer


@dataclass(frozen=True)
class Engine:
    """``execute(sql, parameters)`` returns a cursor; ``mark`` is the driver's parameter."""

    dialect: str
    execute: Any
    mark: str

    def ask(self, layer: SemanticLayer, query: Query) -> tuple[list[str], list[tuple[Any, ...]]]:
        """(column names, rows) with decimals as floats."""
        cursor = self.execute(layer.compile(query, self.dialect))
        names = [item[0] for item in cursor.description]
        return names, [
            tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in cursor.fetchall()
        ]


def postgres(connection: Any) -> Engine:
    def execute(sql: str, parameters: Sequence[Any] | None = None) -> Any:
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        return cursor

    return Engine("postgres", execute, "%s")
