"""The choice of recipes by inner folds against a plain loop over clips."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from resound.errors import ParameterError
from resound.evaluation.recipes import Recipe, choose_recipes

FOLDS = pd.Series(np.repeat([1, 2, 3, 4, 5], [3, 2, 4, 1, 2]), index=[f"c{i}" for i in range(12)])
PAIRS = [(a, b) for a in range(1, 6) for b in range(a + 1, 6)]
RECIPES = [Recipe("cnn", "mel", "44k"), Recipe("cnn", "mfcc", "44k"), Recipe("crnn", "mel", "44k")]


def make_scores(rng: np.random.Generator, seeds: int) -> dict:
    """Return random scores of every recipe, pair and seed."""
    return {
        (recipe, pair): [
            pd.DataFrame({"clip": clips, "accuracy": rng.integers(0, 2, len(clips)).astype(float)})
            for _ in range(seeds)
        ]
        for recipe in RECIPES
        for pair in PAIRS
        for clips in [FOLDS.index[FOLDS.isin(pair)]]
    }


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_a_recipe_s_accuracy_is_that_of_each_clip_by_the_training_without_its_fold(seed, seeds):
    scores = make_scores(np.random.default_rng(seed), seeds)
    found = choose_recipes(scores, FOLDS)
    for row in found.itertuples():
        of, right = Recipe(row.network, row.feature, row.setting), []
        for clip, fold in FOLDS.items():
            if fold != row.outer_fold:
                frames = scores[of, tuple(sorted((fold, row.outer_fold)))]
                right.append(np.mean([f.set_index("clip")["accuracy"][clip] for f in frames]))
        assert row.accuracy == pytest.approx(np.mean(right))
        assert row.n_clips == len(right)
    for _, rows in found.groupby("outer_fold"):
        assert rows["chosen"].sum() == 1
        assert rows["accuracy"][rows["chosen"]].item() == rows["accuracy"].max()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_no_clip_of_the_outer_fold_decides(seed, outer):
    scores = make_scores(np.random.default_rng(seed), 1)
    before = choose_recipes(scores, FOLDS)
    for frames in scores.values():
        own = FOLDS.loc[frames[0]["clip"]].to_numpy() == outer
        frames[0].loc[own, "accuracy"] = 1 - frames[0].loc[own, "accuracy"]
    after = choose_recipes(scores, FOLDS)
    rows = [frame[frame["outer_fold"] == outer] for frame in (before, after)]
    pd.testing.assert_frame_equal(*rows)


def test_of_equals_the_first_is_chosen():
    scores = make_scores(np.random.default_rng(0), 1)
    for frames in scores.values():
        frames[0]["accuracy"] = 1.0
    chosen = choose_recipes(scores, FOLDS).query("chosen")
    assert chosen["feature"].tolist() == ["mel"] * 5
    assert chosen["network"].tolist() == ["cnn"] * 5


def test_what_is_not_of_pairs_or_lacks_one_is_an_error():
    scores = make_scores(np.random.default_rng(0), 1)
    single = {(RECIPES[0], (5,)): scores[RECIPES[0], (4, 5)]}
    with pytest.raises(ParameterError, match=r"test folds \(5,\).*protocol: pairs"):
        choose_recipes(single, FOLDS)
    del scores[RECIPES[1], (2, 4)]
    with pytest.raises(ParameterError, match=r"cnn mfcc 44k: for fold 2 it lacks some .*same com"):
        choose_recipes(scores, FOLDS)
