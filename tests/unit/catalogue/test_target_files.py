"""Targets in CSV and Excel: the same targets as in YAML, and a mistake names file and line."""

from __future__ import annotations

import csv
import sys
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from metrics.catalogue import Catalogue, check_catalogue, load_catalogue, read_lineage
from metrics.catalogue.model import Target
from metrics.errors import CatalogueError
from tests.unit.catalogue.test_files import KPI
from tests.unit.values.company import Company, build

HEADER = "kpi,from,to,grain,value\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def load(company: Company, root: Path, *, shipped: str = KPI, **files: str) -> Catalogue:
    """The catalogue of a workspace with these files in kpis/, named by their first letter: ``a_csv`` is a.csv."""
    for folder in ("kpis", "shipped"):
        (root / folder).mkdir(exist_ok=True)
    (root / "shipped" / "sales.yml").write_text(shipped, encoding="utf-8")
    for name, text in files.items():
        (root / "kpis" / name.replace("_", ".")).write_text(text, encoding="utf-8")
    ws = company.ws.model_copy()
    ws._root = root
    return load_catalogue(ws, company.layer, read_lineage(company.root / "manifest.json"), shipped=root / "shipped")


def test_rows_are_targets(company: Company, tmp_path: Path) -> None:
    text = (
        "kpi;from;to;grain;value;stretch;start;path;segment;member\n"
        "orders;2026-01-01;2026-06-30;month;500;550;;;;\n"
        "orders;2026-07-01;2026-12-31;month;600;;500;linear;;\n"
        "orders;2026-01-01;;month;70;;;;channel;email\n"
    )
    assert load(company, tmp_path, a_csv=text).kpis["orders"].targets == (
        Target.model_validate(
            {"from": date(2026, 1, 1), "to": date(2026, 6, 30), "grain": "month", "value": 500, "stretch": 550}
        ),
        Target.model_validate(
            {
                "from": date(2026, 7, 1),
                "to": date(2026, 12, 31),
                "grain": "month",
                "value": 600,
                "start": 500,
                "path": "linear",
            }
        ),
        Target.model_validate({"from": date(2026, 1, 1), "grain": "month", "value": 70, "scope": {"channel": "email"}}),
    )


