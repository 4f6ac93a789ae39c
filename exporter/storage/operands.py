"""What a filter's field is compared with: one operand, several, or ranges of them.

Both engines make theirs of a filter here; how one value becomes an operand is their own.
"""

from collections.abc import Callable
from typing import Any

from ..errors import Invalid
from .query import Filter, Operator

Convert = Callable[[Any], Any]
"""An engine's operand of a value that is not None; TypeError or ValueError says what was expected.
"""


def operands(part: Filter, convert: Convert) -> Any:
    """What a filter's value means to an engine: an operand, for `in` a list of them.

    For `within` it is a list of pairs, disjoint ranges from the first to the last. Raises Invalid
    for a value that the filter's field cannot have.
    """
    try:
        return _SHAPES.get(part.op, _one)(part.value, convert)
    except (TypeError, ValueError) as error:
        raise Invalid.field(part.field, str(error)) from error


def _one(value: Any, convert: Convert) -> Any:
    return None if value is None else convert(value)


def _several(values: Any, convert: Convert) -> list[Any]:
    if not isinstance(values, tuple):
        raise TypeError("Expected several values")
    return [_one(value, convert) for value in values]


def _ranges(pairs: Any, convert: Convert) -> list[tuple[Any, Any]]:
    """Ranges that meet or overlap as one, so that no value lies in two; empty ones are left out,
    and so are those with None at an end, for which no order holds."""
    if not isinstance(pairs, tuple) or not all(map(_is_pair, pairs)):
        raise TypeError("Expected pairs of a start and an end")
    bounds = [(_one(start, convert), _one(end, convert)) for start, end in pairs]
    kept = [(start, end) for start, end in bounds if start is not None and end is not None]
    found: list[tuple[Any, Any]] = []
    for start, end in sorted(pair for pair in kept if pair[0] < pair[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2  # noqa: PLR2004  # that is a pair


_SHAPES: dict[Operator, Callable[[Any, Convert], Any]] = {
    Operator.IN: _several,
    Operator.WITHIN: _ranges,
}
