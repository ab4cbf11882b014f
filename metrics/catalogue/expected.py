"""What a field may hold, in plain words of both languages: one entry for each kind of complaint that pydantic has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics.workspace.number_fields import truth_value_words

_TEXT = ("a text; put it in quotes if it looks like something else", "文字；如果看起来像别的类型，请加引号")
_NUMBER = ("a number such as 0.15", "数字，例如 0.15")
_WHOLE = ("a whole number such as 30", "整数，例如 30")
_YES_NO = ("true or false", "true 或 false")
_DAY = ("a date such as 2024-12-31", "日期，例如 2024-12-31")
_LIST = ("a list, as in [a, b]", "列表，例如 [a, b]")
_FIELDS = ("fields with values, as in {{en: ..., zh: ...}}", "带值的字段，例如 {{en: ..., zh: ...}}")
_BY_KIND: Mapping[str, tuple[str, str]] = {
    "string_type": _TEXT, "string_too_short": ("at least {min_length} characters", "至少 {min_length} 个字符"),
    "string_too_long": ("at most {max_length} characters", "最多 {max_length} 个字符"),
    "string_pattern_mismatch": ("small letters, digits and _, a letter first", "小写字母、数字和 _，以字母开头"),
    "float_type": _NUMBER, "float_parsing": _NUMBER, "finite_number": _NUMBER,
    "int_type": _WHOLE, "int_parsing": _WHOLE, "int_from_float": _WHOLE,
    "bool_type": _YES_NO, "bool_parsing": _YES_NO,
    "date_type": _DAY, "date_parsing": _DAY, "date_from_datetime_parsing": _DAY, "date_from_datetime_inexact": _DAY,
    "tuple_type": _LIST, "list_type": _LIST, "model_type": _FIELDS, "model_attributes_type": _FIELDS, "dict_type": _FIELDS,
    "greater_than": ("more than {gt:g}", "大于 {gt:g}"), "greater_than_equal": ("at least {ge:g}", "不小于 {ge:g}"),
    "less_than": ("less than {lt:g}", "小于 {lt:g}"), "less_than_equal": ("at most {le:g}", "不大于 {le:g}"),
    "too_short": ("at least {min_length} of them", "至少 {min_length} 项"),
    "too_long": ("at most {max_length} of them", "最多 {max_length} 项"),
}  # fmt: skip
# Shares that somebody wrote in per cent.
_SHARES = ("threshold", "at_risk", "off_track")


def expected(field: str, detail: Any) -> tuple[str, str] | None:
    """What should stand there, in English and Chinese; None for a kind of complaint that has no words here."""
    words = _BY_KIND.get(detail["type"])
    if words is None:
        return None
    english, chinese = (text.format(**detail.get("ctx", {})) for text in words)
    if field in _SHARES and detail["type"] == "less_than_equal":
        return f"{english}: a share of 15 % is 0.15", f"{chinese}：15% 应写作 0.15"
    return english, chinese


def found(value: Any) -> tuple[str, str]:
    """What stands there instead."""
    if value is None:
        return "is empty", "为空"
    if isinstance(value, dict):
        return "holds fields", "的值是一组字段"
    if isinstance(value, list | tuple):
        return "is a list", "的值是列表"
    if isinstance(value, bool):
        chinese = "true（yes、on 也读作 true）" if value else "false（no、off 也读作 false）"
        return f"is {truth_value_words(value)}", f"的值是 {chinese}"
    return f"is '{value}'", f"的值是 '{value}'"
