"""Measures that make no sense cannot be built."""

from typing import Any

import pytest

from exporter.storage.query import Function, Measure

SENSELESS: dict[str, dict[str, Any]] = {
    "a sum of nothing": {"function": Function.SUM},
    "a percentile of nothing": {"function": Function.PERCENTILE, "quantile": 0.5},
    "a percentile without a quantile": {"function": Function.PERCENTILE, "field": "cost"},
    "a maximum with a quantile": {"function": Function.MAX, "field": "cost", "quantile": 0.5},
    "a count with a quantile": {"quantile": 0.5},
}


@pytest.mark.parametrize("fields", SENSELESS.values(), ids=SENSELESS)
def test_a_senseless_measure_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^m: "):
        Measure("m", **fields)


@pytest.mark.parametrize("field", [None, "cost"])
def test_records_and_values_can_be_counted(field: str | None) -> None:
    assert Measure("m", field=field).function is Function.COUNT
