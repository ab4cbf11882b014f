"""A hazard as data: tables, definitions, questions with their right and their naive answers. Read from ``cases/*.yml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cases"
# Tables lie in this catalog and schema of DuckDB, under the names that the manifest gives them.
CATALOG, SCHEMA = "warehouse", "core"
SPINE = "days"

Row = tuple[Any, ...]
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """``columns`` as in ``create table``; ``rows`` in the order of the columns."""

    columns: str
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Question:
    """What is asked, in one of two forms, and the answers: columns in the order of group_by and metrics, or of ``columns``.

    ``query``: metrics, group_by, where, start, end: for any semantic layer; options of a query for one that has them.
    ``history``: what of the published values (``of``: values, restatements, definitions, breaks, diff, status, swings or alerts)
    after a run, for layers that keep them; ``of: indicator``: whether ``indicator`` may be declared as a leading indicator of
    ``outcome``. ``right`` None: there is
    no answer, and a layer has to refuse; ``refusal`` is in the text of ours.
    """

    asks: str
    query: Json | None
    history: Json | None
    right: tuple[Row, ...] | None
    naive: tuple[Row, ...]
    refusal: str
    working: str
    may_refuse: bool

    @property
    def columns(self) -> list[str]:
        """The names of the answer's columns."""
        if self.query is not None:
            return [*self.query.get("group_by", ()), *self.query["metrics"]]
        return list((self.history or {})["columns"])


@dataclass(frozen=True)
class Run:
    """One daily run: where time stands, and what has changed since the run before."""

    name: str
    today: date
    closed: date | None
    settled: date | None
    tables: Mapping[str, Table]
    metrics: Sequence[Json]


@dataclass(frozen=True)
class Case:
    """One hazard. ``product``: how our whole product is set up for it, where the compiler alone is not the answer.

    ``not_built``: parts of the hazard that the product does not handle yet, each with what will test it. ``limits``: what it
    does not do, beside what it answers.
    """

    name: str
    title: str
    trap: str
    tables: Mapping[str, Table]
    spine: tuple[date, date]
    semantic_models: Sequence[Json]
    metrics: Sequence[Json]
    questions: Sequence[Question]
    runs: Sequence[Run]
    product: Json
    not_built: Sequence[str]
    limits: Sequence[str]
    metricflow: str


def load_cases() -> list[Case]:
    """Every case, in the order of their files."""
    return [read_case(path) for path in sorted(FOLDER.glob("*.yml"))]


def read_case(path: Path) -> Case:
    """Read one file. Raises KeyError where something is missing."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    first, last = raw.get("spine") or (date(2024, 1, 1), date(2024, 6, 30))
    return Case(
        name=path.stem.partition("_")[2],
        title=raw["title"],
        trap=raw["trap"],
        tables=_tables(raw.get("tables")),
        spine=(first, last),
        semantic_models=raw.get("semantic_models") or [],
        metrics=raw.get("metrics") or [],
        questions=[_question(item) for item in raw.get("questions") or []],
        runs=[_run(item) for item in raw.get("runs") or []],
        product=raw.get("product") or {},
        not_built=raw.get("not_built") or [],
        limits=raw.get("limits") or [],
        metricflow=raw.get("metricflow") or "",
    )


def _tables(raw: Json | None) -> dict[str, Table]:
    return {name: Table(item["columns"], item["rows"]) for name, item in (raw or {}).items()}


def _question(raw: Json) -> Question:
    right = raw["right"]
    return Question(
        asks=raw["asks"],
        query=raw.get("query"),
        history=raw.get("history"),
        right=None if right == "refused" else tuple(map(tuple, right)),
        naive=tuple(map(tuple, raw["naive"])),
        refusal=raw.get("refusal") or "",
        working=raw.get("working") or "",
        may_refuse=bool(raw.get("may_refuse")),
    )


def _run(raw: Json) -> Run:
    return Run(
        name=raw["name"],
        today=raw["today"],
        closed=raw.get("closed"),
        settled=raw.get("settled"),
        tables=_tables(raw.get("tables")),
        metrics=raw.get("metrics") or [],
    )
