"""Scores raw columns for the columns of an entity, and tables for entities: by name, type and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.suggest.assign import assign
from dagster_project.suggest.names import (
    NameMatch,
    column_terms,
    common_prefix,
    is_loader_column,
    is_nameless,
    known_words,
    match_column,
    match_table,
    words_of,
)
from dagster_project.suggest.profile import ColumnProfile, TableProfile
from metrics.workspace import load_entities
from metrics.workspace.entities import ColumnType, Entity

LEAST_SCORE = 0.5
COLUMNS_ALONE = 1.45
MOST_DOUBTFUL = 0.75
_NUMBERS = {"integer", "decimal", "double"}
# Columns of these kinds hold ids: numbers are as good as words, and many different values are to be expected.
_ID_ENDINGS = ("_id",)
_CODES = {"country": "iso2", "currency": "iso3"}


@dataclass(frozen=True)
class Candidate:
    """A raw column for a canonical one. ``evidence`` is the score less what the name says about any table."""

    column: str
    raw: str
    score: float
    evidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class EntityCandidate:
    """A table for an entity, with the best one-to-one assignment of its columns."""

    entity: Entity
    table: TableProfile
    score: float
    columns: Mapping[str, Candidate]


def candidate_for(table: TableProfile, entity: Entity) -> EntityCandidate:
    """Return the best assignment of a table's columns to an entity's, and how likely the table is that entity."""
    name_score = match_table(table.given.stem, entity.name, known_words())
    scored = {(c.column, c.raw): c for c in column_candidates(table, entity)}
    # One column with the right name is worth more than two with names that are a little alike.
    chosen = assign({key: (candidate.score + _tie_break(entity, key[0])) ** 4 for key, candidate in scored.items()})
    columns = {column: scored[column, chosen[column]] for column in entity.columns if column in chosen}
    score = _entity_score(entity, columns, name_score)
    if is_nameless(table.given.stem):
        # A name that says nothing speaks against no entity either: the columns alone decide.
        score *= COLUMNS_ALONE
    return EntityCandidate(entity, table, score, columns)


def _tie_break(entity: Entity, column: str) -> float:
    # Where two canonical columns want one raw column, the required one gets it.
    return 0.02 if column in entity.required else 0.0


def _entity_score(entity: Entity, columns: Mapping[str, Candidate], name_score: float) -> float:
    """Weigh the file's name, the required columns and the optional ones; the key of a reference says little."""
    required = entity.required
    found = sum(columns[name].evidence for name in required if name in columns) / len(required)
    optional = sum(candidate.evidence for name, candidate in columns.items() if name not in required)
    score = 0.42 * name_score + 0.38 * found + 0.2 * min(1.0, optional / 2.5)
    if entity.kind == "reference" and (name_score < 0.5 or len(columns) < 2):
        # Many tables hold the id of a customer or a product.
        score *= 0.5
    return score


def column_candidates(table: TableProfile, entity: Entity) -> list[Candidate]:
    """Return all pairs of canonical and raw column that could be right."""
    usable = [column for column in table.columns.values() if not is_loader_column(column.name)]
    prefix = common_prefix([column.name for column in usable])
    found = []
    for name, spec in entity.columns.items():
        terms = column_terms(entity.name, name)
        for column in usable:
            match = match_column(column.name, terms, entity.name, prefix)
            candidate = _candidate(name, spec.type, column, match, entity) if match.score else None
            if candidate is not None and candidate.score >= LEAST_SCORE:
                found.append(candidate)
    return found


def _candidate(name: str, kind: ColumnType, column: ColumnProfile, match: NameMatch, entity: Entity) -> Candidate | None:
    if column.form == "empty":
        # Nothing but the name speaks for it, so that has to be right.
        said = ("name", "no value in these files")
        return Candidate(name, column.name, 0.5, 0.0, said) if match.is_close and name not in entity.key else None
    fit, type_reason = type_fit(kind, name, column)
    if fit == 0:
        return None
    reasons = ["name" if match.is_close else "similar name"]
    if type_reason:
        reasons.append(type_reason)
    score = match.score * fit
    if entity.key == (name,):
        score, reason = _as_key(score, column)
        reasons.append(reason)
    if column.filled_share < 0.02:
        score *= 0.85
    if column.filled_share < 1:
        reasons.append(f"{_percent(column.filled_share)} filled")
    evidence = score * (0.4 if match.is_general else 1.0)
    # Digits in doubt make a column less sure, but are no reason to leave it out.
    is_doubtful = kind in _NUMBERS and bool(column.digits_note)
    return Candidate(name, column.name, min(score, MOST_DOUBTFUL if is_doubtful else 1.0), evidence, tuple(reasons))


