"""KPI files: every mistake is one line with file, line and advice; overrides change four things and nothing else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from metrics.catalogue import Catalogue, check_catalogue, load_catalogue, read_lineage
from metrics.catalogue.schema import SCHEMA_PATH, schema_text
from metrics.errors import CatalogueError
from metrics.semantic import SemanticLayer
from metrics.workspace import load_workspace
from tests.unit.values.company import WORKSPACE, Company, build, semantic_manifest

KPI = """version: 1
kpis:
  - id: orders
    title: {en: Orders, zh: 订单}
    description: {en: How many orders, zh: 订单数量}
    question: {en: "How many?", zh: "多少？"}
    owner: Head of sales
    level: operational
    scope: company
    timing: lagging
    role: output
    playbook: {en: Look at sessions, zh: 查看访问量}
"""


def with_targets(*targets: str) -> str:
    """The KPI with these targets, from line 14 on."""
    return KPI + "    targets:\n" + "".join(f"      - {target}\n" for target in targets)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def load(company: Company, root: Path, own: str = "version: 1\n", shipped: str = "version: 1\n") -> Catalogue:
    """The catalogue of a workspace with these files."""
    for folder, text in (("kpis", own), ("shipped", shipped)):
        (root / folder).mkdir(parents=True)
        (root / folder / "sales.yml").write_text(text, encoding="utf-8")
    ws = company.ws.model_copy()
    ws._root = root
    return load_catalogue(ws, company.layer, read_lineage(company.root / "manifest.json"), shipped=root / "shipped")


@pytest.mark.parametrize(
    ("broken", "line", "message"),
    [
        (KPI.replace("owner:", "ownr:"), 7, "orders: unknown field 'ownr'. Did you mean 'owner'?"),
        (KPI.replace("    owner: Head of sales\n", ""), 3, "orders: field 'owner' is missing. Add it."),
        (
            KPI.replace("lagging", "laging"),
            10,
            "'timing' is 'laging', expected 'leading' or 'lagging'. Did you mean 'lagging'",
        ),
        (KPI.replace("id: orders", "id: order"), 3, "order uses unknown metric 'order'. Did you mean 'orders'?"),
        (
            KPI.replace("id: orders", "id: Orders"),
            3,
            "Orders: 'id' is 'Orders', expected small letters, digits and _, a letter first.",
        ),
        (KPI.replace(", zh: 订单}", "}"), 4, "orders: field 'zh' is missing. Add it."),
        (KPI + "    threshold: 15\n", 13, "orders: 'threshold' is '15', expected at most 10: a share of 15 % is 0.15."),
        (
            KPI + "    thresholds: {at_risk: 98, off_track: 90}\n",
            13,
            "orders: 'at_risk' is '98', expected at most 2: a share of 15 % is 0.15.",
        ),
        (KPI + "  -\n", 13, "'kpis[1]' is empty, expected fields with values, as in {en: ..., zh: ...}."),
        (KPI + "    playbook: Look\n", 13, "the key 'playbook' is given twice"),
        (
            KPI.replace("{en: Orders, zh: 订单}", "Orders"),
            4,
            "orders: 'title' is 'Orders', expected fields with values, as in {en: ..., zh: ...}.",
        ),
        (KPI + "    targets:\n", 13, "orders: 'targets' is empty, expected a list, as in [a, b]."),
        (KPI + "    minimum_n: many\n", 13, "orders: 'minimum_n' is 'many', expected a whole number such as 30."),
        (KPI + "    segments: {channel: email}\n", 13, "orders: 'segments' holds fields, expected a list, as in [a, b]."),
        (
            with_targets("{from: 2026-01-01, grain: month, value: true}"),
            14,
            "orders: 'value' is true (YAML's word for yes and on, too), expected a number such as 0.15.",
        ),
        (
            with_targets("{from: 2026-01-01, grain: month, value: 1, floor: no}"),
            14,
            "orders: 'floor' is false (YAML's word for no and off, too), expected a number such as 0.15.",
        ),
        (
            KPI + "    minimum_n: yes\n",
            13,
            "orders: 'minimum_n' is true (YAML's word for yes and on, too), expected a whole number such as 30.",
        ),
        (
            with_targets("{from: 2026-01-01, grain: month, value: 0755}"),
            14,
            "kpis[0].targets[0].value is 0755, which YAML reads as 493. Write 755, or put it in quotes if it is a text.",
        ),
        (
            with_targets("{from: 2026-01-01, grain: month, value: 1:30}"),
            14,
            "orders: 'value' is '1:30', expected a number such as 0.15.",
        ),
        (
            with_targets("{from: 2026-01-01, grain: month, value: 1:30.5}"),
            14,
            "orders: 'value' is '1:30.5', expected a number such as 0.15.",
        ),
        (KPI + "    threshold: -1\n", 13, "orders: 'threshold' is '-1', expected more than 0."),
        (KPI + "    parent: sesions\n", 13, "orders: parent names unknown metric 'sesions'. Did you mean 'sessions'?"),
        (KPI + "    guardrails: [orders]\n", 13, "orders: guardrails names the KPI itself. Remove it."),
        (KPI + "    segments: [chanel]\n", 13, "orders cannot be split by 'chanel'. Did you mean 'channel'"),
        (
            KPI + "    leading_indicators:\n      - {kpi: session, lag_days: 1}\n",
            14,
            "leading_indicators names unknown metric 'session'.",
        ),
        (
            with_targets("{from: 2026-02-01, to: 2026-01-01, grain: month, value: 1}"),
            14,
            "orders: target ends on 2026-01-01, before",
        ),
        (
            with_targets("{from: 2026-02-01, grain: month, value: 1, path: linear}"),
            14,
            "orders: a linear target needs 'to' and 'start'.",
        ),
        (
            with_targets("{from: 2026-02-01, grain: month, value: 1}") + "    grains: [day]\n",
            14,
            "orders: target for grain 'month', but",
        ),
        (
            with_targets("{from: 2026-01-01, grain: month, value: 1}", "{from: 2026-02-01, grain: month, value: 2}"),
            15,
            "orders: target from 2026-02-01 overlaps the one from 2026-01-01",
        ),
        (
            KPI + "    thresholds: {at_risk: 0.5, off_track: 0.9}\n",
            13,
            "orders: off_track (0.9) must be below at_risk (0.5).",
        ),
        (KPI + "    owner: Somebody else\n", 13, "the key 'owner' is given twice"),
        (KPI + "  bad\n", 13, "is not valid YAML"),
        (KPI + "watched:\n  - {metric: sesions, owner: Marketing}\n", 14, "watched: unknown metric 'sesions'. Did you mean"),
        (KPI + KPI.split("kpis:\n")[1], 13, "orders is already defined at"),
        ("- id: orders\n", 1, "expected a mapping with the key 'kpis'."),
    ],
)
def test_a_mistake_is_one_line_that_says_how_to_mend_it(
    company: Company, tmp_path: Path, broken: str, line: int, message: str
) -> None:
    with pytest.raises(CatalogueError) as caught:
        load(company, tmp_path, own=broken)
    text = str(caught.value)
    assert f"sales.yml:{line}: " in text
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize(("broken", "line", "chinese"), [
    (with_targets("{from: 2026-02-01, to: 2026-01-01, grain: month, value: 1}"), 14,
     "目标在 2026-01-01 结束，早于开始日期 2026-02-01。"),
    (with_targets("{from: 2026-02-01, grain: month, value: 1, path: linear}"), 14, "path 为 linear 的目标需要 'to' 和 'start'。"),
    (with_targets("{from: 2026-02-01, grain: month, value: 1, start: 1}"), 14, "'start' 只用于 path: linear。"),
    (with_targets("{from: 2026-02-01, grain: week, value: 1, path: seasonal}"), 14,
     "path 为 seasonal 的目标只能按日（依星期几）、月或季度：各周每年从不同的日期开始。请改用其他 grain。"),
    (with_targets("{from: 2026-02-01, grain: month, value: 0, path: seasonal}"), 14,
     "path 为 seasonal 的目标要分摊大于 0 的值，现为 0。请用 path: step。"),
    (KPI + "    thresholds: {at_risk: 0.5, off_track: 0.9}\n", 13, "off_track（0.9）必须小于 at_risk（0.5）。"),
])  # fmt: skip
def test_what_a_kpi_itself_refuses_is_told_in_chinese(
    company: Company, tmp_path: Path, broken: str, line: int, chinese: str
) -> None:
    (tmp_path / "kpis").mkdir()
    (tmp_path / "kpis" / "sales.yml").write_text(broken, encoding="utf-8")
    ws = company.ws.model_copy()
    ws._root = tmp_path
    _, (found,) = check_catalogue(ws, company.layer, read_lineage(company.root / "manifest.json"), tmp_path / "none")
    assert (found.rule, found.line, found.in_language("zh")) == ("shape", line, f"orders：{chinese}")


def guard_findings(company: Company, root: Path, small_cells: str, raw: dict[str, Any]) -> list[str]:
    """What is said of a workspace with this `small_cells:`, without the folder's name."""
    (root / "workspace.yml").write_text(WORKSPACE.replace("clock:", f"small_cells: {small_cells}\nclock:"))
    (root / "manifest.json").write_bytes((company.root / "manifest.json").read_bytes())
    (root / "semantic_manifest.json").write_text(json.dumps(raw))
    layer = SemanticLayer.from_manifest(root / "semantic_manifest.json")
    _, findings = check_catalogue(load_workspace(root), layer, read_lineage(root / "manifest.json"), root / "none")
    return [str(finding).replace(f"{root}/", "") for finding in findings]


