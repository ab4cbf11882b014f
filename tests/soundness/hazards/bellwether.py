"""Our own layer behind the adapter: the compiler for queries, the value store for their history, dbt where rows come raw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from metrics.errors import CatalogueError, QueryError
from metrics.semantic import Query, SemanticLayer
from tests.soundness.hazards.case import Case, Question, Row
from tests.soundness.hazards.company import Company
from tests.soundness.hazards.layers import Prepared, RefusedError
from tests.soundness.hazards.raw_rows import BuiltProject


class Bellwether:
    """``folder`` takes the workspaces of cases with a history, and the warehouse of the cases whose rows come raw.

    ``raw_cases``: all cases whose rows come raw; dbt builds them together, with the first that is asked.
    """

    name = "Bellwether"

    def __init__(self, folder: Path, raw_cases: Sequence[Case]) -> None:
        self._folder = folder
        self._raw_cases = raw_cases
        self._companies: dict[str, Company] = {}
        self._project: BuiltProject | None = None

    def answer(self, prepared: Prepared, question: Question) -> Sequence[Row]:
        case = prepared.case
        if question.history is not None:
            try:
                return self._company(case).history(question.history)
            except (CatalogueError, QueryError) as error:
                raise RefusedError(str(error)) from error
        if "mapping" in case.product:
            with self.built().warehouse() as con:
                return _asked(self.built().layer, con, question)
        return _asked(SemanticLayer.from_manifest(prepared.manifest), prepared.con, question)

    def _company(self, case: Case) -> Company:
        if case.name not in self._companies:
            self._companies[case.name] = Company(case, self._folder / case.name)
        return self._companies[case.name]

    def built(self) -> BuiltProject:
        """The warehouse of the raw cases."""
        if self._project is None:
            self._project = BuiltProject(self._raw_cases, self._folder / "raw")
        return self._project


def _asked(layer: SemanticLayer, con: duckdb.DuckDBPyConnection, question: Question) -> list[tuple[Any, ...]]:
    assert question.query is not None
    try:
        sql = layer.compile(Query(**question.query))
    except QueryError as error:
        raise RefusedError(str(error)) from error
    return con.execute(sql).fetchall()
