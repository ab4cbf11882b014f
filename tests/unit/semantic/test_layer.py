"""The public door: what it lists, explains and compiles, and what it costs."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import date

import pytest
import sqlglot

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.complete import Bounds
from metrics.semantic.render import DIALECTS
from tests.soundness.conftest import MANIFEST
from tests.unit.semantic.manifests import shop
from tests.unit.semantic.test_zones import calls

QUERY = Query(
    ["amount", "conversion"],
    ["metric_time__month", "session"],
    where=["{{ Dimension('session__device') }} = 'it''s'"],
    start=date(2024, 1, 1),
    end=date(2024, 3, 31),
)


@pytest.fixture
def layer() -> SemanticLayer:
    return SemanticLayer(shop())


def test_the_package_is_light_to_import() -> None:
    code = (
        "import sys, metrics.semantic; print([m for m in ('sqlglot', 'pydantic', 'duckdb', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_dimensions_are_those_that_every_measure_reaches(layer: SemanticLayer) -> None:
    assert layer.dimensions("orders")[:6] == [
        *("metric_time__day", "metric_time__week", "metric_time__month", "metric_time__quarter", "metric_time__year"),
        "customer",
    ]
    assert "order__status" in layer.dimensions("orders")
    assert "order__status" not in layer.dimensions("conversion")
    assert "session__device" in layer.dimensions("conversion")
    assert "metric_time__week" not in layer.dimensions("growth")
    assert layer.dimensions("budget")[:3] == ["metric_time__month", "metric_time__quarter", "metric_time__year"]
    with pytest.raises(QueryError, match="no metric 'x'"):
        layer.dimensions("x")


@pytest.mark.parametrize(
    ("metrics", "where", "forms"),
    [
        (
            ["orders"],
            "{{ Dimension('order__customer') }} = 1",
            ["{{ Entity('customer') }}", "{{ Entity('order__customer') }}"],
        ),
        (["orders"], "{{ Entity('order__status') }} = 1", ["{{ Dimension('order__status') }}"]),
        # Of two names that end alike only the one that every metric reaches.
        (["conversion"], "{{ Dimension('order__at') }} > 1", ["{{ TimeDimension('session__at', 'day') }}"]),
        (["orders"], "custmer = 1", ["{{ Entity('customer') }}", "{{ Entity('order__customer') }}"]),
        (["sessions"], "device = 'mobile'", ["{{ Dimension('session__device') }}"]),
        (["sessions"], "{{ device }} = 'mobile'", ["{{ Dimension('session__device') }}"]),
        (["orders"], "metric_time > 1", ["{{ TimeDimension('metric_time', 'day') }}"]),
    ],
)
def test_a_refused_filter_names_what_to_write(
    layer: SemanticLayer, metrics: list[str], where: str, forms: list[str]
) -> None:
    with pytest.raises(QueryError) as refused:
        layer.compile(Query(metrics, where=[where]))
    told = str(refused.value)
    assert [f"{{{{{form}" for form in told.partition(". Write ")[2].split("{{")[1:]] == [
        *(f"{form} or " for form in forms[:-1]), f"{forms[-1]}."
    ]  # fmt: skip
    for form in forms:
        assert layer.compile(Query(metrics, where=[f"{form} is not null"]))


def test_every_dimension_listed_can_be_asked_for() -> None:
    layer = SemanticLayer.from_manifest(MANIFEST)
    for metric in ("conversion_rate", "items", "balance", "tickets_solved"):
        for name in layer.dimensions(metric):
            assert layer.compile(Query([metric], [name]))


def test_metrics_carry_their_definition(layer: SemanticLayer) -> None:
    metric = layer.metrics["conversion"]
    assert (metric.name, metric.label, metric.type, metric.inputs) == (
        "conversion",
        "conversion",
        "ratio",
        ("orders", "sessions"),
    )


def test_an_explanation_says_what_is_read_and_how(layer: SemanticLayer) -> None:
    explained = layer.explain(QUERY)
    assert {fact.relation for fact in explained.facts} == {"core.orders", "core.sessions"}
    text = str(
        layer.explain(Query(["growth", "trailing"], ["metric_time__month"], start=date(2024, 3, 1), end=date(2024, 3, 31)))
    )
    assert "read core.orders (orders), at 2024-02-01 to 2024-02-29" in text
    assert "accumulated over the last 7 days" in text
    assert "then join the 3 results on metric_time__month" in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_rendered_and_parses(dialect: str) -> None:
    layer = SemanticLayer.from_manifest(MANIFEST)
    for name in layer.metrics:
        sql = layer.compile(Query([name], ["metric_time__day"], start=date(2024, 1, 1), end=date(2024, 1, 31)), dialect)
        assert len(sqlglot.parse(sql, read=dialect)) == 1


OPTIONS = {
    "compare": Query(
        ["conversion_rate", "spend"], ["metric_time__month", "channel"], compare=["previous_period", "same_period_last_year"]
    ),
    "totals and shares": Query(
        ["orders"], ["metric_time__week", "channel"], totals=True, share_of_total=True, order_by=["-orders"], limit=5
    ),
    "a window at the end": Query(["amount_trailing_7d", "visitors_trailing_3d"], end=date(2024, 3, 31)),
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_option_is_rendered_in_every_dialect_and_parses(dialect: str, option: str) -> None:
    sql = SemanticLayer.from_manifest(MANIFEST).compile(OPTIONS[option], dialect)
    (tree,) = sqlglot.parse(sql, read=dialect)
    assert tree is not None
    assert tree.sql(dialect, pretty=True) == sql


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_time_zone_is_rendered_in_every_dialect_and_parses(dialect: str) -> None:
    query = Query(["calls"], ["metric_time__day"], start=date(2024, 3, 31), end=date(2024, 3, 31), timezone="Europe/Berlin")
    sql = SemanticLayer(calls()).compile(query, dialect)
    assert len(sqlglot.parse(sql, read=dialect)) == 1
    assert sql.count("'Europe/Berlin'") == 2


def test_compiled_text_is_kept_by_manifest_and_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that loads an equal manifest does not plan again; another manifest, query or dialect does."""
    planned: list[Query] = []
    plan = SemanticLayer._plan

    def counted(self: SemanticLayer, query: Query, bounds: Bounds) -> object:
        planned.append(query)
        return plan(self, query, bounds)

    monkeypatch.setattr(SemanticLayer, "_plan", counted)
    query = Query(["amount"], ["metric_time__year"], limit=987)
    texts = {SemanticLayer(shop()).compile(query) for _ in range(3)}
    assert (len(texts), len(planned)) == (1, 1)
    SemanticLayer(shop()).compile(query, "postgres")
    SemanticLayer(shop(), history_start=date(2024, 1, 1)).compile(query)
    SemanticLayer(shop()).compile(replace(query, limit=986))
    SemanticLayer(replace(shop(), digest="another")).compile(query)
    assert len(planned) == 5


