"""The ratio of two shares of anomalies, among rides that can be compared.

Rides are compared within groups, such as an hour of working days in an area. Mantel's and
Haenszel's weight makes groups with more information count more. Rides of a day are not independent:
a single incident makes many of them anomalous. So the variance is found by leaving out one day at a
time (the jackknife of clusters). It is never smaller than the variance of independent rides
(Greenland and Robins). The number of days gives the degrees of freedom of Student's distribution.
Days count by their weight (Kish's effective number, for clusters of different sizes, after Carter,
Schnepel and Steigerwald).

References
----------
- N. Mantel, W. Haenszel, "Statistical aspects of the analysis of data from retrospective studies of
  disease", Journal of the National Cancer Institute 22 (4), 1959.
- S. Greenland, J. M. Robins, "Estimation of a common effect parameter from sparse follow-up data",
  Biometrics 41 (1), 1985.
- J. G. MacKinnon, M. Ø. Nielsen, M. D. Webb, "Fast and reliable jackknife and bootstrap methods for
  cluster-robust inference", Journal of Applied Econometrics 38 (5), 2023.
- A. V. Carter, K. T. Schnepel, D. G. Steigerwald, "Asymptotic behavior of a t-test robust to
  cluster heterogeneity", Review of Economics and Statistics 99 (4), 2017.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CONFIDENCE = 0.95
HALF = 0.5
"""Anomalies added on either side, so that zero has a logarithm (Haldane, Anscombe)."""


class Counts(NamedTuple):
    """Rides of one group on one day: arrays of shape ``(n,)``, a row for each day and group."""

    day: Integers
    """Number of the day, from 0."""
    group: Integers
    """Number of the group within which rides are compared, from 0."""
    rides_with: Floats
    anomalous_with: Floats
    rides_without: Floats
    anomalous_without: Floats

    def comparable(self) -> Counts:
        """Return the rows of the groups that have rides on both sides."""
        sides = (self.rides_with, self.rides_without)
        with_, without = (per(self.group, rides)[self.group] for rides in sides)
        rows = (with_ > 0) & (without > 0)
        return Counts(self.day[rows], self.group[rows], *(column[rows] for column in self.rides))

    @property
    def rides(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The four columns that count rides."""
        return self.rides_with, self.anomalous_with, self.rides_without, self.anomalous_without


class Ratio(NamedTuple):
    """Two shares of anomalies, and how they compare."""

    share_with: float
    share_without: float
    ratio: float
    """`share_with` / `share_without`; NaN if there is no anomaly without."""
    low: float
    high: float
    """Limits of its interval; infinite if there is no anomaly without."""
    p_value: float
    """That of a ratio of 1, of two sides."""


class _Sums(NamedTuple):
    """Mantel's and Haenszel's sums, of a group or of all: arrays of one shape, or numbers."""

    with_: Floats
    without: Floats
    weight: Floats


def per(number: Integers, values: Floats, size: int = 0) -> Floats:
    """Sum `values` by `number`; the sums are in the order of the numbers, from 0."""
    return np.bincount(number, weights=values, minlength=size).astype(np.float64, copy=False)


def days_of_rides(counts: Counts) -> tuple[int, int]:
    """Count the days that have rides with, and the days that have rides without."""
    sides = (counts.rides_with, counts.rides_without)
    with_, without = (int(np.count_nonzero(per(counts.day, side))) for side in sides)
    return with_, without


def expected_anomalies(counts: Counts) -> tuple[float, float]:
    """Return the anomalies to expect with and without it, if it made no difference in a group."""
    _, group, n1, a1, n0, a0 = counts
    rides, anomalous = per(group, n1 + n0), per(group, a1 + a0)
    share = np.divide(anomalous, rides, out=np.zeros_like(rides), where=rides > 0)[group]
    return float(share @ n1), float(share @ n0)


