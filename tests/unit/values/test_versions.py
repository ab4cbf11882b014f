"""A definition that changes starts a version: since when, what changed, and which published value follows which."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from metrics.catalogue import load_catalogue, read_lineage
from metrics.semantic import SemanticLayer
from metrics.values import compute_values
from tests.unit.values.company import Company, build, manifest, semantic_manifest

WHERE = {"where_filters": [{"where_sql_template": "{{ Entity('channel') }} = 'email'"}]}
SAID = "filter: none -> {{ Entity('channel') }} = 'email'"


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Four orders on 1 April, one of them from a mail; computed once."""
    found = build(tmp_path)
    for table, key in (("fct_orders", "order"), ("fct_web_sessions", "session"), ("fct_survey_responses", "response"),
                       ("fct_tickets", "ticket")):  # fmt: skip
        found.con.execute(
            f"""create table core.{table} as
            select 'x' || i as {key}_id, date '2026-04-01' as business_date, if(i = 0, 'email', 'search') as channel,
                   10::decimal(18, 4) as gross_amount, 5::double as score, 30::double as minutes from range(4) as t(i)"""
        )
    found.set_time(date(2026, 4, 3), date(2026, 4, 2), date(2026, 4, 2))
    compute(found, "first")
    return found


def compute(company: Company, run_id: str) -> None:
    compute_values(company.con, company.ws, company.layer, company.catalogue, {}, run_id)


def redefine(company: Company, where: object) -> None:
    """The definition of orders under another filter, as dbt would write it."""
    both = {"manifest.json": manifest(), "semantic_manifest.json": semantic_manifest()}
    for name, content in both.items():
        metrics = content["metrics"]
        for one in metrics.values() if isinstance(metrics, dict) else metrics:
            if one["name"] == "orders":
                one["filter"] = where
        (company.root / name).write_text(json.dumps(content))
    for one in both["semantic_manifest.json"]["metrics"]:
        if one["name"] == "orders":
            one["filter"] = None
    company.layer = SemanticLayer.from_manifest(company.root / "semantic_manifest.json")
    company.catalogue = load_catalogue(
        company.ws, company.layer, read_lineage(company.root / "manifest.json"), shipped=company.root / "none"
    )


def rows(company: Company, sql: str) -> list[tuple[object, ...]]:
    return company.con.execute(sql).fetchall()


def test_the_first_definition_is_version_one_without_a_break(company: Company) -> None:
    found = rows(company, "select definition_version, break_en from mart.kpi_current where metric = 'orders'")
    assert set(found) == {(1, None)}
    assert rows(company, "select * from mart.kpi_breaks") == []
    compute(company, "again")
    assert rows(company, "select count(*) from mart.kpi_definitions where metric = 'orders'") == [(1,)]


def test_another_definition_starts_a_version_with_what_changed(company: Company) -> None:
    redefine(company, WHERE)
    compute(company, "edit")
    ((at, run),) = rows(company, "select distinct recorded_at, run_id from mart.kpi_values where run_id = 'edit'")
    found = rows(
        company,
        """select metric, old_version, new_version, broken_at, changes_en, changes_zh, run_id from mart.kpi_breaks
        where metric = 'orders'""",
    )
    zh = "筛选条件：无 → {{ Entity('channel') }} = 'email'"
    assert found == [("orders", 1, 2, at, SAID, zh, run)]
    assert rows(company, "select distinct metric from mart.kpi_breaks order by 1") == [("conversion_rate",), ("orders",)]
    ((old, new, note, chinese),) = rows(
        company,
        "select old_definition_hash, new_definition_hash, break_en, break_zh from mart.kpi_breaks where metric = 'orders'",
    )
    assert old != new
    assert SAID in str(note)
    assert "Values published before then follow version 1 and are not comparable" in str(note)
    assert zh in str(chinese)
    assert "不可比" in str(chinese)


def test_each_published_value_says_which_definition_it_follows(company: Company) -> None:
    redefine(company, WHERE)
    compute(company, "edit")
    day = "metric = 'orders' and grain = 'day' and segment_dimension = ''"
    history = f"select value, definition_version, break_en is not null, valid_to is null from mart.kpi_history where {day} order by valid_from"
    assert rows(company, history) == [(4, 1, False, False), (1, 2, True, True)]
    assert rows(company, f"select value, definition_version from mart.kpi_current where {day}") == [(1, 2)]
    restated = f"select old_value, new_value, cause, definition_changes_en from mart.kpi_restatements where {day}"
    assert rows(company, restated) == [(4, 1, "definition", SAID)]
    ((then,),) = rows(company, "select max(recorded_at) from mart.kpi_values where run_id = 'first'")
    as_of = f"select value, definition_version from mart.kpi_as_of(?::timestamp) where {day}"
    assert company.con.execute(as_of, [then]).fetchall() == [(4, 1)]


def test_a_definition_that_returns_is_a_version_of_its_own(company: Company) -> None:
    for number, where in enumerate((WHERE, None)):
        redefine(company, where)
        compute(company, f"edit {number}")
    found = rows(
        company, "select definition_version, changes_en from mart.kpi_definitions where metric = 'orders' order by 1"
    )
    back = "filter: {{ Entity('channel') }} = 'email' -> none"
    assert found == [(1, None), (2, SAID), (3, back)]
    assert rows(company, "select count(distinct definition_hash) from mart.kpi_definitions where metric = 'orders'") == [
        (2,)
    ]


def test_values_that_are_older_than_the_table_begin_with_version_one(company: Company) -> None:
    company.con.execute("delete from mart.kpi_definitions")
    redefine(company, WHERE)
    compute(company, "edit")
    ((first,),) = rows(company, "select min(recorded_at) from mart.kpi_values where metric = 'orders'")
    found = rows(
        company,
        "select definition_version, valid_from, changes_en from mart.kpi_definitions where metric = 'orders' order by 1",
    )
    assert found[0] == (1, first, None)
    assert (found[1][0], found[1][2]) == (2, "what changed was not recorded")
    assert rows(company, "select count(*) from mart.kpi_history where definition_version is null") == [(0,)]
