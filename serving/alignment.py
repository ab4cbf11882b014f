"""The driver tree, pairs of teams, goals and guardrail flags as the published snapshot has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metrics.errors import QueryError, did_you_mean
from metrics.warehouse import open_published
from serving.snapshot import Row, has_table, require_table, rows

if TYPE_CHECKING:
    import duckdb

    from metrics.workspace import Workspace

_ORDER = {"goal": 0, "team": 1, "formula": 2, "influence": 3, "sibling": 4}
NODES = """
with latest as (
    select metric, grain, period_start, value,
        lag(value) over (partition by metric, grain order by period_start) as previous_value
    from mart.kpi_current
    where segment_dimension = '' and state <> 'open' and value is not null
    qualify row_number() over (partition by metric order by grain = 'month' desc, period_start desc) = 1
)
select d.metric, d.title_{language} as title, d.unit, d.owner, d.is_connected, d.missing_entities,
    coalesce(s.grain, l.grain) as grain,
    case when s.metric is null then l.period_start else s.period_start end as period_start,
    case when s.metric is null then l.value else s.value end as value, s.target, s.status,
    case when s.metric is not null then s.change
        when l.previous_value > 0 then l.value / l.previous_value - 1 end as change
from mart.dim_kpi as d
left join mart.kpi_status as s on s.metric = d.metric and s.is_headline
left join latest as l on l.metric = d.metric
"""
_GOALS = "select goal, title_{language} as title, parent from mart.dim_goal"
_EDGES = "select parent_kind, parent, child, relation, formula from mart.kpi_tree"
_CASCADE = """
select c.*, g.title_{language} as goal_title, d.title_{language} as title, c.explanation_{language} as explanation
from mart.goal_cascade as c join mart.dim_goal as g using (goal) left join mart.dim_kpi as d on d.metric = c.metric
"""
_FLAGS = """
select metric, guardrail, grain, periods_apart, period_start, previous_start, value, previous_value, guardrail_value,
    guardrail_previous_value, is_latest, sentence_{language} as sentence
from mart.kpi_guardrail_flags
where (? is null or metric = ? or guardrail = ?) and (not ? or is_latest)
order by period_start desc, metric, guardrail
"""
_PAIRS = """
select p.pair, p.title_{language} as title, p.dimension, p.grain, p.metric, p.side, p.team, p.position, p.is_connected,
    coalesce(d.title_{language}, p.metric) as metric_title, d.unit
from mart.dim_pair as p left join mart.dim_kpi as d on d.metric = p.metric
order by p.pair, p.side, p.position
"""
_PAIR_VALUES = """
select segment_value, metric, value, n from mart.kpi_pairs
where pair = ? and period_start = ? and segment_dimension = ?
"""


@dataclass(frozen=True)
class Tree:
    """The nodes and edges of the published tree. ``edges``: parent -> its children with relation and formula."""

    nodes: dict[str, Row]
    edges: dict[str, list[Row]]
    above: dict[str, list[str]]
    cascade: list[Row]


def read_tree(ws: Workspace) -> Tree:
    """The whole tree; goals have the key ``goal:<id>``. Raises RunError before the first run."""
    with open_published(ws) as con:
        require_table(con, ws, "kpi_tree")
        nodes = {row["metric"]: {"kind": "kpi", **row} for row in rows(con, NODES.format(language=ws.language))}
        goals = rows(con, _GOALS.format(language=ws.language))
        found = rows(con, _EDGES)
        cascade = rows(con, _CASCADE.format(language=ws.language))
    nodes |= {f"goal:{row['goal']}": {"kind": "goal", "title": row["title"]} for row in goals}
    edges: dict[str, list[Row]] = {}
    above: dict[str, list[str]] = {}
    for edge in found:
        parent = f"goal:{edge['parent']}" if edge["parent_kind"] == "goal" else edge["parent"]
        edges.setdefault(parent, []).append(edge)
        if edge["relation"] != "sibling":
            above.setdefault(edge["child"], []).append(parent)
    return Tree(nodes, edges, above, cascade)


def nested(tree: Tree, name: str | None = None) -> list[Row]:
    """The tree from the goals down, or from one KPI or goal, as nested nodes. A node whose children stand elsewhere
    already is ``is_repeated``. Raises QueryError for an unknown name."""
    if name is None:
        roots = [key for key in tree.nodes if key.startswith("goal:") and not tree.above.get(key)]
        lone = [key for key in tree.edges if not key.startswith("goal:") and not _under_a_goal(tree, key)]
        seen: set[str] = set()
        return [_node(tree, key, None, seen) for key in (*roots, *lone)]
    key = name if name in tree.nodes else f"goal:{name}"
    if key not in tree.nodes:
        known = [one.removeprefix("goal:") for one in tree.nodes]
        raise QueryError(f"there is no KPI or goal '{name}'.{did_you_mean(name, known)} `kpi tree` shows all.")
    return [_node(tree, key, None, set())]


def serves(tree: Tree, key: str) -> list[str]:
    """The way up from a node: its parents' keys, nearest first."""
    found: list[str] = []
    waiting = list(tree.above.get(key, ()))
    while waiting:
        parent = waiting.pop(0)
        if parent not in found:
            found.append(parent)
            waiting += tree.above.get(parent, ())
    return found


