"""What `kpi tree` and `kpi pairs` print."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table
from rich.text import Text
from rich.tree import Tree as Drawn

from dagster_project.console import WIDTH, console, period, print_rows, status_text
from dagster_project.words import Words
from metrics.alerts.events import shown
from metrics.workspace import Workspace
from serving.alignment import flat_edges, nested, pair_tables, read_tree, serves

_MARK = {"formula": "= ", "influence": "~ ", "sibling": "↔ ", "team": "→ ", "goal": ""}
_LEGEND = "= a term of the formula, ~ influences, → a team's part of the goal, ↔ read beside; … shown above"


def print_tree(ws: Workspace, name: str | None, output: str) -> None:
    """Goals with the KPIs that serve them, or one KPI with what it is made of."""
    tree, say = read_tree(ws), Words(ws.language)
    if output == "csv":
        print_rows(flat_edges(tree), "csv")
        return
    roots = nested(tree, name)
    if output == "json":
        print(json.dumps({"tree": roots, "goals": tree.cascade}, default=str, ensure_ascii=False, indent=2))
        return
    out = console()
    if name is not None:
        key = name if name in tree.nodes else f"goal:{name}"
        above = [str(tree.nodes[one]["title"]) for one in serves(tree, key) if one in tree.nodes]
        if above:
            out.print(Text(say("Serves: {titles}", titles=say(", ").join(above)), style="dim"))
    for root in roots:
        drawn = Drawn(_label(root, ws, say, 0), guide_style="dim")
        _grow(drawn, root, ws, say, 1)
        out.print(drawn)
    out.print(Text(say(_LEGEND), style="dim"))
    if name is None or name in {row["goal"] for row in tree.cascade} | {row["metric"] for row in tree.cascade}:
        _print_cascade(ws, [row for row in tree.cascade if name in (None, row["goal"], row["metric"])], say)


def _grow(drawn: Drawn, node: dict[str, Any], ws: Workspace, say: Words, depth: int) -> None:
    for child in node["children"]:
        _grow(drawn.add(_label(child, ws, say, depth)), child, ws, say, depth + 1)


def _label(node: dict[str, Any], ws: Workspace, say: Words, depth: int) -> Text:
    text = Text(_MARK.get(node["relation"] or "", ""), style="dim", no_wrap=True, overflow="ellipsis")
    if node["kind"] == "goal":
        text.append(str(node["title"]), style="bold")
    else:
        text.append(str(node["title"]), style="")
        text.append(f"  {_value(node, ws, say)}")
        if node.get("status"):
            text.append("  ").append_text(status_text(node["status"], say))
        if node["formula"] and not node["is_repeated"]:
            text.append(f"  = {node['formula']}", style="dim")
    if node["is_repeated"]:
        text.append(" …", style="dim")
    # a guide takes four columns for each level
    text.truncate(max(20, WIDTH - 4 * depth), overflow="ellipsis")
    return text


def _value(node: dict[str, Any], ws: Workspace, say: Words) -> str:
    if not node.get("is_connected"):
        needed = str(node.get("missing_entities") or "")
        return say("not connected: map {entities}", entities=needed) if needed else say("not connected")
    if node.get("value") is None:
        return say("no data")
    return f"{shown(node['value'], node['unit'], ws.currency, ws.language)} ({period(node)})"


def _print_cascade(ws: Workspace, rows: list[dict[str, Any]], say: Words) -> None:
    """Concrete goals: what each team's KPI has to do, and whether it is on the way."""
    out = console()
    for row in rows:
        subject = row["goal_title"] if not row["team"] else f"{row['team']}: {row['title']}"
        line = Text("" if row["team"] else "\n").append("  " if row["team"] else "", style="dim")
        line.append(f"{subject}  ", style="" if row["team"] else "bold").append_text(status_text(row["status"], say))
        if row["current_value"] is not None and row["expected_value"] is not None:
            numbers = {
                key: shown(row[f"{key}_value"], row["unit"], ws.currency, ws.language) for key in ("current", "expected")
            }
            line.append("  " + say("{current}, expected by now {expected}", **numbers))
        out.print(line)
        out.print(Text(f"    {row['explanation']}" if row["team"] else f"  {row['explanation']}", style="dim"))


def print_pairs(ws: Workspace, name: str | None, output: str) -> None:
    """Two teams' KPIs side by side, one row per member of the dimension."""
    say, out = Words(ws.language), console()
    found = list(pair_tables(ws, name))
    if output == "json":
        print(json.dumps([{**head, "rows": rows} for head, rows in found], default=str, ensure_ascii=False, indent=2))
        return
    for head, rows in found:
        if output == "csv":
            print_rows([{"pair": head["pair"], "period_start": head["period_start"], **row} for row in rows], "csv")
            continue
        out.print(Text(f"{head['title']}  {period(head)}", style="bold"))
        out.print(_pair_table(ws, head, rows, say))
        missing = [member["metric"] for member in head["metrics"] if not member["is_connected"]]
        if missing:
            out.print(Text(say("Not connected: {names} (kpi list --all).", names=say(", ").join(missing)), style="dim"))


def _pair_table(ws: Workspace, head: dict[str, Any], rows: list[dict[str, Any]], say: Words) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(say.dimension(head["dimension"]), no_wrap=True)
    for member in head["metrics"]:
        table.add_column(f"{member['team']}\n{member['metric_title']}", justify="right", overflow="fold")
    for row in rows:
        cells = [row[head["dimension"]] or say("all")]
        for member in head["metrics"]:
            value = row[member["metric"]]
            cells.append("" if value is None else shown(value, member["unit"], ws.currency, ws.language))
        table.add_row(*cells)
    return table
