"""What a metric without a KPI file is called: its `meta.label` in each language, else dbt's label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from metrics.catalogue.findings import Finding
from metrics.catalogue.model import Text
from metrics.catalogue.rulebook import broken
from metrics.errors import CatalogueError, did_you_mean

if TYPE_CHECKING:
    from metrics.semantic.manifest import Metric

_EXPECTED = "Write, for example, label: {en: Orders, zh: 订单数}."


def metric_label(metric: Metric) -> Text:
    """The name in every language. Raises CatalogueError where `meta.label` is no such text."""
    label = metric.meta.get("label") or {}
    where = f"metric {metric.name}: meta.label"
    if not isinstance(label, Mapping):
        raise CatalogueError(f"{where} is '{label}', expected a text for each language. {_EXPECTED}")
    for key in label:
        if key not in Text.model_fields:
            raise CatalogueError(f"{where} has the unknown language '{key}'.{did_you_mean(str(key), Text.model_fields)}")
    fallback = metric.label or metric.name
    given = {language: label.get(language) or fallback for language in Text.model_fields}
    try:
        return Text.model_validate(given)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        language, message = detail["loc"][0], detail["msg"]
        said = f"{where}.{language} is '{given[str(language)]}': {message[:1].lower()}{message[1:]}"
        raise CatalogueError(f"{said}. {_EXPECTED}") from error


def label_findings(metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Metrics that could not be named."""
    for metric in metrics.values():
        try:
            metric_label(metric)
        except CatalogueError as error:
            yield broken("metric-label", error)
