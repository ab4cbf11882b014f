"""A branch with an attribution -> CTEs: base events, conversions after the last of them, then an ordinary aggregation.

Each fact is read once, and of the base events those of entities that convert are kept, one per time. What comes out has a
row per conversion, with the time and the members of its base event, and is aggregated as any fact is. Times are compared
as they are stored: on the clock of a time zone, an hour of autumn comes twice.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic.aggregates import counts_rows
from metrics.semantic.joins import Target
from metrics.semantic.manifest import Dimension, Measure, Relation
from metrics.semantic.plan import Attribution, BoundCondition, Branch, BranchKey, Column
from metrics.semantic.query import GRAINS
from metrics.semantic.render_fact import FactScan, fact_select
from metrics.semantic.zones import localized

AT, BASE_AT, VALUE, IS_CONVERSION, RANK = "__at", "__base_at", "__value", "__is_conversion", "__rank"
_BASE, _EVENT, _LAST = "base", "event", "last"


def conversion_ctes(scan: FactScan, attribution: Attribution) -> list[exp.CTE]:
    """The CTEs of the branch; the last one bears its name and has its keys and columns."""
    name = scan.branch.name
    members = [key for key in scan.branch.keys if key.target is not None]
    conversions, base, events, converted = (f"{name}_{part}" for part in ("conversions", "base", "events", "converted"))
    return [
        _cte(conversions, _conversions(scan.of(attribution.events), attribution)),
        _cte(base, _base_events(scan, attribution, members, conversions)),
        _cte(events, (_by_join if attribution.conversion.grain in GRAINS else _by_order)(attribution, conversions, base)),
        _cte(converted, _converted(attribution, members, base, events)),
        _cte(name, fact_select(scan.of(_over(converted, scan.branch, members)))),
    ]


def _cte(name: str, select: exp.Select) -> exp.CTE:
    return exp.CTE(this=select, alias=exp.TableAlias(this=sql.identifier(name)))


def _matched(attribution: Attribution) -> list[str]:
    return [f"__matched_{index}" for index in range(len(attribution.conversion.matched))]


def _member(index: int) -> str:
    return f"__member_{index}"


def _conversions(events: FactScan, attribution: Attribution) -> exp.Select:
    """One row per event that may be a conversion."""
    conversion = attribution.conversion
    matched = [right for _, right in conversion.matched]
    value: exp.Expr = exp.Literal.number(1)
    if not counts_rows(conversion.measure):
        value = sql.source(conversion.measure.expr, sql.FACT)
    outputs = _named(matched, attribution)
    outputs += [sql.aliased(sql.moment(conversion.grain, events.instant()), AT), sql.aliased(value, VALUE)]
    rows = events.select(outputs, about_metric_time=False)
    return rows.where(sql.all_of(_known(matched, events)), copy=False)


def _base_events(scan: FactScan, attribution: Attribution, members: list[BranchKey], conversions: str) -> exp.Select:
    """One row per entity and time that has base events: where several fall together, the last one's members.

    Only entities with a conversion are kept, most often a few of many.
    """
    conversion = attribution.conversion
    matched = [left for left, _ in conversion.matched]
    outputs = _named(matched, attribution)
    outputs.append(sql.aliased(sql.moment(conversion.grain, scan.instant()), AT))
    where = sql.all_of([*_known(matched, scan), _converts(matched[0], attribution, conversions)])
    if not members:
        select = scan.select(outputs, about_metric_time=False).distinct(copy=False)
        return select.where(where, copy=False)
    outputs += [sql.aliased(scan.key(key), _member(index)) for index, key in enumerate(members)]
    # Equal times are told apart by the members, so that the same rows always give the same answer.
    order: list[exp.Expr] = [exp.Ordered(this=scan.instant(), desc=True, nulls_first=False)]
    order += [exp.Ordered(this=scan.key(key), desc=True, nulls_first=False) for key in members]
    partition = [sql.source(value, sql.FACT) for value in matched]
    partition.append(sql.moment(conversion.grain, scan.instant()))
    rank = exp.Window(this=exp.RowNumber(), partition_by=partition, order=exp.Order(expressions=order))
    rows = scan.select([*outputs, sql.aliased(rank, RANK)], about_metric_time=False).where(where, copy=False)
    names = [*_matched(attribution), AT, *(_member(index) for index in range(len(members)))]
    select = exp.Select(expressions=[sql.column(name, _BASE) for name in names])
    select.set("from_", exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=sql.identifier(_BASE)))))
    return select.where(exp.EQ(this=sql.column(RANK, _BASE), expression=exp.Literal.number(1)), copy=False)


def _named(matched: list[str], attribution: Attribution) -> list[exp.Expr]:
    names = zip(matched, _matched(attribution), strict=True)
    return [sql.aliased(sql.source(value, sql.FACT), name) for value, name in names]


def _converts(entity: str, attribution: Attribution, conversions: str) -> exp.Expr:
    known = exp.Select(expressions=[sql.column(_matched(attribution)[0], conversions)])
    known.set("from_", exp.From(this=sql.cte_table(conversions)))
    return exp.In(this=sql.source(entity, sql.FACT), query=exp.Subquery(this=known))


def _known(matched: list[str], scan: FactScan) -> list[exp.Expr]:
    """NULL is nobody: two unknown entities are not the same one. A time that lies in a range is known already."""
    days = scan.branch.scanned
    times = [] if days.start or days.end else [scan.stored()]
    return [_not_null(value) for value in (*(sql.source(text, sql.FACT) for text in matched), *times)]


def _not_null(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def _by_join(attribution: Attribution, conversions: str, base: str) -> exp.Select:
    """Conversions with the time of their base event. Times of both are few by day: a thousand in three years."""
    names, window = _matched(attribution), attribution.conversion.window
    when = exp.Select(expressions=[sql.column(name, conversions) for name in (*names, AT)], distinct=exp.Distinct())
    when.set("from_", exp.From(this=sql.cte_table(conversions)))
    on: list[exp.Expr] = [exp.EQ(this=sql.column(name, _EVENT), expression=sql.column(name, base)) for name in names]
    on.append(exp.LTE(this=sql.column(AT, base), expression=sql.column(AT, _EVENT)))
    if window:
        on.append(_within(attribution, base, AT))

    def keys() -> list[exp.Expr]:
        return [sql.column(name, _EVENT) for name in (*names, AT)]

    last = exp.Select(expressions=[*keys(), sql.aliased(exp.Max(this=sql.column(AT, base)), BASE_AT)])
    last.set("from_", exp.From(this=exp.Subquery(this=when, alias=exp.TableAlias(this=sql.identifier(_EVENT)))))
    last.set("joins", [exp.Join(this=sql.cte_table(base), kind="INNER", on=sql.all_of(on))])
    last.set("group", exp.Group(expressions=keys()))
    select = exp.Select(expressions=[sql.column(name, conversions) for name in (*names, VALUE)])
    select.append("expressions", sql.column(BASE_AT, _LAST))
    select.set("from_", exp.From(this=sql.cte_table(conversions)))
    same = [exp.EQ(this=sql.column(name, conversions), expression=sql.column(name, _LAST)) for name in (*names, AT)]
    table = exp.Subquery(this=last, alias=exp.TableAlias(this=sql.identifier(_LAST)))
    select.set("joins", [exp.Join(this=table, kind="INNER", on=sql.all_of(same))])
    return select


def _by_order(attribution: Attribution, conversions: str, base: str) -> exp.Select:
    """The same for times finer than a day, of which one entity may have millions: no event is joined with all earlier ones.

    All events of an entity are put in one order, and a running maximum tells each its last base event.
    """
    names = _matched(attribution)
    after = exp.Select(expressions=[sql.column(name, conversions) for name in (*names, AT, VALUE)])
    after.append("expressions", sql.aliased(sql.cast(exp.Null(), "TIMESTAMP"), BASE_AT))
    after.append("expressions", sql.aliased(exp.Literal.number(1), IS_CONVERSION))
    after.set("from_", exp.From(this=sql.cte_table(conversions)))
    before = exp.Select(expressions=[sql.column(name, base) for name in (*names, AT)])
    before.set("expressions", [*before.expressions, exp.Null(), sql.column(AT, base), exp.Literal.number(0)])
    before.set("from_", exp.From(this=sql.cte_table(base)))
    both = exp.Union(this=after, expression=before, distinct=False)
    frame = exp.WindowSpec(kind="RANGE", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    last = exp.Window(
        this=exp.Max(this=sql.column(BASE_AT, _LAST)),
        partition_by=[sql.column(name, _LAST) for name in names],
        order=exp.Order(expressions=[exp.Ordered(this=sql.column(AT, _LAST), nulls_first=True)]),
        spec=frame,
    )
    kept = [sql.column(name, _LAST) for name in (*names, AT, VALUE, IS_CONVERSION)]
    ordered = exp.Select(expressions=[*kept, sql.aliased(last, BASE_AT)])
    ordered.set("from_", exp.From(this=exp.Subquery(this=both, alias=exp.TableAlias(this=sql.identifier(_LAST)))))
    select = exp.Select(expressions=[sql.column(name, _EVENT) for name in (*names, VALUE, BASE_AT)])
    select.set("from_", exp.From(this=exp.Subquery(this=ordered, alias=exp.TableAlias(this=sql.identifier(_EVENT)))))
    where = [
        exp.EQ(this=sql.column(IS_CONVERSION, _EVENT), expression=exp.Literal.number(1)),
        _not_null(sql.column(BASE_AT, _EVENT)),
    ]
    if attribution.conversion.window:
        where.append(_within(attribution, _EVENT, BASE_AT))
    return select.where(sql.all_of(where), copy=False)


def _within(attribution: Attribution, base: str, name: str) -> exp.Expr:
    """The base event lies less than the window before the conversion."""
    window = attribution.conversion.window
    assert window is not None  # noqa: S101  asked for only where there is one
    since = sql.earlier(sql.column(AT, _EVENT), window.count, window.grain)
    return exp.GT(this=sql.column(name, base), expression=since)


def _converted(attribution: Attribution, members: list[BranchKey], base: str, events: str) -> exp.Select:
    """One row per conversion, at the time of its base event and with that event's members."""
    select = exp.Select(
        expressions=[sql.aliased(sql.column(BASE_AT, events), AT), sql.column(VALUE, events)]
        + [sql.column(_member(index), base) for index in range(len(members))]
    )
    select.set("from_", exp.From(this=sql.cte_table(events)))
    if members:
        on = [exp.EQ(this=sql.column(name, events), expression=sql.column(name, base)) for name in _matched(attribution)]
        on.append(exp.EQ(this=sql.column(BASE_AT, events), expression=sql.column(AT, base)))
        select.set("joins", [exp.Join(this=sql.cte_table(base), kind="INNER", on=sql.all_of(on))])
    return select


