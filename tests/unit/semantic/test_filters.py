"""Where strings: what is understood, and what cannot get through."""

from __future__ import annotations

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.filters import parse_filter
from metrics.semantic.query import ElementName
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model

DEVICE = "{{ Dimension('session__device') }}"


def test_a_condition_holds_references_instead_of_columns() -> None:
    (condition,) = parse_filter(f"{DEVICE} = 'mobile'", trusted=False)
    assert condition.text == "session__device = 'mobile'"
    assert [reference.name for reference in condition.references] == [ElementName(("session",), "device")]


def test_conjuncts_are_separate_conditions_and_equal_ones_are_equal() -> None:
    found = parse_filter(f"({DEVICE} = 'mobile' and ({{{{ Entity('channel') }}}} is null or {DEVICE} = 'x'))", trusted=False)
    assert [condition.text for condition in found] == [
        "session__device = 'mobile'",
        "channel IS NULL OR session__device = 'x'",
    ]
    assert found[0] == parse_filter(f"{DEVICE}='mobile'", trusted=True)[0]


def test_conditions_that_print_alike_are_not_equal() -> None:
    """A dimension and an entity of one name, and a text in quotes that looks like what stands for a name."""
    (by_dimension,) = parse_filter("{{ Dimension('customer__region') }} = '1'", trusted=True)
    (by_entity,) = parse_filter("{{ Entity('customer__region') }} = '1'", trusted=True)
    assert by_dimension.text == by_entity.text == "customer__region = '1'"
    assert by_dimension != by_entity
    (hole,) = parse_filter(f"{DEVICE} = '__element_0'", trusted=True)
    (name,) = parse_filter(f"{DEVICE} = 'session__device'", trusted=True)
    assert hole.text == "session__device = '__element_0'"
    assert hole != name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("TimeDimension('metric_time', 'month')", ElementName((), "metric_time", "month")),
        ("TimeDimension('metric_time__week')", ElementName((), "metric_time", "week")),
        ("Dimension('metric_time').grain('DAY')", ElementName((), "metric_time", "day")),
        (
            "TimeDimension('order__shipped_at', 'day', entity_path=['line'])",
            ElementName(("line", "order"), "shipped_at", "day"),
        ),
        ("Dimension('customer__segment', entity_path=['order'])", ElementName(("order", "customer"), "segment")),
        ("Entity('order__customer')", ElementName(("order",), "customer")),
    ],
)
def test_each_way_to_write_a_reference(text: str, name: ElementName) -> None:
    (condition,) = parse_filter("{{" + text + "}} is not null", trusted=False)
    assert condition.references[0].name == name