def test_they_take_the_place_of_shipped_ones_and_add_up_over_files(company: Company, tmp_path: Path) -> None:
    shipped = KPI + "    targets: [{from: 2026-01-01, grain: week, value: 1}]\n"
    book = openpyxl.Workbook()
    book.active.append(["kpi", "from", "grain", "value"])
    book.active.append(["orders", date(2027, 1, 1), "month", 0.5])
    (tmp_path / "kpis").mkdir()
    book.save(tmp_path / "kpis" / "b.xlsx")
    # What Excel leaves beside a workbook that is open.
    (tmp_path / "kpis" / "~$b.xlsx").write_text("")
    targets = (
        load(company, tmp_path, shipped=shipped, a_csv=HEADER + "orders,2026-01-01,2026-12-31,month,2\n")
        .kpis["orders"]
        .targets
    )
    assert [(target.from_, target.value) for target in targets] == [(date(2026, 1, 1), 2), (date(2027, 1, 1), 0.5)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("order,2026-01-01,,month,5", "a.csv:2: target for unknown KPI 'order'. Did you mean 'orders'?"),
        ("orders,1.1.2026,,month,5", "a.csv:2: orders: 'from' is '1.1.2026', should be a date such as 2024-12-31."),
        (
            "orders,2026-02-01,2026-01-01,month,5",
            "a.csv:2: orders: target ends on 2026-01-01, before it starts on 2026-02-01.",
        ),
        ("orders,2026-01-01,,year,5", "a.csv:2: orders: 'grain' is 'year', should be 'day', 'week', 'month' or 'quarter'."),
        ("orders,2026-01-01,,month,many", "a.csv:2: orders: 'value' is 'many', should be a valid number"),
        ("orders,2026-01-01,,month,nan", "a.csv:2: orders: 'value' is 'nan', should be a finite number"),
        ("orders,2026-01-01,,month,", "a.csv:2: the cell of 'value' is empty."),
        (
            "orders,2026-01-01,,month,5\norders,2026-05-01,,month,6",
            "a.csv:3: orders: target from 2026-05-01 overlaps the one",
        ),
        ("orders,2026-01-01,,quarter,5", "a.csv:2: orders: target for grain 'quarter', but values are kept for month."),
    ],
)
def test_mistakes(company: Company, tmp_path: Path, row: str, expected: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load(company, tmp_path, shipped=KPI + "    grains: [month]\n", a_csv=f"{HEADER}{row}\n")
    assert f"kpis/{expected}" in str(caught.value)


def test_a_segment_needs_its_member(company: Company, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"a.csv:2: orders: 'segment' and 'member' belong together"):
        load(company, tmp_path, a_csv="kpi,from,grain,value,segment\norders,2026-01-01,month,5,channel\n")


def test_targets_stand_in_one_place(company: Company, tmp_path: Path) -> None:
    override = "version: 1\noverrides:\n  - id: orders\n    targets: [{from: 2026-01-01, grain: month, value: 5}]\n"
    with pytest.raises(
        CatalogueError, match=r"a.csv:2: orders has its targets at .*b.yml:4 already. Keep them in one place"
    ):
        load(company, tmp_path, b_yml=override, a_csv=HEADER + "orders,2026-01-01,,month,5\n")


def test_a_dot_before_three_digits_may_part_thousands_where_the_comma_is_no_delimiter(
    company: Company, tmp_path: Path
) -> None:
    head = "kpi;from;grain;value\n"
    with pytest.raises(CatalogueError, match=r"a.csv:2: '45.000' may be 45000 or 45, if its dots part thousands"):
        load(company, tmp_path, a_csv=f"{head}orders;2026-01-01;month;45.000\n")
    for text in ("0.125", "45.5", "45.00", "45000"):
        (found,) = load(company, tmp_path, a_csv=f"{head}orders;2026-01-01;month;{text}\n").kpis["orders"].targets
        assert found.value == float(text)


@pytest.mark.parametrize("limit", [131_072, sys.maxsize])
def test_a_cell_longer_than_the_reader_takes_is_told_with_its_line(company: Company, tmp_path: Path, limit: int) -> None:
    """Also where another library of the process has lifted the limit of the reader."""
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(CatalogueError, match=r"a.csv:2: cannot be read \(field larger than"):
            load(company, tmp_path, a_csv=f'{HEADER}"orders,2026-01-01,,month,5\n' + "x" * 140_000)
    finally:
        csv.field_size_limit(before)


def test_a_workbook_that_would_hang_the_reader_or_give_other_days_is_refused(company: Company, tmp_path: Path) -> None:
    (tmp_path / "kpis").mkdir()
    file = tmp_path / "kpis" / "b.xlsx"
    file.write_bytes(b"PK\x03\x04garbage")
    with pytest.raises(CatalogueError, match=r"b\.xlsx: cannot be read as an Excel workbook"):
        load(company, tmp_path)
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["kpi", "from", "grain", "value"])
    book.active.append(["orders", date(2027, 1, 1), "month", 5])
    book.save(file)
    with pytest.raises(CatalogueError, match=r"b\.xlsx: counts days from 1904"):
        load(company, tmp_path)


def test_a_formula_without_a_result_is_no_empty_cell(company: Company, tmp_path: Path) -> None:
    (tmp_path / "kpis").mkdir()
    book = openpyxl.Workbook()
    book.active.append(["kpi", "from", "grain", "value", "floor"])
    book.active.append(["orders", date(2027, 1, 1), "month", 5, "=D2*0.9"])
    book.save(tmp_path / "kpis" / "b.xlsx")
    with pytest.raises(CatalogueError, match=r"b\.xlsx:2: the cell E2 holds a formula without a stored result, and would"):
        load(company, tmp_path)


def test_every_wrong_row_is_found(company: Company, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError):
        load(company, tmp_path, a_csv=HEADER + "orders,soon,,month,5\norders,2026-01-01,,month,x\n", b_csv="kpis,x\n")
    ws = company.ws.model_copy()
    ws._root = tmp_path
    lineage = read_lineage(company.root / "manifest.json")
    _, findings = check_catalogue(ws, company.layer, lineage, shipped=tmp_path / "shipped")
    assert [finding.where.rpartition("/")[2] for finding in findings] == ["a.csv:2", "a.csv:3", "b.csv:1"]
