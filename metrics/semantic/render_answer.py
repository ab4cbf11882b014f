"""The rows of an answer -> its last columns: changes, shares, the mark of the total row; then order and limit.

What is computed here needs nothing but columns of the answer, so each metric is computed once, and the total row is a query
of its own beside it.
"""

from __future__ import annotations

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic.calendars import TimeSpine
from metrics.semantic.comparisons import is_cut
from metrics.semantic.query import GRAINS
from metrics.semantic.resolved import Change, ResolvedQuery
from metrics.semantic.totals import IS_TOTAL, share_partition

_ANSWER, _TOTAL, _ROWS, _SPINE = "answer", "total", "shown", "spine"


def has_columns_of_its_own(query: ResolvedQuery) -> bool:
    """Whether the answer holds more than groups and values."""
    return bool(query.changes or query.shares or query.totals)


def ordered(select: exp.Query, query: ResolvedQuery, first: str | None = None) -> exp.Query:
    """Apply order and limit; rows are ordered by ``first`` before everything else."""
    order = [exp.Ordered(this=sql.column(first), nulls_first=False)] if first else []
    order += [exp.Ordered(this=sql.column(name), desc=descending, nulls_first=False) for name, descending in query.order_by]
    if order:
        select.set("order", exp.Order(expressions=order))
    if query.limit is not None and not first:
        select.set("limit", exp.Limit(expression=exp.Literal.number(query.limit)))
    return select


def only_whole_periods(answer: exp.Select, query: ResolvedQuery, spine: TimeSpine, dialect: str) -> exp.Select:
    """Leave out periods of the calendar that have a day outside of ``query.whole``.

    The first and the last period of the spine may go on where the spine does not, so they are never known to be whole.
    """
    if query.whole is None:
        return answer
    shown = {item.alias: item.this for item in answer.expressions}
    day = sql.column(spine.column, _SPINE)
    for key in query.time_keys:
        calendar = spine.calendars.get(key.name.grain or "")
        if calendar is None:
            continue
        period = sql.column(calendar, _SPINE)
        first, last = exp.Min(this=day.copy()), exp.Max(this=day.copy())
        known: list[exp.Expr] = [
            exp.GT(this=first, expression=_edge(exp.Min, spine, dialect)),
            exp.LT(this=last, expression=_edge(exp.Max, spine, dialect)),
        ]
        known += [exp.GTE(this=first.copy(), expression=sql.day(query.whole.start))] if query.whole.start else []
        known += [exp.LTE(this=last.copy(), expression=sql.day(query.whole.end))] if query.whole.end else []
        whole = exp.Select(expressions=[period])
        whole.set("from_", exp.From(this=sql.relation(spine.relation, _SPINE, dialect)))
        whole.set("group", exp.Group(expressions=[period.copy()]))
        whole.set("having", exp.Having(this=sql.all_of(known)))
        answer = answer.where(exp.In(this=shown[key.output].copy(), query=exp.Subquery(this=whole)), copy=False)
    return answer


def _edge(kind: type[exp.Min] | type[exp.Max], spine: TimeSpine, dialect: str) -> exp.Expr:
    select = exp.Select(expressions=[kind(this=sql.column(spine.column, _SPINE))])
    select.set("from_", exp.From(this=sql.relation(spine.relation, _SPINE, dialect)))
    return exp.Subquery(this=select)


def finished(answer: exp.Select, query: ResolvedQuery, total: exp.Select | None) -> exp.Query:
    """The statement: ``answer`` with its last columns, and the row of ``total`` after the others."""
    ctes = [_cte(_ANSWER, answer)]
    rows = _rows(query, answer, is_total=query.totals and total is None)
    if total is None:
        rows.set("with_", exp.With(expressions=ctes))
        return ordered(rows, query)
    names = [item.alias for item in rows.expressions]
    ctes += [_cte(_TOTAL, total), _cte(_ROWS, ordered(rows, query))]
    shown = exp.Select(expressions=[sql.column(name) for name in names])
    shown.set("from_", exp.From(this=sql.cte_table(_ROWS)))
    statement = exp.Union(this=shown, expression=_total_row(query, total), distinct=False)
    statement.set("with_", exp.With(expressions=ctes))
    return ordered(statement, query, first=IS_TOTAL)


