"""The semantic layer: dbt's metric definitions in, one SQL statement out. Public names: SemanticLayer, Query, Metric.

manifest -> resolve -> plan -> render; each stage is a module that can be read by itself.
"""

from metrics.semantic.layer import SemanticLayer
from metrics.semantic.manifest import Metric
from metrics.semantic.query import Query

__all__ = ["Metric", "Query", "SemanticLayer"]
