"""Maps: where every clip lies, and which clips are nearest to it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from resound import store
from resound.distances import cosine
from resound.evaluation.maps import as_mapped
from resound.report.page.clips import Clips

DECIMALS = 2
NEIGHBOURS = 6
AT_ONCE = 256  # clips whose distances to all others are held in memory


def map_data(
    points: store.AnyPath,
    bank: store.AnyPath,
    clips: Clips,
    *,
    pooling: str | None = None,
    normalise: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the page shows of one map.

    Parameters
    ----------
    points : path
        ``clip_id, x, y``.
    bank : path
        What was mapped.
    pooling : str, optional
        Of a clip's windows, as on the map: see `resound.features.pooling`.
    normalise : sequence of str
        Its steps, as on the map.

    Returns
    -------
    dict
        By position in the index ``x`` and ``y``, null for a clip that is not mapped, and ``near``:
        the `NEIGHBOURS` clips at the smallest cosine distance, the nearest first.
    """
    frame = store.read_csv(points, dtypes={"clip_id": "str", "x": "float64", "y": "float64"})
    place = clips.positions(frame["clip_id"])
    data: dict[str, list[Any]] = {name: [None] * len(clips.ids) for name in ("x", "y", "near")}
    ids = frame["clip_id"].tolist()
    near = _neighbours(as_mapped(store.open_array(bank).rows(ids), pooling, normalise))
    for name, values in (
        ("x", frame["x"].round(DECIMALS).tolist()),
        ("y", frame["y"].round(DECIMALS).tolist()),
        ("near", place[near].tolist()),
    ):
        for position, value in zip(place.tolist(), values, strict=True):
            data[name][position] = value
    return data


def _neighbours(vectors: np.ndarray) -> np.ndarray:
    """Return the nearest other clips of each, as positions among `vectors` (clips, n, dims)."""
    n_near = min(NEIGHBOURS, len(vectors) - 1)
    near = np.empty((len(vectors), n_near), np.int64)
    for start in range(0, len(vectors), AT_ONCE):
        distances = cosine.pairwise(vectors[start : start + AT_ONCE], vectors)
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf
        near[start + rows] = np.argsort(distances, axis=1, kind="stable")[:, :n_near]
    return near