def _cte(name: str, select: exp.Query) -> exp.CTE:
    return exp.CTE(this=select, alias=exp.TableAlias(this=sql.identifier(name)))


def _rows(query: ResolvedQuery, answer: exp.Select, *, is_total: bool) -> exp.Select:
    partition = [sql.column(name, _ANSWER) for name in share_partition(query)]
    columns = _columns(query, answer, _ANSWER)
    for name, metric in query.shares:
        whole = exp.Window(this=exp.Sum(this=sql.column(metric, _ANSWER)), partition_by=partition)
        columns.append(sql.aliased(_share(sql.column(metric, _ANSWER), whole), name))
    return _select(query, columns, _ANSWER, is_total=is_total)


def _total_row(query: ResolvedQuery, total: exp.Select) -> exp.Select:
    """Its share is all there is, or nothing where shares are those of a period."""
    assert query.totalled is not None  # noqa: S101  there is a total to show
    columns: list[exp.Expr] = [sql.aliased(exp.Null(), key.output) for key in query.keys]
    columns += _columns(query.totalled, total, _TOTAL)
    for name, metric in query.shares:
        value = sql.column(metric, _TOTAL)
        share = sql.cast(exp.Null(), "DOUBLE") if share_partition(query) else _share(value, value.copy())
        columns.append(sql.aliased(share, name))
    return _select(query, columns, _TOTAL, is_total=True)


def _columns(query: ResolvedQuery, answer: exp.Select, table: str) -> list[exp.Expr]:
    """Groups and values as they are, then each base with the change since."""
    bases = {name for name, _ in query.bases}
    columns: list[exp.Expr] = [
        sql.aliased(sql.column(item.alias, table), item.alias) for item in answer.expressions if item.alias not in bases
    ]
    for change in query.changes:
        base: exp.Expr = sql.column(change.base, table)
        moved = _change(change.metric, change.base, table)
        known = _is_known(query, change, table)
        if known is not None:
            base, moved = sql.when(known, base), sql.when(known.copy(), moved)
        columns += [sql.aliased(base, change.base), sql.aliased(moved, change.name)]
    return columns


def _is_known(query: ResolvedQuery, change: Change, table: str) -> exp.Expr | None:
    """Whether the period compared with lies in the known history; where it does not, even a filling of 0 is no base."""
    if query.history_start is None or not query.time_keys:
        return exp.false() if is_cut(query, change) else None
    finest = min(query.time_keys, key=lambda key: GRAINS.index(key.name.grain or "day"))
    count, unit = (change.offset.months, "month") if change.offset.months else (change.offset.days, "day")
    before = sql.earlier(sql.column(finest.output, table), count, unit)
    return exp.GTE(this=before, expression=sql.day(query.history_start))


def _select(query: ResolvedQuery, columns: list[exp.Expr], table: str, *, is_total: bool) -> exp.Select:
    if query.totals:
        columns.append(sql.aliased(exp.true() if is_total else exp.false(), IS_TOTAL))
    select = exp.Select(expressions=columns)
    select.set("from_", exp.From(this=sql.cte_table(table)))
    return select


def _change(metric: str, base: str, table: str) -> exp.Expr:
    """Relative to the base; from nothing, zero or below there is no relative change."""
    moved = exp.Paren(this=exp.Sub(this=sql.column(metric, table), expression=sql.column(base, table)))
    relative = exp.Div(this=sql.cast(moved, "DOUBLE"), expression=sql.column(base, table))
    return sql.when(_is_positive(sql.column(base, table)), relative)


def _share(value: exp.Expr, whole: exp.Expr) -> exp.Expr:
    return sql.when(_is_positive(whole), exp.Div(this=sql.cast(value, "DOUBLE"), expression=whole.copy()))


def _is_positive(value: exp.Expr) -> exp.Expr:
    return exp.GT(this=value, expression=exp.Literal.number(0))