def test_a_guarded_dimension_that_nothing_is_split_by_is_an_error(company: Company, tmp_path: Path) -> None:
    raw = semantic_manifest()
    raw["metrics"] = [one for one in raw["metrics"] if one["name"] != "email_orders"]
    found = guard_findings(company, tmp_path, "{dimensions: [channel, chanel], person: order}", raw)
    assert [line.partition("workspace.yml:")[2] for line in found] == [
        "6: small_cells: no metric is split by 'chanel', so nothing would be withheld. Did you mean 'channel'?"
    ]


def test_a_person_that_no_model_has_is_an_error(company: Company, tmp_path: Path) -> None:
    raw = semantic_manifest()
    raw["metrics"] = [one for one in raw["metrics"] if one["name"] != "email_orders"]
    found = guard_findings(company, tmp_path, "{dimensions: [channel], person: ordr}", raw)
    assert [line.partition("workspace.yml:")[2] for line in found] == [
        "6: small_cells: no semantic model has the entity 'ordr', so rows would be counted as persons. Did you mean 'order'?"
    ]


CHANNEL = {"where_filters": [{"where_sql_template": "{{ Dimension('order__channel') }} in ('email', 'chat')"}]}


@pytest.mark.parametrize(
    ("metric", "path"),
    [
        ("sessions", ("filter",)),
        ("sessions", ("type_params", "measure", "filter")),
        ("conversion_rate", ("filter",)),
        ("conversion_rate", ("type_params", "numerator", "filter")),
        ("conversion_rate", ("type_params", "denominator", "filter")),
        ("revenue_growth", ("type_params", "metrics", 1, "filter")),
    ],
)
def test_a_metric_whose_filter_names_what_is_guarded_is_an_error(
    company: Company, tmp_path: Path, metric: str, path: tuple[str | int, ...]
) -> None:
    raw = json.loads(json.dumps(semantic_manifest()))
    raw["metrics"] = [one for one in raw["metrics"] if one["name"] != "email_orders"]
    assert guard_findings(company, tmp_path, "{dimensions: [channel], person: order}", raw) == []
    place: Any = next(one for one in raw["metrics"] if one["name"] == metric)
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = CHANNEL
    found = guard_findings(company, tmp_path, "{dimensions: [channel], person: order}", raw)
    assert [line.partition(": ")[::2] for line in found] == [
        (
            f"metric {metric}",
            "a filter names channel, which small_cells guards, so its total would show the segment. "
            "Leave the filter out, or take channel off small_cells (workspace.yml:6).",
        )
    ]


