"""Compiled transform behind `resound.dsp.bands`: from samples to the power in bands, at once.

`LANES` frames advance together, each in a lane of its own, so that every step of the transform is
straight vector code. A frame of 2 n real samples is taken as n complex points, even samples the
real and odd ones the imaginary parts, and its spectrum is put together from that of the points (W.
H. Press et al., *Numerical Recipes*, 3rd edition, section 12.3). The transform of n = n1 n2 points
has four steps (D. H. Bailey, "FFTs in external or hierarchical memory", J. Supercomputing 4, 1990):

    point      j = n2 j1 + j2,   bin k = k1 + n1 k2
    columns    for each j2 the transform over j1
    between    times exp(-2 pi i j2 k1 / n)
    rows       for each k1 the transform over j2

Columns and rows are small enough for a processor's first cache and what lies between them for the
second one. Each is transformed by Stockham's passes of radix 8 and 4, which need no reordering (C.
Van Loan, *Computational Frameworks for the Fast Fourier Transform*, SIAM 1992, section 1.7).

A point i of a flat array is `LANES` real and then `LANES` imaginary parts, from item
``2 * LANES * i`` on. A view of points is a tuple (array, first point, distance of two points), and
a complex number of all lanes a tuple (real parts, imaginary parts).
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
    load,
    multiply,
    store,
    store_transposed,
    subtract,
    subtract_product,
)
from resound.dsp.arrays import FloatArray

POINTS = LANES // 2  # of each frame, from LANES samples
CACHE_LINE = 64  # bytes

_SIGNATURES = [
    f"void({real}[:,:,::1], Array({real}, 2, 'A', readonly=True), int64, {real}[::1], "
    f"{real}[:,::1], int64[::1], {real}[::1], int64[::1], {real}[::1], {real}[:,::1], "
    f"{real}[:,::1])"
    for real in ("float32", "float64")
]


@numba.njit(error_model="numpy")
def _view(array: FloatArray, first: int, step: int) -> Any:
    """Return a view whose type does not tell constants apart: each type is compiled anew."""
    return array, np.int64(first), np.int64(step)


@numba.njit(error_model="numpy")
def _get(view: Any, i: int) -> Any:
    array, first, step = view
    item = 2 * LANES * (first + step * i)
    return load(array, item), load(array, item + LANES)


@numba.njit(error_model="numpy")
def _set(view: Any, i: int, z: Any) -> None:
    array, first, step = view
    item = 2 * LANES * (first + step * i)
    store(array, item, z[0])
    store(array, item + LANES, z[1])


@numba.njit(error_model="numpy")
def _plus(a: Any, b: Any) -> Any:
    return add(a[0], b[0]), add(a[1], b[1])


@numba.njit(error_model="numpy")
def _minus(a: Any, b: Any) -> Any:
    return subtract(a[0], b[0]), subtract(a[1], b[1])


@numba.njit(error_model="numpy")
def _plus_i(a: Any, b: Any) -> Any:
    return subtract(a[0], b[1]), add(a[1], b[0])


@numba.njit(error_model="numpy")
def _minus_i(a: Any, b: Any) -> Any:
    return add(a[0], b[1]), subtract(a[1], b[0])


@numba.njit(error_model="numpy")
def _plus_scaled(a: Any, b: Any, scale: Any) -> Any:
    return add_product(a[0], b[0], scale), add_product(a[1], b[1], scale)


@numba.njit(error_model="numpy")
def _minus_scaled(a: Any, b: Any, scale: Any) -> Any:
    return subtract_product(a[0], b[0], scale), subtract_product(a[1], b[1], scale)


@numba.njit(error_model="numpy")
def _plus_i_scaled(a: Any, b: Any, scale: Any) -> Any:
    return subtract_product(a[0], b[1], scale), add_product(a[1], b[0], scale)


@numba.njit(error_model="numpy")
def _minus_i_scaled(a: Any, b: Any, scale: Any) -> Any:
    return add_product(a[0], b[1], scale), subtract_product(a[1], b[0], scale)


@numba.njit(error_model="numpy")
def _times(z: Any, factors: FloatArray, i: int) -> Any:
    """Return `z` times the complex factor i of a flat array."""
    re, im = fill(factors[2 * i]), fill(factors[2 * i + 1])
    return (
        subtract_product(multiply(z[0], re), z[1], im),
        add_product(multiply(z[0], im), z[1], re),
    )


@numba.njit(error_model="numpy")
def _squared(z: Any) -> Any:
    return add_product(multiply(z[0], z[0]), z[1], z[1])


@numba.njit(error_model="numpy")
def _of_four(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return the transform of four points."""
    even, rest = _plus(a, c), _minus(a, c)
    odd, turned = _plus(b, d), _minus(b, d)
    return _plus(even, odd), _minus_i(rest, turned), _minus(even, odd), _plus_i(rest, turned)


