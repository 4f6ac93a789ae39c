"""The query model for MongoDB: each Find is one find, each Aggregation one pipeline.

A pipeline has a branch for the plain measures and one for each field whose values are counted or
ranked; $unionWith puts them together, and a last $group merges their rows. Needs MongoDB 5.0, for
$setWindowFields.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Invalid
from .base import Row
from .mongo_conditions import Expression, query, value_of
from .mongo_documents import CHANGES, PUT, TENANT, Layout
from .mongo_groups import group
from .mongo_measures import Branch, Group, Plan, running, total
from .query import Aggregation, Find, Operator, Order, Where, check_fields

ASCENDING, DESCENDING = 1, -1

Stage = dict[str, Any]


@dataclass(frozen=True)
class FindCommand:
    """The arguments of a find, and what each document of its answer means."""

    filter: dict[str, Any]
    projection: dict[str, int]
    sort: list[tuple[str, int]]
    skip: int
    limit: int
    load: Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Pipeline:
    """The stages of an aggregate, and what each document of its answer means.

    over_nothing: the answer's only document where there is none; None where there may be none.
    """

    stages: list[Stage]
    load: Callable[[Group], Row]
    over_nothing: Group | None


@dataclass(frozen=True)
class _Output:
    """One value of a row: its name, how it is read from a group, what it is ordered by."""

    name: str
    load: Callable[[Group], Any]
    order: Expression


def compile_find(asked: Find, layout: Layout) -> FindCommand:
    """The find for documents; raises Invalid for what the family does not declare."""
    _check(asked)
    # What is asked to have one value needs no order, and an index for the rest can be used.
    fixed = {part.field for part in asked.where if part.op is Operator.EQ}
    sort: dict[str, int] = {}
    for part in (*asked.order, Order(asked.family.key), Order(TENANT)):
        if part.name not in fixed:
            sort.setdefault(part.name, _direction(part))
    blank = layout.blank(asked.leave_out)
    return FindCommand(
        query(asked.where, layout.kinds),
        dict.fromkeys(("_id", CHANGES, PUT, *sorted(asked.leave_out)), 0),
        list(sort.items()),
        asked.offset,
        asked.limit,
        lambda stored: layout.document(stored, blank),
    )


def compile_removal(where: Where, layout: Layout) -> dict[str, Any]:
    """The condition of what is to be removed; raises Invalid for what is not declared."""
    _check(Find(layout.family, where))
    return query(where, layout.kinds)


def compile_aggregation(asked: Aggregation, layout: Layout) -> Pipeline:
    """The pipeline for the rows of groups; raises Invalid for what the family does not declare,
    or cannot be calculated of its fields."""
    _check(asked)
    plan = Plan(layout.kinds)
    groups = {f"g{number}": group(by, layout) for number, by in enumerate(asked.by)}
    keys = {alias: one.key for alias, one in groups.items()}
    if asked.each:
        keys["each"] = "$_id"
    outputs = [
        _Output(one.name, _reading(alias, one.load), f"$_id.{alias}")
        for alias, one in groups.items()
    ]
    merged: dict[str, Expression] = {}
    for number, measure in enumerate(asked.measures):
        calculated = plan.add(measure, f"m{number}")
        merged |= calculated.accumulators
        outputs.append(_Output(measure.name, calculated.load, calculated.order))
    condition = query(asked.where, layout.kinds, asked.present)
    selected: list[Stage] = [{"$match": condition}] if condition else []
    branches = [[*selected, *_values(branch, keys)] for branch in plan.branches.values()]
    if plan.plain or not branches:
        branches.insert(0, [*selected, {"$group": {"_id": keys or None, **plan.plain}}])
    stages, *others = branches
    for other in others:
        joined = {"coll": asked.family.collection, "pipeline": other}
        stages.append({"$unionWith": joined})
    if plan.branches:
        kept = {name: f"$_id.{name}" for name in keys}
        stages.append({"$group": {"_id": kept or None, **merged}})
    if not asked.each:
        stages += _sorted(asked, outputs, len(groups))
    if asked.limit is not None:
        stages.append({"$limit": asked.limit})
    return Pipeline(stages, _loader(outputs, flat=asked.flat), None if keys else {})


def _check(asked: Aggregation | Find) -> None:
    if problems := check_fields(asked):
        raise Invalid.of(problems)


def _direction(part: Order) -> int:
    return DESCENDING if part.descending else ASCENDING


def _reading(alias: str, load: Callable[[Any], Any] | None) -> Callable[[Group], Any]:
    def read(group: Group) -> Any:
        value = group["_id"].get(alias)
        return value if value is None or load is None else load(value)

    return read


def _values(branch: Branch, keys: dict[str, Expression]) -> list[Stage]:
    """A row for each value of a field in each group, with its counts, and ranks where needed."""
    group = {"_id": {**keys, "value": value_of(branch.name)}, **branch.counts}
    stages: list[Stage] = [{"$group": group}]
    if branch.ranked:
        so_far = {"documents": ["unbounded", "current"]}
        everything = {"documents": ["unbounded", "unbounded"]}
        output = {}
        for count in sorted(branch.ranked):
            output[running(count)] = {"$sum": f"${count}", "window": so_far}
            output[total(count)] = {"$sum": f"${count}", "window": everything}
        window = {"sortBy": {"_id.value": ASCENDING}, "output": output}
        if keys:
            window["partitionBy"] = {name: f"$_id.{name}" for name in keys}
        stages.append({"$setWindowFields": window})
    return stages


def _sorted(asked: Aggregation, outputs: Sequence[_Output], groups: int) -> list[Stage]:
    """The stages that put rows in order; no order is needed for the only row."""
    if not groups:
        return []
    by_name = {output.name: output for output in outputs}
    computed: dict[str, Expression] = {}
    sort: dict[str, int] = {}
    for number, part in enumerate(asked.order):
        order = by_name[part.name].order
        if not isinstance(order, str):
            computed[f"o{number}"] = order
            order = f"$o{number}"
        sort.setdefault(order.removeprefix("$"), _direction(part))
    for number in range(groups):
        sort.setdefault(f"_id.g{number}", ASCENDING)
    return [*([{"$set": computed}] if computed else []), {"$sort": sort}]


def _loader(outputs: Sequence[_Output], *, flat: bool) -> Callable[[Group], Any]:
    if flat:
        return lambda group: tuple([output.load(group) for output in outputs])
    return lambda group: {output.name: output.load(group) for output in outputs}
