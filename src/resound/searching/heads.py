"""Heads: what is right and what is wrong for a person, as a plane between the vectors of windows.

A head is a logistic regression on vectors of unit length,

    P(right | v) = 1 / (1 + exp(-(w . v + b))),

fitted by minimising ``|w|^2 / 2 + C * sum_i s_i * loss_i``. The weights s sum up to the number of
windows, those of the right ones to half of it, those of the wrong ones to the other half. So P is
not the share of right windows that a folder has: it is that of a world with as many right windows
as wrong ones.

Few marks tell what is like the query and wrong; they do not tell what all the other windows are. So
windows of the index that are drawn at random, and are marked as nothing, are presumed to be wrong,
each with a tenth of the weight of one that is marked: where what is looked for is frequent, some of
them are right.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, StoreError, unknown
from resound.files import write_text
from resound.searching.index import Index, named_method
from resound.searching.marks import check_name

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

FOLDER = "heads"
FORMAT = 1
# Chosen on ESC-50 by mn04: see docs/search.md.
C = 1.0
PRESUMED = 300
PRESUMED_WEIGHT = 0.1
MAX_ITERATIONS = 1000
FOLDS, FEWEST_RIGHT = 5, 3
MIDDLE = 0.5


class Head(NamedTuple):
    """A fitted head.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (dimension,)
        The w of the module's formula.
    intercept : float
        Its b.
    threshold : float
        Windows of this probability and more are taken as right where nothing else is asked for.
    right, wrong, presumed : int
        How many windows it was fitted to.
    """

    coefficients: Float64
    intercept: float
    threshold: float
    right: int
    wrong: int
    presumed: int

    def probabilities(self, vectors: Float32) -> Float64:
        """Return the probabilities (n,) of windows with the vectors `vectors` (n, dimension).

        A window without direction, whose vector is zero, is never right: 0.
        """
        # In the vectors' own precision: a copy of them in another would take most of the time.
        logits = vectors @ self.coefficients.astype(vectors.dtype) + self.intercept
        found: Float64 = np.exp(-np.logaddexp(0, -logits.astype(np.float64)))
        found[~vectors.any(axis=1)] = 0.0
        return found


def fit(
    right: Float32, wrong: Float32, presumed: Float32, *, choose_threshold: bool = True
) -> Head:
    """Return the head of marked windows.

    Its threshold is chosen by cross-validation in five folds, or in as many as there are right
    windows: the middle between the two probabilities of left-out windows between which the mean of
    the shares of right ones above and of wrong ones below is largest, of equals the one nearest
    to 1/2. With fewer than three right windows it is 1/2.

    Parameters
    ----------
    right : ndarray, shape (n_right, dimension)
        Vectors of windows that were marked as right, or asked for.
    wrong : ndarray, shape (n_wrong, dimension)
        Of windows that were marked as wrong.
    presumed : ndarray, shape (n_presumed, dimension)
        Of windows that are presumed to be wrong.
    choose_threshold : bool
        Whether to, which fits five times more; else it is 1/2.

    Returns
    -------
    Head

    Raises
    ------
    ParameterError
        When there is nothing right, or nothing wrong.
    """
    if not len(right):
        raise ParameterError("no place is marked as right; mark one, or ask for a sound first")
    if not len(wrong) + len(presumed):
        raise ParameterError("there is no other window that could be wrong; mark one as wrong")
    vectors = np.concatenate([right, wrong, presumed]).astype(np.float64)
    is_right = np.arange(len(vectors)) < len(right)
    weights = np.ones(len(vectors))
    weights[len(right) + len(wrong) :] = PRESUMED_WEIGHT
    coefficients, intercept = _plane(vectors, is_right, weights)
    threshold = _threshold(vectors, is_right, weights) if choose_threshold else MIDDLE
    return Head(coefficients, intercept, threshold, len(right), len(wrong), len(presumed))


def save(index: Index, name: str, head: Head) -> Path:
    """Write a head into the folder of the index to whose windows it was fitted.

    Parameters
    ----------
    index : Index
        The method and the grid of which go with the head.
    name : str
        Of the head; another of this name is replaced.
    head : Head
        As `fit` returns it.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ParameterError
        For a name that cannot be one.
    StoreError
        When the file cannot be written.
    """
    record = {
        "format": FORMAT,
        "name": check_name(name),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": index.choice.spec,
        "window": index.grid.window,
        "hop": index.grid.hop,
        "C": C,
        "presumed_weight": PRESUMED_WEIGHT,
        **head._asdict(),
        "coefficients": head.coefficients.tolist(),
    }
    path = _file(index, name)
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path


def load(index: Index, name: str) -> Head:
    """Return a head that was saved with an index.

    Parameters
    ----------
    index : Index
        In whose folder it is, and for whose windows it is meant.
    name : str
        Of the head.

    Raises
    ------
    ParameterError
        When there is none of this name.
    StoreError
        When it is damaged, of a newer format, or was fitted to vectors of another kind.
    """
    path = _file(index, check_name(name))
    if not path.is_file():
        known = names(index)
        hint = unknown(name, known) if known else "is not known; there are none"
        raise ParameterError(
            f"head {name!r} {hint}; `resound serve {index.folder}` makes and saves heads"
        )
    try:
        record = json.loads(path.read_bytes())
        version = record["format"]
        if isinstance(version, int) and version <= FORMAT:
            _check_kind(path, record, index)
            return _read(record, index.dimension)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: is damaged ({error!r}); delete it, and save the head again"
        ) from error
    raise StoreError(
        f"{path}: is a head of format {version!r}, and this resound reads {FORMAT}; install the "
        "resound that saved it, or save the head again"
    )


def names(index: Index) -> list[str]:
    """Return the names of the heads that are saved with an index."""
    return sorted(path.stem for path in (index.folder / FOLDER).glob("*.json"))


def prepare() -> None:
    """Load now what fits heads, which takes a second, so that the first fit takes no longer."""
    _plane(np.eye(2), np.array([True, False]), np.ones(2))


def _plane(vectors: Float64, is_right: Booleans, weights: Float64) -> tuple[Float64, float]:
    from sklearn.linear_model import LogisticRegression

    balanced = weights.copy()
    for side in (is_right, ~is_right):
        balanced[side] *= len(vectors) / 2 / weights[side].sum()
    model = LogisticRegression(C=C, max_iter=MAX_ITERATIONS)
    model.fit(vectors, is_right, sample_weight=balanced)
    return model.coef_[0], float(model.intercept_[0])


def _threshold(vectors: Float64, is_right: Booleans, weights: Float64) -> float:
    if is_right.sum() < FEWEST_RIGHT or (~is_right).sum() < FEWEST_RIGHT:
        return MIDDLE
    from sklearn.model_selection import StratifiedKFold

    folds = int(min(FOLDS, is_right.sum(), (~is_right).sum()))
    found = np.zeros(len(vectors))
    # Dealt at random: marks come in the order of ranks, and neighbours are alike.
    dealt = StratifiedKFold(folds, shuffle=True, random_state=0)
    for some, rest in dealt.split(vectors, is_right):
        coefficients, intercept = _plane(vectors[some], is_right[some], weights[some])
        found[rest] = 1 / (1 + np.exp(-(vectors[rest] @ coefficients + intercept)))
    return _parting(found, is_right)


def _parting(probabilities: Float64, is_right: Booleans) -> float:
    """Return what parts right from wrong best."""
    values = np.unique(probabilities)
    middles = (values[1:] + values[:-1]) / 2
    if not len(middles):
        return MIDDLE
    above = probabilities[:, np.newaxis] > middles
    shares = (above[is_right].mean(axis=0) + (~above[~is_right]).mean(axis=0)) / 2
    best = middles[shares >= shares.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - MIDDLE))])


def _check_kind(path: Path, record: Mapping[str, Any], index: Index) -> None:
    """Raise StoreError where a head was fitted to other vectors than those of an index."""
    asked, made = index.choice.spec, record["method"]
    if made != asked:
        by, other = named_method(made), named_method(asked)
        if by == other:
            by, other = f"{by}, standardised on another folder", "the same"
        raise StoreError(
            f"{path}: was fitted to vectors by {by}, and {index.folder} is by {other}; mark places "
            "there, and save a head of its own"
        )
    if record["window"] != index.grid.window:
        raise StoreError(
            f"{path}: was fitted to windows of {record['window']} s, and {index.folder} has "
            f"windows of {index.grid.window} s; mark places there, and save a head of its own"
        )


def _read(record: Mapping[str, Any], dimension: int) -> Head:
    head = Head(
        np.array(record["coefficients"], np.float64),
        float(record["intercept"]),
        float(record["threshold"]),
        int(record["right"]),
        int(record["wrong"]),
        int(record["presumed"]),
    )
    numbers = [*head.coefficients.ravel(), head.intercept, head.threshold]
    if head.coefficients.shape != (dimension,) or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{dimension} finite coefficients are needed")
    return head


def _file(index: Index, name: str) -> Path:
    return index.folder / FOLDER / f"{name}.json"
