"""Plan -> one sqlglot tree -> text: each branch a CTE, the branches joined on the keys, the metrics computed last."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metrics.errors import QueryError
from metrics.semantic import expressions as sql
from metrics.semantic.aggregates import filled
from metrics.semantic.dialects import as_meant
from metrics.semantic.filters import SOURCE_DIALECT
from metrics.semantic.manifest import Manifest
from metrics.semantic.plan import Plan
from metrics.semantic.render_answer import finished, has_columns_of_its_own, only_whole_periods, ordered
from metrics.semantic.render_conversion import conversion_ctes
from metrics.semantic.render_cumulative import cumulative_ctes
from metrics.semantic.render_fact import FactScan, fact_select
from metrics.semantic.render_shared import shared_days
from metrics.semantic.resolved import DerivedValue, LeafValue, RatioValue, TotalValue, Value, leaves_of
from metrics.semantic.value_types import kind_of

DIALECTS = ("duckdb", "postgres", "spark", "databricks", "snowflake", "bigquery", "trino", "redshift")
_NULL_SAFE_FULL_JOIN = frozenset({"duckdb", "spark", "databricks", "snowflake"})
_NO_LEAST_BOOLEAN = frozenset({"postgres", "redshift"})
_JOINED = "joined"


def render(plan: Plan, manifest: Manifest, dialect: str) -> str:
    """Return the SQL text of ``plan``. Raises QueryError for a dialect that is not known."""
    return tree(plan, manifest, dialect).sql(dialect=dialect, copy=False, pretty=True, comments=False)


def tree(plan: Plan, manifest: Manifest, dialect: str) -> exp.Query:
    """The whole statement as a sqlglot tree."""
    if dialect not in DIALECTS:
        raise QueryError(f"dialect '{dialect}' is not known; expected one of {', '.join(DIALECTS)}")
    if dialect in _NO_LEAST_BOOLEAN:
        _check_booleans(plan, manifest, dialect)
    select = _answer(plan, manifest, dialect)
    if has_columns_of_its_own(plan.query):
        total = _answer(plan.totalled, manifest, dialect) if plan.totalled else None
        return as_meant(finished(select, plan.query, total), dialect)
    return as_meant(ordered(select, plan.query), dialect)


def _check_booleans(plan: Plan, manifest: Manifest, dialect: str) -> None:
    for measure in (column.measure for branch in plan.branches for column in branch.columns):
        if kind_of(measure, manifest) == "boolean":
            raise QueryError(
                f"measure '{measure.name}' is the {measure.agg} of a boolean, which {dialect} does not have; measure "
                f"cast({measure.expr} as integer)"
            )


def _answer(plan: Plan, manifest: Manifest, dialect: str) -> exp.Select:
    """One row per group, with every metric and its bases."""
    shared = shared_days(plan.branches, dialect)
    ctes: list[exp.CTE] = []
    for branch in plan.branches:
        scan = FactScan(branch, dict(manifest.models), plan.spine, dialect)
        if branch.attribution:
            ctes += conversion_ctes(scan, branch.attribution)
            continue
        days = shared.get(branch.name)
        if days and all(cte.alias != days.name for cte in ctes):
            ctes.append(_cte(days.name, fact_select(scan.of(days.branch))))
        ctes += cumulative_ctes(scan) if branch.cumulative else [_cte(branch.name, fact_select(scan, days))]
    query = plan.query
    table_of = {branch.name: branch.name for branch in plan.branches}
    if len(plan.branches) > 1 and query.keys and dialect not in _NULL_SAFE_FULL_JOIN:
        joined = sql.unused(_JOINED, {cte.alias for cte in ctes})
        ctes.append(_cte(joined, _stacked(plan)))
        table_of = {branch.name: joined for branch in plan.branches}
        select = exp.Select(expressions=[sql.aliased(sql.column(key.output, joined), key.output) for key in query.keys])
        select.set("from_", exp.From(this=sql.cte_table(joined)))
    else:
        select = _full_joined(plan)
    for name, value in query.values:
        for suffix, part in _outputs(value, parts=query.parts):
            built = _value(part, plan, table_of) if part else sql.cast(exp.Null(), "DOUBLE")
            select.append("expressions", sql.aliased(built, name + suffix))
    for name, value in query.bases:
        select.append("expressions", sql.aliased(_value(value, plan, table_of), name))
    select.set("with_", exp.With(expressions=ctes))
    return only_whole_periods(select, query, plan.spine, dialect) if plan.spine else select


def _cte(name: str, select: exp.Select) -> exp.CTE:
    return exp.CTE(this=select, alias=exp.TableAlias(this=sql.identifier(name)))


def _outputs(value: Value, *, parts: bool) -> list[tuple[str, Value | None]]:
    if not parts:
        return [("", value)]
    if isinstance(value, RatioValue):
        return [("", value), ("__numerator", value.numerator), ("__denominator", value.denominator)]
    return [("", value), ("__numerator", value if isinstance(value, LeafValue) else None), ("__denominator", None)]


def _full_joined(plan: Plan) -> exp.Select:
    """FULL JOIN on keys that may be NULL; a period or member known to one fact only keeps its row."""
    keys, branches = plan.query.keys, plan.branches
    names = tuple(branch.name for branch in branches)
    select = exp.Select()
    select.set("from_", exp.From(this=sql.cte_table(branches[0].name)))
    for index, branch in enumerate(branches[1:], start=1):
        if not keys:
            select.append("joins", exp.Join(this=sql.cte_table(branch.name), kind="CROSS"))
            continue
        on = [sql.null_safe_equal(_first_of(key.output, names[:index]), sql.column(key.output, branch.name)) for key in keys]
        select.append("joins", exp.Join(this=sql.cte_table(branch.name), side="FULL", on=sql.all_of(on)))
    for key in keys:
        select.append("expressions", sql.aliased(_first_of(key.output, names), key.output))
    return select


def _first_of(name: str, tables: tuple[str, ...]) -> exp.Expr:
    columns = [sql.column(name, table) for table in tables]
    return exp.Coalesce(this=columns[0], expressions=columns[1:]) if len(columns) > 1 else columns[0]


def _stacked(plan: Plan) -> exp.Select:
    """The same without FULL JOIN, which PostgreSQL refuses on keys that may be NULL: branches stacked, then grouped.

    The columns of other branches are NULLs of the right type, taken from a scalar subquery without rows.
    """
    rows: exp.Query | None = None
    everything = [(branch, column.alias) for branch in plan.branches for column in branch.columns]
    for branch in plan.branches:
        part = exp.Select(expressions=[sql.column(key.output, branch.name) for key in plan.query.keys])
        for owner, alias in everything:
            value = sql.column(alias, branch.name) if owner is branch else _typed_null(owner.name, alias)
            part.append("expressions", sql.aliased(value, alias))
        part.set("from_", exp.From(this=sql.cte_table(branch.name)))
        rows = part if rows is None else exp.Union(this=rows, expression=part, distinct=False)
    table = "stacked"
    keys = [sql.column(key.output, table) for key in plan.query.keys]
    select = exp.Select(expressions=list(keys))
    for _, alias in everything:
        select.append("expressions", sql.aliased(exp.Max(this=sql.column(alias, table)), alias))
    select.set("from_", exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=sql.identifier(table)))))
    select.set("group", exp.Group(expressions=[key.copy() for key in keys]))
    return select


def _typed_null(table: str, name: str) -> exp.Subquery:
    select = exp.Select(expressions=[sql.column(name, table)])
    select.set("from_", exp.From(this=sql.cte_table(table)))
    select.set("where", exp.Where(this=exp.false()))
    return exp.Subquery(this=select)


def _value(value: Value, plan: Plan, table_of: dict[str, str]) -> exp.Expr:
    if isinstance(value, LeafValue):
        branch, name = plan.column(value)
        found = sql.column(name, table_of[branch])
        return found if value.leaf.fill is None else filled(found, value.leaf.fill)
    if isinstance(value, RatioValue):
        return _divide(_value(value.numerator, plan, table_of), _value(value.denominator, plan, table_of))
    if isinstance(value, TotalValue):
        return _of_all_members(_value(value.of, plan, table_of), plan, table_of)
    return _derived(value, plan, table_of)


def _of_all_members(value: exp.Expr, plan: Plan, table_of: dict[str, str]) -> exp.Expr:
    """The sum over the rows of a period; every member has one."""
    tables = dict.fromkeys(table_of[branch.name] for branch in plan.branches)
    periods = [_first_of(key.output, tuple(tables)) for key in plan.query.time_keys]
    return exp.Window(this=exp.Sum(this=value), partition_by=periods)


def _divide(numerator: exp.Expr, denominator: exp.Expr) -> exp.Expr:
    """A rate in double precision; a zero denominator has no rate."""
    safe = exp.Nullif(this=denominator, expression=exp.Literal.number(0))
    return exp.Div(this=sql.cast(numerator, "DOUBLE"), expression=safe)


@lru_cache(maxsize=1024)
def _parsed(expr: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(expr, read=SOURCE_DIALECT)
    except SqlglotError as error:
        raise QueryError(
            f"the expression {expr!r} of a derived metric cannot be parsed; expected arithmetic over its inputs"
        ) from error


def _derived(value: DerivedValue, plan: Plan, table_of: dict[str, str]) -> exp.Expr:
    inputs = dict(value.inputs)
    holder = exp.Paren(this=_parsed(value.expr).copy())
    for node in list(holder.find_all(exp.Div)):
        divisor = node.expression.unnest()
        constant = isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.this) != 0
        node.set("this", sql.cast(node.this, "DOUBLE"))
        if not constant and not isinstance(divisor, exp.Nullif):
            node.set("expression", exp.Nullif(this=node.expression, expression=exp.Literal.number(0)))
    for column in list(holder.find_all(exp.Column)):
        if column.name not in inputs:
            raise QueryError(
                f"the expression {value.expr!r} of a derived metric names '{column.name}'; its inputs are "
                f"{', '.join(inputs)}"
            )
        built = _value(inputs[column.name], plan, table_of)
        column.replace(built if isinstance(built, exp.Column | exp.Coalesce | exp.Paren) else exp.Paren(this=built))
    return _unless_absent(value, holder, plan, table_of)


def _unless_absent(value: DerivedValue, built: exp.Expr, plan: Plan, table_of: dict[str, str]) -> exp.Expr:
    """Fillings alone are no value: where no input has a row, the metric has none, whatever else the query asks for."""
    leaves = list(dict.fromkeys(leaves_of(value)))
    if any(leaf.fill is None for leaf in leaves):
        return built
    columns = [plan.columns[leaf] for leaf in leaves]
    present = [
        exp.Not(this=exp.Is(this=sql.column(name, table_of[branch]), expression=exp.Null())) for branch, name in columns
    ]
    return exp.Paren(this=sql.when(sql.any_of(present), built))