@numba.njit(error_model="numpy")
def _pass_of_four(
    target: Any, source: Any, n: int, span: int, factors: FloatArray, first: int, along: int
) -> None:
    """Join transforms of `span` points by fours, from one view of `n` points to another.

    Butterfly p, k multiplies its points by the four factors from
    ``first + 4 * (along * p + k)`` on, or by none where `first` is negative.
    """
    quarter = n // 4
    for p in range(quarter // span):
        for k in range(span):
            i = p * span + k
            a, b = _get(source, i), _get(source, i + quarter)
            c, d = _get(source, i + 2 * quarter), _get(source, i + 3 * quarter)
            if first >= 0:
                f = first + 4 * (along * p + k)
                a, b = _times(a, factors, f), _times(b, factors, f + 1)
                c, d = _times(c, factors, f + 2), _times(d, factors, f + 3)
            y0, y1, y2, y3 = _of_four(a, b, c, d)
            i = 4 * p * span + k
            _set(target, i, y0)
            _set(target, i + span, y1)
            _set(target, i + 2 * span, y2)
            _set(target, i + 3 * span, y3)


@numba.njit(error_model="numpy")
def _pass_of_eight(
    target: Any, source: Any, n: int, span: int, factors: FloatArray, first: int, along: int
) -> None:
    """Join transforms of `span` points by eights; see `_pass_of_four`."""
    root_half = fill(factors.dtype.type(np.sqrt(0.5)))
    eighth = n // 8
    for p in range(eighth // span):
        for k in range(span):
            i = p * span + k
            a, b = _get(source, i), _get(source, i + eighth)
            c, d = _get(source, i + 2 * eighth), _get(source, i + 3 * eighth)
            e, f = _get(source, i + 4 * eighth), _get(source, i + 5 * eighth)
            g, h = _get(source, i + 6 * eighth), _get(source, i + 7 * eighth)
            if first >= 0:
                w = first + 8 * (along * p + k)
                a, b = _times(a, factors, w), _times(b, factors, w + 1)
                c, d = _times(c, factors, w + 2), _times(d, factors, w + 3)
                e, f = _times(e, factors, w + 4), _times(f, factors, w + 5)
                g, h = _times(g, factors, w + 6), _times(h, factors, w + 7)
            x0, x1, x2, x3 = _of_four(a, c, e, g)
            z0, z1, z2, z3 = _of_four(b, d, f, h)
            # (1 - i) / sqrt(2), the eighth root of one, is sqrt(1/2) times this
            z1, z3 = _minus_i(z1, z1), _minus_i(z3, z3)
            i = 8 * p * span + k
            _set(target, i, _plus(x0, z0))
            _set(target, i + span, _plus_scaled(x1, z1, root_half))
            _set(target, i + 2 * span, _minus_i(x2, z2))
            _set(target, i + 3 * span, _minus_i_scaled(x3, z3, root_half))
            _set(target, i + 4 * span, _minus(x0, z0))
            _set(target, i + 5 * span, _minus_scaled(x1, z1, root_half))
            _set(target, i + 6 * span, _plus_i(x2, z2))
            _set(target, i + 7 * span, _plus_i_scaled(x3, z3, root_half))


@numba.njit(error_model="numpy")
def _transform(target: Any, source: Any, passes: Any, factors: FloatArray, first: int) -> None:
    """Transform a view of as many points as the product of the radices into another view.

    `passes` are (radices, roots, work, spare). The first pass multiplies the points by `factors`
    from `first` on, in its order, or by none where `first` is negative; the later ones by `roots`.
    `work` and `spare` hold what is between two passes.
    """
    radices, roots, work, spare = passes
    n = 1
    for radix in radices:
        n *= radix
    span, along, passed = 1, 1, 0
    for radix in radices:
        goal = target if span * radix == n else _view(work, 0, 1)
        if radix == 8:
            _pass_of_eight(goal, source, n, span, factors, first, along)
        else:
            _pass_of_four(goal, source, n, span, factors, first, along)
        passed += span * radix if span > 1 else 0
        factors, first, along = roots, passed, 0
        source, work, spare, span = goal, spare, work, span * radix


@numba.njit(error_model="numpy")
def _set_columns(
    points: FloatArray,
    samples: FloatArray,
    hop: int,
    window: FloatArray,
    n1: int,
    n2: int,
    passes: Any,
    tile: FloatArray,
) -> None:
    """Set `points`, n1 rows of n2 + 1, to the transformed columns of frames `hop` samples apart."""
    for j2 in range(0, n2, POINTS):
        for j1 in range(n1):
            item = 2 * LANES * (POINTS + 1) * j1
            store_transposed(tile, item, samples, 2 * (n2 * j1 + j2), hop, window)
        for j in range(POINTS):
            column, goal = _view(tile, j, POINTS + 1), _view(points, j2 + j, n2 + 1)
            _transform(goal, column, passes, window, np.int64(-1))


@numba.njit(error_model="numpy")
def _set_power(
    power: FloatArray,
    points: FloatArray,
    n1: int,
    n2: int,
    passes: Any,
    between: FloatArray,
    split: FloatArray,
    row: FloatArray,
    mirrored: FloatArray,
) -> None:
    """Set `power` (n + 1, LANES) of the bins from `points` with transformed columns.

    With Z the transform of the points, bins k and n - k of twice the frame are a + b and
    conj(a - b), where a = Z[k] + conj Z[n - k] and b = (Z[k] - conj Z[n - k]) exp(-pi i k / n) / i.
    So rows k1 and n1 - k1 are transformed together.
    """
    n = n1 * n2
    row_view, mirrored_view = _view(row, 0, 1), _view(mirrored, 0, 1)
    for k1 in range(n1 // 2 + 1):
        mirror_k1 = (n1 - k1) % n1
        for index, goal in ((k1, row_view), (mirror_k1, mirrored_view)):
            source = _view(points, index * (n2 + 1), 1)
            _transform(goal, source, passes, between[index], np.int64(0))
        for k2 in range(n2):
            mirror_k2 = (n2 - k2) % n2 if k1 == 0 else n2 - 1 - k2
            z, mirror = _get(row_view, k2), _get(mirrored_view, mirror_k2)
            a = add(z[0], mirror[0]), subtract(z[1], mirror[1])
            b = subtract(z[0], mirror[0]), add(z[1], mirror[1])
            b = _times(b, split[k1], k2)
            k = k1 + n1 * k2
            store(power, LANES * k, _squared(_plus(a, b)))
            store(power, LANES * (n - k), _squared(_minus(a, b)))


@numba.njit(error_model="numpy")
def _set_bands(
    bands: FloatArray, power: FloatArray, filters: FloatArray, spans: Any, lanes: FloatArray
) -> None:
    """Set `bands` (frames, bands) of at most `LANES` frames from `power` (bins, LANES)."""
    for m in range(len(filters)):
        total = fill(filters.dtype.type(0))
        for k in range(spans[m, 0], spans[m, 1]):
            total = add_product(total, load(power, LANES * k), fill(filters[m, k]))
        store(lanes, 0, total)
        for lane in range(len(bands)):
            bands[lane, m] = lanes[lane]


@numba.njit(error_model="numpy")
def _spans(filters: FloatArray) -> Any:
    """Return the first bin that each filter passes, and the one after the last: (bands, 2)."""
    spans = np.empty((len(filters), 2), np.int64)
    for m in range(len(filters)):
        start, stop = 0, filters.shape[1]
        while start < stop and filters[m, start] == 0:
            start += 1
        while stop > start and filters[m, stop - 1] == 0:
            stop -= 1
        spans[m] = start, stop
    return spans


@numba.njit(error_model="numpy")
def _set_samples(samples: FloatArray, clip: FloatArray, first: int) -> None:
    """Set `samples` to those of `clip` from `first` on, and to zero outside of it."""
    start = min(max(0, -first), len(samples))
    stop = max(start, min(len(samples), len(clip) - first))
    samples[:start] = 0
    samples[stop:] = 0
    in_lanes = start + (stop - start) // LANES * LANES
    for i in range(start, in_lanes, LANES):
        store(samples, i, load(clip, first + i))
    for i in range(in_lanes, stop):
        samples[i] = clip[first + i]


@numba.njit(error_model="numpy")
def _empty(size: int, like: FloatArray) -> FloatArray:
    """Return a flat array whose lanes share no cache line: loads that cross one cost twice."""
    items = np.empty(size + CACHE_LINE // like.itemsize, like.dtype)
    first = (-items.ctypes.data % CACHE_LINE) // like.itemsize
    return items[first : first + size]


@kernel(_SIGNATURES)
def band_power(
    bands: FloatArray,
    clips: FloatArray,
    hop_length: int,
    window: FloatArray,
    filters: FloatArray,
    column_radices: Any,
    column_roots: FloatArray,
    row_radices: Any,
    row_roots: FloatArray,
    between: FloatArray,
    split: FloatArray,
) -> None:
    """Set `bands` (clips, frames, bands) of `clips` (clips, samples), padded with half a frame.

    A clip's samples must lie side by side; the clips may be anywhere, and nothing is copied.
    `window` is half the window (2 n,), so that a + b of `_set_power` needs no factor; `filters` are
    (bands, n + 1). What follows is `resound.dsp._fft_plan.Plan`.

    Within a lane the order of all operations is fixed: a frame's bands do not depend on what stands
    in the other lanes.
    """
    n1, n2 = len(between), between.shape[1] // 2
    # One point more in a row: with a power of two between them, the points of a column would
    # compete for a few places of the cache.
    points = _empty(2 * LANES * n1 * (n2 + 1), window)
    tile = _empty(2 * LANES * n1 * (POINTS + 1), window)
    power = _empty(LANES * (n1 * n2 + 1), window)
    row, mirrored = _empty(2 * LANES * n2, window), _empty(2 * LANES * n2, window)
    work, spare = _empty(2 * LANES * n2, window), _empty(2 * LANES * n2, window)
    column_passes = column_radices, column_roots, work, spare
    row_passes = row_radices, row_roots, work, spare
    lanes = _empty(LANES, window)
    # Frames are as far apart as they are in the clip; idle lanes are past its end, hence zero.
    samples = _empty((LANES - 1) * hop_length + len(window), window)
    spans = _spans(filters)
    for clip in range(len(clips)):
        for t in range(0, bands.shape[1], LANES):
            _set_samples(samples, clips[clip], t * hop_length - len(window) // 2)
            _set_columns(points, samples, hop_length, window, n1, n2, column_passes, tile)
            _set_power(power, points, n1, n2, row_passes, between, split, row, mirrored)
            _set_bands(bands[clip, t : t + LANES], power, filters, spans, lanes)
