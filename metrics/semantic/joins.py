"""Which dimensions and entities a semantic model reaches, and over which joins. Every join is many-to-one.

A join goes from any entity of one model to the same entity of another model where it is primary or unique, so the rows
of the measure are never repeated. The way back (one-to-many) is fan-out and does not exist in this graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metrics.errors import QueryError, did_you_mean
from metrics.semantic.manifest import Dimension, Manifest, SemanticModel
from metrics.semantic.query import GRAINS, METRIC_TIME, ElementName, RefusedNameError

ANY_KIND = ("dimension", "entity", "time")
_ARTICLE = {"dimension": "a dimension", "time": "a time dimension", "entity": "an entity"}
MOST_HOPS = 4
MOST_NAMES = 24


@dataclass(frozen=True)
class Hop:
    """A left join: ``left_expr`` over the table reached by ``from_path`` equals ``right_expr`` over ``model``.

    ``partitions``: further pairs of expressions that are equal. ``validity``: the times of ``model`` between which the
    time of the fact lies.
    """

    path: tuple[str, ...]
    from_path: tuple[str, ...]
    left_expr: str
    right_expr: str
    model: str
    partitions: tuple[tuple[str, str], ...] = ()
    validity: tuple[Dimension, Dimension] | None = None


@dataclass(frozen=True)
class Target:
    """Where a name leads: the joins to make, and the expression over the last of them (over the fact without any)."""

    hops: tuple[Hop, ...]
    kind: str
    expr: str
    grain: str | None
    model: str
    element: str

    @property
    def path(self) -> tuple[str, ...]:
        return self.hops[-1].path if self.hops else ()


Reach = dict[tuple[tuple[str, ...], str], list[Target]]


class JoinGraph:
    """Answers what a model reaches; computed once per model."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._joinable: dict[str, list[SemanticModel]] = defaultdict(list)
        for model in manifest.models.values():
            for entity in model.entities.values():
                if entity.is_unique or (entity.type == "natural" and model.validity):
                    self._joinable[entity.name].append(model)
        self._reached: dict[str, Reach] = {}

    def reach(self, model: str) -> Reach:
        """Map (links, element) to the targets of that name, in every length up to MOST_HOPS."""
        if model not in self._reached:
            reach: Reach = defaultdict(list)
            for links, element, target in self._walk(self._manifest.models[model], (), (), frozenset((model,))):
                reach[links, element].append(target)
            self._reached[model] = dict(reach)
        return self._reached[model]

    def _walk(
        self, model: SemanticModel, links: tuple[str, ...], hops: tuple[Hop, ...], seen: frozenset[str]
    ) -> Iterator[tuple[tuple[str, ...], str, Target]]:
        prefixes = [links] if hops else [(own,) for own in model.own_links]
        for dimension in model.dimensions.values():
            kind = "time" if dimension.is_time else "dimension"
            for prefix in prefixes:
                yield (
                    prefix,
                    dimension.name,
                    Target(hops, kind, dimension.expr, dimension.grain, model.name, dimension.name),
                )
        for entity in model.entities.values():
            if hops and entity.name == links[-1]:
                continue
            target = Target(hops, "entity", entity.expr, None, model.name, entity.name)
            for prefix in prefixes if hops else [(), *prefixes]:
                if prefix[-1:] != (entity.name,):
                    yield prefix, entity.name, target
        if len(hops) == MOST_HOPS:
            return
        for entity in model.entities.values():
            if entity.name in links:
                continue
            for other in self._joinable[entity.name]:
                if other.name in seen or missing_partition(model, other) or (model.validity and other.validity):
                    continue
                path, before = (*links, entity.name), hops[-1].path if hops else ()
                # A path of entities leads to several tables where several models have the entity as a key.
                step = entity.name if len(self._joinable[entity.name]) == 1 else f"{entity.name} ({other.name})"
                to, partitions = other.entities[entity.name].expr, partitions_of(model, other)
                hop = Hop((*before, step), before, entity.expr, to, other.name, partitions, other.validity)
                yield from self._walk(other, path, (*hops, hop), seen | {other.name})

    def find(self, model: str, name: ElementName, kinds: Sequence[str]) -> Target:
        """Return the one target that ``name`` means for ``model``; refuse when there is none, or more than one."""
        reach = self.reach(model)
        wanted = frozenset(kinds)
        exact = _of_kind(reach.get((name.links, name.element), ()), wanted)
        own = self._manifest.models[model].own_links
        if not exact and len(name.links) > 1 and name.links[0] in own:
            exact = _of_kind(reach.get((name.links[1:], name.element), ()), wanted)
        if exact:
            return self._only(model, name, {name.links: _shortest(exact)})
        tail = len(name.links)
        longer = {
            links: _shortest(found)
            for (links, element), targets in reach.items()
            if element == name.element and links[len(links) - tail :] == name.links
            if (found := _of_kind(targets, wanted))
        }
        if not longer:
            other = reach.get((name.links, name.element))
            if other:
                expected = " or ".join(_ARTICLE[kind] for kind in kinds)
                raise RefusedNameError(str(name), f"'{name}' is {_ARTICLE[other[0].kind]}; expected {expected}", "")
            raise self._unreachable(model, name)
        fewest = min(len(targets[0].hops) for targets in longer.values())
        nearest = {links: targets for links, targets in longer.items() if len(targets[0].hops) == fewest}
        return self._only(model, name, nearest)

    def _only(self, model: str, name: ElementName, choices: dict[tuple[str, ...], list[Target]]) -> Target:
        if len(choices) > 1:
            names = ", ".join("__".join((*links, name.element)) for links in sorted(choices))
            raise QueryError(f"'{name}' is ambiguous for measures of '{model}': it can be {names}; name the one you mean")
        (targets,) = choices.values()
        if len(targets) > 1:
            models = " and ".join(f"'{target.model}'" for target in targets)
            raise QueryError(f"'{name}' is defined in the semantic models {models}; keep it in one of them")
        return targets[0]

    def _unreachable(self, model: str, name: ElementName) -> RefusedNameError:
        plain = str(ElementName(name.links, name.element))
        owners = [
            other.name
            for other in self._manifest.models.values()
            if name.element in other.dimensions or name.element in other.entities
            if not name.links or name.links[-1] in (*other.own_links, *other.entities)
        ]
        below = [owner for owner in owners if self._reaches(owner, model)]
        reason = f"there is no '{plain}'"
        if below:
            reason = f"'{plain}' would repeat the rows of '{model}' (fan-out): several of '{below[0]}' belong to one"
        elif owners:
            reason = f"'{model}' has no way to '{plain}'{self._why_not(model, owners)}"
        reachable = self.names(model)
        shown = ", ".join(reachable[:MOST_NAMES])
        more = f" and {len(reachable) - MOST_NAMES} further away" if len(reachable) > MOST_NAMES else ""
        return RefusedNameError(plain, reason, f".{did_you_mean(plain, reachable)} Reachable: {shown}{more}")

    def _why_not(self, model: str, owners: list[str]) -> str:
        """What keeps the model from the owners of a name, where the manifest says it."""
        for owner in owners:
            partition = missing_partition(self._manifest.models[model], self._manifest.models[owner])
            if partition:
                return f": '{owner}' has a row for each {partition} (is_partition), which '{model}' lacks"
            if f"semantic model {owner}" in self._manifest.refused:
                return f": '{owner}' is not joined, {self._manifest.refused[f'semantic model {owner}']}"
        return ""

    def _reaches(self, model: str, other: str) -> bool:
        return any(hop.model == other for targets in self.reach(model).values() for target in targets for hop in target.hops)

    def names(self, model: str) -> list[str]:
        """Every name that ``model`` reaches, nearest first, time dimensions without a grain."""
        reach = self.reach(model)
        shortest = {key: min(len(target.hops) for target in targets) for key, targets in reach.items()}
        ordered = sorted(reach, key=lambda key: (shortest[key], len(key[0]), *key))
        return [METRIC_TIME, *dict.fromkeys("__".join((*links, element)) for links, element in ordered)]


