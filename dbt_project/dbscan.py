"""DBSCAN of points in the plane: scikit-learn's labels in linear memory.

DBSCAN [1]_ calls a point *core* when at least ``min_samples`` points, itself included, lie within
``eps`` of it. Core points within ``eps`` of each other share a cluster, other points within ``eps``
of a core point are the border of its cluster, and the rest are anomalies. In the plane no lists of
neighbours are needed for that [2]_ [3]_ [4]_. Points are put into square cells whose diagonal is
just under ``eps``, so that

* a cell of ``min_samples`` points holds core points only, and no distance is measured;
* the core points of a cell share a cluster, so that clusters are connected components of cells;
* whatever lies within ``eps`` of a cell lies at most two cells away.

Cells are divided into sub-cells, more of them the larger ``min_samples`` is. Around a sub-cell,
those sub-cells that are wholly within ``eps`` of it are counted at once, row by row, those wholly
beyond are skipped, and only points of the sub-cells in between are measured.

The grid decides only what is beyond doubt, with a margin for the rounding of cell numbers. All else
is decided by ``dx * dx + dy * dy <= eps * eps`` in float64.

References
----------
.. [1] M. Ester, H.-P. Kriegel, J. Sander, X. Xu, "A density-based algorithm for discovering
   clusters in large spatial databases with noise", KDD 1996.
.. [2] A. Gunawan, "A faster algorithm for DBSCAN", master's thesis, TU Eindhoven, 2013.
.. [3] J. Gan, Y. Tao, "DBSCAN revisited: mis-claim, un-fixability, and approximation",
   SIGMOD 2015.
.. [4] M. de Berg, A. Gunawan, M. Roeloffzen, "Faster DBSCAN and HDBSCAN in low-dimensional
   Euclidean spaces", ISAAC 2017.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

NOISE = -1
NOTHING = np.iinfo(np.intp).max
# Between these bounds eps * eps and the squares compared with it keep their full precision.
SMALLEST_EPS, LARGEST_EPS = 1e-140, 1e150
# Cells are smaller than eps / sqrt(2) by the share SHRINK. It outweighs SLACK, twice what rounding
# can move a point by, in sub-cells: three roundings of a number below LARGEST_STRIPE (of one below
# 128 times the number of points, where gaps are left out) move it by less than 2**-18.
SHRINK = 2.0**-16
SLACK = 2.0**-17
LARGEST_STRIPE = 2**31 - 1
# The test rounds a sum of two squares by some 1e-16 of it; within this share of eps, ask the test.
DOUBT = 1e-9
# Neighbours lie at most this many cells apart.
RINGS = 2
# A cell gets about one sub-cell for this many of the `min_samples` points, and not more than
# MOST_DIVISIONS squared.
DIVISION_POINTS = 6
MOST_DIVISIONS = 32
# Points, or pairs of points, taken at once: temporary arrays stay small, mostly within the cache.
CHUNK = 2**18
# Keys up to this, or up to four times the number of points, are counted in a table.
SMALL_TABLE = 2**22
# Cells with up to FEW_PAIRS pairs of core points between them are compared pair by pair, many such
# cells at once. Others are compared on their own, with a tree if more than MANY_PAIRS are in doubt.
FEW_PAIRS = 2**12
MANY_PAIRS = 2**20

# Half of the cells around a cell (the other half sees the same pairs from the other side), nearest
# first: once those are joined, most of the farther ones are joined as well.
HALF_RINGS = (
    ((0, 1), (1, 0)),
    ((1, 1), (1, -1)),
    ((0, 2), (2, 0), (1, 2), (2, 1), (1, -2), (2, -1), (2, 2), (2, -2)),
)
OFFSETS = tuple(
    (sign * row, sign * column) for ring in HALF_RINGS for row, column in ring for sign in (1, -1)
)


def dbscan(points: ArrayLike, eps: float, min_samples: int) -> tuple[Indices, Mask]:
    """Label points by density, as ``sklearn.cluster.DBSCAN`` with its euclidean metric does.

    Clusters are numbered from 0 by their first core point in input order, a border point belongs
    to the lowest-numbered cluster that has a core point within `eps`, and -1 marks anomalies. Two
    points are neighbours if ``dx * dx + dy * dy <= eps * eps`` in float64.

    Parameters
    ----------
    points : array-like of shape (n, 2)
        Finite coordinates. There may be no points at all.
    eps : float
        The largest distance between neighbours, in the unit of the coordinates.
    min_samples : int
        The number of points within `eps`, the point itself included, that makes a point core.

    Returns
    -------
    labels : ndarray of shape (n,), int64
        The cluster of every point, -1 for anomalies.
    core : ndarray of shape (n,), bool
        Which points are core.

    Raises
    ------
    ValueError
        If `points` has another shape or a value that is not finite, `eps` is not between 1e-140
        and 1e150, or `min_samples` is less than 1.
    """
    points = valid_points(points)
    eps, min_samples = _valid_parameters(eps, min_samples)
    if not len(points):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.bool_)
    with np.errstate(over="ignore", under="ignore"):
        grid = _Grid.of(points, eps, min_samples)
        core = _core_points(grid, min_samples)
        cluster = _clusters(grid, core)
        labels = grid.spread(cluster)
        others = np.flatnonzero(~core)
        labels[others] = NOISE
        _label_border(grid, core, cluster, others, labels)
    return labels, core


def valid_points(values: ArrayLike) -> Floats:
    """Return points as an array of shape (n, 2), or say in a ValueError what is wrong with them."""
    points = np.asarray(values, dtype=np.float64)
    if points.shape == (0,):
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"expected points of shape (n, 2), got an array of shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("every coordinate must be a finite number, got NaN or infinity")
    return points


def _valid_parameters(eps: float, min_samples: int) -> tuple[float, int]:
    if not SMALLEST_EPS <= eps <= LARGEST_EPS:
        raise ValueError(f"eps must be between {SMALLEST_EPS} and {LARGEST_EPS}, got {eps!r}")
    if not isinstance(min_samples, Integral) or min_samples < 1:
        raise ValueError(f"min_samples must be a whole number of at least 1, got {min_samples!r}")
    return float(eps), int(min_samples)


# --- the grid -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """Points in square cells of `divisions` by `divisions` sub-cells.

    Only occupied cells are kept, numbered row by row. `cell` and `sub_cell`, the number of a
    sub-cell within its cell, say where each point is; `row`, `column` and `count` describe cells.
    """

    x: Floats
    y: Floats
    eps: float
    divisions: int
    cell: Integers
    sub_cell: Integers
    row: Integers
    column: Integers
    count: Integers

    @classmethod
    def of(cls, points: Floats, eps: float, min_samples: int) -> _Grid:
        """Put points into cells."""
        x = np.ascontiguousarray(points[:, 0])
        y = np.ascontiguousarray(points[:, 1])
        divisions = _divisions(min_samples)
        side = eps / math.sqrt(2) * (1 - SHRINK) / divisions
        rows, columns = _stripes(y, side, divisions), _stripes(x, side, divisions)
        height, width = (int(stripe.max()) // divisions + 1 for stripe in (rows, columns))
        key = np.empty(len(x), dtype=_integers_for(height * width))
        sub_cell = np.empty(len(x), dtype=np.int16)
        for part in _parts(len(x)):
            row, sub_row = np.divmod(rows[part], divisions)
            column, sub_column = np.divmod(columns[part], divisions)
            key[part] = row.astype(key.dtype) * width + column
            sub_cell[part] = sub_row * divisions + sub_column
        del rows, columns
        occupied, cell, count = _number(key, height * width)
        row, column = np.divmod(occupied, width)
        return cls(x, y, eps, divisions, cell, sub_cell, row, column, count)

    def points_in(self, cells: Mask) -> Indices:
        """Points of the chosen cells, in ascending order."""
        parts = _parts(len(self.x))
        found = [part.start + np.flatnonzero(cells[self.cell[part]]) for part in parts]
        return np.concatenate(found)

    def spread(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Give each point the value of its cell."""
        spread: NDArray[Scalar] = np.empty(len(self.x), dtype=values.dtype)
        for part in _parts(len(self.x)):
            spread[part] = values[self.cell[part]]
        return spread

    @cached_property
    def _counter(self) -> _Counter:
        return _Counter(self._key(self.row, self.column))

    def _key(self, row: Integers, column: Integers) -> Integers:
        # Empty columns at both ends keep a cell's neighbour from being found in another row.
        width = int(self.column.max()) + 1 + 2 * RINGS
        return (row + RINGS) * width + column + RINGS

    def neighbours(self, cells: Integers, row: int, column: int) -> tuple[Integers, Integers]:
        """Those of `cells` with a cell `row` rows and `column` columns on, and that cell."""
        key = self._key(self.row[cells] + row, self.column[cells] + column)
        before = self._counter.before(key)
        exists = self._counter.before(key + 1) > before
        return cells[exists], before[exists]

    def around(self, chosen: Mask) -> Mask:
        """Cells with a chosen cell within RINGS of them, the chosen ones included."""
        near = chosen.copy()
        cells = np.flatnonzero(chosen)
        for row, column in OFFSETS:
            near[self.neighbours(cells, row, column)[1]] = True
        return near

    def near(self, dx: Floats, dy: Floats) -> Mask:
        """Whether points that differ by `dx` and `dy` are neighbours: the test that decides."""
        within: Mask = dx * dx + dy * dy <= self.eps * self.eps
        return within


