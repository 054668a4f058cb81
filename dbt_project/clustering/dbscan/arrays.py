"""Arrays of keys and of slices: numbered, counted, sorted and paired a part at a time.

Keys are whole numbers of 0 or more, of any integer type. Arrays have one dimension.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

# Points, or pairs of points, taken at once: temporary arrays stay small, mostly within the cache.
CHUNK = 2**18
# Keys up to this, or up to four times the number of points, are counted in a table.
SMALL_TABLE = 2**22


def number_keys(key: Integers, size: int) -> tuple[Integers, Integers, Integers]:
    """Number the distinct keys in ascending order.

    Parameters
    ----------
    key : ndarray of shape (n,)
        Keys below `size`. Changed in place: do not use it afterwards.
    size : int
        A bound of the keys.

    Returns
    -------
    distinct : ndarray of shape (k,)
        The distinct keys in ascending order.
    number : ndarray of shape (n,)
        The place in `distinct` of each key; it may be `key` itself.
    counts : ndarray of shape (k,)
        How often each distinct key is there.

    Examples
    --------
    >>> distinct, number, counts = number_keys(np.array([7, 2, 7]), size=8)
    >>> distinct, number, counts
    (array([2, 7]), array([1, 0, 1]), array([1, 2]))
    """
    if size > _table_limit(len(key)):
        distinct, number, counts = np.unique(key, return_inverse=True, return_counts=True)
        return distinct.astype(np.int64), number, counts
    counts = np.bincount(key, minlength=size)
    distinct = np.flatnonzero(counts)
    number = np.empty(size, dtype=np.int32)
    number[distinct] = np.arange(len(distinct), dtype=np.int32)
    for part in parts_of(len(key)):
        key[part] = number[key[part]]
    return distinct, key, counts[distinct]


class Counter:
    """Counts keys below a bound, in a table if the keys are dense, by bisection if they are not.

    Parameters
    ----------
    keys : ndarray of shape (n,)
        At least one key. The array stays as it is.

    Examples
    --------
    >>> Counter(np.array([7, 2, 7])).before(np.array([2, 3, 7, 8])).tolist()
    [0, 1, 1, 3]
    """

    def __init__(self, keys: Integers) -> None:
        size = int(keys.max()) + 1
        self._is_table = size <= _table_limit(len(keys))
        if self._is_table:
            self._below = np.zeros(size + 1, dtype=integers_for(len(keys)))
            np.cumsum(np.bincount(keys, minlength=size), out=self._below[1:])
        else:
            self._ascending = np.sort(keys)

    def before(self, bound: Integers) -> Integers:
        """Count the keys below each bound, of 0 or more; shape (m,) in and out."""
        if self._is_table:
            return self._below.take(bound, mode="clip")
        return np.searchsorted(self._ascending, bound)


def parts_of(size: int) -> Iterator[slice]:
    """Slices of CHUNK elements that together make `size`.

    Examples
    --------
    >>> list(parts_of(CHUNK + 3))
    [slice(0, 262144, None), slice(262144, 262147, None)]
    """
    return (slice(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK))


def _table_limit(n_points: int) -> int:
    return max(SMALL_TABLE, 4 * n_points)


def integers_for(size: int) -> type[np.int32] | type[np.int64]:
    """Return the smaller integer type that holds `size`."""
    return np.int32 if size <= np.iinfo(np.int32).max else np.int64


def sorting_order(keys: Integers) -> Integers:
    """Order that sorts keys, stable, and faster than a stable argsort of wide integers.

    Parameters
    ----------
    keys : ndarray of shape (n,)
        The array stays as it is.

    Returns
    -------
    ndarray of shape (n,)
        Places in `keys`, of equal keys the earlier first.

    Examples
    --------
    >>> sorting_order(np.array([7, 2, 7])).tolist()
    [1, 0, 2]
    """
    bits = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + bits > 63:
        return np.argsort(keys, kind="stable")
    packed = (keys.astype(np.int64) << bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << bits) - 1)


def distinct_places(x: Floats, y: Floats) -> tuple[Indices, Indices]:
    """Find points at the same place.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Coordinates. They stay as they are.

    Returns
    -------
    one_of : ndarray of shape (k,)
        The number of one point at each of the k places.
    place : ndarray of shape (n,)
        For each point the number of its place.

    Examples
    --------
    >>> distinct_places(np.array([5.0, 1.0, 5.0]), np.array([0.0, 0.0, 0.0]))
    (array([1, 0]), array([1, 0, 1]))
    """
    order = np.lexsort((y, x))
    new = np.ones(len(order), dtype=np.bool_)
    x, y = x[order], y[order]
    new[1:] = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.cumsum(new) - 1
    return order[new], place


def pairs_of_slices(starts: Integers, lengths: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Pair the number of each slice with each place in it, about CHUNK pairs at a time.

    Parameters
    ----------
    starts, lengths : ndarray of shape (m,)
        The slices; those of length 0 have no pair. They stay as they are.

    Yields
    ------
    slice, place : ndarray of shape (p,)
        Pairs, slice after slice. A slice is never divided, however long it is.

    Examples
    --------
    >>> [pair.tolist() for pair in next(pairs_of_slices(np.array([4, 9]), np.array([2, 1])))]
    [[0, 0, 1], [4, 5, 9]]
    """
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
