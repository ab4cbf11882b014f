"""The scorecard that a run prints: KPIs, why some are not judged, alerts, what the run did. In the workspace's language."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.console import console, percent, period, sparkline, status_text, within
from dagster_project.progress_view import milestone_lines, pace_line
from dagster_project.run import RunReport
from dagster_project.score_view import print_scores
from dagster_project.words import Words
from metrics.alerts.events import HISTORIC_AFTER, shown
from metrics.workspace import Workspace
from serving.published import Scorecard, scorecard
from serving.reasons import missing_entities, reasons
from serving.scorecards import first_kpis

# Up to so many KPIs are shown whole; of more, those to read first and so many that are off track or at risk.
_MOST_KPIS = 20
_MOST_ALERTS = 12
_MOST_WARNINGS = 6
_MOST_NAMED = 6
# Together with one space between them: 100 columns.
_COLUMNS: tuple[tuple[str, Literal["left", "right"], int], ...] = (
    ("KPI", "left", 25),
    ("period", "left", 8),
    ("value", "right", 11),
    ("target", "right", 11),
    ("status", "left", 11),
    ("change", "right", 7),
    ("last 13", "left", 13),
    ("timing", "left", 7),
)
_LEGEND = "✓ on track from 98% of the target, ! at risk from 90%, ✗ off track below; a KPI may draw other lines."
# KPIs that are not shown one by one, by status.
_COUNTED = {
    "off_track": "{count} off track", "at_risk": "{count} at risk", "on_track": "{count} on track",
    "too_few": "{count} with too few observations", "too_early": "{count} too early to judge",
    "no_data": "{count} without data", "no_target": "{count} without a target",
}  # fmt: skip
# What the formula of a KPI found missing in its period.
_OF_A_PERIOD = {
    "no_rows": "No data, because there is no row to compute it from: {titles}.",
    "first_period": "No data, because the history starts on {day}, and the period before has no value: {titles}.",
    "no_earlier": "No data, because the earlier period it is compared with has no value, or 0: {titles}.",
    "no_divisor": "No data, because what it is divided by is 0 or missing: {titles}.",
}
_MARKS = {"critical": ("✗", "red"), "warning": ("!", "yellow")}


def print_run(ws: Workspace, report: RunReport) -> None:
    """Scorecard, reasons, alerts, seconds per step, and where the published file is."""
    out, say, card = console(), Words(ws.language), scorecard(ws)
    out.print(Text(say("{name} on {day}", name=ws.name, day=card.today), style="bold"))
    _print_kpis(out, ws, card.rows, say)
    out.print(within(say(_LEGEND), out.width, "dim"))
    for line in [pace_line(card.rows, say), *_reasons(ws, card, say)]:
        if line is not None:
            out.print(within(line, out.width, "dim"))
    print_scores(out, ws, say)
    out.print()
    for event in milestone_lines(card.milestones, ws.currency, say):
        out.print(within(event, out.width))
    _print_alerts(out, card, say)
    _print_end(out, report, card, say)


def _print_kpis(out: Console, ws: Workspace, rows: list[dict[str, Any]], say: Words) -> None:
    """All KPIs where they are few. Of many: North Star and the company's scorecard, what is off track or at risk, worst
    first, and how many others there are."""
    if len(rows) <= _MOST_KPIS:
        out.print(kpi_table(ws, rows, say))
        return
    known = {row["metric"]: row for row in rows}
    first = [known[name] for name in first_kpis(ws) if name in known]
    others = [row for row in rows if row not in first]
    behind = [row for row in others if row["status"] in ("off_track", "at_risk")][:_MOST_KPIS]
    out.print(kpi_table(ws, first, say))
    if behind:
        if first:
            out.print(Text(say("Off track or at risk, worst first:"), style="dim"))
        out.print(kpi_table(ws, behind, say, head=not first))
    rest = Counter(row["status"] for row in others if row not in behind)
    counted = [say(_COUNTED[status], count=rest[status]) for status in _COUNTED if rest[status]]
    if counted:
        out.print(Text(say("And {counts}: kpi list", counts=say(", ").join(counted))))


def kpi_table(ws: Workspace, rows: list[dict[str, Any]], say: Words, *, head: bool = True) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=head)
    for name, justify, width in _COLUMNS:
        # A title that is longer goes on in the next line: cut off, two KPIs may look like one.
        table.add_column(say(name), justify=justify, no_wrap=name != "KPI", overflow="fold", width=width)
    for row in rows:
        value, target = (
            "" if row[name] is None else shown(row[name], row["unit"], ws.currency, ws.language)
            for name in ("value", "target")
        )
        table.add_row(
            row["title"], period(row), value, target, status_text(row["status"], say), percent(row["change"]),
            sparkline(row["trend_values"] or []), say(row["timing"]) if row["timing"] else "",
        )  # fmt: skip
    return table


def _reasons(ws: Workspace, card: Scorecard, say: Words) -> list[str]:
    """One line per reason for which KPIs have no value or no verdict, and one for those that are not connected."""
    found: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    for row, why in zip(card.rows, reasons(ws, card.rows), strict=True):
        if why in ("no_whole_period", "not_mature"):
            found[why, row["grain"], row["matures_after_days"]].append(row)
        elif why is not None:
            found[why, "", 0].append(row)
    lines = [_reason_line(*key, rows, ws, say) for key, rows in sorted(found.items())]
    if card.not_connected:
        wanted = [f"{entity} ({count})" for entity, count in missing_entities(card.not_connected).items()]
        sentence = "Not connected: {count} KPIs. What to map, and how many need it: {entities} (kpi list --all)."
        if len(card.not_connected) == 1:
            sentence = "Not connected: {count} KPI. What to map: {entities} (kpi list --all)."
        lines.append(say(sentence, count=len(card.not_connected), entities=_listed(wanted, say)))
    return lines


def _reason_line(why: str, grain: str, days: int, rows: list[dict[str, Any]], ws: Workspace, say: Words) -> str:
    titles = [row["title"] for row in rows]
    if why == "nothing_closed":
        return say("No data, because no day is closed yet: {titles}.", titles=_listed(titles, say))
    if why == "no_whole_period":
        sentence = "No data, because no whole {grain} since {day} is closed yet: {titles}."
        return say(sentence, grain=say.grain(grain), day=ws.history_start, titles=_listed(titles, say))
    if why == "not_mature":
        sentence = (
            "Too early, because no whole {grain} since {day} ended {days} days ago, which they need to be judged: {titles}."
        )
        return say(sentence, grain=say.grain(grain), day=ws.history_start, days=days, titles=_listed(titles, say))
    if why in _OF_A_PERIOD:
        named = [say("{title} ({period})", title=row["title"], period=period(row)) for row in rows]
        return say(_OF_A_PERIOD[why], day=ws.history_start, titles=_listed(named, say))
    sentence = "{title} ({n} of at least {minimum})"
    named = [say(sentence, title=row["title"], n=f"{row['n']:,}", minimum=f"{row['minimum_n']:,}") for row in rows]
    return say("Too few observations to judge: {titles}.", titles=_listed(named, say))


def _listed(names: list[str], say: Words) -> str:
    more = [say("and {count} more", count=len(names) - _MOST_NAMED)] if len(names) > _MOST_NAMED else []
    return say(", ").join([*names[:_MOST_NAMED], *more])


def _print_alerts(out: Console, card: Scorecard, say: Words) -> None:
    """The alerts of the last days. What lies further back is counted: swings that were past when first seen are no news."""
    counts = (
        (card.alerts_before, "{count} older alert", "{count} older alerts"),
        (card.swings_before, "{count} swing in the past", "{count} swings in the past"),
    )
    older = say(", ").join(say(one if count == 1 else many, count=count) for count, one, many in counts if count)
    older = say(" ({older}: kpi alerts --all)", older=older) if older else ""
    days = HISTORIC_AFTER.days
    if not card.alerts:
        out.print(Text(say("No alert in the last {days} days{older}.", days=days, older=older)))
        return
    out.print(Text(say("Alerts of the last {days} days: {count}{older}", days=days, count=len(card.alerts), older=older)))
    listed = Table.grid(padding=(0, 1))
    listed.add_column(width=3, justify="right")
    listed.add_column(overflow="fold")
    for alert in card.alerts[:_MOST_ALERTS]:
        mark, style = _MARKS.get(alert["severity"], ("·", "dim"))
        listed.add_row(Text(mark, style=style), Text(alert["message"], style=style))
    out.print(listed)
    if len(card.alerts) > _MOST_ALERTS:
        more = len(card.alerts) - _MOST_ALERTS
        out.print(Text("  " + say("... and {count} more: kpi alerts --days {days}", count=more, days=days)))


def _print_end(out: Console, report: RunReport, card: Scorecard, say: Words) -> None:
    out.print()
    if report.nothing_new:
        out.print(say("Nothing new since the last run: no source, definition or setting has changed."))
    else:
        steps = sorted(report.seconds_by_step.items(), key=lambda item: -item[1])
        shown_steps = say(", ").join(say("{step} {seconds} s", step=name, seconds=f"{took:.1f}") for name, took in steps[:6])
        took = sum(report.seconds_by_step.values())
        out.print(Text(say("Steps: {steps}; all {seconds} s", steps=shown_steps, seconds=f"{took:.1f}")), soft_wrap=True)
    if report.quarantined:
        one = "1 row could not be read ({example}). kpi quarantine --rows shows it."
        several = "{count} rows could not be read ({example}). kpi quarantine --rows shows them."
        sentence = one if report.quarantined == 1 else several
        said = say(sentence, count=f"{report.quarantined:,}", example=report.quarantine_example)
        out.print(Text(said, style="yellow"))
    for warning in report.warnings[:_MOST_WARNINGS]:
        out.print(Text(f"! {warning}", style="yellow"))
    if len(report.warnings) > _MOST_WARNINGS:
        more = len(report.warnings) - _MOST_WARNINGS
        one = "... and {count} more failed check: kpi dev shows it"
        several = "... and {count} more failed checks: kpi dev shows them"
        out.print(Text("  " + say(one if more == 1 else several, count=more)))
    for failure in report.delivery_failures:
        out.print(Text(say("An alert could not be sent: {failure}", failure=failure), style="yellow"))
    out.print(Text(say("Published: {path}", path=os.path.relpath(card.path))), soft_wrap=True)