def _divisions(min_samples: int) -> int:
    """Sub-cells along the side of a cell: few points in each where the density is critical."""
    divisions = math.sqrt(max(1.0, min_samples / DIVISION_POINTS))
    return min(1 << round(math.log2(divisions)), MOST_DIVISIONS)


def _stripes(values: Floats, side: float, divisions: int) -> Integers:
    """Say in which stripe of width `side`, numbered from 0, each value lies."""
    low, high = values.min(), values.max()
    scale = 1 / side
    if (high - low) * scale < LARGEST_STRIPE:
        stripe = np.empty(len(values), dtype=np.int32)
        for part in _parts(len(values)):
            stripe[part] = (values[part] - low) * scale
        return stripe
    # So wide a range has gaps, which need no stripes: each stretch between gaps is numbered from
    # its own start, which also keeps the numbers exact.
    order = np.argsort(values)
    ascending = values[order]
    gap = np.flatnonzero(np.diff(ascending) * scale > (RINGS + 2) * divisions) + 1
    starts = np.concatenate([[0], gap])
    lengths = np.diff(starts, append=len(values))
    local = ((ascending - np.repeat(ascending[starts], lengths)) * scale).astype(np.int64)
    used = local[starts + lengths - 1] + 1 + (RINGS + 1) * divisions
    wide = np.empty(len(values), dtype=np.int64)
    wide[order] = local + np.repeat(np.cumsum(used) - used, lengths)
    return wide


