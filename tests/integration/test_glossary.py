"""`kpi docs`: the glossary says what the published numbers mean, in both languages, and holds up against odd texts."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from serving.glossary import WORDS, Glossary, render, shown
from tests.conftest import REPOSITORY, BuiltWorkspace, Kpi

pytestmark = pytest.mark.integration


class Page(HTMLParser):
    """Ids, links within the page, addresses elsewhere, and whether every element is closed."""

    VOID = frozenset({"meta", "link", "br", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elsewhere: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says."""
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name == "href" and value:
                (self.links if value.startswith("#") else self.elsewhere).append(value)
            if name == "src" and value:
                self.elsewhere.append(value)

    def handle_endtag(self, tag: str) -> None:
        """Elements close in the order in which they were opened."""
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(demo: BuiltWorkspace, kpi: Kpi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("glossary")
    done = kpi("docs", "-w", demo.root, "--out", out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "glossary_en.html", "glossary_en.md", "glossary_zh.html", "glossary_zh.md",
    ]  # fmt: skip
    return out


@pytest.fixture(scope="module")
def metrics(demo: BuiltWorkspace) -> list[str]:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        return [name for (name,) in con.execute("select metric from mart.dim_kpi order by metric").fetchall()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_metric_has_its_entry_and_every_link_its_end(written: Path, metrics: list[str], language: str) -> None:
    page = Page((written / f"glossary_{language}.html").read_text(encoding="utf-8"))
    assert sorted(page.ids) == metrics
    assert page.open == []
    assert page.elsewhere == []
    assert {link.removeprefix("#") for link in page.links} <= set(metrics)
    text = (written / f"glossary_{language}.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### .* \(`(\w+)`\)$", text, flags=re.M)) == metrics


def test_an_entry_leads_from_the_question_to_the_source(written: Path) -> None:
    text = (written / "glossary_en.md").read_text(encoding="utf-8")
    entry = text[text.index("(`conversion_rate`)") :].split("\n### ")[0]
    for words in ("**Formula**", "**Owner**", "**Now**", "When off track"):
        assert words in entry
    assert "sources `shop`, `web` → entities `orders`, `web_sessions` → dbt models `fct_orders`, `fct_web_sessions`" in entry
    chinese = (written / "glossary_zh.md").read_text(encoding="utf-8")
    entry = chinese[chinese.index("(`conversion_rate`)") :].split("\n### ")[0]
    assert "**公式**：" in entry
    assert "**负责人**：" in entry


def test_both_languages_have_the_same_words() -> None:
    assert set(WORDS["en"]) == set(WORDS["zh"])


def test_texts_of_a_workspace_cannot_become_markup() -> None:
    odd = dict.fromkeys(
        ("now", "owner", "drivers", "parent", "benchmark", "baseline_until", "question_zh", "description_zh", "playbook_en",
         "playbook_zh", "title_zh", "version"),
    )  # fmt: skip
    row = {
        **odd, "metric": "odd", "kind": "kpi", "title_en": "<script>alert(1)</script>", "question_en": "a & b?",
        "description_en": '"><img src=x onerror=alert(1)>', "formula": "a < b", "direction": "up", "level": "x", "timing": "x",
        "role": "x", "nature": "x", "unit": "count", "leaders": [], "sources": [], "linked": set(), "is_connected": True,
        "entities": [], "models": [], "guardrails": [], "siblings": [], "goals": [], "segments": [], "missing_entities": [],
        "defined_at": "x.yml:1",
    }  # fmt: skip
    text = render(Glossary("A <b> company", None, {"": [row]}, []), "en", "html", "EUR")
    page = Page(text)
    assert page.ids == ["odd"]
    assert "<script" not in text
    assert "<img" not in text
    assert "A &lt;b&gt; company" in text


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "count", "–"),
        (0.0456789, "ratio", "4.57%"),
        (10, "ratio", "1,000%"),
        (9.996, "ratio", "1,000%"),
        (-0.0, "ratio", "0%"),
        (-12.3456, "ratio", "-1,235%"),
        (0.999, "ratio", "99.9%"),
        (0.0000005, "ratio", "0.00005%"),
        (0.00001234, "count", "0.0000123"),
        (1234567.4, "currency", "1,234,567 EUR"),
        (12.345, "currency", "12.3 EUR"),
        (7, "count", "7"),
        (0, "count", "0"),
        (-2.5, "minutes", "-2.5 min"),
    ],
)
def test_values_are_shown_as_a_person_reads_them(value: float | None, unit: str, expected: str) -> None:
    assert shown(value, unit, "EUR", "en") == expected


def test_before_the_first_run_one_line_says_what_to_do(kpi: Kpi, tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "data" / "demo" / "workspace.yml", tmp_path)
    done = kpi("docs", "-w", tmp_path)
    assert done.returncode == 1
    assert "nothing is published yet" in done.stderr
    assert "kpi run" in done.stderr
    assert "Traceback" not in done.stderr
