"""Label a day's rides, and measure how far from normal each is.

The rides are standardised, and then clustered with a density that depends on their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dbt_project.clustering.dbscan import NOISE, Floats, Indices, dbscan, valid_points
from dbt_project.clustering.dbscan.nearest import distance_to_core

PRECISION = np.finfo(np.float64).eps


def standardize(values: ArrayLike) -> Floats:
    """Scale columns to mean 0 and variance 1, as scikit-learn's ``StandardScaler`` does.

    A constant column becomes zeros. The result is that of ``StandardScaler().fit_transform`` to
    the last bit, for the memory layout given: the columns of a Fortran-ordered array are summed in
    another order than those of a C-ordered one (and several times faster). The variance is found
    in two passes and corrected [1]_.

    Parameters
    ----------
    values : array-like of shape (n,) or (n, k)
        Finite numbers in any unit.

    Returns
    -------
    ndarray of the same shape, float64
        The values in standard deviations from their column's mean.

    Raises
    ------
    ValueError
        If a value is not finite.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance:
       analysis and recommendations", The American Statistician 37 (3), 1983.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("every value must be a finite number, got NaN or infinity")
    if not array.size:
        return array.copy()
    n = len(array)
    mean = array.sum(axis=0) / n
    scaled: Floats = array - mean
    # The second term corrects for the rounding of the mean.
    correction = scaled.sum(axis=0)
    variance = ((scaled**2).sum(axis=0) - correction**2 / n) / n
    # The largest variance that rounding can give a constant column.
    is_constant = variance <= n * PRECISION * variance + (n * mean * PRECISION) ** 2
    scaled /= np.where(is_constant, 1, np.sqrt(variance))
    return scaled


def effective_min_samples(n_rides: int, min_samples: int, min_samples_share: float) -> int:
    """Return the number of neighbours that makes a ride core on a day of `n_rides` rides.

    Anomalies grow dense as a day grows, unless the threshold grows with it.

    Parameters
    ----------
    n_rides : int
        The rides of the day.
    min_samples : int
        The least threshold.
    min_samples_share : float
        The threshold as a share of the day's rides.

    Returns
    -------
    int
        The larger of `min_samples` and `min_samples_share` of the rides, rounded up.

    Raises
    ------
    ValueError
        If `min_samples_share` is not between 0 and 1.

    Examples
    --------
    >>> effective_min_samples(5_000, 10, 0.002), effective_min_samples(5_001, 10, 0.002)
    (10, 11)
    """
    if not 0 <= min_samples_share <= 1:
        raise ValueError(f"min_samples_share must be between 0 and 1, got {min_samples_share!r}")
    # The share is the decimal that the user wrote. A binary product can lie just above it.
    share = Fraction(repr(float(min_samples_share)))
    return max(min_samples, math.ceil(share * n_rides))


class Clustering(NamedTuple):
    """The labels of a day's rides, and the figures behind them."""

    labels: Indices
    """Shape (n,), int64: the cluster of every ride, -1 for anomalies."""
    standardized: Floats
    """Shape (n, 2), float64: the features in standard deviations from the day's mean."""
    distance_from_normal: Floats
    """Shape (n,), float64: how far an anomaly lies from the nearest core ride, in standard
    deviations. 0 within a cluster. NaN for the anomalies of a day without core rides."""
    min_samples: int
    """The number of neighbours that made a ride core."""


def cluster_rides(
    features: ArrayLike, eps: float, min_samples: int, min_samples_share: float
) -> Clustering:
    """Label a day's rides by how they differ from the day's other rides.

    Parameters
    ----------
    features : array-like of shape (n, 2)
        Distance and duration of every ride, each in any unit, in the order of the day's records.
        The array stays as it is.
    eps : float
        The largest distance between neighbours, in standard deviations.
    min_samples : int
        The least number of neighbours, the ride itself included, that makes a ride core.
    min_samples_share : float
        The same as a share of the day's rides. The larger of the two counts.

    Returns
    -------
    Clustering
        Labels, standardised features, distances, and the density that was used.

    Raises
    ------
    ValueError
        If `features` has another shape or a value that is not finite, or a parameter is out of
        its range.

    Examples
    --------
    >>> found = cluster_rides([[0, 0]] * 3 + [[4, 0]], eps=0.3, min_samples=3, min_samples_share=0)
    >>> found.labels
    array([ 0,  0,  0, -1])
    >>> found.distance_from_normal.round(2)
    array([0.  , 0.  , 0.  , 2.31])
    """
    points = valid_points(features)
    standardized = standardize(points)
    in_effect = effective_min_samples(len(points), min_samples, min_samples_share)
    labels, core = dbscan(standardized, eps, in_effect)
    anomalies = np.flatnonzero(labels == NOISE)
    distance = np.zeros(len(labels))
    distance[anomalies] = distance_to_core(standardized, core, anomalies, eps)
    return Clustering(labels, standardized, distance, in_effect)