def _number(key: Integers, size: int) -> tuple[Integers, Integers, Integers]:
    """Distinct keys in ascending order, the number of each key among them, and their counts.

    The keys themselves may be overwritten.
    """
    if size > _table_limit(len(key)):
        distinct, number, counts = np.unique(key, return_inverse=True, return_counts=True)
        return distinct.astype(np.int64), number, counts
    counts = np.bincount(key, minlength=size)
    distinct = np.flatnonzero(counts)
    number = np.empty(size, dtype=np.int32)
    number[distinct] = np.arange(len(distinct), dtype=np.int32)
    for part in _parts(len(key)):
        key[part] = number[key[part]]
    return distinct, key, counts[distinct]


class _Counter:
    """Counts keys below a bound, in a table if the keys are dense, by bisection if they are not."""

    def __init__(self, keys: Integers) -> None:
        size = int(keys.max()) + 1
        self._is_table = size <= _table_limit(len(keys))
        if self._is_table:
            self._below = np.zeros(size + 1, dtype=_integers_for(len(keys)))
            np.cumsum(np.bincount(keys, minlength=size), out=self._below[1:])
        else:
            self._ascending = np.sort(keys)

    def before(self, bound: Integers) -> Integers:
        """Count the keys below each bound."""
        if self._is_table:
            return self._below.take(bound, mode="clip")
        return np.searchsorted(self._ascending, bound)


