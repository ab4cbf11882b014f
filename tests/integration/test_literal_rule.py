"""The literal rule against what was planted in the demo company: hits, misses, false alarms."""

from __future__ import annotations

import json
from datetime import date, timedelta

import duckdb
import pytest

from tests.conftest import BuiltWorkspace

pytestmark = pytest.mark.integration


def test_every_planted_one_day_incident_beyond_the_threshold_is_hit(
    demo: BuiltWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = json.loads((demo.files / "truth.json").read_text())
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        swings = {
            (metric, day): (verdict, change, threshold)
            for metric, day, verdict, change, threshold in con.execute(
                "select metric, day, verdict, change, threshold from mart.swings where segment_dimension = ''"
            ).fetchall()
        }
        alerts = set(con.execute("select metric, day from mart.alerts").fetchall())
        # What the rule is about, computed anew: closed neighbours with enough volume that differ by more than the threshold.
        expected = {
            (metric, day)
            for metric, day in con.execute(
                """select today.metric, today.period_start
                from mart.kpi_current as today
                join mart.kpi_current as yesterday
                  on yesterday.metric = today.metric and yesterday.grain = 'day' and yesterday.segment_dimension = ''
                 and yesterday.period_start = today.period_start - 1
                join mart.dim_kpi as kpi on kpi.metric = today.metric
                where today.grain = 'day' and today.segment_dimension = '' and kpi.kind = 'kpi'
                  and today.state <> 'open' and yesterday.state <> 'open' and yesterday.value > 0
                  and today.n >= kpi.minimum_n and yesterday.n >= kpi.minimum_n
                  and abs(today.value / yesterday.value - 1) > kpi.threshold"""
            ).fetchall()
        }
    planted, hits, misses, exempt = [], [], [], []
    for incident in truth["incidents"]:
        if incident["kind"] not in ("spike", "drop") or incident["from"] != incident["to"] or incident["segment_dimension"]:
            continue
        day = date.fromisoformat(incident["from"])
        for metric in incident["metrics"]:
            verdict = swings.get((metric, day), (None,))[0]
            if verdict is None:
                continue
            planted.append((metric, day))
            if (metric, day) in alerts:
                hits.append((metric, day))
            elif verdict in ("below_volume", "open", "zero_base") or verdict == "ok":
                exempt.append((metric, day, verdict))
            else:
                misses.append((metric, day, verdict))
    incident_days = {
        (metric, date.fromisoformat(i["from"]) + timedelta(days=offset))
        for i in truth["incidents"]
        for metric in i["metrics"]
        for offset in range((date.fromisoformat(i["to"]) - date.fromisoformat(i["from"])).days + 2)
    }
    false_alarms = sorted(alerts - incident_days)
    months = len({day.replace(day=1) for _, day in swings}) * len({metric for metric, _ in swings})
    with capsys.disabled():
        print(
            f"\nliteral rule: {len(planted)} planted one-day incidents on watched KPIs, {len(hits)} hit, {len(misses)} missed,"
            f" {len(exempt)} below the threshold or too small; {len(false_alarms)} false alarms"
            f" = {len(false_alarms) / months:.2f} per KPI and month"
        )
    assert hits
    assert not misses
    # The rule fires where it must; `alert: bad` KPIs are quiet about good news, so they are compared by verdict.
    assert {pair for pair in expected if swings[pair][0] == "breach"} <= alerts
    for metric, day, verdict in exempt:
        if verdict == "ok":
            assert (metric, day) not in expected or swings[(metric, day)][1] is not None