def ratio_of_shares(counts: Counts) -> Ratio:
    """Compare the share of anomalies with and without.

    Parameters
    ----------
    counts
        The result of `Counts.comparable`, with at least two days with and two days without. The
        interval and the p-value need some anomalies on either side (`expected_anomalies`).

    Returns
    -------
    Ratio
        Both shares are means over groups, each with the weight `rides_with * rides_without /
        (rides_with + rides_without)`, so that both sides have the same groups.

    Examples
    --------
    Ten days, each with 20 rides with and 80 without, of which 4 and 4 are anomalous:

    >>> day, one = np.arange(10), np.ones(10)
    >>> found = ratio_of_shares(Counts(day, 0 * day, 20 * one, 4 * one, 80 * one, 4 * one))
    >>> round(found.share_with, 2), round(found.share_without, 2), round(found.ratio, 2)
    (0.2, 0.05, 4.0)
    """
    # imported here, because most small builds do not need it
    from scipy.special import stdtr, stdtrit

    total = _total(counts)
    share_with, share_without = (float(side / total.weight) for side in total[:2])
    log_ratio = float(_log_ratio(total, counts))
    error = np.sqrt(max(_variance_over_days(counts, total), _variance_of_rides(counts, total)))
    freedom = max(effective_days(counts) - 1, 1)
    width = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    return Ratio(
        share_with,
        share_without,
        share_with / share_without if share_without else np.nan,
        float(np.exp(log_ratio - width)) if share_with else 0.0,
        float(np.exp(log_ratio + width)) if share_without else np.inf,
        2 * float(stdtr(freedom, -abs(log_ratio) / error)),
    )


def effective_days(counts: Counts) -> float:
    """Return how many days of equal weight have as much information as these."""
    day, group, n1, _, n0, _ = counts
    all1, all0 = per(group, n1)[group], per(group, n0)[group]
    variance = per(day, (n1 * all0**2 + n0 * all1**2) / (all1 + all0) ** 2)
    return float(variance.sum() ** 2 / (variance**2).sum())


def _sums(n1: Floats, a1: Floats, n0: Floats, a0: Floats) -> _Sums:
    rides = n1 + n0
    share = np.divide(1.0, rides, out=np.zeros_like(rides), where=rides > 0)
    return _Sums(a1 * n0 * share, a0 * n1 * share, n1 * n0 * share)


def _by_group(counts: Counts) -> list[Floats]:
    return [per(counts.group, column) for column in counts.rides]


def _total(counts: Counts) -> _Sums:
    return _Sums(*(side.sum() for side in _sums(*_by_group(counts))))


def _log_ratio(sums: _Sums, counts: Counts) -> Floats:
    """Return the logarithm of the ratio of shares, with half an anomaly added to either side."""
    sides = (counts.rides_with, counts.rides_without)
    with_, without = (
        np.log(side / sums.weight + HALF / rides.sum())
        for side, rides in zip(sums[:2], sides, strict=True)
    )
    logarithm: Floats = with_ - without
    return logarithm


def _variance_over_days(counts: Counts, total: _Sums) -> float:
    """Return the variance of the logarithm, from its values when each day is left out."""
    groups = _by_group(counts)
    here = [whole[counts.group] for whole in groups]
    others = [whole - own for whole, own in zip(here, counts.rides, strict=True)]
    # a day changes only its own groups
    changes = zip(_sums(*others), _sums(*here), strict=True)
    without_day = _Sums(
        *(
            whole + per(counts.day, after - before)
            for whole, (after, before) in zip(total, changes, strict=True)
        )
    )
    left_out = np.unique(counts.day)
    logarithms = _log_ratio(_Sums(*(side[left_out] for side in without_day)), counts)
    days = len(left_out)
    return float((days - 1) / days * ((logarithms - _log_ratio(total, counts)) ** 2).sum())


def _variance_of_rides(counts: Counts, total: _Sums) -> float:
    """Return the variance of the logarithm if rides were independent."""
    n1, a1, n0, a0 = _by_group(counts)
    rides = n1 + n0
    share = np.divide(1.0, rides, out=np.zeros_like(rides), where=rides > 0)
    half = HALF * total.weight
    with_ = total.with_ + half / counts.rides_with.sum()
    without = total.without + half / counts.rides_without.sum()
    return float((n1 * n0 * (a1 + a0) * share**2).sum() / (with_ * without))