def _parts(size: int) -> Iterator[slice]:
    """Slices of CHUNK elements that together make `size`."""
    return (slice(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK))


def _table_limit(n_points: int) -> int:
    return max(SMALL_TABLE, 4 * n_points)


def _integers_for(size: int) -> type[np.int32] | type[np.int64]:
    return np.int32 if size <= np.iinfo(np.int32).max else np.int64


# --- sub-cells ------------------------------------------------------------------------------------


class _SubCells:
    """Points of some cells, sorted by sub-cell row after row: a stretch of a row is a slice."""

    def __init__(self, grid: _Grid, cells: Mask, points: Integers) -> None:
        self.grid = grid
        row = _without_gaps(grid.row, cells) * grid.divisions
        column = _without_gaps(grid.column, cells) * grid.divisions
        self._width = int(column.max()) + (1 + RINGS) * grid.divisions
        self._key_of_cell = row * self._width + column
        sub_row, sub_column = np.divmod(np.arange(grid.divisions**2), grid.divisions)
        self._key_of_sub_cell = sub_row * self._width + sub_column
        self._points = points
        self._keys = self.keys(points)
        self._counter = _Counter(self._keys)

    def keys(self, points: Integers) -> Integers:
        """Sub-cell of each point; stretches of a row have consecutive keys."""
        keys = np.empty(len(points), dtype=np.int64)
        for part in _parts(len(points)):
            chosen = points[part]
            keys[part] = self._key_of_cell[self.grid.cell[chosen]]
            keys[part] += self._key_of_sub_cell[self.grid.sub_cell[chosen]]
        return keys

    def slices(self, keys: Integers, row: int, first: int, last: int) -> tuple[Integers, Integers]:
        """Slice of the points `first` to `last` columns and `row` rows on from each sub-cell."""
        start = keys + row * self._width
        return self._counter.before(start + first), self._counter.before(start + last + 1)

    def grouped(self, points: Integers) -> tuple[Integers, Integers, Integers]:
        """Sort points by sub-cell: the points, the sub-cells' keys, and the number of each's."""
        keys = self.keys(points)
        order = _order(keys)
        keys = keys[order]
        new = np.diff(keys, prepend=-1) != 0
        return points[order], keys[new], np.cumsum(new) - 1

    @cached_property
    def points(self) -> Integers:
        """The points, sorted by sub-cell."""
        return self._points[_order(self._keys)]

    @cached_property
    def x(self) -> Floats:
        """The x coordinates, sorted likewise."""
        return self.grid.x[self.points]

    @cached_property
    def y(self) -> Floats:
        """The y coordinates, sorted likewise."""
        return self.grid.y[self.points]

    def neighbours(
        self, queries: Integers, starts: Integers, stops: Integers
    ) -> Iterator[tuple[Integers, Integers]]:
        """Pairs of a query's number and the place in `points` of a neighbour within its slice."""
        grid = self.grid
        for query, place in _pairs(starts, stops - starts):
            asked = queries[query]
            near = grid.near(grid.x[asked] - self.x[place], grid.y[asked] - self.y[place])
            yield query[near], place[near]


