"""Owners and teams of the KPIs that ship, in Chinese. What a workspace calls its own people and teams stays as it is."""

from __future__ import annotations

import re

from dagster_project.words import Words

_ROLES = {
    "content manager": "内容经理", "e-commerce manager": "电商经理", "e-mail marketing manager": "邮件营销经理",
    "head of finance": "财务负责人", "head of marketing": "市场负责人", "head of marketplace": "平台业务负责人",
    "head of operations": "运营负责人", "head of people": "人事负责人", "head of product": "产品负责人",
    "head of sales": "销售负责人", "head of subscriptions": "订阅业务负责人", "head of support": "客服负责人",
    "managing director": "总经理", "online marketing manager": "网络营销经理",
    "performance marketing manager": "效果营销经理", "social media manager": "社交媒体经理", "warehouse manager": "仓库经理",
}  # fmt: skip
_TEAMS = {
    "marketing": "市场", "sales": "销售", "ecommerce": "电商", "support": "客服", "finance": "财务", "operations": "运营",
    "people": "人事", "product": "产品", "management": "管理层",
}  # fmt: skip
# a person and the role: Tomas Brandt (head of marketing)
_PERSON = re.compile(r"(?P<name>.+?) \((?P<role>[^()]+)\)")


def owner_words(owner: str, say: Words) -> str:
    """A role, or a name with a role behind it: ``Tomas Brandt (head of marketing)`` is ``Tomas Brandt（市场负责人）``."""
    if say.language != "zh":
        return owner
    named = _PERSON.fullmatch(owner)
    if named:
        return f"{named['name']}（{_ROLES.get(named['role'].lower(), named['role'])}）"
    return _ROLES.get(owner.lower(), owner)


def team_words(team: str, say: Words) -> str:
    """The name of a team."""
    return _TEAMS.get(team, team) if say.language == "zh" else team