# Added to a measure before its logarithm is taken: a tenth of a mile, a minute (in hours). So a
# distance of zero has a logarithm, and all shorter measures are nearly equal.
OFFSETS = {"ride_dist": 0.1, "ride_time": 1 / 60}
MEASURES = tuple(OFFSETS)
SCALES = ("standard", "log")


def scaled(rides: Mapping[str, NDArray[Any]], measure: str, scale: str) -> NDArray[np.float64]:
    """Return a measure of the rides as it is, or its logarithm.

    On a logarithmic scale a ride of 24 hours is about as far from a ride of three hours as that is
    from a ride of half an hour. So a few gross errors do not stretch the standard deviation until
    nothing else stands out.

    Parameters
    ----------
    rides
        Column `measure`, of shape ``(n,)``, 0 or more: ``ride_dist`` in miles or ``ride_time`` in
        hours. It stays as it is.
    measure
        One of `MEASURES`.
    scale
        ``standard`` or ``log``.

    Returns
    -------
    ndarray of shape (n,), float64

    Raises
    ------
    ValueError
        If `scale` is neither of the two.

    Examples
    --------
    >>> scaled({"ride_dist": np.array([0.0, 0.9, 9.9])}, "ride_dist", "log").round(2)
    array([-2.3,  0. ,  2.3])
    """
    values = np.asarray(rides[measure], dtype=np.float64)
    if scale == "standard":
        return values
    if scale == "log":
        logarithms: NDArray[np.float64] = np.log(values + OFFSETS[measure])
        return logarithms
    raise ValueError(f"clustering_scale must be one of {', '.join(SCALES)}, not {scale!r}")


def label_rides(
    rides: Mapping[str, NDArray[Any]],
    features: Sequence[str],
    eps: float,
    min_samples: int,
    min_samples_share: float,
    scale: str = "standard",
) -> pd.DataFrame:
    """Cluster a day's rides on the features that the configuration names.

    Parameters
    ----------
    rides
        Columns ``record_number``, ``ride_dist`` (miles) and ``ride_time`` (hours), each of shape
        ``(n,)``, in the order of the records, which decides how clusters are numbered.
    features
        One or both of ``ride_dist`` and ``ride_time``.
    eps, min_samples, min_samples_share
        See `dbt_project.clustering.rides.cluster_rides`.
    scale
        See `dbt_project.clustering.rides.scaled`.

    Returns
    -------
    pandas.DataFrame
        One row per ride: ``record_number``, ``label`` (-1 for an anomaly), both measures on the
        `scale` in standard deviations from their mean, ``distance_from_normal``, and the
        ``min_samples`` in effect, the same for all.

    Raises
    ------
    ValueError
        If a feature is neither of the two, or `scale` is unknown.
    """
    unknown = [feature for feature in features if feature not in MEASURES]
    if unknown or not features:
        raise ValueError(
            f"clustering_features must name one or both of {', '.join(MEASURES)}, "
            f"not {list(features)}"
        )
    n_rides = len(rides["record_number"])
    # A constant second column changes no distance, so one feature can be clustered as two.
    columns = [*(scaled(rides, name, scale) for name in features), np.zeros(n_rides)][:2]
    found = cluster_rides(np.column_stack(columns), eps, min_samples, min_samples_share)
    others = [name for name in MEASURES if name not in features]
    standardized = {name: standardize(scaled(rides, name, scale)) for name in others}
    standardized |= zip(features, found.standardized.T, strict=False)
    return pd.DataFrame(
        {
            "record_number": rides["record_number"],
            "label": found.labels.astype(np.int32),
            **{f"{name}_standardized": standardized[name] for name in MEASURES},
            "distance_from_normal": found.distance_from_normal,
            "min_samples": np.full(n_rides, found.min_samples, dtype=np.int64),
        }
    )
