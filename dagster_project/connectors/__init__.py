"""Connectors: they bring the tables of a source into raw.raw_<source> and note what changed."""

from dagster_project.connectors.base import Connector, TableLoad, connector_for
from dagster_project.connectors.closing import finish_extraction
from dagster_project.connectors.extract import extract_source

__all__ = ["Connector", "TableLoad", "connector_for", "extract_source", "finish_extraction"]
