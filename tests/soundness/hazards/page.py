"""The table of docs/correctness.md: every question, and what each layer made of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.soundness.hazards.bellwether import Bellwether
from tests.soundness.hazards.case import Case, Question, Row, load_cases
from tests.soundness.hazards.layers import Layer, Outcome, judge
from tests.soundness.hazards.metricflow_layer import MetricFlowLayer
from tests.soundness.hazards.preparing import prepared

Outcomes = Mapping[tuple[str, str], Mapping[str, Outcome]]


def all_outcomes(cases: Sequence[Case], layers: Sequence[Layer], folder: Path) -> dict[tuple[str, str], dict[str, Outcome]]:
    """(hazard, question) -> layer -> what it made of it."""
    found = {}
    for case in cases:
        with prepared(case, folder) as ready:
            for question in case.questions:
                found[case.name, question.asks] = {layer.name: judge(layer, ready, question) for layer in layers}
    return found


def measured() -> tuple[list[Case], dict[tuple[str, str], dict[str, Outcome]]]:
    """Every case asked of both layers."""
    cases = load_cases()
    with tempfile.TemporaryDirectory() as folder:
        ours = Bellwether(Path(folder), [case for case in cases if "mapping" in case.product])
        return cases, all_outcomes(cases, [ours, MetricFlowLayer()], Path(folder))


def printed(cases: Sequence[Case], outcomes: Outcomes) -> str:
    """The table, the list of what is not built and that of what is not done, as Markdown."""
    lines = [
        f"| hazard | asked | right | a naive layer says | {Bellwether.name} | {MetricFlowLayer.name} |",
        "|---|---|---|---|---|---|",
    ]
    for case in cases:
        for place, question in enumerate(case.questions):
            found = outcomes[case.name, question.asks]
            cells = [
                f"**{case.title}**" if place == 0 else "",
                f"{question.asks} <br>*{question.working}*",
                "no answer: a refusal" if question.right is None else shown(question, question.right),
                shown(question, question.naive),
                _cell(question, found[Bellwether.name], ""),
                _cell(question, found[MetricFlowLayer.name], case.metricflow),
            ]
            lines.append("| " + " | ".join(cells) + " |")
        if not case.questions:
            lines.append(f"| **{case.title}** | {case.trap} | | | not yet built | not asked |")
    lists = [
        *_listed("Not yet built:", [(case, case.not_built) for case in cases]),
        *_listed("What the product does not do:", [(case, case.limits) for case in cases]),
    ]
    return "\n".join([*lines, "", _counted(outcomes), *lists])


def shown(question: Question, rows: Sequence[Row]) -> str:
    """Rows in one line: `key: value, value; ...`."""
    keys = len((question.query or {}).get("group_by", ())) if question.query is not None else 0
    parts = []
    for row in rows:
        names, values = row[:keys], row[keys:]
        told = ", ".join(map(_value, values))
        parts.append(f"{' '.join(map(_value, names))}: {told}" if names else told)
    return "; ".join(sorted(parts)) or "nothing"


def _value(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return f"{float(value):.4g}" if abs(value) < 1 else f"{float(value):g}"
    return str(value)


def _cell(question: Question, outcome: Outcome, note: str) -> str:
    if outcome.verdict == "right":
        return "right (refuses)" if question.right is None else "right"
    if outcome.verdict in ("wrong", "failed"):
        told = outcome.words if outcome.verdict == "failed" else shown(question, outcome.rows)
        return f"**{_VERBS[outcome.verdict]}**: {told}{f' ({note})' if note else ''}"
    return "refuses" if outcome.verdict == "refused" else "cannot be asked"


def _counted(outcomes: Outcomes) -> str:
    told = []
    for name in (Bellwether.name, MetricFlowLayer.name):
        verdicts = [found[name].verdict for found in outcomes.values()]
        parts = [f"{verdicts.count(one)} {word}" for one, word in _WORDS.items() if one in verdicts]
        told.append(f"{name}: {', '.join(parts)}")
    return f"Of {len(outcomes)} questions, {'; '.join(told)}."


_VERBS = {"wrong": "wrong", "failed": "fails"}
_WORDS = {
    "right": "right",
    "wrong": "wrong",
    "failed": "that fail",
    "refused": "refused",
    "not asked": "that cannot be asked",
}


def _listed(heading: str, parts: Sequence[tuple[Case, Sequence[str]]]) -> list[str]:
    """A heading with one point each; nothing where there is no point."""
    points = [f"- **{case.title}**: {' '.join(part.split())}" for case, texts in parts for part in texts]
    return ["", heading, "", *points] if points else []
