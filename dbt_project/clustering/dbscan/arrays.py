"""Arrays of keys and of slices: numbered, counted, sorted and paired a part at a time."""

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
    for part in parts_of(len(key)):
        key[part] = number[key[part]]
    return distinct, key, counts[distinct]


class Counter:
    """Counts keys below a bound, in a table if the keys are dense, by bisection if they are not."""

    def __init__(self, keys: Integers) -> None:
        size = int(keys.max()) + 1
        self._is_table = size <= _table_limit(len(keys))
        if self._is_table:
            self._below = np.zeros(size + 1, dtype=integers_for(len(keys)))
            np.cumsum(np.bincount(keys, minlength=size), out=self._below[1:])
        else:
            self._ascending = np.sort(keys)

    def before(self, bound: Integers) -> Integers:
        """Count the keys below each bound."""
        if self._is_table:
            return self._below.take(bound, mode="clip")
        return np.searchsorted(self._ascending, bound)


def parts_of(size: int) -> Iterator[slice]:
    """Slices of CHUNK elements that together make `size`."""
    return (slice(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK))


def _table_limit(n_points: int) -> int:
    return max(SMALL_TABLE, 4 * n_points)


def integers_for(size: int) -> type[np.int32] | type[np.int64]:
    return np.int32 if size <= np.iinfo(np.int32).max else np.int64


def sorting_order(keys: Integers) -> Integers:
    """Order that sorts keys (stable, and faster than a stable argsort of wide integers)."""
    bits = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + bits > 63:
        return np.argsort(keys, kind="stable")
    packed = (keys.astype(np.int64) << bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << bits) - 1)


def distinct_places(x: Floats, y: Floats) -> tuple[Indices, Indices]:
    """One point of each place where there are points, and the number of each point's place."""
    order = np.lexsort((y, x))
    new = np.ones(len(order), dtype=np.bool_)
    x, y = x[order], y[order]
    new[1:] = (x[1:] != x[:-1]) | (y[1:] != y[:-1])
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.cumsum(new) - 1
    return order[new], place


def pairs_of_slices(starts: Integers, lengths: Integers) -> Iterator[tuple[Integers, Integers]]:
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
