"""Nothing that a caller or a manifest says becomes SQL: every field of a query, every name, on both engines."""

from __future__ import annotations

from typing import Any

import pytest
import sqlglot

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.render import DIALECTS
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model

NASTY = [
    "it's",
    'a "quoted" name',
    "back\\slash",
    "back\\",
    "'; drop table core.victim; --",
    '"; drop table core.victim; --',
    "/* comment */",
    "-- comment",
    "{{ jinja }}",
    "{% set x = 1 %}",
    "%s %(a)s %",
    "$1 ?",
    "$$ $tag$",
    "new\nline",
    "\\'; drop table core.victim; --",
    "名前",
]
FIELDS: dict[str, Any] = {
    "metrics": lambda text: {"metrics": [text]},
    "group_by": lambda text: {"group_by": [text]},
    "where": lambda text: {"where": [text]},
    "a name in where": lambda text: {"where": [f"{{{{ Dimension({text!r}) }}}} = 1"]},
    "a grain in where": lambda text: {"where": [f"{{{{ TimeDimension('metric_time', {text!r}) }}}} = 1"]},
    "order_by": lambda text: {"order_by": [text]},
    "start": lambda text: {"start": text},
    "end": lambda text: {"end": text},
    "limit": lambda text: {"limit": text},
    "parts": lambda text: {"parts": text},
    "compare": lambda text: {"compare": [text]},
    "timezone": lambda text: {"timezone": text},
    "complete_periods": lambda text: {"complete_periods": text},
    "totals": lambda text: {"totals": text},
    "share_of_total": lambda text: {"share_of_total": text},
    "raw": lambda text: {"raw": text},
}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _layer(name: str) -> SemanticLayer:
    """Everything that can be named is called ``name``, as far as the definitions can be told apart."""
    things = model(
        name, [entity("thing", "primary", "id"), entity(name, "foreign")], [dimension("kind")], [measure(f"m {name}")]
    )
    others = model(
        f"other {name}", [entity("other", "primary", "id"), entity(name, "foreign")], [], [measure("o", "sum", "1")]
    )
    return SemanticLayer(
        manifest(
            [things, others],
            [metric(name, measure=f"m {name}"), metric("others", measure="o"),
             metric(f"r {name}", "ratio", numerator=name, denominator="others")],
        )
    )  # fmt: skip


def _build(engine: Engine, name: str) -> None:
    engine.execute("create schema core")
    engine.execute("create table core.victim (id integer)")
    for table in (name, f"other {name}"):
        # Without parameters a percent sign is one.
        engine.execute(
            f'create table core.{quoted(table)} (id integer, kind varchar, "at" date, {quoted(name)} varchar,'
            f" {quoted(f'm {name}')} integer)"
        )
        insert = f"insert into core.{quoted(table)} values (1, {engine.mark}, date '2024-01-01', {engine.mark}, 7)"
        engine.execute(insert.replace(quoted(table), quoted(table).replace("%", "%%") if engine.mark == "%s" else quoted(table)),
                       [name, name])  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_a_value_is_a_value_and_a_name_a_name(text: str, engine: Engine) -> None:
    """The value filters the one row with it, and tables, columns, measures and metrics called so are read."""
    _build(engine, text)
    layer = _layer(text)
    where = ["{{ Dimension('thing__kind') }} = '" + text.replace("'", "''") + "'"]
    if "{{" in text:
        with pytest.raises(QueryError):
            layer.compile(Query([text], where=where))
        where = []
    assert engine.ask(layer, Query([text], ["thing__kind"], where=where, order_by=[text], totals=True))[1][0] == (
        text,
        7,
        False,
    )
    names, rows = engine.ask(layer, Query([f"r {text}"], ["metric_time__day"], parts=True))
    assert (names[1], rows[0][1]) == (f"r {text}", 7)
    if text == text.lower():
        assert engine.ask(layer, Query(["others"], [text], share_of_total=True))[1] == [(text, 1, 1)]
    assert engine.execute("select count(*) from core.victim").fetchall() == [(0,)]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", NASTY)
def test_a_text_in_the_wrong_place_is_refused(field: str, text: str) -> None:
    with pytest.raises(QueryError):
        _layer("plain").compile(Query(**{"metrics": ["plain"], **FIELDS[field](text)}))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", [text for text in NASTY if "{{" not in text])
def test_values_survive_every_dialect(dialect: str, text: str) -> None:
    """Parsed back by sqlglot, the one literal of the filter is the text again, and the statement is one statement."""
    where = ["{{ Dimension('thing__kind') }} = '" + text.replace("'", "''") + "'"]
    (tree,) = sqlglot.parse(_layer("plain").compile(Query(["plain"], where=where), dialect), read=dialect)
    assert tree is not None
    assert [node.this for node in tree.find_all(sqlglot.exp.Literal) if node.is_string] == [text]
