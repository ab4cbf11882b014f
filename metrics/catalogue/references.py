"""What goals, pairs, scorecards and objectives name: metrics that exist, with values by that grain and that dimension."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.documents import Place
from metrics.catalogue.findings import Finding
from metrics.catalogue.rulebook import Both, finding, hint, listed
from metrics.catalogue.yaml_lines import YamlPath

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue

Named = Sequence[tuple[YamlPath, str]]


def unknown_metrics(named: Named, place: Place, subject: Both, catalogue: Catalogue) -> Iterator[Finding]:
    """One finding per name that is no metric. ``named``: path of the field, name."""
    for path, name in named:
        if name not in catalogue.metrics:
            field = next(part for part in reversed(path) if isinstance(part, str))
            near = hint(name, catalogue.metrics)
            yield finding("reference-unknown", place.where(*path), subject=subject, field=field, name=name, hint=near)


def grain_findings(
    where: str, subject: Both, metric: str, grain: str, catalogue: Catalogue, rule: str = "grain-without-values"
) -> Iterator[Finding]:
    """A grain at which a known metric has no values."""
    if metric in catalogue.metrics and grain not in catalogue.grains(metric):
        known = listed(catalogue.grains(metric))
        yield finding(rule, where, subject=subject, metric=metric, grain=grain, known=known)


def dimension_findings(
    where: str, subject: Both, metric: str, name: str, catalogue: Catalogue, rule: str = "dimension-without-values"
) -> Iterator[Finding]:
    """A dimension by which a known metric has no values. ``name``: short, as ``channel``."""
    kept = {segment_dimension(item) for item in catalogue.segments(metric)} if metric in catalogue.metrics else {name}
    if name not in kept:
        values = {"metric": metric, "name": name, "known": listed(sorted(kept)), "hint": hint(name, kept)}
        yield finding(rule, where, subject=subject, **values)
