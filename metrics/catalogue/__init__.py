"""The KPI catalogue: model, files, rules, definitions and lineage of every metric."""

from metrics.catalogue.catalogue import Catalogue, segment_dimension
from metrics.catalogue.findings import Finding
from metrics.catalogue.lineage import Lineage, MetricLineage, metric_entities, read_lineage
from metrics.catalogue.load import check_catalogue, load_catalogue
from metrics.catalogue.model import Kpi, Override, Target, Text, Thresholds

__all__ = [
    "Catalogue",
    "Finding",
    "Kpi",
    "Lineage",
    "MetricLineage",
    "Override",
    "Target",
    "Text",
    "Thresholds",
    "check_catalogue",
    "load_catalogue",
    "metric_entities",
    "read_lineage",
    "segment_dimension",
]
