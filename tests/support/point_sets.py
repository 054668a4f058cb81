"""Sets of points in the plane of many shapes, for tests of what is found among them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dbt_project.clustering.rides import standardize

Random = np.random.Generator
Points = NDArray[Any]


def rides(random: Random, n: int) -> Points:
    distance = random.lognormal(0.6, 0.8, n)
    hours = distance / random.lognormal(2.4, 0.4, n) + random.gamma(2, 0.02, n)
    hours = np.where(random.random(n) < 0.02, random.uniform(2, 24, n), hours)
    return np.column_stack([distance, hours])


def standardized_rides(random: Random, n: int) -> Points:
    return standardize(rides(random, n))


def rounded_rides(random: Random, n: int) -> Points:
    return standardize(rides(random, n).round(1))


def blobs(random: Random, n: int) -> Points:
    return random.integers(0, 4, (n, 2)) + random.normal(0, 0.25, (n, 2))


def duplicates(random: Random, n: int) -> Points:
    return random.uniform(0, 2, (max(1, n // 10), 2))[random.integers(0, max(1, n // 10), n)]


def collinear(random: Random, n: int) -> Points:
    x = random.uniform(0, n / 20, n)
    return np.column_stack([x, 2 * x + 1])


def constant_column(random: Random, n: int) -> Points:
    return np.column_stack([np.full(n, 3.7), random.uniform(0, n / 20, n)])


def rings(random: Random, n: int) -> Points:
    angle, radius = random.uniform(0, 2 * np.pi, n), random.integers(1, 4, n) * 0.5
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def moons(random: Random, n: int) -> Points:
    angle, moon = random.uniform(0, np.pi, n), random.integers(0, 2, n)
    x, y = np.cos(angle) + moon, np.where(moon, 0.4 - np.sin(angle), np.sin(angle))
    return np.column_stack([x, y]) + random.normal(0, 0.05, (n, 2))


def mixed_densities(random: Random, n: int) -> Points:
    spread = random.choice([0.02, 0.3, 3.0], n)
    return np.column_stack([random.normal(0, spread), random.normal(0, spread)])


POINT_SETS: dict[str, Callable[[Random, int], Points]] = {
    "uniform": lambda random, n: random.uniform(0, 5, (n, 2)),
    "blobs": blobs,
    "duplicates": duplicates,
    "collinear": collinear,
    "constant column": constant_column,
    "rings": rings,
    "moons": moons,
    "rides": standardized_rides,
    "rounded rides": rounded_rides,
    "heavy tails": lambda random, n: random.standard_cauchy((n, 2)),
    "very heavy tails": lambda random, n: random.standard_cauchy((n, 2)) ** 9,
    "far from the origin": lambda random, n: 1e6 + random.normal(0, 1, (n, 2)),
    "mixed densities": mixed_densities,
    "a few points": lambda random, n: random.uniform(0, 1, (n % 12 + 1, 2)),
}

# Kinds with pairs of points at exactly eps, where scikit-learn's tree may round another way.
TIED_SETS: dict[str, Callable[[Random, int, float], Points]] = {
    "a lattice of eps": lambda random, n, eps: random.integers(0, 15, (n, 2)) * eps,
    "a lattice of a fifth of eps": lambda random, n, eps: random.integers(0, 40, (n, 2)) * eps / 5,
    "a lattice of a tenth": lambda random, n, eps: random.integers(0, 30, (n, 2)) * 0.1,
    "a lattice far away": lambda random, n, eps: 1e15 + random.integers(0, 15, (n, 2)) * 0.125,
}


def points_of(kind: str, random: Random, n: int, eps: float) -> Points:
    """Draw a set of either sort of kind."""
    if kind in POINT_SETS:
        return POINT_SETS[kind](random, n)
    return TIED_SETS[kind](random, n, eps)
