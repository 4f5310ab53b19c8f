r"""The gallery's graph: clips that are neighbours pass on what they have in common with a query.

Each gallery clip is joined to its nearest. The similarity of two that are joined is
:math:`w = \exp(-(d / s)^2)`, `s` the mean distance of clips to those that they are joined to;
:math:`S = D^{-1/2} W D^{-1/2}` with the row sums `D`. A query gives its own similarities `y` to its
nearest gallery clips, and they spread over the graph: :math:`f = (I - \alpha S)^{-1} y`.

The inverse is computed once. It holds N^2 numbers of 8 bytes and costs some N^3 steps: 20 MB and
less than a second for 1600 clips, 2 GB and minutes for 16,000. A query costs N steps for each clip
that it is joined to, and its values depend on no other query.

References
----------
D. Zhou et al., "Ranking on data manifolds", NIPS 2003. A. Iscen et al., "Efficient diffusion on
region manifolds: recovering small objects with compact CNN representations", CVPR 2017.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Float64 = npt.NDArray[np.float64]

# Of the largest: what rounding leaves where nothing arrived is no similarity.
REACHED = 1e-9


class Graph(NamedTuple):
    """A gallery's graph.

    Attributes
    ----------
    spread : ndarray, shape (N, N)
        The inverse of I - alpha S: how much of a clip's similarity arrives where.
    unit : float
        `s` of the module.
    """

    spread: Float64
    unit: float


def build(neighbours: npt.NDArray[np.intp], distances: Float64, alpha: float) -> Graph:
    """Return the graph of a gallery, computed on one thread.

    Parameters
    ----------
    neighbours : ndarray of int, shape (N, k)
        The nearest gallery clips of each gallery clip, itself not among them. Two clips are joined
        where one of them lists the other.
    distances : ndarray, shape (N, k)
        Their distances, at least 0; an infinite one joins nothing.
    alpha : float
        How far similarity spreads: from 0, not at all, to below 1.

    Returns
    -------
    Graph

    Examples
    --------
    >>> graph = build(np.array([[1], [0], [1]]), np.array([[1.0], [1.0], [1.0]]), alpha=0.5)
    >>> graph.spread.round(3)
    array([[1.167, 0.471, 0.167],
           [0.471, 1.333, 0.471],
           [0.167, 0.471, 1.167]])
    """
    n, _ = neighbours.shape
    met = np.isfinite(distances)
    unit = float(distances[met].mean()) if met.any() else 0.0
    similar: Float64 = np.zeros((n, n))
    rows = np.broadcast_to(np.arange(n)[:, np.newaxis], neighbours.shape)
    similar[rows[met], neighbours[met]] = _similarity(distances[met], unit)
    joined: Float64 = np.maximum(similar, similar.T)
    degree = joined.sum(axis=1)
    scale = np.where(degree > 0, degree, 1.0) ** -0.5
    joined = joined * scale * scale[:, np.newaxis]
    with threadpool_limits(limits=1):
        spread = np.asarray(np.linalg.inv(np.eye(n) - alpha * joined), np.float64)
    return Graph(spread, unit)


def diffuse(asked: Float64, graph: Graph, neighbours: int) -> Float64:
    """Return distances (Q, N) of queries to the clips of a gallery after diffusion on its graph.

    Parameters
    ----------
    asked : ndarray, shape (Q, N)
        Distances of the queries to the gallery, at least 0; infinity for pairs that must not meet.
    graph : Graph
        Of the gallery.
    neighbours : int
        Of a query, through which it enters the graph.

    Returns
    -------
    ndarray, shape (Q, N)
        1 - f / max f, from 0 to 1, for the clips that the diffusion reaches; 1 + d for the others,
        which follow by their distance; infinity as it was.

    Examples
    --------
    The third clip is far from the query, but near to the first:

    >>> within = np.array([[1.0], [5.0], [1.0]])
    >>> graph = build(np.array([[2], [0], [0]]), within, alpha=0.9)
    >>> diffuse(np.array([[1.0, 2.0, 3.0]]), graph, neighbours=1).round(3)
    array([[0.   , 0.901, 0.105]])
    """
    found = np.empty(asked.shape)
    for row, distances in enumerate(asked):
        nearest = np.argsort(distances, kind="stable")[:neighbours]
        nearest = nearest[np.isfinite(distances[nearest])]
        arrived = np.zeros(len(distances))
        # Relative to the nearest: how far away all of them are changes no order.
        squares = np.square(distances[nearest]) - np.square(distances[nearest[:1]])
        for clip, own in zip(nearest, _similarity(np.sqrt(squares), graph.unit), strict=True):
            arrived += own * graph.spread[clip]
        largest = arrived.max(initial=0.0) or 1.0
        reached = arrived > REACHED * largest
        near = np.where(reached, 1 - arrived / largest, 1 + distances)
        found[row] = np.where(np.isfinite(distances), near, np.inf)
    return found


def _similarity(distances: Float64, unit: float) -> Float64:
    return np.exp(-np.square(distances / unit)) if unit > 0 else np.ones_like(distances)
