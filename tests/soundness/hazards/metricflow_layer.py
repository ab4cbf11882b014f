"""MetricFlow 0.213 behind the adapter. It answers queries; published values, their states and alerts are not its business."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.soundness.hazards.case import Question, Row
from tests.soundness.hazards.layers import CannotBeAskedError, Prepared, RefusedError
from tests.soundness.metricflow_oracle import MetricFlow


class MetricFlowLayer:
    """Compiles with MetricFlow and runs the SQL on the case's own tables."""

    name = "MetricFlow 0.213"

    def __init__(self) -> None:
        self._engines: dict[Path, MetricFlow] = {}

    def answer(self, prepared: Prepared, question: Question) -> Sequence[Row]:
        if question.query is None:
            raise CannotBeAskedError("it keeps no values, states or alerts")
        query = question.query
        options = query.keys() - {"metrics", "group_by", "where", "start", "end"}
        if options:
            raise CannotBeAskedError(f"its queries have no option {', '.join(sorted(options))}")
        if prepared.manifest not in self._engines:
            self._engines[prepared.manifest] = MetricFlow(prepared.manifest)
        engine = self._engines[prepared.manifest]
        keys, metrics = list(query.get("group_by", ())), list(query["metrics"])
        try:
            sql = engine.compile(metrics, keys, list(query.get("where", ())), query.get("start"), query.get("end"))
        except Exception as error:  # MetricFlow's refusals have no common class
            raise RefusedError(str(error)) from error
        cursor = prepared.con.execute(sql)
        names = [item[0] for item in cursor.description or ()]
        places = [names.index(name) for name in (*keys, *metrics)]
        return [tuple(row[place] for place in places) for row in cursor.fetchall()]