def test_a_filter_stops_a_run_and_only_where_its_dimension_is_guarded(company: Company, tmp_path: Path) -> None:
    # email_orders ships with the small company
    assert guard_findings(company, tmp_path, "{dimensions: [channel], person: order}", semantic_manifest()) != []
    layer, lineage = company.layer, read_lineage(tmp_path / "manifest.json")
    with pytest.raises(CatalogueError, match="metric email_orders: a filter names channel, which small_cells guards"):
        load_catalogue(load_workspace(tmp_path), layer, lineage, tmp_path / "none")
    (tmp_path / "workspace.yml").write_text(WORKSPACE)
    assert "email_orders" in load_catalogue(load_workspace(tmp_path), layer, lineage, tmp_path / "none").metrics


def test_persons_of_a_metric_are_counted_by_a_metric(company: Company, tmp_path: Path) -> None:
    orders = company.layer.metrics["orders"]
    meta = orders.meta
    object.__setattr__(orders, "meta", {**meta, "persons": "sesions"})
    try:
        with pytest.raises(CatalogueError, match=r"metric orders: meta.persons is unknown metric 'sesions'. Did you mean"):
            load(company, tmp_path)
    finally:
        object.__setattr__(orders, "meta", meta)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ({"zh": "x"}, "meta.label.zh is 'x': string should have at least 2 characters. Write, for example, label: {en: "),
        ({"en": ["Orders"]}, "meta.label.en is '['Orders']': input should be a valid string. Write, for example, label: "),
        ("Orders", "meta.label is 'Orders', expected a text for each language. Write, for example, label: {en: Orders, "),
        ({"eng": "Orders"}, "meta.label has the unknown language 'eng'. Did you mean 'en'?"),
    ],
)
def test_a_label_that_cannot_be_shown_is_one_line(company: Company, tmp_path: Path, label: Any, message: str) -> None:
    raw = semantic_manifest()
    found = next(one for one in raw["metrics"] if one["name"] == "sessions")
    found["config"] = {"meta": {**found["config"]["meta"], "label": label}}
    (tmp_path / "semantic_manifest.json").write_text(json.dumps(raw))
    layer, lineage = SemanticLayer.from_manifest(tmp_path / "semantic_manifest.json"), company.root / "manifest.json"
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(company.ws, layer, read_lineage(lineage), tmp_path / "none")
    text = str(caught.value)
    assert text.startswith(f"metric sessions: {message}")
    assert "\n" not in text


