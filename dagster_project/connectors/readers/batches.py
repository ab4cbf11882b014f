"""What readers return: files with the same columns, their rows as a DuckDB relation, rows that are malformed."""

from __future__ import annotations

from dataclasses import dataclass, field

from dagster_project.connectors.readers.unpacking import Readable
from metrics.errors import SourceError

RESERVED = {"_file", "_path", "_of_path", "_record", "_bad", "_loaded_at", "_run_id"}


@dataclass(frozen=True)
class Reject:
    """A row that could not be loaded; ``lines`` is more than one when it swallowed others."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    reason: str
    row_text: str | None
    lines: int = 1


@dataclass(frozen=True)
class Prepared:
    """A file whose columns are known. ``columns`` gives the DuckDB type of each, None where the format has no types."""

    readable: Readable
    columns: dict[str, str | None]
    delimiter: str = ""
    rejects: tuple[Reject, ...] = ()
    line_numbers: tuple[int, ...] | None = None
    """Lines of the records where broken ones were taken out."""

    @property
    def batch_key(self) -> tuple[object, ...]:
        """Files with the same key are read together."""
        form = self.readable.format
        alone = str(self.readable.path) if form == "xlsx" else ""
        return form, self.delimiter, tuple(self.columns.items()), alone


@dataclass
class Batch:
    """Prepared files of one format with the same columns.

    ``relation`` is SQL for their rows: the columns, ``_path`` (the path read) and ``_record``, the number of the record
    from 1, counted within each file for Parquet and Excel and over the whole batch otherwise.
    """

    files: list[Prepared]
    relation: str
    rejects: list[Reject] = field(default_factory=list)
    table: str | None = None
    """The temporary table that the rows were read into, if any."""

    @property
    def columns(self) -> dict[str, str | None]:
        return self.files[0].columns

    @property
    def format(self) -> str:
        return self.files[0].readable.format


def checked_names(readable: Readable, names: list[str]) -> list[str]:
    """Return the column names as they are. Raises SourceError for a name that is reserved or occurs twice."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in RESERVED:
            raise SourceError(f"{readable.file.path}: has a column '{name}', a name that Bellwether adds itself. Rename it.")
        if name.lower() in seen:
            raise SourceError(f"{readable.file.path}: names the column '{name}' twice. Rename one of them.")
        seen.add(name.lower())
    return names


def first_line(error: Exception) -> str:
    """Return the first line of a DuckDB error, without the query below it."""
    return str(error).splitlines()[0].strip().rstrip(".")