def _over(table: str, branch: Branch, members: list[BranchKey]) -> Branch:
    """The branch as an ordinary one over the rows of ``table``. Filters on the base event are done with already."""
    at: dict[tuple[Target | None, str | None], Target] = {
        (key.target, key.grain): replace(key.target, hops=(), expr=_quoted(_member(index)))
        for index, key in enumerate(members)
        if key.target
    }
    return replace(
        branch,
        model=replace(branch.model, relation=Relation(table, None, None)),
        time=_at(branch.time),
        keys=tuple(replace(key, target=at[key.target, key.grain]) if key.target else key for key in branch.keys),
        columns=tuple(_over_values(column) for column in branch.columns),
        conditions=tuple(found for item in branch.conditions if (found := _rebound(item, at))),
        hops=(),
        scanned=branch.standing,
        attribution=None,
    )


def _at(time: Dimension) -> Dimension:
    """The base event's time as it came out of the comparison, on the clock that the query asks for."""
    at = replace(time, expr=_quoted(AT))
    return localized(at, time.zone) if time.zone else at


def _over_values(column: Column) -> Column:
    measure: Measure = column.measure
    return column if counts_rows(measure) else replace(column, measure=replace(measure, expr=_quoted(VALUE)))


def _rebound(item: BoundCondition, at: dict[tuple[Target | None, str | None], Target]) -> BoundCondition | None:
    """A condition of the query on metric_time or on keys; one on keys holds already, but not for periods without rows."""
    if not item.shown or not all(target is None or (target, grain) in at for target, grain in item.targets):
        return None
    targets = tuple((at[target, grain] if target else None, grain) for target, grain in item.targets)
    return replace(item, targets=targets)


def _quoted(name: str) -> str:
    return f'"{name}"'