def _as_key(score: float, column: ColumnProfile) -> tuple[float, str]:
    if column.is_unique and words_of(column.name) == ("id",):
        # Where a table has a column that is just called id, ids with a longer name are those of something else.
        return 1.0, "unique in every row"
    if column.is_unique:
        return min(0.99, score * 1.05), "unique in every row"
    share = column.distinct / max(column.filled, 1)
    return score * 0.9, f"{_percent(share)} distinct"


def type_fit(kind: ColumnType, name: str, column: ColumnProfile) -> tuple[float, str]:
    """Return how well the values of a raw column fit a canonical type (0 = not at all), and what shows it."""
    if kind in {"timestamp", "date"}:
        return _temporal_fit(kind, column)
    if kind in _NUMBERS:
        return _number_fit(kind, column)
    if kind == "boolean":
        if column.form == "boolean" or column.kind.is_flag:
            return 1.0, "0 and 1" if column.kind.is_flag else "true and false"
        if column.kind.true_word is not None:
            return 0.95, f"words for true and false; CHECK: true where it is {column.kind.true_word}"
        return 0.0, ""
    return _text_fit(name, column)


def _temporal_fit(kind: ColumnType, column: ColumnProfile) -> tuple[float, str]:
    if column.is_temporal:
        style = column.dates
        if style is None:
            return 1.0, column.form
        if style.share < 0.8:
            return 0.0, ""
        what = "dates" if column.form == "date" else "times"
        reason = f"{_percent(style.share)} read as {what} ({style.shown})"
        fit = 0.95 if style.share < 0.99 else 1.0
        if bad := round(column.filled * (1 - style.share)):
            reason += f"; CHECK: {bad:,} are none, as in a line of totals: a run puts such rows into the quarantine"
        if not style.is_certain:
            fit, reason = fit * 0.75, f"{reason}; CHECK: day and month could be the other way round"
        return fit * (0.97 if kind != column.form else 1.0), reason
    if is_epoch(column):
        return 0.9, "whole numbers that fit seconds since 1970"
    return 0.0, ""


def is_epoch(column: ColumnProfile) -> bool:
    """Whether whole numbers may be seconds or milliseconds since 1970."""
    return column.form == "integer" and column.epoch_unit is not None


def _number_fit(kind: ColumnType, column: ColumnProfile) -> tuple[float, str]:
    if column.form == "integer":
        return 1.0, f"{_percent(column.kind.share)} whole numbers"
    if column.form == "decimal":
        reason = f"{_percent(column.kind.share)} numbers"
        if column.digits_note:
            reason = f"{reason}; CHECK: {column.digits_note}"
        return (0.9 if kind == "integer" else 1.0), reason
    if column.form == "text" and "money" in column.kind.patterns:
        return (0.9 if kind == "decimal" else 0.8), "amounts written for people"
    return 0.0, ""


def _text_fit(name: str, column: ColumnProfile) -> tuple[float, str]:
    if column.is_temporal:
        return 0.3, ""
    if name == "email":
        return (1.0, "e-mail addresses") if "email" in column.kind.patterns else (0.85, "")
    if name in _CODES:
        matches = _CODES[name] in column.kind.patterns
        return (1.0, "codes of " + ("two" if name == "country" else "three") + " letters") if matches else (0.9, "")
    if name.endswith(_ID_ENDINGS):
        return (0.4, "") if column.form in {"decimal", "boolean"} else (1.0, "")
    if column.form in {"decimal", "boolean"} or column.kind.is_flag:
        return 0.4, ""
    return 1.0, ""


def _percent(share: float) -> str:
    if share >= 1:
        return "100%"
    return f"{share:.0%}" if 0.01 <= share < 0.995 else "over 99%" if share > 0.5 else "under 1%"


def entity_candidates(table: TableProfile) -> list[EntityCandidate]:
    """Return the candidates of a table, the likeliest first."""
    found = [candidate_for(table, entity) for entity in load_entities().values()]
    return sorted(found, key=lambda candidate: -candidate.score)