def _under_a_goal(tree: Tree, key: str) -> bool:
    return any(one.startswith("goal:") for one in serves(tree, key))


def _node(tree: Tree, key: str, edge: Row | None, seen: set[str]) -> Row:
    found = tree.nodes.get(key, {"kind": "kpi", "title": key, "is_connected": False, "missing_entities": ""})
    node = {"id": key.removeprefix("goal:"), **{k: v for k, v in found.items() if k != "metric"}}
    node |= {"relation": edge["relation"] if edge else None, "formula": _formula(tree, key), "children": []}
    node["is_repeated"] = key in seen and bool(tree.edges.get(key))
    if node["is_repeated"] or (edge and edge["relation"] == "sibling"):
        return node
    seen.add(key)
    node["children"] = [_node(tree, one["child"], one, seen) for one in _children(tree, key)]
    return node


def _children(tree: Tree, key: str) -> list[Row]:
    """Below a goal only the KPIs that no other KPI of the same goal stands above: those come deeper."""
    edges = sorted(tree.edges.get(key, ()), key=lambda edge: _ORDER[edge["relation"]])
    if not key.startswith("goal:"):
        return edges
    own = {edge["child"] for edge in edges}
    return [edge for edge in edges if not own.intersection(serves(tree, edge["child"]))]


def _formula(tree: Tree, key: str) -> str | None:
    return next((edge["formula"] for edge in tree.edges.get(key, ()) if edge["relation"] == "formula"), None)


def flat_edges(tree: Tree) -> list[Row]:
    """Every edge with the value and status of its child, for machines."""
    return [
        {
            **edge,
            **{name: tree.nodes.get(edge["child"], {}).get(name) for name in ("grain", "period_start", "value", "status")},
        }
        for edges in tree.edges.values()
        for edge in edges
    ]


def guardrail_flags(ws: Workspace, *, latest: bool = False) -> list[Row]:
    """Flags, the newest first: all, or only those of the last periods."""
    with open_published(ws) as con:
        return flags_in(con, ws.language, None, latest=latest)


def flags_in(con: duckdb.DuckDBPyConnection, language: str, metric: str | None, *, latest: bool = False) -> list[Row]:
    """The same of one open snapshot; those of one ``metric``, as KPI or as guardrail, where it is given."""
    if not has_table(con, "kpi_guardrail_flags"):
        return []
    return rows(con, _FLAGS.format(language=language), [metric, metric, metric, latest])


def pair_tables(ws: Workspace, name: str | None = None) -> Iterator[tuple[Row, list[Row]]]:
    """Each pair with its table: one row for all and one per segment, one column per metric, at the last closed period
    that all connected metrics have. Raises QueryError for an unknown pair."""
    with open_published(ws) as con:
        require_table(con, ws, "kpi_pairs")
        found: dict[str, list[Row]] = {}
        for row in rows(con, _PAIRS.format(language=ws.language)):
            found.setdefault(row["pair"], []).append(row)
        if name is not None and name not in found:
            raise QueryError(f"there is no pair '{name}'.{did_you_mean(name, found)} `kpi pairs` shows all.")
        for pair, members in found.items():
            if name in (None, pair):
                yield _pair_table(con, pair, members)


def _pair_table(con: duckdb.DuckDBPyConnection, pair: str, members: list[Row]) -> tuple[Row, list[Row]]:
    first = members[0]
    latest = con.execute(
        "select min(latest) from (select max(period_start) as latest from mart.kpi_pairs where pair = ? group by metric)",
        [pair],
    ).fetchone()
    start = latest[0] if latest else None
    head = {"pair": pair, "title": first["title"], "dimension": first["dimension"], "grain": first["grain"],
            "period_start": start, "metrics": members}  # fmt: skip
    if start is None:
        return head, []
    table: dict[str, Row] = {}
    for dimension in ("", first["dimension"]):
        for row in rows(con, _PAIR_VALUES, [pair, start, dimension]):
            line = table.setdefault(row["segment_value"], {first["dimension"]: row["segment_value"]})
            line[row["metric"]] = row["value"]
    names = [member["metric"] for member in members]
    filled = [{**dict.fromkeys([first["dimension"], *names]), **line} for line in table.values()]
    return head, sorted(filled, key=lambda line: (line[first["dimension"]] != "", -(line.get(names[0]) or 0)))
