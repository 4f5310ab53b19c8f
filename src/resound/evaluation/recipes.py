"""Choice of a recipe for each test fold by the other folds, from trainings that leave out two.

A training that leaves out the folds {o, v} has seen neither: tested on v, it tells of its recipe
for the outer fold o, and tested on o, for the outer fold v. So ten trainings of a recipe are all
that five outer folds ask for, each with four inner ones.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from resound.errors import ParameterError

COLUMNS = ("outer_fold", "network", "feature", "setting", "accuracy", "spread", "n_clips", "chosen")
PAIR = 2


class Recipe(NamedTuple):
    """The names of a row of networks: all that a recipe differs in."""

    network: str
    feature: str
    setting: str


def choose_recipes(
    scores: Mapping[tuple[Recipe, tuple[int, ...]], Sequence[pd.DataFrame]], folds: pd.Series
) -> pd.DataFrame:
    r"""Return how each recipe did for each outer fold, and which one is chosen.

    .. math:: a_r(o) = \frac{1}{|\{i : f_i \ne o\}|} \sum_{v \ne o} \; \sum_{i : f_i = v}
              a_r^{\{o, v\}}(i)

    with the accuracy of recipe r, left without o and v, on clip i of fold v, the mean over seeds.
    No clip of o is looked at. The highest mean is chosen, the first of equals in the order of the
    config.

    Parameters
    ----------
    scores : mapping
        Of each recipe and pair of folds, one frame a seed, with ``clip, accuracy``.
    folds : Series, shape (clips,)
        The fold of each clip, by id.

    Returns
    -------
    DataFrame
        A row an outer fold and recipe: ``outer_fold, network, feature, setting``, the ``accuracy``
        on inner folds and its ``spread``, the standard deviation over these, ``n_clips``, and
        whether it is ``chosen``.

    Raises
    ------
    ParameterError
        When trainings do not leave out two folds, or a recipe lacks a pair that another has.

    Examples
    --------
    Of two folds one is the inner fold of the other:

    >>> folds = pd.Series([1, 2], index=["a", "b"])
    >>> def of(*right): return [pd.DataFrame({"clip": ["a", "b"], "accuracy": right})]
    >>> mel, mfcc = Recipe("cnn", "mel", "44k"), Recipe("cnn", "mfcc", "44k")
    >>> chosen = choose_recipes({(mel, (1, 2)): of(1.0, 0.0), (mfcc, (1, 2)): of(0.0, 1.0)}, folds)
    >>> chosen[chosen["chosen"]][["outer_fold", "feature", "accuracy"]]
       outer_fold feature  accuracy
    1           1    mfcc       1.0
    2           2     mel       1.0
    """
    recipes = list(dict.fromkeys(recipe for recipe, _ in scores))
    pairs = list(dict.fromkeys(pair for _, pair in scores))
    for pair in pairs:
        if len(pair) != PAIR:
            raise ParameterError(
                f"test folds {pair}: recipes are chosen by trainings that leave out two folds; set "
                "classification.protocol: pairs"
            )
    rows = []
    for outer in sorted({fold for pair in pairs for fold in pair}):
        means = [_inner(scores, recipe, outer, folds) for recipe in recipes]
        best = max(range(len(recipes)), key=lambda at: means[at].mean())
        for at, (recipe, clips) in enumerate(zip(recipes, means, strict=True)):
            by_fold = clips.groupby(folds.loc[clips.index]).mean()
            told = (outer, *recipe, clips.mean(), by_fold.std(ddof=1), len(clips), at == best)
            rows.append(dict(zip(COLUMNS, told, strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _inner(
    scores: Mapping[tuple[Recipe, tuple[int, ...]], Sequence[pd.DataFrame]],
    recipe: Recipe,
    outer: int,
    folds: pd.Series,
) -> pd.Series:
    """Return the accuracy of each clip outside a fold, by id, the mean over seeds."""
    parts = []
    for (of, pair), frames in scores.items():
        if of == recipe and outer in pair:
            (inner,) = set(pair) - {outer}
            clips = pd.concat(list(frames)).groupby("clip")["accuracy"].mean()
            parts.append(clips[folds.loc[clips.index] == inner])
    inner_clips = pd.concat(parts) if parts else pd.Series(dtype=float)
    others = {fold for _, pair in scores if outer in pair for fold in pair} - {outer}
    if set(folds.loc[inner_clips.index]) != others:
        raise ParameterError(
            f"{' '.join(recipe)}: for fold {outer} it lacks some of the inner folds "
            f"{sorted(others)}; run the same command again to train what is missing"
        )
    return inner_clips