@pytest.mark.parametrize(
    "text",
    [
        f"{DEVICE} in ('a', 'b') and not {DEVICE} like 'c%'",
        f"lower({DEVICE}) = 'a' or coalesce({DEVICE}, 'none') <> 'none'",
        "{{ TimeDimension('metric_time', 'day') }} between date '2024-01-01' and cast('2024-02-01' as date)",
        "{{ TimeDimension('metric_time', 'day') }} >= date '2024-01-01' - interval 7 day",
        f"{DEVICE} is not distinct from null",
        "{{ TimeDimension('metric_time', 'day') }} < timestamp '2024-01-01 12:00'",
        f"cast({DEVICE} as timestamp) is null and cast({DEVICE} as decimal(18, 2)) > 1 and cast({DEVICE} as decimal) > 1",
        f"{DEVICE} = 'it''s; drop table x --'",
        "{{ Dimension('order__is_large') }}",
    ],
)
def test_ordinary_conditions_pass(text: str) -> None:
    assert parse_filter(text, trusted=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "'x'",
        f"{DEVICE}",
        "channel = 'x'",
        "orders.channel = 'x'",
        f"{DEVICE} = 'x'; drop table core.fct_orders",
        f"{DEVICE} = 'x' union select 1",
        "select 1",
        "(select true)",
        f"{DEVICE} in (select channel from core.fct_orders)",
        "exists (select 1)",
        f"{DEVICE} = (select max(secret) from core.secrets)",
        f"{DEVICE} = getenv('HOME')",
        f"{DEVICE} = current_user",
        f"{DEVICE} = current_setting('x')",
        f"{DEVICE} = version()",
        f"read_csv('x') = {DEVICE}",
        f"{DEVICE} = $1",
        f"{DEVICE} = ?",
        f"{DEVICE} = any(array['x'])",
        f"{DEVICE} = cast('x' as struct(a integer))",
        f"count(*) over () = 1 and {DEVICE} = 'x'",
        f"sum({DEVICE}) > 1",
        f"{DEVICE} = 'x' -- and\nor true; select 1",
        f"{DEVICE} = now()",
        f"{DEVICE} = current_date",
        f"case when {DEVICE} = 'x' then true end",
        f"{DEVICE} = 'x' limit 1",
        f"{DEVICE} = 'x' order by 1",
        "attach 'x' as y",
        "copy x to 'y'",
        "pragma version",
        f"{DEVICE} = '{{{{ Dimension('a__b') }}}}'",
        f"{DEVICE} = x'00'",
        f"[x for x in [1]] = {DEVICE}",
        f"{DEVICE} = 'x' and (1=1) and pg_sleep(10) is null",
        f"{DEVICE} similar to 'x'",
        f"{DEVICE} ~ 'x'",
        "{{ 'a' }} = 1",
        "{{ Dimension(__import__('os').name) }} = 1",
        "{{ Dimension('a__b').grain(1+1) }} = 1",
        "{{ Metric('orders', group_by=['customer']) }} > 2",
        "{{ TimeDimension('metric_time', 'fortnight') }} = '2024-01-01'",
        "{{ Dimension }} = 1",
        "{% raw %} 1 = 1 {% endraw %}",
        "(" * 2000 + "1" + ")" * 2000,
        f"{DEVICE} in ()",
        f"{DEVICE} = '\0'",
        f"{DEVICE} = '\ud800'",
        f"{DEVICE} = 1 and __element_\N{SUPERSCRIPT TWO} = 1",
        "{{ Dimension({[1]}) }} = 1",
        "{{ Dimension('a__b').grain({[]: 1}) }} = 1",
    ],
)
def test_nothing_else_a_caller_passes_gets_through(text: str) -> None:
    if text == DEVICE:
        assert parse_filter(text, trusted=False)  # a boolean dimension alone is a condition
        return
    with pytest.raises(QueryError, match="where: "):
        parse_filter(text, trusted=False)


CHANNEL = "{{ Entity('channel') }}"


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        (CHANNEL, "has 'channel' as a condition"),
        (f"{DEVICE} = 'x' and {CHANNEL}", "has 'channel' as a condition"),
        (f"{DEVICE} = 'x' or not ({CHANNEL})", "has 'channel' as a condition"),
        (f"{DEVICE} and {{{{ TimeDimension('metric_time', 'day') }}}}", "has 'metric_time__day' as a condition"),
        (f"{DEVICE} = 'x' and 1", "is not a condition in '1'"),
        (f"not ({DEVICE} = 'x' or 'yes')", "is not a condition in ''yes''"),
        (f"{DEVICE} = 'x' and lower({CHANNEL})", "is not a condition in 'LOWER(channel)'"),
        (f"({DEVICE} = 'x' and null)", "is not a condition in 'NULL'"),
    ],
)
def test_each_part_of_a_condition_is_a_condition(text: str, odd: str) -> None:
    """The database would have to take it for true or false, and ends with an error of its own."""
    with pytest.raises(QueryError, match="where: ") as caught:
        parse_filter(text, trusted=False)
    assert odd in str(caught.value)


