"""The ratio of two shares of anomalies: its formula, its interval and its p-value."""

import numpy as np
import pytest
from scipy import stats

from dbt_project.effects.ratio import (
    Counts,
    days_of_rides,
    effective_days,
    expected_anomalies,
    ratio_of_shares,
)


def draw(seed: int, days: int = 30, groups: int = 6, ratio: float = 1.0) -> Counts:
    """Days that differ, each with some rides of each group."""
    rng = np.random.default_rng(seed)
    day, group = (axis.ravel() for axis in np.indices((days, groups)))
    share = 0.05 * rng.gamma(4, 1 / 4, days)[day] * (1 + group % 3)
    rides_with = rng.poisson(10 * (rng.random(days) < 0.4)[day])
    rides_without = rng.poisson(20, len(day))
    return Counts(
        day,
        group,
        rides_with.astype(float),
        rng.binomial(rides_with, np.minimum(ratio * share, 1)).astype(float),
        rides_without.astype(float),
        rng.binomial(rides_without, np.minimum(share, 1)).astype(float),
    ).comparable()


def whole_days(anomalous: list[int], rides: int, is_with: list[bool]) -> Counts:
    """Days of equally many rides, each all with or all without."""
    numbers, with_ = np.array(anomalous, float), np.array(is_with)
    day = np.arange(len(numbers))
    return Counts(
        day, 0 * day, rides * with_, numbers * with_, rides * (1.0 - with_), numbers * ~with_
    )


def log_ratio_by_hand(rows: list[tuple[float, ...]], rides: tuple[float, float]) -> float:
    """Mantel's and Haenszel's ratio, group by group, with half an anomaly on either side."""
    weighted_with = weighted_without = weight = 0.0
    for number in {row[1] for row in rows}:
        n1, a1, n0, a0 = (
            sum(row[place] for row in rows if row[1] == number) for place in range(2, 6)
        )
        if n1 + n0:
            weighted_with += a1 * n0 / (n1 + n0)
            weighted_without += a0 * n1 / (n1 + n0)
            weight += n1 * n0 / (n1 + n0)
    return float(
        np.log(weighted_with / weight + 0.5 / rides[0])
        - np.log(weighted_without / weight + 0.5 / rides[1])
    )


@pytest.mark.parametrize("seed", range(5))
def test_ratio_interval_and_p_value_are_those_of_the_formula_worked_out_by_hand(seed: int) -> None:
    counts = draw(seed, ratio=2)
    found = ratio_of_shares(counts)
    rows = list(zip(*(column.tolist() for column in counts), strict=True))
    rides = (counts.rides_with.sum(), counts.rides_without.sum())
    whole = log_ratio_by_hand(rows, rides)
    days = sorted({row[0] for row in rows})
    left_out = [log_ratio_by_hand([r for r in rows if r[0] != day], rides) for day in days]
    error = np.sqrt((len(days) - 1) / len(days) * sum((one - whole) ** 2 for one in left_out))
    student = stats.t(effective_days(counts) - 1)
    assert np.log(found.low) == pytest.approx(whole - student.ppf(0.975) * error, rel=1e-9)
    assert np.log(found.high) == pytest.approx(whole + student.ppf(0.975) * error, rel=1e-9)
    assert found.p_value == pytest.approx(2 * student.sf(abs(whole) / error), rel=1e-9)


def test_in_one_group_it_is_the_relative_risk() -> None:
    counts = whole_days([5, 3, 8, 2, 1, 4, 0, 2], 100, [True] * 3 + [False] * 5)
    found = ratio_of_shares(counts)
    expected = stats.contingency.relative_risk(16, 300, 9, 500)
    assert found.ratio == pytest.approx(expected.relative_risk)
    assert (found.share_with, found.share_without) == pytest.approx((16 / 300, 9 / 500))


def test_days_that_are_all_alike_do_not_make_it_surer_than_independent_rides() -> None:
    counts = whole_days([6] * 10 + [3] * 20, 100, [True] * 10 + [False] * 20)
    found = ratio_of_shares(counts)
    error = np.sqrt(1 / 60 - 1 / 1000 + 1 / 60 - 1 / 2000)
    width = (np.log(found.high) - np.log(found.low)) / 2
    assert width >= stats.norm.ppf(0.975) * error


def test_its_p_value_is_about_that_of_shuffling_the_days() -> None:
    rng = np.random.default_rng(11)
    is_with = np.arange(56) < 14
    by_formula, by_shuffling = [], []
    for _ in range(30):
        anomalous = rng.poisson(8 * rng.gamma(4, 1 / 4, 56))
        found = ratio_of_shares(whole_days(anomalous.tolist(), 400, is_with.tolist()))
        shuffled = rng.permuted(np.tile(is_with, (4000, 1)), axis=1)
        sums = shuffled @ anomalous
        logs = np.abs(np.log((sums / 14 + 1e-9) / ((anomalous.sum() - sums) / 42)))
        by_formula.append(found.p_value)
        by_shuffling.append(np.mean(logs >= abs(np.log(found.ratio)) - 1e-9))
    difference = np.array(by_formula) - by_shuffling
    assert np.corrcoef(by_formula, by_shuffling)[0, 1] > 0.98
    assert abs(difference.mean()) < 0.03
    assert np.abs(difference).max() < 0.12


def test_no_anomaly_on_one_side_is_told_with_an_open_interval() -> None:
    none_with = ratio_of_shares(whole_days([0] * 10 + [4] * 20, 100, [True] * 10 + [False] * 20))
    assert (none_with.ratio, none_with.low) == (0, 0)
    assert none_with.high < 1
    assert none_with.p_value < 0.01
    none_without = ratio_of_shares(whole_days([9] * 10 + [0] * 20, 100, [True] * 10 + [False] * 20))
    assert np.isnan(none_without.ratio)
    assert np.isinf(none_without.high)
    assert none_without.low > 1


def test_groups_with_rides_on_one_side_alone_are_not_compared() -> None:
    ones = np.ones(4)
    counts = Counts(
        np.array([0, 0, 1, 1]),
        np.array([0, 1, 0, 1]),
        np.array([5.0, 5.0, 0.0, 5.0]),
        ones,
        np.array([5.0, 0.0, 5.0, 0.0]),
        np.array([1.0, 0.0, 1.0, 0.0]),
    ).comparable()
    assert counts.group.tolist() == [0, 0]
    assert days_of_rides(counts) == (1, 2)
    assert expected_anomalies(counts) == pytest.approx((5 * 4 / 15, 10 * 4 / 15))


def test_a_day_with_nearly_all_the_rides_is_nearly_the_only_one() -> None:
    day = np.arange(20)
    even = np.full(20, 50.0)
    uneven = np.where(day == 0, 5000.0, 1.0)
    none = np.zeros(20)
    alike = Counts(day, 0 * day, even, none, even, none)
    assert effective_days(alike) == pytest.approx(20)
    assert effective_days(alike._replace(rides_with=uneven, rides_without=uneven)) < 1.1
