"""The loaded catalogue: every KPI with its file and line, beside the metrics of the semantic layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from metrics.catalogue.intervals import Interval, interval_of
from metrics.catalogue.labels import metric_label
from metrics.catalogue.lineage import Lineage, MetricLineage
from metrics.catalogue.model import GRAINS, Grain, Kpi, Text, Watch
from metrics.errors import CatalogueError, did_you_mean

if TYPE_CHECKING:
    from metrics.semantic import Metric


@dataclass(frozen=True)
class Catalogue:
    """KPIs by id and metrics by name. ``mapped`` are the entities that the workspace maps.

    ``where`` is file and line of each KPI, ``targets_at`` of its targets, which a workspace may give in another file.
    """

    kpis: Mapping[str, Kpi]
    metrics: Mapping[str, Metric]
    watched: Mapping[str, Watch]
    where: Mapping[str, str]
    mapped: frozenset[str]
    lineage: Lineage
    targets_at: Mapping[str, str] = field(default_factory=dict)

    def kind(self, metric: str) -> Literal["kpi", "metric"]:
        """Whether a metric has a KPI file."""
        return "kpi" if metric in self.kpis else "metric"

    def title(self, metric: str) -> Text:
        """The KPI's title, else the metric's label."""
        if metric in self.kpis:
            return self.kpis[metric].title
        return metric_label(self.metric(metric))

    def metric(self, name: str) -> Metric:
        """The metric of that name. Raises CatalogueError with the closest names."""
        if name not in self.metrics:
            raise CatalogueError(f"unknown metric '{name}'.{did_you_mean(name, self.metrics)}")
        return self.metrics[name]

    def grains(self, metric: str) -> tuple[Grain, ...]:
        """The grains at which values are kept: the KPI's, else ``meta.grains``, else all."""
        if metric in self.kpis:
            return self.kpis[metric].grains
        declared = self.metric(metric).meta.get("grains")
        return tuple(grain for grain in GRAINS if grain in declared) if declared else GRAINS

    def segments(self, metric: str) -> tuple[str, ...]:
        """The group-by items by which values are kept: the KPI's, else those of the metric's meta."""
        if metric in self.kpis and self.kpis[metric].segments is not None:
            return self.kpis[metric].segments or ()
        return tuple(self.metric(metric).meta.get("segments") or ())

    def matures_after_days(self, metric: str) -> int:
        """Days for which a period's cohort still grows: the KPI's, else those of the metric's meta."""
        if metric in self.kpis:
            return self.kpis[metric].matures_after_days
        return int(self.metric(metric).meta.get("matures_after_days") or 0)

    def direction(self, metric: str) -> str:
        """Which way is good: up, down or none."""
        return str(self.metric(metric).meta.get("direction") or "none")

    def unit(self, metric: str) -> str:
        """count, currency, ratio, minutes, days or score."""
        return str(self.metric(metric).meta.get("unit") or "count")

    def interval(self, metric: str) -> Interval:
        """Which interval its values get. Raises CatalogueError where the declaration is wrong."""
        return interval_of(metric, self.metric(metric).meta, self.metrics)

    def watches(self) -> list[Watch]:
        """The connected metrics whose daily swings are judged: alerting KPIs with days, and watched metrics."""
        of_kpis = [
            Watch(metric=kpi.id, owner=kpi.owner, threshold=kpi.threshold, minimum_n=kpi.minimum_n, alert=kpi.alert)
            for kpi in self.kpis.values()
            if kpi.alert != "none" and "day" in kpi.grains
        ]
        return [watch for watch in (*of_kpis, *self.watched.values()) if self.connected(watch.metric)]

    def missing_entities(self, metric: str) -> frozenset[str]:
        """Entities that the workspace would have to map to get this metric."""
        return self._lineage(metric).needs - self.mapped

    def connected(self, metric: str) -> bool:
        """Whether every entity that the metric's own facts are made of is mapped."""
        return not self.missing_entities(metric)

    def _lineage(self, metric: str) -> MetricLineage:
        if metric not in self.lineage:
            raise CatalogueError(f"metric '{metric}' is missing in manifest.json. Run `kpi run` to rebuild it.")
        return self.lineage[metric]


def segment_dimension(group_by: str) -> str:
    """The short name of a group-by item: ``session__device`` -> ``device``."""
    return group_by.rsplit("__", 1)[-1]