def test_a_boolean_dimension_is_a_part_of_a_condition() -> None:
    for text in (f"not {DEVICE}", f"{DEVICE} and {CHANNEL} = 'web'", f"{CHANNEL} is null or ({DEVICE} and true)"):
        assert parse_filter(text, trusted=False)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("{{ Dimension('order__is_known') }}", 3),
        ("not {{ Dimension('order__is_known') }}", 4),
        ("{{ Dimension('order__is_known') }} = false", 4),
        ("{{ Dimension('order__is_new_vip') }} = false", 7),
        ("{{ Dimension('order__is_known') }} = false and not {{ Dimension('order__is_new_vip') }}", 4),
    ],
)
@pytest.mark.parametrize("is_in_manifest", [True, False])
def test_a_dimension_that_is_a_condition_keeps_its_parts_together(
    text: str, amount: int, is_in_manifest: bool, engine: Engine
) -> None:
    """Order 1 is new, order 2 is a VIP's, order 4 neither: ``new or vip = false`` is not ``(new or vip) = false``."""
    dimensions = [dimension("is_known", "is_new or is_vip"), dimension("is_new_vip", "is_new and is_vip")]
    orders = model("orders", [entity("order", "primary")], dimensions, [measure("amount")])
    filtered = metric("filtered", measure="amount", filter=text)
    layer = SemanticLayer(manifest([orders], [metric("amount", measure="amount"), filtered]))
    engine.execute("create schema core")
    engine.execute('create table core.orders ("order" integer, "at" date, is_new boolean, is_vip boolean, amount integer)')
    engine.execute(
        "insert into core.orders values (1, '2024-01-01', true, false, 1), (2, '2024-01-01', false, true, 2),"
        " (4, '2024-01-01', false, false, 4)"
    )
    query = Query(["filtered"]) if is_in_manifest else Query(["amount"], where=[text])
    assert engine.ask(layer, query)[1] == [(amount,)]


def test_filters_of_the_manifest_may_call_functions_but_hold_no_query() -> None:
    assert parse_filter(f"regexp_matches({DEVICE}, '^m')", trusted=True)
    with pytest.raises(QueryError, match="which a filter may not"):
        parse_filter(f"{DEVICE} in (select 1)", trusted=True)
    with pytest.raises(QueryError, match="bare column"):
        parse_filter("status = 'paid'", trusted=True)


def test_comments_do_not_survive() -> None:
    (condition,) = parse_filter(f"{DEVICE} /* why */ = 'x' -- because", trusted=False)
    assert "why" not in condition.tree.sql()


@pytest.mark.parametrize("wanted", [["a", "b", "r"], ["b", "a", "r"]])
def test_metrics_whose_filters_print_alike_are_together_what_they_are_alone(wanted: list[str]) -> None:
    """The customer of 100 has a region called 1, the customer of 10 is in the territory 1: r = 100 / 10."""
    orders = model("orders", [entity("order", "primary", "id"), entity("customer", "foreign")], [], [measure("amount")])
    customers = model("customers", [entity("customer", "primary")], [dimension("region")])
    territories = model("territories", [entity("customer", "unique"), entity("region", "foreign", "region_id")])
    metrics = [
        metric("a", measure="amount", filter="{{ Dimension('customer__region') }} = '1'"),
        metric("b", measure="amount", filter="{{ Entity('customer__region') }} = '1'"),
        metric("r", "ratio", numerator="a", denominator="b"),
    ]
    layer = SemanticLayer(manifest([orders, customers, territories], metrics))
    with duckdb.connect() as connection:
        connection.execute(
            """create schema core;
            create table core.orders as select * from (values (1, 1, date '2024-01-01', 10.0), (2, 2, date '2024-01-01', 100.0))
                as t(id, customer, "at", amount);
            create table core.customers as select * from (values (1, 'x'), (2, '1')) as t(customer, region);
            create table core.territories as select * from (values (1, '1'), (2, '2')) as t(customer, region_id)"""
        )
        found = connection.execute(layer.compile(Query(wanted))).fetchall()
        assert dict(zip(wanted, found[0], strict=True)) == {"a": 100, "b": 10, "r": 10}
        for name, value in (("a", 100), ("b", 10), ("r", 10)):
            assert connection.execute(layer.compile(Query([name]))).fetchall() == [(value,)]
