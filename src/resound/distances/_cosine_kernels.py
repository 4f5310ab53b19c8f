"""Compiled products of vectors; `resound.distances.cosine` checks what goes in and what comes out.

The clips stand in lanes, `LANES` of them side by side, and a product of two such groups is a matrix
of `LANES` by `LANES` scalar products. `ROWS` clips of one group meet all of the other at a time, so
that as many rows of sums stay in registers. The values are widened to float64 once for all products
that they enter; of two float32 numbers the product is then exact.

A scalar product is the sum, in order, of the sums of `COLUMNS` values each, and each of these runs
in order too: what else is computed beside it, and by how many threads, does not enter it. The sum
of a clip's squares is its product with itself.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any

import numba
import numpy as np

from resound.compiled.cache import kernel
from resound.compiled.lanes import (
    LANES,
    add,
    add_product,
    fill,
    gather_transposed,
    load,
    store,
    widen,
)
from resound.distances._clips import Array

ROWS = 4
COLUMNS = 512
# Rows of a power of two would compete for a few places of the first cache.
STRIDE = COLUMNS + LANES

_VECTORS = ("float32[:,::1]", "float64[:,::1]")


@numba.njit(error_model="numpy")
def _set_row(row: Array, vector: Array, first: int, size: int) -> None:
    """Set `row` to `size` values of `vector` from `first` on, and to zeros behind them."""
    in_lanes = size // LANES * LANES
    for i in range(0, in_lanes, LANES):
        store(row, i, widen(load(vector, first + i)))
    for i in range(in_lanes, size):
        row[i] = vector[first + i]
    row[size:] = 0.0


@numba.njit(error_model="numpy")
def _set_lanes(
    lanes: Array, squares: Array, rows: Array, starts: Any, vectors: Array, first: int
) -> None:
    """Set `lanes` to `COLUMNS` values from `first` on of each of `vectors`, a vector a lane.

    Lanes without a vector hold zeros. The sums of squares are added to `squares`.
    """
    size = min(COLUMNS, vectors.shape[1] - first)
    for lane in range(LANES):
        row = rows[STRIDE * lane : STRIDE * lane + COLUMNS]
        if lane < len(vectors):
            _set_row(row, vectors[lane], first, size)
        else:
            row[:] = 0.0
    for i in range(0, COLUMNS, LANES):
        gather_transposed(lanes, LANES * i, rows, starts, i)
    total = fill(0.0)
    for i in range(0, LANES * COLUMNS, LANES):
        values = load(lanes, i)
        total = add_product(total, values, values)
    store(squares, 0, add(load(squares, 0), total))


@numba.njit(error_model="numpy")
def _add_products(products: Array, x: Array, y: Array) -> None:
    """Add the products of `COLUMNS` values of all lanes of `x` and `y` to `products`, flat."""
    for row in range(0, LANES, ROWS):
        c0, c1, c2, c3 = fill(0.0), fill(0.0), fill(0.0), fill(0.0)
        for i in range(0, LANES * COLUMNS, LANES):
            values = load(y, i)
            c0 = add_product(c0, fill(x[i + row]), values)
            c1 = add_product(c1, fill(x[i + row + 1]), values)
            c2 = add_product(c2, fill(x[i + row + 2]), values)
            c3 = add_product(c3, fill(x[i + row + 3]), values)
        item = LANES * row
        store(products, item, add(load(products, item), c0))
        store(products, item + LANES, add(load(products, item + LANES), c1))
        store(products, item + 2 * LANES, add(load(products, item + 2 * LANES), c2))
        store(products, item + 3 * LANES, add(load(products, item + 3 * LANES), c3))


@numba.njit(error_model="numpy")
def _work() -> tuple[Array, Any]:
    """Return rows for `LANES` vectors, and where each begins."""
    return np.empty(LANES * STRIDE), STRIDE * np.arange(LANES)


@kernel([f"void(float64[:,::1], float64[::1], {vectors})" for vectors in _VECTORS])
def interleave(lanes: Array, squares: Array, vectors: Array) -> None:
    """Set `lanes` (parts, COLUMNS * LANES) to at most `LANES` vectors (clips, values).

    A vector goes into each lane, and its sum of squares is added to that of `squares` (LANES,).
    """
    rows, starts = _work()
    for part in range(len(lanes)):
        _set_lanes(lanes[part], squares, rows, starts, vectors, part * COLUMNS)


@kernel(
    [f"void(float64[:,:,::1], float64[:,::1], float64[:,:,::1], {vectors})" for vectors in _VECTORS]
)
def add_products(products: Array, squares: Array, x: Array, vectors: Array) -> None:
    """Add the scalar products of some groups of clips, already in lanes, with others.

    Parameters
    ----------
    products : ndarray of float64, shape (groups of `vectors`, groups of `x`, LANES * LANES)
        Clip i of a group of `x` and clip j of one of `vectors` stand at ``LANES * i + j``.
    squares : ndarray of float64, shape (groups of `vectors`, LANES)
        The sums of squares of `vectors` are added to it.
    x : ndarray of float64, shape (groups of `x`, parts, COLUMNS * LANES)
        What `interleave` made of each group.
    vectors : ndarray, shape (clips, values)
        As in `interleave`, but of any number of clips. All of them are in lanes at once, `COLUMNS`
        values of each: they should fit into a processor's second cache.
    """
    rows, starts = _work()
    lanes = np.empty((len(products), LANES * COLUMNS))
    for part in range(x.shape[1]):
        for g in range(len(products)):
            group = vectors[LANES * g : LANES * (g + 1)]
            _set_lanes(lanes[g], squares[g], rows, starts, group, part * COLUMNS)
        for i in range(len(x)):
            for g in range(len(products)):
                _add_products(products[g, i], x[i, part], lanes[g])
