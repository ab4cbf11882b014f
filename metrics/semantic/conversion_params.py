"""``conversion_type_params`` of dbt's specification as a frozen dataclass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics.semantic.manifest import MeasureInput, Window

CALCULATIONS = ("conversion_rate", "conversions")


@dataclass(frozen=True)
class ConversionParams:
    """Events of ``conversion`` that follow an event of ``base`` of the same entity within ``window`` (None: ever).

    ``constants``: pairs of elements, one of the base and one of the conversion, that have to be equal as well.
    """

    base: MeasureInput
    conversion: MeasureInput
    entity: str
    calculation: str
    window: Window | None
    constants: tuple[tuple[str, str], ...]


def read_conversion(
    raw: Mapping[str, Any] | None,
    measure_input: Callable[[Mapping[str, Any] | None], MeasureInput | None],
    window: Callable[[Mapping[str, Any] | None], Window | None],
) -> ConversionParams | None:
    """Read the parsed JSON; None where there is none, or where it names no measures (dbt's newer form)."""
    if not raw:
        return None
    base, conversion = measure_input(raw.get("base_measure")), measure_input(raw.get("conversion_measure"))
    if base is None or conversion is None:
        return None
    return ConversionParams(
        base=base,
        conversion=conversion,
        entity=raw["entity"],
        calculation=raw.get("calculation") or "conversion_rate",
        window=window(raw.get("window")),
        constants=tuple(
            (item["base_property"], item["conversion_property"]) for item in raw.get("constant_properties") or ()
        ),
    )