def missing_partition(model: SemanticModel, other: SemanticModel) -> str | None:
    """The partition by which a row of ``model`` would meet several of ``other``."""
    own = {item.name for item in model.dimensions.values() if item.is_partition}
    return next((item.name for item in other.dimensions.values() if item.is_partition and item.name not in own), None)


def partitions_of(model: SemanticModel, other: SemanticModel) -> tuple[tuple[str, str], ...]:
    """Pairs of expressions of the partitions that both have; times are compared by day."""
    shared = [
        (item, other.dimensions[item.name])
        for item in model.dimensions.values()
        if item.is_partition and item.name in other.dimensions and other.dimensions[item.name].is_partition
    ]
    return tuple(
        (f"cast({left.expr} as date)", f"cast({right.expr} as date)")
        if left.is_time and right.is_time
        else (left.expr, right.expr)
        for left, right in shared
    )


def _of_kind(targets: Sequence[Target], kinds: frozenset[str]) -> list[Target]:
    return [target for target in targets if target.kind in kinds]


def _shortest(targets: Sequence[Target]) -> list[Target]:
    fewest = min(len(target.hops) for target in targets)
    return [target for target in targets if len(target.hops) == fewest]


def grains_from(finest: str) -> tuple[str, ...]:
    """The grains that a time dimension of grain ``finest`` answers; a week does not nest in a month."""
    if finest == "week":
        return ("week",)
    return GRAINS[GRAINS.index(finest) :] if finest in GRAINS else GRAINS
