"""An anomaly's distance from normal is that to the nearest core ride, whatever is not measured."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.neighbors import NearestNeighbors
from support.point_sets import POINT_SETS, TIED_SETS, Points, points_of, standardized_rides

from dbt_project.clustering.dbscan import dbscan, nearest
from dbt_project.clustering.dbscan.nearest import distance_to_core


def by_brute_force(points: Points, core: Points, others: Points) -> Points:
    """Measure from each of the others to every core point."""
    dx = points[others, None, 0] - points[None, core, 0]
    dy = points[others, None, 1] - points[None, core, 1]
    distance: Points = np.sqrt(dx * dx + dy * dy).min(axis=1)
    return distance


def assert_exact(points: Points, core: Points, eps: float) -> None:
    """Compare for all points beyond `eps` of the core points."""
    others = np.flatnonzero(~core)
    expected = by_brute_force(points, core, others)
    is_beyond = expected > eps
    found = distance_to_core(points, core, others[is_beyond], eps)
    np.testing.assert_allclose(found, expected[is_beyond], rtol=1e-12)


class TestDistance:
    """Distances are those of scikit-learn's neighbours and of brute force."""

    @pytest.mark.parametrize("kind", POINT_SETS)
    def test_anomalies_of_random_sets(self, kind: str) -> None:
        random = np.random.default_rng(list(POINT_SETS).index(kind))
        for _ in range(8):
            points = POINT_SETS[kind](random, int(random.choice([30, 200, 1500])))
            eps = float(random.choice([0.05, 0.1, 0.3, 1.0]))
            labels, core = dbscan(points, eps, int(random.choice([2, 4, 10])))
            anomalies = np.flatnonzero(labels == -1)
            found = distance_to_core(points, core, anomalies, eps)
            if core.any() and len(anomalies):
                search = NearestNeighbors(n_neighbors=1).fit(points[core])
                expected = search.kneighbors(points[anomalies])[0][:, 0]
                np.testing.assert_allclose(found, expected, rtol=1e-12)
            else:
                assert np.isnan(found).all()

    @pytest.mark.parametrize("kind", [*POINT_SETS, *TIED_SETS])
    def test_any_place_around_and_between_the_core_points(self, kind: str) -> None:
        random = np.random.default_rng(17)
        for eps in (0.05, 0.3, 1.0):
            crowd = points_of(kind, random, 2500, eps)
            low, high = crowd.min(axis=0) - 2 * eps, crowd.max(axis=0) + 2 * eps
            points = np.vstack([crowd, random.uniform(low, high, (300, 2))])
            assert_exact(points, np.arange(len(points)) < len(crowd), eps)

    @settings(max_examples=100, deadline=None)
    @given(
        points=hnp.arrays(
            np.float64,
            st.tuples(st.integers(2, 40), st.just(2)),
            elements=st.floats(-3, 3) | st.integers(-40, 40).map(lambda n: n / 10),
        ),
        eps=st.sampled_from([0.1, 0.3, 1.0, 2.0]),
        share=st.floats(0.1, 0.9),
    )
    def test_any_points(self, points: Points, eps: float, share: float) -> None:
        assert_exact(points, np.arange(len(points)) < max(1, share * len(points)), eps)

    @settings(max_examples=50, deadline=None)
    @given(seed=st.integers(0, 2**32), crowd=st.integers(500, 4000), width=st.floats(0.3, 8))
    def test_a_dense_crowd_with_holes(self, seed: int, crowd: int, width: float) -> None:
        random = np.random.default_rng(seed)
        points = random.uniform(0, width, (crowd + 200, 2))
        holes = random.uniform(0, width, (3, 1, 2))
        is_in_hole = (((points - holes) ** 2).sum(axis=2) < 0.8**2).any(axis=0)
        core = ~is_in_hole & (np.arange(len(points)) < crowd)
        if core.any():
            assert_exact(points, core, 0.3)

    def test_points_on_a_line(self) -> None:
        random = np.random.default_rng(18)
        points = np.column_stack([random.standard_cauchy(3000), np.zeros(3000)])
        assert_exact(points, random.random(3000) < 0.9, 0.05)

    def test_a_range_too_wide_for_cells(self) -> None:
        random = np.random.default_rng(19)
        points = random.integers(0, 3, (400, 2)) * 1e12 + random.uniform(0, 50, (400, 2))
        assert_exact(points, random.random(400) < 0.5, 0.3)

    def test_there_is_none_without_a_core_point(self) -> None:
        points = np.array([[0.0, 0.0], [5.0, 5.0]])
        found = distance_to_core(points, np.zeros(2, dtype=np.bool_), np.array([0, 1]), 0.3)
        assert np.isnan(found).tolist() == [True, True]

    def test_the_input_stays_as_it_is(self) -> None:
        points = standardized_rides(np.random.default_rng(20), 2000)
        labels, core = dbscan(points, 0.3, 10)
        before = points.copy(), core.copy()
        distance_to_core(points, core, np.flatnonzero(labels == -1), 0.3)
        np.testing.assert_array_equal(points, before[0])
        np.testing.assert_array_equal(core, before[1])


class TestShields:
    """What is left out cannot be nearest, and on a large day nearly everything is left out."""

    @pytest.mark.parametrize("sector", range(nearest.SECTORS))
    def test_an_empty_circle_would_hold_any_point_of_a_shield(self, sector: int) -> None:
        random = np.random.default_rng(sector)
        rows, columns = nearest._shields(sector)
        assert len(rows) > 50
        for row, column in zip(rows, columns, strict=True):
            middle = 2 * math.pi * sector / nearest.SECTORS
            angle = middle + random.uniform(-1, 1, 200) * math.pi / nearest.SECTORS
            radius = random.uniform(1, 3, 200) ** 4 / nearest.CELL_SIDE
            touched, shield = random.random((2, 200, 2)).round()  # corners are the hardest
            shield += column, row
            centre = touched + (radius * np.array([np.cos(angle), np.sin(angle)])).T
            assert (np.hypot(*(shield - centre).T) < radius).all()

    def test_few_of_a_large_day_s_core_rides_are_measured(self) -> None:
        points = standardized_rides(np.random.default_rng(21), 200_000)
        _, core = dbscan(points, 0.3, 400)
        rim = nearest._rim(points[core], 0.3, range(nearest.SECTORS))
        assert len(rim) < core.sum() / 10
