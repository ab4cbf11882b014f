"""What answers each shape: a statement per engine, all run on one connection. Ours is compiled here, peers in their own processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import duckdb
import sqlglot
from sqlglot import exp

from benchmarks.semantic.agree import answer, differences
from benchmarks.semantic.shapes import Shape, can_route
from metrics.semantic import SemanticLayer

HAND = Path(__file__).resolve().parents[1] / "hand"
BY_HAND, OURS, BY_HAND_DAILY, OURS_DAILY = "hand", "ours", "hand, daily table", "ours, daily table"
NO_ROUTE = "no route"
MOST_SECONDS = 60
_DAILY_TABLES = frozenset({"metrics_daily"})
_SPINES = frozenset({"dim_dates"})


@dataclass(frozen=True)
class Statements:
    """The statements of one shape by engine, and why an engine has none."""

    sql: dict[str, str]
    refused: dict[str, str]


def by_hand(shape: Shape, *, daily: bool = False) -> str:
    return (HAND / f"{shape.name}{'_daily' if daily else ''}.sql").read_text()


def statements(shape: Shape, layer: SemanticLayer) -> Statements:
    """Hand-written and compiled statements, over the facts and over the daily table."""
    sql = {BY_HAND: by_hand(shape), OURS: layer.compile(shape.raw), BY_HAND_DAILY: by_hand(shape, daily=True)}
    routed = layer.compile(shape.query)
    reason = _not_routed(routed)
    if reason:
        return Statements(sql, {OURS_DAILY: reason})
    return Statements({**sql, OURS_DAILY: routed}, {})


def _not_routed(sql: str) -> str | None:
    """Why a statement does not count as read from daily tables alone, or None."""
    if not can_route():
        return NO_ROUTE
    tree = sqlglot.parse_one(sql, read="duckdb")
    facts = {table.name for table in tree.find_all(exp.Table) if table.db} - _SPINES
    others = sorted(facts - _DAILY_TABLES)
    return f"{NO_ROUTE}: reads {', '.join(others)}" if others else None


def agreeing(con: duckdb.DuckDBPyConnection, shape: Shape, found: Statements) -> Statements:
    """Only the statements whose every value is that of the hand-written one; the others are refused with a difference."""
    truth = answer(con, found.sql[BY_HAND])
    kept, refused = {}, dict(found.refused)
    for engine, sql in found.sql.items():
        watch = Timer(MOST_SECONDS, con.interrupt)
        watch.start()
        try:
            told = differences(truth, answer(con, sql), shape.query.group_by)
        except duckdb.InterruptException:
            refused[engine] = f"not in {MOST_SECONDS} s: interrupted"
            continue
        except duckdb.Error as error:
            refused[engine] = f"does not run: {str(error).splitlines()[0]}"
            continue
        finally:
            watch.cancel()
        if told:
            refused[engine] = f"wrong: {len(told)} differences, e.g. {told[0]}"
        else:
            kept[engine] = sql
    return Statements(kept, refused)