def _without_gaps(stripe: Integers, cells: Mask) -> Integers:
    """Renumber stripes of cells so that empty ones between some cells take at most RINGS."""
    used = np.unique(stripe[cells])
    steps = np.minimum(np.diff(used, prepend=used[0] - RINGS), RINGS + 1)
    renumbered = np.zeros(len(stripe), dtype=np.int64)
    renumbered[cells] = np.cumsum(steps)[np.searchsorted(used, stripe[cells])]
    return renumbered


def _order(keys: Integers) -> Integers:
    """Order that sorts keys (stable, and faster than a stable argsort of wide integers)."""
    bits = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + bits > 63:
        return np.argsort(keys, kind="stable")
    packed = (keys.astype(np.int64) << bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << bits) - 1)


def _distinct(x: Floats, y: Floats) -> tuple[Indices, Indices]:
    """One point of each place where there are points, and the number of each point's place."""
    order = np.lexsort((y, x))
    new = np.ones(len(order), dtype=np.bool_)
    x, y = x[order], y[order]
    new[1:] = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.cumsum(new) - 1
    return order[new], place


def _pairs(starts: Integers, lengths: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Pair the number of each slice with each place in it, about CHUNK pairs at a time."""
    slices = np.flatnonzero(lengths)
    starts, lengths = starts[slices], lengths[slices]
    ends = np.cumsum(lengths)
    first = done = 0
    while first < len(slices):
        last = max(first + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        part = slice(first, last)
        shift = starts[part] - (ends[part] - lengths[part] - done)
        place = np.arange(ends[last - 1] - done) + np.repeat(shift, lengths[part])
        yield np.repeat(slices[part], lengths[part]), place
        first, done = last, int(ends[last - 1])


def _reach(divisions: int) -> list[tuple[int, int, int]]:
    """Reach of ``eps`` around a sub-cell, row by row from the middle.

    Returns tuples of a row, the last column whose points are surely neighbours of all points in
    the sub-cell (-1 if there is none), and the last column with possible neighbours.
    """
    eps = math.sqrt(2) * divisions / (1 - SHRINK)
    steps = np.arange(math.ceil(eps) + 2)
    farthest = (steps + 1 + SLACK) ** 2
    nearest = np.maximum(steps - 1 - SLACK, 0) ** 2
    reach = []
    for row in sorted(range(-int(steps[-1]), int(steps[-1]) + 1), key=abs):
        sure = int((farthest + farthest[abs(row)] < (eps * (1 - DOUBT)) ** 2).sum()) - 1
        possible = int((nearest + nearest[abs(row)] < (eps * (1 + DOUBT)) ** 2).sum()) - 1
        if possible >= 0:
            reach.append((row, sure, possible))
    return reach


def _cut(sure: int, possible: int) -> Iterable[tuple[int, int]]:
    """Stretches of a row whose points must be measured."""
    if sure < 0:
        return [(-possible, possible)]
    return [(-possible, -sure - 1), (sure + 1, possible)]


# --- core points ----------------------------------------------------------------------------------


def _core_points(grid: _Grid, min_samples: int) -> Mask:
    """Say which points are core."""
    core = grid.spread(grid.count >= min_samples)
    undecided = _undecided_cells(grid, min_samples)
    if not undecided.any():
        return core
    nearby = grid.around(undecided)
    sub_cells = _SubCells(grid, nearby, grid.points_in(nearby))
    queries, keys, group = sub_cells.grouped(grid.points_in(undecided))

    sure_count = np.zeros(len(keys), dtype=np.int64)
    possible_count = np.zeros(len(keys), dtype=np.int64)
    for row, sure, possible in _reach(grid.divisions):
        start, stop = sub_cells.slices(keys, row, -possible, possible)
        possible_count += stop - start
        if sure >= 0:
            start, stop = sub_cells.slices(keys, row, -sure, sure)
            sure_count += stop - start
    core[queries[(sure_count >= min_samples)[group]]] = True

    measured = ((sure_count < min_samples) & (possible_count >= min_samples))[group]
    queries, group = queries[measured], group[measured]
    one_of, place = _distinct(grid.x[queries], grid.y[queries])
    count = sure_count[group[one_of]]
    _measure(sub_cells, queries[one_of], keys, group[one_of], count, min_samples)
    core[queries[(count >= min_samples)[place]]] = True
    return core


def _measure(
    sub_cells: _SubCells,
    queries: Integers,
    keys: Integers,
    group: Integers,
    count: Integers,
    enough: int,
) -> None:
    """Add the neighbours that must be measured to the count of each query point, up to enough."""
    short = np.arange(len(queries))
    for row, sure, possible in _reach(sub_cells.grid.divisions):
        for first, last in _cut(sure, possible):
            start, stop = sub_cells.slices(keys, row, first, last)
            of = group[short]
            for query, _ in sub_cells.neighbours(queries[short], start[of], stop[of]):
                np.add.at(count, short[query], 1)
        short = short[count[short] < enough]


def _undecided_cells(grid: _Grid, min_samples: int) -> Mask:
    """Cells too sparse to be core by themselves, with enough points around them to be."""
    undecided = grid.count < min_samples
    around = grid.count.copy()
    cells = np.flatnonzero(undecided)
    for row, column in OFFSETS:
        having, neighbour = grid.neighbours(cells, row, column)
        around[having] += grid.count[neighbour]
    return undecided & (around >= min_samples)


# --- clusters -------------------------------------------------------------------------------------


def _clusters(grid: _Grid, core: Mask) -> Indices:
    """Cluster of the core points of each cell, NOISE for a cell without any."""
    n_points, n_cells = len(core), len(grid.count)
    first = np.full(n_cells, n_points)
    for part in reversed(list(_parts(n_points))):
        backwards = part.start + np.flatnonzero(core[part])[::-1]
        first[grid.cell[backwards]] = backwards  # of the points in a cell, the last written stays
    cells = np.flatnonzero(first < n_points)
    component = _components(grid, core, cells, first)

    first_of_component = np.full(n_cells, n_points)
    np.minimum.at(first_of_component, component[cells], first[cells])
    cluster_of_component = np.empty(n_cells, dtype=np.intp)
    cluster_of_component[np.argsort(first_of_component, kind="stable")] = np.arange(n_cells)
    cluster = np.full(n_cells, NOISE, dtype=np.intp)
    cluster[cells] = cluster_of_component[component[cells]]
    return cluster


def _components(grid: _Grid, core: Mask, cells: Integers, first: Integers) -> Integers:
    """Give each cell a component, the same for connected core cells; `first` is a point of each."""
    component: Integers = np.arange(len(grid.count))
    open_pairs = []
    for ring in HALF_RINGS:
        joined = []
        for offset in ring:
            pairs = np.vstack(grid.neighbours(cells, *offset))
            pairs = pairs[:, first[pairs[1]] < len(core)]
            pairs = pairs[:, component[pairs[0]] != component[pairs[1]]]
            one, other = first[pairs]
            near = grid.near(grid.x[one] - grid.x[other], grid.y[one] - grid.y[other])
            joined.append(pairs[:, near])
            open_pairs.append(pairs[:, ~near & (grid.count[pairs] > 1).any(axis=0)])
        component = _join(component, np.hstack(joined))
    pairs = np.hstack(open_pairs)
    pairs = pairs[:, component[pairs[0]] != component[pairs[1]]]
    if not pairs.size:
        return component
    return _CorePoints(grid, core, pairs).join(component)


def _join(component: Integers, pairs: Integers) -> Integers:
    """Merge the components of each pair of cells."""
    if not pairs.size:
        return component
    size = len(component)
    edges = coo_array((np.ones(pairs.shape[1], dtype=np.bool_), component[pairs]), (size, size))
    merged: Integers = connected_components(edges, directed=False)[1]
    return merged[component]


class _CorePoints:
    """Core points of those cells that one pair of points each has not joined, cell after cell."""

    def __init__(self, grid: _Grid, core: Mask, pairs: Integers) -> None:
        involved = np.zeros(len(grid.count), dtype=np.bool_)
        involved[pairs] = True
        points = grid.points_in(involved)
        points = points[core[points]]
        cell = grid.cell[points]
        points = points[_order(cell)]
        self.grid = grid
        self.cell_pairs = pairs
        self.pairs = (np.cumsum(involved) - 1)[pairs]
        self.x, self.y = grid.x[points], grid.y[points]
        self.size = np.bincount(cell, minlength=len(involved))[involved]
        self.start = np.cumsum(self.size) - self.size

    def join(self, component: Integers) -> Integers:
        """Merge the components of cells with core points within ``eps`` of each other."""
        n_pairs = self.size[self.pairs].prod(axis=0)
        possible = self._boxes_are_near()
        few = possible & (n_pairs <= FEW_PAIRS)
        near = np.zeros(len(few), dtype=np.bool_)
        near[few] = self._any_near(self.pairs[:, few], n_pairs[few])
        component = _join(component, self.cell_pairs[:, near])

        many = np.flatnonzero(possible & ~few)
        sets = _DisjointSets()
        for pair in many[np.argsort(n_pairs[many], kind="stable")]:
            one, other = component[self.cell_pairs[:, pair]]
            if not sets.same(one, other) and self._touch(*self.pairs[:, pair]):
                sets.merge(one, other)
                near[pair] = True
        return _join(component, self.cell_pairs[:, near])

    def _boxes_are_near(self) -> Mask:
        # Rounding keeps order: if the test fails for the gap between two boxes, it fails for every
        # two points in them.
        gaps = []
        for values in (self.x, self.y):
            low = np.minimum.reduceat(values, self.start)[self.pairs]
            high = np.maximum.reduceat(values, self.start)[self.pairs]
            gaps.append(np.maximum(np.maximum(low[0] - high[1], low[1] - high[0]), 0))
        return self.grid.near(*gaps)

    def _any_near(self, pairs: Integers, n_pairs: Integers) -> Mask:
        found = np.zeros(len(n_pairs), dtype=np.bool_)
        for pair, number in _pairs(np.zeros_like(n_pairs), n_pairs):
            one, other = pairs[:, pair]
            i, j = np.divmod(number, self.size[other])
            i, j = i + self.start[one], j + self.start[other]
            found[pair[self.grid.near(self.x[i] - self.x[j], self.y[i] - self.y[j])]] = True
        return found

    def _touch(self, one: int, other: int) -> bool:
        """Whether two cells have core points within ``eps`` of each other."""
        x1, y1, x2, y2 = (
            values[self.start[cell] : self.start[cell] + self.size[cell]]
            for cell in (one, other)
            for values in (self.x, self.y)
        )
        grid = self.grid
        # From the middle of one cell, step to the nearest point of the other and back: that mostly
        # ends at two points within reach.
        x, y = x1.mean(), y1.mean()
        for _ in range(2):
            nearest = np.argmin((x2 - x) ** 2 + (y2 - y) ** 2)
            x, y = x2[nearest], y2[nearest]
            nearest = np.argmin((x1 - x) ** 2 + (y1 - y) ** 2)
            if grid.near(x1[nearest] - x, y1[nearest] - y):
                return True
            x, y = x1[nearest], y1[nearest]
        # Only points within reach of the other cell's box are in question.
        chosen = grid.near(_outside(x1, x2), _outside(y1, y2))
        x1, y1 = x1[chosen], y1[chosen]
        if not len(x1):
            return False
        chosen = grid.near(_outside(x2, x1), _outside(y2, y1))
        x2, y2 = x2[chosen], y2[chosen]
        if len(x1) > len(x2):
            x1, y1, x2, y2 = x2, y2, x1, y1
        if len(x1) * len(x2) > MANY_PAIRS:
            # The tree rounds in its own way: where that may matter, ask the test.
            tree = cKDTree(np.column_stack([x2, y2]))
            found, _ = tree.query(
                np.column_stack([x1, y1]), distance_upper_bound=grid.eps * (1 + 2 * DOUBT)
            )
            distance = np.asarray(found)
            if (distance <= grid.eps * (1 - DOUBT)).any():
                return True
            chosen = distance <= grid.eps * (1 + DOUBT)
            x1, y1 = x1[chosen], y1[chosen]
        return any(grid.near(x2 - x, y2 - y).any() for x, y in zip(x1, y1, strict=True))


def _outside(values: Floats, others: Floats) -> Floats:
    """How far each value lies outside the range of the others."""
    outside: Floats = np.maximum(np.maximum(others.min() - values, values - others.max()), 0)
    return outside


class _DisjointSets:
    """Sets that can be merged (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def _root(self, item: int) -> int:
        path = []
        while item in self._parent:
            path.append(item)
            item = self._parent[item]
        self._parent.update(dict.fromkeys(path, item))
        return item

    def same(self, one: int, other: int) -> bool:
        """Whether two items are in the same set."""
        return self._root(one) == self._root(other)

    def merge(self, one: int, other: int) -> None:
        """Merge the sets of two items that are in different sets."""
        self._parent[self._root(one)] = self._root(other)


# --- border points --------------------------------------------------------------------------------


def _label_border(
    grid: _Grid, core: Mask, cluster: Indices, others: Integers, labels: Indices
) -> None:
    """Give each point that is not core the lowest cluster with a core point within ``eps``."""
    has_core = cluster != NOISE
    others = others[grid.around(has_core)[grid.cell[others]]]
    if not len(others):
        return
    has_other = np.zeros(len(cluster), dtype=np.bool_)
    has_other[grid.cell[others]] = True
    nearby = grid.around(has_other)
    targets = grid.points_in(has_core & nearby)
    targets = targets[core[targets]]
    sub_cells = _SubCells(grid, nearby, targets)
    clusters = _Lowest(cluster[grid.cell[sub_cells.points]])
    others, keys, group = sub_cells.grouped(others)

    lowest = np.full(len(keys), NOTHING)
    for row, sure, _ in _reach(grid.divisions):
        if sure >= 0:
            slices = sub_cells.slices(keys, row, -sure, sure)
            np.minimum(lowest, clusters.within(*slices), out=lowest)

    one_of, place = _distinct(grid.x[others], grid.y[others])
    queries, group = others[one_of], group[one_of]
    lowest = lowest[group]
    for row, sure, possible in _reach(grid.divisions):
        for first, last in _cut(sure, possible):
            start, stop = sub_cells.slices(keys, row, first, last)
            lower = clusters.within(start, stop)[group] < lowest
            start, stop = start[group], stop[group]
            for query, target in sub_cells.neighbours(queries, np.where(lower, start, stop), stop):
                np.minimum.at(lowest, query, clusters.values[target])
    lowest = lowest[place]
    found = lowest != NOTHING
    labels[others[found]] = lowest[found]


class _Lowest:
    """Lowest value in slices of an array that has long runs of equal values."""

    def __init__(self, values: Integers) -> None:
        self.values = values
        self._run = np.cumsum(np.diff(values, prepend=values[0]) != 0)
        self._padded = np.append(values, NOTHING)

    def within(self, start: Integers, stop: Integers) -> Integers:
        """Lowest value in each slice, NOTHING in an empty one."""
        lowest = np.full(len(start), NOTHING)
        filled = np.flatnonzero(start < stop)
        start, stop = start[filled], stop[filled]
        lowest[filled] = self.values[start]
        mixed = self._run[start] != self._run[stop - 1]
        if mixed.any():
            bounds = np.column_stack([start[mixed], stop[mixed]]).ravel()
            lowest[filled[mixed]] = np.minimum.reduceat(self._padded, bounds)[::2]
        return lowest