def test_one_language_of_a_label_is_enough(company: Company, tmp_path: Path) -> None:
    raw = semantic_manifest()
    found = next(one for one in raw["metrics"] if one["name"] == "sessions")
    found["config"] = {"meta": {**found["config"]["meta"], "label": {"zh": "访问量"}}}
    (tmp_path / "semantic_manifest.json").write_text(json.dumps(raw))
    layer, lineage = SemanticLayer.from_manifest(tmp_path / "semantic_manifest.json"), company.root / "manifest.json"
    title = load_catalogue(company.ws, layer, read_lineage(lineage), tmp_path / "none").title("sessions")
    assert (title.en, title.zh) == (found.get("label") or "sessions", "访问量")


def test_a_target_needs_a_direction(company: Company, tmp_path: Path) -> None:
    object.__setattr__(
        company.layer.metrics["orders"], "meta", {**company.layer.metrics["orders"].meta, "direction": "none"}
    )
    try:
        with pytest.raises(
            CatalogueError, match=r"sales.yml:13: orders has a target, but .* Set meta.direction to up or down"
        ):
            load(company, tmp_path, own=KPI + "    targets: [{from: 2026-01-01, grain: month, value: 1}]\n")
    finally:
        object.__setattr__(
            company.layer.metrics["orders"], "meta", {**company.layer.metrics["orders"].meta, "direction": "up"}
        )


def test_a_cycle_of_parents_is_found_once(company: Company, tmp_path: Path) -> None:
    other = KPI.split("kpis:\n")[1].replace("id: orders", "id: sessions") + "    parent: orders\n"
    with pytest.raises(CatalogueError, match=r"orders: parents form a circle: orders -> sessions -> orders") as caught:
        load(company, tmp_path, own=KPI + "    parent: sessions\n" + other)
    assert "more" not in str(caught.value)


def test_a_workspace_overrides_owner_targets_threshold_and_weight(company: Company, tmp_path: Path) -> None:
    own = """version: 1
overrides:
  - id: orders
    owner: Nora
    threshold: 0.3
    weight: 2
    targets: [{from: 2026-01-01, grain: month, value: 500}]
"""
    kpi = load(company, tmp_path, own=own, shipped=KPI).kpis["orders"]
    assert (kpi.owner, kpi.threshold, kpi.weight, kpi.title.en) == ("Nora", 0.3, 2, "Orders")
    (target,) = kpi.targets
    assert (target.grain, target.value) == ("month", 500)
    assert target.holds_on(date(2026, 5, 1))
    assert not target.holds_on(date(2025, 12, 1))


