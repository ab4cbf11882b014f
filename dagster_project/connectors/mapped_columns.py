"""What a workspace's mapping asks of one raw table: columns that have to be there, and their types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from metrics.errors import ReadOptionError, SourceError, did_you_mean
from metrics.workspace import Source, Workspace, load_entities
from metrics.workspace.business_dates import expression_type, is_loaded, mapped_relation
from metrics.workspace.entities import ColumnType
from metrics.workspace.mapping import column_refs, mapping_tables, plain_columns

# A number, a date or an address: no name of a column.
_VALUE = re.compile(r"[\W_]*\d[\d\W_]*([TZ][\d\W_]*)*|.*@.*")
DATA_ERRORS = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


@dataclass(frozen=True)
class AskedColumn:
    """A raw column that a mapping reads. ``always`` = every file has to have it, because the entity requires it."""

    column: str
    used_by: str
    where: str
    always: bool


def wanted_types(source: Source, table: str) -> dict[str, ColumnType]:
    """Return the types of raw columns (in lower case) that mappings or ``read.types`` decide; others are inferred."""
    wanted = {column: _common_type(set(types)) for column, types in mapped_types(source, table).items()}
    return wanted | {column.lower(): kind for column, kind in source.tables[table].read.types.items()}


def mapped_types(source: Source, table: str) -> dict[str, list[ColumnType]]:
    """Return, by raw column (in lower case), the canonical types that staging will cast its values to."""
    found: dict[str, set[ColumnType]] = {}
    for name, mapping in source.entities.items():
        columns = load_entities()[name].columns
        for canonical, ref in plain_columns(source, mapping):
            # A query may return one more column than the entity has, for its `latest_by`.
            if ref.table == table and canonical in columns:
                found.setdefault(ref.column.lower(), set()).add(columns[canonical].type)
    return {column: sorted(types) for column, types in found.items()}


def _common_type(types: set[ColumnType]) -> ColumnType:
    """Return the type that can hold what several entities want of one raw column; staging casts it for each."""
    if len(types) == 1:
        return next(iter(types))
    if types <= {"integer", "decimal"}:
        return "decimal"
    if types <= {"integer", "decimal", "double"}:
        return "double"
    return "timestamp" if types <= {"date", "timestamp"} else "text"


def asked_columns(ws: Workspace, source: Source, table: str) -> list[AskedColumn]:
    """Return the raw columns of a table that mappings and ``read.types`` name."""
    asked = []
    for name, mapping in source.entities.items():
        if table not in mapping_tables(source, mapping):
            continue
        entity = load_entities()[name]
        for canonical, ref in column_refs(source, mapping):
            if ref.table != table:
                continue
            keys = ("columns", canonical) if canonical in mapping.columns else (canonical,)
            always = canonical in entity.columns and entity.columns[canonical].required
            used_by = f"{source.name}.{name}.{canonical}" if len(keys) == 2 else f"the {canonical} of {source.name}.{name}"
            asked.append(AskedColumn(ref.column, used_by, ws.where("sources", source.name, "entities", name, *keys), always))
    for column in source.tables[table].read.types:
        where = ws.where("sources", source.name, "tables", table, "read", "types", column)
        asked.append(AskedColumn(column, f"read.types of {source.name}.{table}", where, False))
    return asked


def check_columns(
    asked: list[AskedColumn],
    found: dict[str, list[str]],
    kept: dict[str, list[str]],
    header_lines: Mapping[str, int] | None = None,
) -> None:
    """Check the columns that files (or one database table) have. Raises SourceError naming file, column, closest name."""
    for error in missing_columns(asked, found, kept, header_lines or {}):
        raise error


def missing_columns(
    asked: list[AskedColumn], found: dict[str, list[str]], kept: dict[str, list[str]], header_lines: Mapping[str, int]
) -> Iterator[SourceError]:
    """Yield one error for each asked column that is not in a file where it has to be, with the first such file.

    ``kept`` gives the columns of files that are loaded already, ``header_lines`` the line that was taken for the header of
    the files that have one: where it rather is a row, that is the one error, and its values, which may be personal, are
    not told.
    A column of an optional mapping may be missing in some files, for example in those before it was introduced.
    """
    anywhere = {name.lower() for names in [*found.values(), *kept.values()] for name in names}
    here = {file: {name.lower() for name in names} for file, names in found.items()}
    told = set()
    for column in asked:
        key = column.column.lower()
        file = next((file for file in found if key not in (here[file] if column.always else anywhere)), None)
        if file is None or file in told:
            continue
        names = found[file]
        if file in header_lines and _is_row(asked, names, header_lines[file]):
            told.add(file)
            yield _row_for_header(asked, file, header_lines[file])
            continue
        hint = did_you_mean(column.column, names) or did_you_mean(key, here[file])
        hint = hint or f" It has: {', '.join(names[:12])}"
        yield SourceError(
            f"{column.where}: {column.used_by} reads the column '{column.column}', which is not in {file}.{hint}"
        )


def _is_row(asked: list[AskedColumn], names: list[str], line: int) -> bool:
    """Whether what was taken for the names of the columns rather is a row: none of the asked ones is among them."""
    wanted, here = {column.column.lower() for column in asked}, {name.lower() for name in names}
    if wanted & here:
        return False
    if any(_VALUE.fullmatch(name.strip()) for name in names):
        return True
    return line > 1 and not any(did_you_mean(column, here) for column in wanted)


def _row_for_header(asked: list[AskedColumn], file: str, line: int) -> ReadOptionError:
    wanted = list(dict.fromkeys(column.column for column in asked))
    skipped = f"which `read.skip: {line - 1}` makes the header" if line > 1 else "which has to name the columns"
    return ReadOptionError(
        f"{file}:{line}: this line, {skipped}, has none of the mapped columns ({', '.join(wanted[:12])}): it may be a row. "
        "Set `read.skip` to the number of lines before the header.",
        "skip",
    )


def check_mappings(con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, table: str, rows: str) -> None:
    """Check that every expression and query over a table fits the types of its new ``rows``. Raises SourceError."""
    for name, mapping in source.entities.items():
        if table not in mapping_tables(source, mapping) or not is_loaded(con, source, mapping, besides=table):
            continue
        for canonical in [*mapping.columns] if mapping.query is None else load_entities()[name].required[:1]:
            keys = ("query",) if mapping.query is not None else ("columns", canonical)
            with mapping_errors(ws, source, name, *keys):
                expression_type(con, *mapped_relation(source, mapping, canonical, {table: rows}))


@contextmanager
def mapping_errors(ws: Workspace, source: Source, entity: str, *keys: str) -> Iterator[None]:
    """Turn an error of DuckDB about a mapping's SQL into a SourceError of one line."""
    where = ws.where("sources", source.name, "entities", entity, *keys)
    label = ".".join([source.name, entity, *keys[1:]])
    try:
        yield
    except duckdb.BinderException as error:
        reason = str(error).splitlines()[0].split(" You might need")[0].strip().rstrip(".")
        raise SourceError(
            f"{where}: {label}: {reason}. Check the expression, or set the types of raw columns with `read.types`."
        ) from error
    except DATA_ERRORS as error:
        # DuckDB's own words would show the value, which may be personal.
        what, kind = "query" if keys == ("query",) else "expression", str(error).split(":", 1)[0]
        raise SourceError(
            f"{where}: {label}: the {what} cannot be computed for every row ({kind}). "
            "Use try_cast instead of cast, or mend the rows."
        ) from error
