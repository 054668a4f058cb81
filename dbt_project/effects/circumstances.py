"""For each category of circumstances: do more rides become anomalous with it than without?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dbt_project.effects.ratio import (
    Counts,
    Floats,
    Integers,
    Ratio,
    days_of_rides,
    expected_anomalies,
    per,
    ratio_of_shares,
)

LINKED = "linked"
NO_LINK = "no link seen"
TOO_FEW_DAYS = "too few days to say"

LARGEST_P_VALUE = 0.01
"""The largest p-value of a link. It is small, because the question is asked every morning: with one
in twenty, a link would soon appear by chance."""
FEWEST_EXPECTED = 5
"""The fewest expected anomalies on either side: the usual minimum for a test of counts."""

EFFECT_DTYPES = {
    "category": "string",
    "days_with": "Int64",
    "rides_with": "Int64",
    "rides_without": "Int64",
    "share_with": "Float64",
    "share_without": "Float64",
    "ratio": "Float64",
    "ratio_low": "Float64",
    "ratio_high": "Float64",
    "p_value": "Float64",
    "verdict": "string",
}
"""Columns of `effects`."""

SATURDAY = 5


def effects(counts: pd.DataFrame, min_days: int) -> pd.DataFrame:
    """Compare rides with and without each category, in the same area and comparable hours.

    Hours are comparable if they are the same hour of working days, of Saturdays or of Sundays.

    Parameters
    ----------
    counts : DataFrame
        A row for each day, hour, area and category that any of its rides had, and one without a
        category for all of them: ``ride_date``, ``hour_local`` (timestamp), ``area_key``,
        ``category``, ``rides``, ``anomalous_rides``.
    min_days : int
        The smallest number of days with and of days without it, 2 or more. With fewer days there is
        no result.

    Returns
    -------
    DataFrame
        A row for each category, in their order, with the columns of `EFFECT_DTYPES`. Shares and
        ratio come from `dbt_project.effects.ratio.Ratio`, the limits are those of a 95 % interval,
        and p-values are corrected for the number of categories that are asked about (Holm). A value
        is NULL if it cannot be given.
    """
    cells = _Cells(counts)
    counted = {category: cells.counts(category) for category in cells.categories}
    compared = {category: these.comparable() for category, these in counted.items()}
    asked = {
        category: ratio_of_shares(these)
        for category, these in compared.items()
        if _are_enough(these, min_days)
    }
    p_values = dict(zip(asked, holm([each.p_value for each in asked.values()]), strict=True))
    rows = [
        (
            category,
            days_of_rides(counted[category])[0],
            int(these.rides_with.sum()),
            int(these.rides_without.sum()),
            *_findings(asked.get(category), p_values.get(category)),
        )
        for category, these in compared.items()
    ]
    return pd.DataFrame(rows, columns=list(EFFECT_DTYPES)).astype(EFFECT_DTYPES)


def holm(p_values: list[float]) -> list[float]:
    """Correct p-values for their number, after S. Holm, 1979.

    Examples
    --------
    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values)
    corrected = np.empty_like(values)
    corrected[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return [float(value) for value in np.minimum(corrected, 1)]


class _Cells:
    """The rides of a day, hour and area, as arrays with a row for each."""

    def __init__(self, counts: pd.DataFrame) -> None:
        hours = counts["hour_local"].dt
        kind_of_day = hours.day_of_week.clip(lower=SATURDAY - 1)
        self._cell = _numbers(counts, ["ride_date", "hour_local", "area_key"])
        _, first = np.unique(self._cell, return_index=True)
        self._day = _numbers(counts, ["ride_date"])[first]
        self._group = _numbers(counts, [kind_of_day, hours.hour, "area_key"])[first]
        self._rides = counts["rides"].to_numpy(np.float64)
        self._anomalous = counts["anomalous_rides"].to_numpy(np.float64)
        self._category = counts["category"].astype("string").fillna("").to_numpy(str)
        self._all = self._sums("")

    @property
    def categories(self) -> list[str]:
        return [str(category) for category in np.unique(self._category) if category]

    def counts(self, category: str) -> Counts:
        """Return the counts of rides with a category, and of all others."""
        with_ = self._sums(category)
        without = (whole - part for whole, part in zip(self._all, with_, strict=True))
        return Counts(self._day, self._group, *with_, *without)

    def _sums(self, category: str) -> list[Floats]:
        rows, cells = self._category == category, len(self._day)
        return [
            per(self._cell[rows], column[rows], cells) for column in (self._rides, self._anomalous)
        ]


def _numbers(counts: pd.DataFrame, by: list[Any]) -> Integers:
    """Number the rows from 0. Equal rows get equal numbers."""
    return counts.groupby(by, dropna=False).ngroup().to_numpy().astype(np.int64, copy=False)


def _are_enough(counts: Counts, min_days: int) -> bool:
    return (
        min(days_of_rides(counts)) >= min_days
        and min(expected_anomalies(counts)) >= FEWEST_EXPECTED
    )


def _findings(ratio: Ratio | None, p_value: float | None) -> tuple[float | str | None, ...]:
    """Return shares, ratio, its limits, p-value and verdict."""
    if ratio is None or p_value is None:
        return (None,) * 6 + (TOO_FEW_DAYS,)
    numbers = (number if np.isfinite(number) else None for number in ratio[:-1])
    return (*numbers, p_value, LINKED if p_value < LARGEST_P_VALUE else NO_LINK)
