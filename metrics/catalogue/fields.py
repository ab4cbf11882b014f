"""Which fields a file may have at a place, read off the pydantic model that the file is checked against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from metrics.catalogue.yaml_lines import YamlPath


def known_fields(root: type[BaseModel], path: YamlPath) -> list[str]:
    """Names that may stand where the last key of ``path`` stands, sorted; those of the innermost model on the way."""
    names = [part for part in path[:-1] if isinstance(part, str)]
    model = root
    for name in names:
        field = next((info for key, info in model.model_fields.items() if name in (key, info.alias)), None)
        inner = next(_models(field.annotation), None) if field else None
        if inner is not None:
            model = inner
    return sorted(info.alias or name for name, info in model.model_fields.items())


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside an annotation such as ``tuple[Target, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
