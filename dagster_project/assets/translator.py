"""How dbt nodes appear in Dagster: key, group, owner, and the edges from raw tables that only the mapping knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from dagster_project.assets.keys import model_key, raw_key, team
from metrics.workspace import Workspace, mapping_vars

STAGING_PREFIX = "stg_mapped__"


class WorkspaceTranslator(DagsterDbtTranslator):
    """Names dbt models after the relation they are, and draws raw -> stg_mapped edges."""

    def __init__(self, ws: Workspace) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_tests_as_checks=False))
        self._mapping = mapping_vars(ws)["mapping"]

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """``[schema, name]``: what a user would type in SQL."""
        return model_key(dbt_resource_props["schema"], dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The domain a model belongs to (its meta), else its schema."""
        meta = dbt_resource_props.get("config", {}).get("meta", {})
        return meta.get("domain") or dbt_resource_props["schema"]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """The team of the model's domain."""
        return [team(self.get_group_name(dbt_resource_props) or "data")]

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The default spec plus the raw tables that a mapped staging model reads."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        name = unique_id.rsplit(".", 1)[-1]
        if not name.startswith(STAGING_PREFIX):
            return spec
        entries = self._mapping.get(name.removeprefix(STAGING_PREFIX), [])
        raw = {raw_key(entry["source"], table) for entry in entries for table in entry["relations"]}
        return spec.replace_attributes(deps=[*spec.deps, *(dg.AssetDep(key) for key in sorted(raw))])
