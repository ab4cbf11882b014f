"""What each period has to reach: targets kept append-only, and seasonal ones spread by a season that is found once.

A season is stored when it is first found and never again: values that are restated later do not move a target that people
work towards, nor what was scored by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from metrics.catalogue import Finding, segment_dimension
from metrics.errors import did_you_mean
from metrics.values.journal import append_differences
from metrics.values.status.judgement import PeriodTarget
from metrics.values.status.season import Season, SeasonRefusedError, find_season
from metrics.values.status_tables import TARGET_KEY
from metrics.warehouse import append_rows
from metrics.workspace.clock import machine_now

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue, Kpi, Target

Scope = tuple[str, str]  # dimension and member; two empty texts are the whole company
COMPANY: Scope = ("", "")
SeasonKey = tuple[str, str, str, str, date]
_COMPARED = ("valid_to", "path", "start_value", "target", "floor", "stretch", "review_on")
_SEASONS = """select metric, grain, segment_dimension, segment_value, valid_from, slot, factor,
        is_sum, history_from, history_to
    from mart.kpi_target_seasons"""
_SETTLED = """select period_start, value from mart.kpi_current
    where metric = ? and grain = ? and segment_dimension = ? and segment_value = ?
        and state in ('settled', 'restated') and value is not null"""
_MEMBERS = "select distinct segment_value from mart.kpi_current where metric = ? and grain = ? and segment_dimension = ?"


def append_targets(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, run_id: str) -> int:
    """Append to `mart.kpi_targets` what is new, changed or gone in the KPI files; return the number of rows."""
    rows = [_target_row(kpi, target) for kpi in catalogue.kpis.values() for target in kpi.targets]
    return append_differences(con, "kpi_targets", TARGET_KEY, _COMPARED, rows, run_id)


def _target_row(kpi: Kpi, target: Target) -> dict[str, Any]:
    dimension, member = scope_of(target)
    return {
        "metric": kpi.id,
        "grain": target.grain,
        "segment_dimension": dimension,
        "segment_value": member,
        "valid_from": target.from_,
        "valid_to": target.to,
        "path": target.path,
        "start_value": target.start,
        "target": target.value,
        "floor": target.floor,
        "stretch": target.stretch,
        "review_on": target.review_on,
    }


def scope_of(target: Target) -> Scope:
    """Dimension (its short name) and member that a target is for."""
    dimension, member = next(iter(target.scope.items()), COMPANY)
    return segment_dimension(dimension), member


@dataclass
class TargetBook:
    """What every period has to reach. ``findings``: targets that cannot be used, and why."""

    seasons: Mapping[SeasonKey, Season] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def on(self, kpi: Kpi, grain: str, scope: Scope, start: date) -> PeriodTarget | None:
        """The target of the period that starts on ``start``; None without one, or when its season was refused."""
        target = next(
            (one for one in kpi.targets if one.grain == grain and scope_of(one) == scope and one.holds_on(start)), None
        )
        if target is None:
            return None
        if target.path != "seasonal":
            return PeriodTarget(target.value_on(start), target.floor, target.stretch, target.from_, target.path)
        season = self.seasons.get((kpi.id, grain, *scope, target.from_))
        value = season.target(target.value, start) if season else None
        if value is None:
            return None
        # floor and stretch are for the year, as the value is
        floor, stretch = (None if one is None else one * value / target.value for one in (target.floor, target.stretch))
        return PeriodTarget(value, floor, stretch, target.from_, target.path)

    def of(self, kpi: Kpi, grain: str, scope: Scope) -> Callable[[date], PeriodTarget | None]:
        """The targets of one series by the first day of a period."""
        return lambda start: self.on(kpi, grain, scope, start)


def read_target_book(con: duckdb.DuckDBPyConnection) -> TargetBook:
    """What periods have to reach, with the seasons found so far; ``find_seasons`` stores those that are new."""
    return TargetBook(_read_seasons(con))


def find_seasons(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, run_id: str) -> TargetBook:
    """The targets of every connected KPI. Seasons that can be found for the first time are stored, for good."""
    book = TargetBook(dict(_read_seasons(con)))
    found: dict[SeasonKey, Season] = {}
    for kpi in catalogue.kpis.values():
        if not catalogue.connected(kpi.id):
            continue
        for target in kpi.targets:
            key: SeasonKey = (kpi.id, target.grain, *scope_of(target), target.from_)
            book.findings.extend(_unseen_member(con, catalogue, key))
            if target.path != "seasonal" or key in book.seasons:
                continue
            try:
                found[key] = _find(con, catalogue, key)
            except SeasonRefusedError as why:
                book.findings.append(Finding(_where(catalogue, kpi.id), _refused(target, key, str(why)), "warning"))
    _store(con, found, run_id)
    return TargetBook({**book.seasons, **found}, book.findings)


def _read_seasons(con: duckdb.DuckDBPyConnection) -> dict[SeasonKey, Season]:
    factors: dict[SeasonKey, dict[int, float]] = {}
    rest: dict[SeasonKey, tuple[bool, date, date]] = {}
    for metric, grain, dimension, member, valid_from, slot, factor, *others in con.execute(_SEASONS).fetchall():
        key = (metric, grain, dimension, member, valid_from)
        factors.setdefault(key, {})[slot] = factor
        rest[key] = (others[0], others[1], others[2])
    return {key: Season(key[1], rest[key][0], found, *rest[key][1:]) for key, found in factors.items()}


def _find(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, key: SeasonKey) -> Season:
    metric, grain, dimension, member, valid_from = key
    settled = dict(con.execute(_SETTLED, [metric, grain, dimension, member]).fetchall())
    gaps = {day for (day,) in con.execute("select day from mart.kpi_gaps where metric = ?", [metric]).fetchall()}
    is_sum = catalogue.metric(metric).meta.get("additivity") == "additive"
    return find_season(settled, valid_from, grain, is_sum, gaps)


def _store(con: duckdb.DuckDBPyConnection, found: Mapping[SeasonKey, Season], run_id: str) -> None:
    now = machine_now()
    rows = [
        (*key, slot, factor, season.is_sum, season.first, season.last, run_id, now)
        for key, season in found.items()
        for slot, factor in season.factors.items()
    ]
    append_rows(con, "mart.kpi_target_seasons", rows)


def _refused(target: Target, key: SeasonKey, why: str) -> str:
    where = f" ({key[2]} {key[3]})" if key[2] else ""
    return (
        f"{key[0]}: the seasonal target from {target.from_}{where} is not used: {why}. "
        "Use path: step or linear until then, or a later 'from'."
    )


def _unseen_member(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, key: SeasonKey) -> list[Finding]:
    """A target for a segment that has never had a value would be `no_data` for ever."""
    metric, grain, dimension, member, valid_from = key
    if not dimension:
        return []
    known = sorted(name for (name,) in con.execute(_MEMBERS, [metric, grain, dimension]).fetchall())
    if member in known:
        return []
    hint = did_you_mean(member, known) or (f" Known are {', '.join(known)}." if known else "")
    if not known:
        kept = ", ".join(segment_dimension(item) for item in catalogue.segments(metric)) or "none"
        hint = f" No value by {dimension} is kept; segments of {metric} are: {kept}."
    text = f"{metric}: the target from {valid_from} is for {dimension} '{member}', which has never had a value.{hint}"
    return [Finding(_where(catalogue, metric), text, "warning")]


def _where(catalogue: Catalogue, metric: str) -> str:
    return catalogue.targets_at.get(metric) or catalogue.where[metric]
