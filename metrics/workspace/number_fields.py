"""Numbers of YAML files: true, yes and on are no number, though Python counts with them as 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator

_Complaint = Literal["float_type", "int_type"]


@dataclass(frozen=True)
class TruthValue:
    """What was found in a field of numbers. ``complaint``: pydantic's name of it; ``what`` is expected."""

    value: bool
    complaint: _Complaint

    @property
    def what(self) -> str:
        return "a whole number" if self.complaint == "int_type" else "a number"


def truth_value_for_number(model: type[BaseModel], field: str, value: Any) -> TruthValue | None:
    """The first truth value of ``value``, itself or within its lists, where the model's field holds numbers; else None."""
    if not isinstance(value, bool | list):
        return None
    complaint = _complaint(model, field)
    found = next(_truth_values(value), None)
    return None if complaint is None or found is None else TruthValue(found, complaint)


def truth_value_words(value: bool) -> str:
    """How to say a truth value to somebody who may have written another word for it."""
    return "true (YAML's word for yes and on, too)" if value else "false (YAML's word for no and off, too)"


@cache
def _complaint(model: type[BaseModel], field: str) -> _Complaint | None:
    """The complaint about a truth value in a field; None for a field that holds no numbers, or takes truth values."""
    info = model.model_fields[field]
    types = set(_leaves(info.annotation))
    if bool in types or Any in types or any(isinstance(one, type) and issubclass(one, BaseModel) for one in types):
        return None
    if any(isinstance(one, BeforeValidator) for one in info.metadata):
        return None  # it says itself what it takes
    return "float_type" if types.intersection((float, Decimal)) else "int_type" if int in types else None


def _leaves(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    if inner:
        for one in inner:
            yield from _leaves(one)
    else:
        yield annotation


def _truth_values(value: Any) -> Iterator[bool]:
    if isinstance(value, bool):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _truth_values(one)
