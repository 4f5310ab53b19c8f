"""Parts of clips that ask whole ones: distances, scores, and the share that is left."""

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.data.splits import read_split
from resound.distances import cosine, dtw_subsequence
from resound.evaluation.changed import Asked, changed_rows, share_left
from resound.evaluation.costs import read_costs
from resound.evaluation.distances import compute_distances
from resound.experiment.coordinates import RunRow
from resound.experiment.tiles import Tile

OPTIONS = {"level": 0.95}
RNG = np.random.default_rng(0)
N = 200


def scores_of(values, fold=5):
    ids = [f"{fold}-{i:03}" for i in range(len(values))]
    about = {"query": ids, "category": [f"class{i % 4}" for i in range(len(values))]}
    about["src_file"] = [f"r{fold}-{i // 2}" for i in range(len(values))]
    return pd.DataFrame(about | {"mrr@10": values, "binary@10": np.ones(len(values)), "ties": 0.0})


WHOLE = scores_of(RNG.uniform(0.4, 1.0, N))
PART = scores_of(WHOLE["mrr@10"] * RNG.uniform(0.3, 0.9, N))


def test_the_share_is_the_ratio_of_the_means_and_lies_in_an_interval_like_the_ratio_s_own():
    left = share_left(Asked(PART), Asked(WHOLE), OPTIONS)
    assert left["left_mrr@10"] == pytest.approx(PART["mrr@10"].mean() / WHOLE["mrr@10"].mean())
    low, high = left["left_mrr@10_low"], left["left_mrr@10_high"]
    assert low < left["left_mrr@10"] < high
    # Ratios of resampled recordings, drawn within classes: the slow way without a linear form.
    rng, sums = np.random.default_rng(1), []
    both = np.stack([PART["mrr@10"], WHOLE["mrr@10"]], axis=1).reshape(N // 2, 2, 2).sum(axis=1)
    classes = np.arange(N // 2) % 2
    for _ in range(4000):
        drawn = np.concatenate(
            [rng.choice(np.flatnonzero(classes == c), N // 4) for c in np.unique(classes)]
        )
        sums.append(both[drawn].sum(axis=0))
    ratios = np.divide(*np.transpose(sums))
    np.testing.assert_allclose([low, high], np.quantile(ratios, [0.025, 0.975]), atol=0.008)
    assert left["left_binary@10"] == left["left_binary@10_low"] == 1.0


def test_nothing_is_left_of_nothing():
    nothing = Asked(scores_of(np.zeros(8)))
    left = share_left(nothing, nothing, OPTIONS)
    assert np.isnan(left["left_mrr@10"])
    assert np.isnan(left["left_mrr@10_high"])


def test_seeds_are_averaged_and_widen_the_intervals():
    """Three seeds of the same mean are one; three that differ leave more open."""
    rows = [RunRow("cosine", "mel", "sr44100", "fold5", "cnn", seed) for seed in "012"]
    scores = WHOLE.drop(columns="ties")

    def row_of(shifts):
        whole = dict.fromkeys(rows, scores)
        moved = zip(rows, shifts, strict=True)
        half = {r: scores.assign(**{"mrr@10": (0.5 + by) * scores["mrr@10"]}) for r, by in moved}
        ways = {"protocol": "holdout", "options": OPTIONS, "column": "condition"}
        return changed_rows(whole, {"loud": half}, {"fold5": [5]}, **ways)[1]

    alike, apart = row_of([0, 0, 0]), row_of([-0.1, 0, 0.1])
    assert alike["n_queries"] == apart["n_queries"] == N
    assert alike["left_mrr@10"] == pytest.approx(0.5)
    assert apart["left_mrr@10"] == pytest.approx(0.5)
    for metric in ("mrr@10", "left_mrr@10"):
        narrow, wide = (row[f"{metric}_high"] - row[f"{metric}_low"] for row in (alike, apart))
        assert wide > narrow + 0.05


def test_a_method_has_a_row_for_whole_clips_and_one_for_each_length():
    rows = [RunRow("dtw", "mfcc", "sr44100", f"fold{fold}") for fold in (4, 5)]
    named = list(zip(rows, (4, 5), strict=True))
    whole = {row: scores_of(WHOLE["mrr@10"], fold) for row, fold in named}
    half = {row: scores_of(0.5 * WHOLE["mrr@10"], fold) for row, fold in named}
    # The order of queries in a file is none of the table's business.
    half[rows[0]] = half[rows[0]].sample(frac=1, random_state=0)
    folds = {"fold4": [4], "fold5": [5]}
    changed, ways = {0.5: half, 2.0: whole}, {"protocol": "cv", "options": OPTIONS}
    found = changed_rows(whole, changed, folds, **ways, column="seconds")
    assert [row["query_fold"] for row in found] == ["4"] * 3 + ["5"] * 3 + ["all"] * 3
    assert [row["seconds"] for row in found] == [None, 0.5, 2.0] * 3
    assert [row["n_queries"] for row in found] == [N] * 6 + [2 * N] * 3
    for first, second, third in zip(found[::3], found[1::3], found[2::3], strict=True):
        assert "left_mrr@10" not in first
        ends = [second[f"left_mrr@10{end}"] for end in ("_low", "", "_high")]
        np.testing.assert_allclose(ends, 0.5, err_msg="half of every query is half, surely")
        assert third["left_mrr@10"] == pytest.approx(1.0)


def write(path, values, ids, spec):
    with store.create_array(path, values.shape, "float32", spec=spec, ids={"clips": ids}) as array:
        array[:] = values


@pytest.mark.parametrize(
    ("distance", "frames", "more"),
    [("dtw_subsequence", 4, {}), ("cosine", 1, {"normalise": ["standardise"]})],
)
def test_queries_are_read_from_their_own_bank_and_scaled_as_the_gallery(
    tmp_path, distance, frames, more
):
    ids, asks = [f"{i:02}" for i in range(12)], np.arange(12) < 5
    clips = RNG.normal(3, 2, (12, 9 if frames > 1 else 1, 6)).astype(np.float32)
    parts = RNG.normal(3, 2, (12, frames, 6)).astype(np.float32)
    frame = pd.DataFrame({"id": ids, "query": asks, "gallery": ~asks})
    store.write_csv(frame, tmp_path / "split.csv")
    write(tmp_path / "bank.npy", clips, ids, {"of": "clips"})
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts/bank.npy", parts, ids, {"of": "parts"})
    spec = {"bank": {"of": "clips"}, "asking": {"of": "parts"}, "distance": distance, **more}
    tile = Tile(0, 0, 5, 7)
    (tmp_path / "made").mkdir()
    compute_distances(
        {"distances": {**spec, "options": {}, "hardware": {}}, "tile": tile._asdict()},
        split=tmp_path / "split.csv",
        bank=tmp_path / "bank.npy",
        asking=tmp_path / "parts/bank.npy",
        output=tmp_path / "made/distances.npy",
        costs=tmp_path / "made/costs.csv",
        n_threads=1,
    )
    x, y = parts[asks], clips[~asks]
    if more:
        mean, deviation = y.mean(axis=(0, 1)), y.std(axis=(0, 1))
        x, y = (x - mean) / deviation, (y - mean) / deviation
    expected = {"dtw_subsequence": dtw_subsequence, "cosine": cosine}[distance].pairwise(x, y)
    made = store.open_array(tmp_path / "made/distances.npy")
    np.testing.assert_allclose(made.values, expected, rtol=1e-5, atol=1e-7)
    assert (made.ids["queries"], made.ids["gallery"]) == read_split(tmp_path / "split.csv")
    assert read_costs([tmp_path / "made/costs.csv"])["pairs"].to_dict() == {"all": 35}
