"""docs/mapping.md: every example is loaded as a user would load it, and every option is named."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from dagster_project.connectors import extract_source
from metrics.catalogue import check_catalogue
from metrics.catalogue.target_files import read_target_files
from metrics.warehouse import open_warehouse
from metrics.workspace import Closes, EntityMapping, ReadOptions, Source, Table, Workspace, load_workspace
from tests.conftest import REPOSITORY
from tests.unit.catalogue.test_shipped import DefinedMetrics

PAGE = (REPOSITORY / "docs" / "mapping.md").read_text(encoding="utf-8")
MAPPED = {"table": "orders", "columns": {"order_id": "id", "ordered_at": "created_at", "gross_amount": "total"}}


@dataclass(frozen=True)
class Example:
    """A fenced block: its language, what the word behind it says it is, its text."""

    language: str
    kind: str
    text: str


EXAMPLES = [Example(*found) for found in re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def of_kind(kind: str) -> list[Example]:
    return [example for example in EXAMPLES if example.kind == kind]


def load(root: Path, source: dict[str, Any], **settings: Any) -> Workspace:
    """The workspace of the page with one source, its two files in exports/."""
    for example in EXAMPLES:
        if example.language == "text" and example.kind != "sample":
            folder = "" if example.kind.startswith(("kpis/", "channels", "promotions")) else "exports/"
            path = root / f"{folder}{example.kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(example.text, encoding="utf-8")
    base = {"name": "Page", "timezone": "UTC", "currency": "EUR", "history_start": "2026-01-01", "clock": "data_end"}
    text = yaml.safe_dump({**base, **settings, "sources": {"shop": source}}, sort_keys=False)
    (root / "workspace.yml").write_text(text, encoding="utf-8")
    return load_workspace(root)


def files_source() -> dict[str, Any]:
    return dict(yaml.safe_load(of_kind("source")[0].text))


def test_the_page_has_examples() -> None:
    assert {example.kind for example in EXAMPLES} == {
        "orders.csv", "lines.csv", "source", "entities", "read", "sample", "workspace", "channels.csv", "kpis/targets.csv",
        "promotions.csv", "kpis/own.yml", "numbers.csv", "numbers", "semantic/numbers.yml",
    }  # fmt: skip
    # No block that this test would not see.
    assert PAGE.count("\n```") == 2 * len(EXAMPLES)


@pytest.mark.parametrize("part", [ReadOptions, Table, EntityMapping, Source, Closes])
def test_every_option_is_named(part: type) -> None:
    used = set(re.findall(r"[a-z_]+", PAGE))
    # What these two hold is named option by option.
    missing = set(part.model_fields) - used - {"entities", "read"}  # type: ignore[attr-defined]
    assert not missing


@pytest.mark.parametrize("example", of_kind("source"), ids=lambda example: example.text.split()[1])
def test_sources(tmp_path: Path, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "x")
    ws = load(tmp_path, yaml.safe_load(example.text) | {"entities": {"orders": MAPPED}})
    assert ws.mapped_entities() == {"orders"}


@pytest.mark.parametrize("example", of_kind("entities"), ids=lambda example: " ".join(example.text.split()[:2]))
def test_entities_are_extracted(tmp_path: Path, example: Example) -> None:
    """The load checks every expression and query against the types of the raw tables."""
    ws = load(tmp_path, files_source() | {"entities": yaml.safe_load(example.text)})
    with open_warehouse(ws) as con:
        loads = extract_source(con, ws, "shop", ["orders", "lines"], "run", lambda _: None)
        dates = con.execute("select distinct business_date::varchar from raw.ops.run_dates order by 1").fetchall()
    assert [(one.rows, one.rejected) for one in loads] == [(3, 0), (3, 0)]
    assert dates == [("2026-01-05",), ("2026-01-06",)]


READ = list(zip(of_kind("read"), of_kind("sample"), strict=True))


@pytest.mark.parametrize(("options", "sample"), READ, ids=[options.text.strip() for options, _ in READ])
def test_read_options_read_their_sample(tmp_path: Path, options: Example, sample: Example) -> None:
    read = yaml.safe_load(options.text)
    name = write_sample(tmp_path / "exports", read, sample.text)
    source = files_source() | {"tables": {"orders": {"files": name, "read": read}}, "entities": {"orders": MAPPED}}
    ws = load(tmp_path, source)
    with open_warehouse(ws) as con:
        (loaded,) = extract_source(con, ws, "shop", ["orders"], "run", lambda _: None)
        row = con.execute("select id, created_at::date::varchar, total::varchar from raw.raw_shop.orders").fetchone()
    assert (loaded.rows, loaded.rejected) == (1, 0)
    total = {"decimal_separator": "1020.500000", "null_values": None}
    expected = next((value for key, value in total.items() if key in read), "20.000000")
    assert row == ("A1", "2026-01-05", expected)
    if "types" in read:
        assert (loaded.columns["zip"], loaded.columns["paid_on"]) == ("VARCHAR", "DATE")


def write_sample(folder: Path, read: dict[str, Any], text: str) -> str:
    """Write the sample as the file that its options are for; return its name."""
    folder.mkdir()
    if "member" in read:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("2026/orders.csv", text)
            archive.writestr("2026/other.csv", "x")
        (folder / "sample.zip").write_bytes(stream.getvalue())
        return "sample.zip"
    if "sheet" in read:
        book = openpyxl.Workbook()
        page = book.create_sheet(read["sheet"])
        for line in text.splitlines():
            page.append(line.split(","))
        book.save(folder / "sample.xlsx")
        return "sample.xlsx"
    (folder / "sample.csv").write_bytes(text.encode(read.get("encoding", "utf-8")))
    return "sample.csv"


@pytest.mark.parametrize("example", of_kind("workspace"), ids=lambda example: example.text.strip())
def test_settings_of_the_workspace(tmp_path: Path, example: Example) -> None:
    settings = yaml.safe_load(example.text)
    ws = load(tmp_path, files_source() | {"entities": {"orders": MAPPED}}, **settings)
    if "promotions" in settings:
        assert [promotion.promotion for promotion in ws.known_promotions] == ["Winter sale"]
    else:
        assert [rule.channel for rule in ws.rules_of_channels] == ["paid_search", "email"]


def test_targets(tmp_path: Path) -> None:
    ws = load(tmp_path, files_source() | {"entities": {"orders": MAPPED}})
    found, findings = read_target_files(ws.root / "kpis")
    assert not findings
    assert [(target.value, target.scope) for target in found["orders"].targets] == [
        (500, {}),
        (600, {}),
        (80, {"channel": "email"}),
    ]


def test_overrides(tmp_path: Path) -> None:
    ws = load(tmp_path, files_source() | {"entities": {"orders": MAPPED}})
    layer: Any = DefinedMetrics()
    shipped, _ = check_catalogue(ws, layer, {})
    (ws.root / "kpis" / "own.yml").write_text(of_kind("kpis/own.yml")[0].text, encoding="utf-8")
    found, findings = check_catalogue(ws, layer, {})
    assert [str(finding) for finding in findings] == []
    orders, rate = found.kpis["orders"], found.kpis["conversion_rate"]
    assert (orders.owner, orders.threshold, orders.weight) == ("Nora Lindqvist (head of sales)", 0.4, 1)
    assert (orders.title, orders.playbook) == (shipped.kpis["orders"].title, shipped.kpis["orders"].playbook)
    # The table of targets stays in force beside the override.
    assert [target.value for target in orders.targets] == [500, 600, 80]
    assert (rate.owner, rate.weight) == (shipped.kpis["conversion_rate"].owner, 2)
    assert [(target.value, target.stretch) for target in rate.targets] == [(0.03, 0.033), (0.035, None)]
    assert found.watched["refunds"].threshold == 0.5