@pytest.mark.parametrize(
    ("override", "line", "message"),
    [
        (
            "{id: orders, title: {en: Sales, zh: 销售}}",
            3,
            "orders: may not override 'title' of a KPI that ships; allowed are owner",
        ),
        ("{id: ordres, owner: Nora}", 3, "overrides unknown KPI 'ordres'. Did you mean 'orders'?"),
        ("{id: orders, owner: Nora}\n  - {id: orders, owner: Tom}", 4, "orders is overridden twice"),
        ("{id: orders, targets: [{from: 2026-01-01, grain: year, value: 1}]}", 3, "'grain' is 'year', expected 'day'"),
    ],
)
def test_nothing_else_may_be_overridden(company: Company, tmp_path: Path, override: str, line: int, message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load(company, tmp_path, own=f"version: 1\noverrides:\n  - {override}\n", shipped=KPI)
    assert f"kpis/sales.yml:{line}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_shipped_kpi_cannot_be_shadowed(company: Company, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"list it under 'overrides:'"):
        load(company, tmp_path, own=KPI, shipped=KPI)


def test_a_shipped_kpi_under_kpis_is_one_finding_that_names_overrides(company: Company, tmp_path: Path) -> None:
    own = "version: 1\nkpis:\n  - id: orders\n    owner: Nora\n    target: 5\n  - id: sessions\n    owner: Tom\n"
    with pytest.raises(CatalogueError) as caught:
        load(company, tmp_path, own=own, shipped=KPI)
    said = str(caught.value)
    assert "kpis/sales.yml:3: orders ships already, defined at " in said
    assert "list it under 'overrides:' with only what changes (owner, targets, threshold, weight)" in said
    # What is not a KPI that ships keeps its own complaints: sessions lacks eight fields.
    assert "(8 more; `kpi validate` shows all)" in said


def test_complaints_about_overridden_targets_point_at_the_workspace(company: Company, tmp_path: Path) -> None:
    own = "version: 1\noverrides:\n  - id: orders\n    targets: [{from: 2026-01-01, grain: quarter, value: 5}]\n"
    with pytest.raises(CatalogueError, match=r"kpis/sales.yml:4: orders: target for grain 'quarter'"):
        load(company, tmp_path, own=own, shipped=KPI + "    grains: [month]\n")


def test_all_findings_are_listed(company: Company, tmp_path: Path) -> None:
    (tmp_path / "kpis").mkdir()
    (tmp_path / "kpis" / "a.yml").write_text(KPI + "    parent: nothing\n    segments: [nowhere]\n", encoding="utf-8")
    (tmp_path / "kpis" / "b.yml").write_text("kpis: [", encoding="utf-8")
    ws = company.ws.model_copy()
    ws._root = tmp_path
    lineage = read_lineage(company.root / "manifest.json")
    catalogue, findings = check_catalogue(ws, company.layer, lineage, shipped=tmp_path / "none")
    assert len(findings) == 3
    assert set(catalogue.kpis) == {"orders"}
    with pytest.raises(CatalogueError, match=r"\(2 more; `kpi validate` shows all\)"):
        load_catalogue(ws, company.layer, lineage, shipped=tmp_path / "none")


WATCHED = "watched:\n  - {metric: orders, owner: Marketing, threshold: 0.5}\n"


def test_a_workspace_may_make_a_watched_metric_a_kpi(company: Company, tmp_path: Path) -> None:
    catalogue = load(company, tmp_path, own=KPI, shipped="version: 1\n" + WATCHED)
    assert [(watch.metric, watch.owner) for watch in catalogue.watches()] == [("orders", "Head of sales")]


def test_a_workspace_may_not_watch_a_kpi_beside_it(company: Company, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"sales.yml:3: watched: orders is a KPI; its own threshold decides"):
        load(company, tmp_path, own="version: 1\n" + WATCHED, shipped=KPI)


def test_the_published_schema_is_current() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text(), "run python -m metrics.catalogue.schema"
