"""Maps of clips on a plane: those lie near each other that a network or a feature makes alike."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.errors import ParameterError
from resound.features.pooling import pooled
from resound.retrieval.normalisation import normalise as normalised

FEWEST = 4  # clips of which t-SNE can say anything


def map_clips(
    bank: npt.NDArray[np.floating],
    clip_ids: Sequence[str],
    *,
    perplexity: float,
    seed: int,
    pooling: str | None = None,
    normalise: Sequence[str] = (),
) -> pd.DataFrame:
    """Place clips on a plane by t-SNE, so that neighbours stay neighbours.

    A clip's frames are strung together, before that pooled to one and normalised over all clips
    where that is asked, and scaled to length 1: then the squared Euclidean distance is twice the
    cosine distance by which the clips are ranked.
    t-SNE starts from the first two principal components (van der Maaten and Hinton, "Visualizing
    Data using t-SNE", JMLR 9, 2008; Kobak and Berens, "The art of using t-SNE for single-cell
    transcriptomics", Nature Communications 10, 2019). Distances between far groups, and the axes,
    mean nothing.

    Parameters
    ----------
    bank : ndarray, shape (clips, frames, dims)
        What a network makes of each clip, or a feature.
    clip_ids : sequence of str
        Their names.
    perplexity : float
        About how many neighbours each clip keeps; at most a third of the other clips.
    seed : int
        Of scikit-learn's generator, which finds the principal components of many clips.
    pooling : str, optional
        Of a clip's windows: see `resound.features.pooling`.
    normalise : sequence of str
        Steps of `resound.retrieval.normalisation.normalise`.

    Returns
    -------
    DataFrame
        ``clip_id, x, y``, the places without a unit. Fewer than four clips, and clips that are
        all alike, lie on a line.

    Raises
    ------
    ParameterError
        If the ids do not name the clips one by one.

    Examples
    --------
    Three clips are too few for t-SNE and lie on a line:

    >>> map_clips(np.eye(3)[:, np.newaxis], ["a", "b", "c"], perplexity=30, seed=0)
      clip_id    x    y
    0       a  0.0  0.0
    1       b  1.0  0.0
    2       c  2.0  0.0
    """
    if len(clip_ids) != len(bank):
        raise ParameterError(f"{len(clip_ids)} clip ids must name each of {len(bank)} clips")
    vectors = as_mapped(bank, pooling, normalise).astype(np.float64).reshape(len(bank), -1)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    points = _plane(vectors / np.where(norms > 0, norms, 1.0), perplexity, seed)
    return pd.DataFrame({"clip_id": list(clip_ids), "x": points[:, 0], "y": points[:, 1]})


def as_mapped(
    bank: npt.NDArray[np.floating], pooling: str | None, steps: Sequence[str]
) -> npt.NDArray[np.floating]:
    """Return the clips of a bank, pooled and normalised as `map_clips` says.

    Parameters
    ----------
    bank : ndarray, shape (clips, frames, dims)
        What a network makes of each clip, or a feature.
    pooling : str or None
        Of a clip's frames.
    steps : sequence of str
        Of the normalisation.

    Returns
    -------
    ndarray, shape (clips, n, dims)
        n is 1 where they are pooled.
    """
    clips = pooled(bank, pooling)
    return normalised(clips, clips, steps) if len(steps) else np.asarray(clips)


def read_map(path: store.AnyPath) -> pd.DataFrame:
    """Read a map as `map_clips` returned it."""
    return store.read_csv(path, dtypes={"clip_id": "str"})


def _plane(
    vectors: npt.NDArray[np.float64], perplexity: float, seed: int
) -> npt.NDArray[np.float64]:
    if len(vectors) < FEWEST or not np.ptp(vectors, axis=0).any():
        return np.column_stack([np.arange(len(vectors)), np.zeros(len(vectors))])
    from sklearn.manifold import (
        TSNE,  # a second of imports, which readers of maps need not wait for
    )

    perplexity = min(perplexity, (len(vectors) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    return np.asarray(tsne.fit_transform(vectors), np.float64)
