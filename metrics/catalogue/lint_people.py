"""Rules of who follows what: too many KPIs for a team, names that are typos, speed without a guardrail, no source."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from metrics.catalogue.findings import Finding
from metrics.catalogue.lint_targets import is_connected
from metrics.catalogue.load import Checked
from metrics.catalogue.model import Kpi
from metrics.catalogue.rulebook import Both, Hint, finding

_TIMES = ("minutes", "hours", "days", "seconds")
# Closer than the closeness of "did you mean": 'sale' is a typo of 'sales', 'support_emea' is no typo of 'support'.
_TYPO = 0.82


def people_findings(checked: Checked) -> Iterator[Finding]:
    """What is wrong with how the KPIs are spread over people, and what each KPI lacks beside words and targets."""
    yield from _crowds(checked)
    yield from _typos(checked)
    for name, kpi in checked.catalogue.kpis.items():
        lineage = checked.catalogue.lineage.get(name)
        if lineage is not None and not lineage.reads:
            yield finding("source-missing", checked.entries[name].where("id"), kpi=name)
        what = _pushed(checked, kpi)
        if what and not kpi.guardrails:
            yield finding("guardrail-missing", checked.entries[name].where(), kpi=name, what=what)


def _crowds(checked: Checked) -> Iterator[Finding]:
    """KPIs beyond what people can follow, of those whose data is there; a functional one is its specialist's."""
    limits = checked.defaults.limits
    teams: Counter[str] = Counter()
    strategic = 0
    for name, kpi in checked.catalogue.kpis.items():
        if not is_connected(checked, name):
            continue
        where = checked.entries[name].where("level")
        if kpi.level == "strategic":
            strategic += 1
            if strategic == limits.strategic_kpis + 1:
                yield finding("strategic-crowded", where, kpi=name, count=strategic, most=limits.strategic_kpis)
        if kpi.team and kpi.level != "functional":
            teams[kpi.team] += 1
            if teams[kpi.team] == limits.kpis_per_team + 1:
                count, most = teams[kpi.team], limits.kpis_per_team
                yield finding("team-crowded", where, kpi=name, count=count, most=most, team=kpi.team)


def _typos(checked: Checked) -> Iterator[Finding]:
    """Teams that nobody has listed, and that are close to one that is. An unknown goal is told by metrics.alignment."""
    for name, kpi in checked.kpis.items():
        entry = checked.entries[name]
        near = _close(kpi.team, checked.defaults.teams) if kpi.team else ()
        if near:
            yield finding("name-close", entry.where("team"), kpi=name, field="team", name=kpi.team,
                          hint=Hint(str(kpi.team), near))  # fmt: skip


def _close(found: str, known: Iterable[str]) -> tuple[str, ...]:
    names = list(known)
    return () if found in names else tuple(difflib.get_close_matches(found, names, n=1, cutoff=_TYPO))


def _pushed(checked: Checked, kpi: Kpi) -> Both | None:
    """What a KPI rewards that can be bought with quality: speed, or a low cost for each. None for any other."""
    if checked.catalogue.direction(kpi.id) != "down":
        return None
    unit = checked.catalogue.unit(kpi.id)
    if unit in _TIMES or kpi.id.rpartition("_")[2] in _TIMES:
        return Both(en="speed", zh="速度")
    return Both(en="a cost", zh="成本") if unit == "currency" else None


def weight_findings(name: str, weights: Mapping[str, float], where: Mapping[str, str], total: float = 1.0) -> list[Finding]:
    """Weights of a scorecard that are not above 0 or do not add up to ``total``.

    ``weights``: item to weight. ``where``: ``file:line`` by item, and by "" that of the scorecard ``name`` itself.
    """
    found = [
        finding("weight-range", where.get(item, where[""]), name=name, kpi=item, found=f"{weight:g}")
        for item, weight in weights.items()
        if not weight > 0
    ]
    together = sum(weights.values())
    # Thirds written as 0.333 add up as well as they can.
    if weights and abs(together - total) > 0.005 * total:
        found.append(finding("weight-sum", where[""], name=name, found=f"{together:g}", total=f"{total:g}"))
    return found