def test_an_unknown_dialect_is_refused(layer: SemanticLayer) -> None:
    with pytest.raises(QueryError, match="dialect 'mysql' is not known; expected one of duckdb, postgres"):
        layer.compile(Query(["orders"]), "mysql")


def test_names_and_texts_cannot_leave_their_quotes(layer: SemanticLayer) -> None:
    sql = layer.compile(QUERY)
    assert "'it''s'" in sql
    with pytest.raises(QueryError):
        layer.compile(Query(['orders" from x; drop table y --']))
    with pytest.raises(QueryError):
        layer.compile(Query(["orders"], ['customer" from x --']))
    with pytest.raises(QueryError):
        layer.compile(Query(["orders"], order_by=["orders; drop table x"]))


def test_compiling_is_cheap(capsys: pytest.CaptureFixture[str]) -> None:
    """Printed, not asserted: the machine may be busy."""
    layer = SemanticLayer.from_manifest(MANIFEST)
    eight = ["orders", "amount", "sessions", "conversion_rate", "spend", "tickets_created", "bounce_rate", "net_amount"]
    for metrics in (["orders"], eight):
        took = []
        for day in range(1, 29):
            query = Query(metrics, ["metric_time__day"], start=date(2024, 1, day), end=date(2024, 3, 31))
            began = time.perf_counter()
            layer.compile(query)
            took.append(time.perf_counter() - began)
        with capsys.disabled():
            print(f"\ncompile, {len(metrics)} metrics: {sorted(took)[len(took) // 2] * 1000:.2f} ms")
