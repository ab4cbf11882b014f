"""What dbt tests have found, in words: why a build has stopped, in one line, and what a test that only warns tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dagster as dg

from dagster_project import dbt_runner
from dagster_project.assets.translator import STAGING_PREFIX
from metrics.warehouse import open_warehouse, quoted
from metrics.withheld import shown
from metrics.workspace import Workspace

# E-mail addresses and telephone numbers are hashed only in the facts: rows before them are not shown.
_BEFORE_HASHING = (STAGING_PREFIX, "_int_")


def stop_on_failure(outcome: dbt_runner.BuildResult, ws: Workspace) -> None:
    """Raise dg.Failure with the first failure of a build in words; a build in which nothing failed passes."""
    if outcome.success:
        return
    failed = outcome.failures()
    what = _in_words(failed[0], ws) if failed else " at what it did not name"
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    raise dg.Failure(f"dbt stopped{what}{more}. Nothing was published.", allow_retries=False)


def warnings(outcome: dbt_runner.BuildResult) -> dict[str, str]:
    """By unique id what each test that did not stop the build has found: ``2 values of order_id are not in ...``."""
    return {
        node.unique_id: f"{_found(node.test)}{_remedy(node.test)}"
        for node in outcome.nodes
        if node.status == "warn" and node.test is not None
    }


def _in_words(node: dbt_runner.NodeResult, ws: Workspace) -> str:
    message = " ".join(node.message.split())
    if node.status != "fail" or node.test is None:
        return f" at {node.unique_id}: {message}{_rows(node, ws)}"
    model = node.test.model.removeprefix(STAGING_PREFIX)
    found = _empty(node, node.test, ws) or f"{_found(node.test)}{_rows(node, ws)}"
    return f": {model}: {found}{_remedy(node.test)} ({node.unique_id})"


def _empty(node: dbt_runner.NodeResult, test: dbt_runner.GenericTest, ws: Workspace) -> str | None:
    """Which of the needed columns are empty, and what the first such row has instead: ``1 row without price: id = 7``."""
    if test.name != "not_null_columns" or not node.compiled_sql:
        return None
    columns = [str(name) for name in test.arguments["columns"]]
    counts = ", ".join(f"count(*) - count({quoted(name)})" for name in columns)
    with open_warehouse(ws) as con:
        missing = con.execute(f"select {counts} from ({node.compiled_sql}) as failing").fetchone() or ()
        first = con.execute(f"select * from ({node.compiled_sql}) as failing order by all limit 1").fetchone() or ()
    narrowed = replace(test, arguments={"columns": [name for name, count in zip(columns, missing, strict=True) if count]})
    given = [f"{name} = {shown(str(value))}" for name, value in zip(columns, first, strict=True) if value is not None]
    return f"{_found(narrowed)}{': ' if given else ''}{'; '.join(given)}"


def _found(test: dbt_runner.GenericTest) -> str:
    """What a test has found: ``1 value of verdict is not one of plausible``."""
    given, one = test.arguments, test.found == 1
    columns = [str(name) for name in given.get("columns") or [given.get("column_name")] if name]
    listed, are = ", ".join(columns), "is" if one else "are"
    rows, values = f"{test.found:,} {'row' if one else 'rows'}", f"{test.found:,} {'value' if one else 'values'} of {listed}"
    if test.name in ("unique", "unique_key"):
        found = f"{values} {'occurs' if one else 'occur'} more than once"
    elif test.name in ("not_null", "not_null_columns"):
        found = f"{rows} without {' or '.join(columns)}"
    elif test.name == "accepted_values":
        found = f"{values} {are} not one of {', '.join(map(str, given['values']))}"
    elif test.name == "relationships":
        found = f"{values} {are} not in {given['field']} of {_model_of(given['to'])}"
    elif test.name == "accepted_range":
        found = f"{values} {are} {_outside(given)}"
    elif test.name == "currency_is_known":
        found = f"{test.found:,} {'currency has' if one else 'currencies have'} days without an exchange rate"
    elif test.name == "currency_is_of_order":
        found = (
            f"{rows} without a {listed}, whose order is not there either, {'is' if one else 'are'} counted"
            f" in the workspace's, though there are others"
        )
    else:
        found = f"{rows} {'fails' if one else 'fail'} the test {test.name}{' of ' + listed if listed else ''}"
    return found


def _remedy(test: dbt_runner.GenericTest) -> str:
    if test.name == "not_null_columns" and test.model.startswith(STAGING_PREFIX):
        return ". Fill them in at the source, or leave them out with `query:`"
    if test.name == "currency_is_known":
        return ". Map the entity exchange_rates for every currency besides the workspace's"
    if test.name == "currency_is_of_order":
        return f". Map {test.arguments['column_name']}, or load the orders"
    return ""


def _outside(given: Mapping[str, Any]) -> str:
    """``below 0``, ``above 1``, ``not in 1 to 5`` or ``0 or less``."""
    least, most, above = (given.get(name) for name in ("min_value", "max_value", "above"))
    if above is not None:
        return f"{above} or less"
    if most is None:
        return f"below {least}"
    return f"above {most}" if least is None else f"not in {least} to {most}"


def _model_of(reference: object) -> str:
    """``fct_orders`` of ``ref('fct_orders')``."""
    return str(reference).removeprefix("ref('").removesuffix("')")


def _rows(node: dbt_runner.NodeResult, ws: Workspace) -> str:
    """The first rows that a test found, which are what has to be mended."""
    if node.status != "fail" or not node.compiled_sql or any(part in node.unique_id for part in _BEFORE_HASHING):
        return ""
    with open_warehouse(ws) as con:
        answer = con.execute(f"select * from ({node.compiled_sql}) as failing limit 2")
        names = [column[0] for column in answer.description]
        rows = ["; ".join(f"{n} = {v}" for n, v in zip(names, row, strict=True)) for row in answer.fetchall()]
    return f": {' | '.join(rows)}"
