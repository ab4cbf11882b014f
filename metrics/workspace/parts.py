"""What the keys of workspace.yml are made of: the base of its parts, and values such as durations and times of day."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from metrics.errors import did_you_mean
from metrics.workspace.number_fields import truth_value_for_number, truth_value_words

DURATION = re.compile(r"(\d+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]


def parse_duration(value: Any) -> Any:
    """Turn ``6h``, ``30d``, ``90m`` into a timedelta."""
    if isinstance(value, dt.timedelta):
        return value
    match = DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("duration", "should be a duration such as 90m, 6h or 30d")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})


def _known_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError(
            "timezone",
            "should be a time zone of the IANA database such as Europe/Berlin.{hint}",
            {"hint": did_you_mean(value, available_timezones())},
        ) from error
    return value


def _minutes(value: Any) -> Any:
    # A number is minutes since midnight; as such an unquoted 9:00 was read before.
    if isinstance(value, str) and re.fullmatch(r"([01]?\d|2[0-4]):[0-5]\d", value):
        hours, minutes = value.split(":")
        value = int(hours) * 60 + int(minutes)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 24 * 60:
        return value
    raise PydanticCustomError("time_of_day", 'should be a time of day in quotes such as "09:00"')


Duration = Annotated[
    dt.timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\s*[smhdw]$", "examples": ["6h", "30d"]}),
]
TimeZone = Annotated[str, AfterValidator(_known_timezone)]
TimeOfDay = Annotated[
    int,
    BeforeValidator(_minutes),
    WithJsonSchema({"type": "string", "pattern": r"^\d?\d:\d\d$", "examples": ["09:00"]}),
]


class Part(BaseModel):
    """A part of workspace.yml: frozen, and a key it does not know is an error that names the closest one."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "has no key '{key}'.{hint} It takes: {known}",
                        {"key": str(key), "hint": did_you_mean(str(key), known), "known": ", ".join(known)},
                    )
            # A discriminator allows no validator of its fields, so that they are looked at together.
            for name, field in cls.model_fields.items():
                key = field.alias or name
                if found := truth_value_for_number(cls, name, data.get(key)):
                    said = {"key": key, "what": found.what, "found": truth_value_words(found.value)}
                    raise PydanticCustomError("truth_value", "should be {what}, found {found}", said)
        return data
