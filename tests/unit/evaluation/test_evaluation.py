import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resound.distances.dtw import pairwise
from resound.errors import DataError
from resound.evaluation.ranking import RankingTask
from resound.evaluation.scoring import read_scores, score_queries
from resound.evaluation.summary import retrieval_rows, search_rows, summarise
from resound.experiment.coordinates import RunRow
from resound.experiment.tiles import grid
from resound.registry import SEARCHES
from resound.retrieval import ranking as retrieval
from resound.store import write_csv

CLIPS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e", "f"],
        "category": ["dog", "dog", "rain", "rain", "dog", "rain"],
        "src_file": ["1", "1", "2", "3", "4", "5"],
    }
)
QUERIES, GALLERY = CLIPS.iloc[4:], CLIPS.iloc[:4]
DISTANCES = np.array([[2.0, 1.0, 1.0, 3.0], [0.0, 0.0, 5.0, 4.0]])
INTERVALS = {"level": 0.95}


def rank_clips(distances, *sides, top_k, exclude_same_recording=None):
    task = RankingTask(*sides, top_k, exclude_same_recording)
    return task.table(task.rank(distances))


def hits(ranked: pd.DataFrame, query: str) -> str:
    return "".join(ranked[ranked["query"] == query].sort_values("rank")["hit"])


def test_the_nearest_come_first_and_ties_go_by_id():
    ranked = rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[4])
    assert hits(ranked, "e") == "bcad"
    assert hits(ranked, "f") == "abdc"
    assert list(ranked["rank"]) == [1, 2, 3, 4] * 2
    assert list(ranked["relevant"]) == [True, False, True, False, False, False, True, True]
    assert (ranked["n_relevant"] == 2).all()


def test_the_ranking_is_deep_enough_for_r_precision():
    ranked = rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[1])
    assert ranked["rank"].max() == 2


def test_a_recording_on_both_sides_is_an_error():
    queries = QUERIES.assign(src_file=["1", "5"])
    with pytest.raises(DataError, match="1"):
        rank_clips(DISTANCES, queries, GALLERY, top_k=[4])


def test_a_recording_that_the_released_folds_split_stands_on_both_sides():
    queries = QUERIES.assign(src_file=["1", "5"])
    task = RankingTask(queries, GALLERY, [4], recordings_apart=False)
    assert hits(task.table(task.rank(DISTANCES)), "e") == "bcad"


@pytest.mark.parametrize(("same_recording", "expected"), [(False, "bcdef"), (True, "cdef")])
def test_without_folds_a_query_is_no_hit_of_itself(same_recording, expected):
    distances = np.arange(6.0)[None].repeat(6, axis=0)
    ranked = rank_clips(distances, CLIPS, CLIPS, top_k=[6], exclude_same_recording=same_recording)
    assert hits(ranked, "a") == expected
    assert ranked.groupby("query")["n_relevant"].first()["a"] == (1 if same_recording else 2)


@st.composite
def tasks(draw):
    """Draw a task over a few recordings and categories, and a generator."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(4, 14))
    source = rng.integers(0, 4, n)
    clips = pd.DataFrame(
        {
            "id": rng.permutation(n).astype(str),
            "category": np.where(source % 2, "dog", "rain"),
            "src_file": source.astype(str),
        }
    )
    top_k = [draw(st.integers(1, 6))]
    exclude = draw(st.sampled_from([None, False, True]))
    if exclude is not None:
        return RankingTask(clips, clips, top_k, exclude), rng
    asks = source == source[0]
    assume(not asks.all())  # a split without a gallery is an error of its own
    return RankingTask(clips[asks], clips[~asks], top_k), rng


@given(tasks())
def test_what_is_relevant_is_counted_as_the_matrix_of_pairs_counts_it(drawn):
    task, _ = drawn
    relevant = retrieval.relevance(task.queries["category"], task.gallery["category"])
    if task.excluded() is not None:
        relevant &= ~task.excluded()
    np.testing.assert_array_equal(task.n_relevant, relevant.sum(axis=1))


@given(tasks(), st.integers(1, 9), st.integers(1, 9))
def test_merged_tiles_are_the_ranking_of_the_whole(drawn, queries, gallery):
    task, rng = drawn
    shape = len(task.queries), len(task.gallery)
    distances = rng.integers(0, 3, shape).astype(np.float32)
    tiles = grid(*shape, queries=queries, gallery=gallery)
    rows = {tile.row: tile.rows for tile in tiles}
    lists = {row: [] for row in rows}
    for t in tiles:
        lists[t.row].append(task.rank(distances[t.rows, t.columns], t.rows, t.columns))
    parts = [task.table(task.merge(lists[row]), rows[row]) for row in rows]
    whole = task.table(task.rank(distances))
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


@given(tasks(), st.integers(1, 9), st.integers(1, 9))
def test_a_search_of_a_tile_finds_what_its_distances_rank(drawn, queries, gallery):
    task, rng = drawn
    clips = [rng.integers(0, 2, (len(s), 3, 1)).astype(float) for s in (task.queries, task.gallery)]
    for tile in grid(*map(len, clips), queries=queries, gallery=gallery)[-2:]:
        place = tile.rows, tile.columns
        sides = [side[part] for side, part in zip(clips, place, strict=True)]
        found, stats = task.search(SEARCHES["dtw"], *place, *sides, n_threads=1)
        expected = task.rank(pairwise(*sides, n_threads=1), *place)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        excluded = task.excluded(*place)
        pairs = sides[0].shape[0] * sides[1].shape[0]
        assert stats.pairs == pairs - (0 if excluded is None else excluded.sum())


def test_scores_are_those_of_the_worked_example(tmp_path):
    ranked = rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[2])
    shuffled = ranked.sample(frac=1, random_state=0)
    scores = score_queries(shuffled, CLIPS, top_k=[2]).set_index("query")
    assert list(scores.index) == ["e", "f"]
    assert list(scores["mrr@2"]) == [1.0, 0.0]
    assert list(scores["proportion@2"]) == [0.5, 0.0]
    assert list(scores["category"]) == ["dog", "rain"]
    assert list(scores["ties"]) == [1.0, 1.0]
    write_csv(scores.reset_index(), tmp_path / "scores.csv")
    read = read_scores(tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(read.set_index("query"), scores, check_dtype=False)
    assert read["src_file"].tolist() == ["4", "5"]


def test_ties_are_counted_query_by_query():
    distances = np.array([[2.0, 1.0, 1.0, 3.0], [0.0, 1.0, 5.0, 4.0]])
    ranked = rank_clips(distances, QUERIES, GALLERY, top_k=[4])
    assert list(score_queries(ranked, CLIPS, top_k=[4])["ties"]) == [0.5, 0.0]


def test_a_summary_is_the_mean_within_its_interval_and_repeats():
    scores = score_queries(rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[2]), CLIPS, top_k=[2])
    summary = summarise(scores, **INTERVALS)
    assert summary["mrr@2"] == 0.5
    assert summary["mrr@2_low"] <= 0.5 <= summary["mrr@2_high"]
    assert summary == summarise(scores, **INTERVALS)
    assert list(summary)[-1] == "ties"


def test_several_splits_get_a_row_each_and_one_together():
    scores = score_queries(rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[2]), CLIPS, top_k=[2])
    runs = [RunRow("dtw", "mfcc", "s", "fold1"), RunRow("dtw", "mfcc", "s", "fold2")]
    folds = {"fold1": [1], "fold2": [2]}
    there = dict.fromkeys(runs, scores)
    rows = retrieval_rows(runs, there, folds, protocol="cv", options=INTERVALS)
    assert [row["query_fold"] for row in rows] == ["1", "2", "all"]
    assert [row["n_queries"] for row in rows] == [2, 2, 4]


def test_one_split_of_several_folds_or_none_is_one_row():
    scores = score_queries(rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[2]), CLIPS, top_k=[2])
    for folds, name in (([4, 5], "4+5"), ([], "all")):
        run = RunRow("dtw", "mfcc", "s", "x")
        there, folds_of = {run: scores}, {"x": folds}
        rows = retrieval_rows([run], there, folds_of, protocol="holdout", options=INTERVALS)
        assert [row["query_fold"] for row in rows] == [name]


def test_a_network_s_row_is_the_mean_of_its_seeds_query_by_query():
    good, bad = (
        score_queries(rank_clips(distances, QUERIES, GALLERY, top_k=[2]), CLIPS, top_k=[2])
        for distances in (DISTANCES, -DISTANCES)
    )
    runs = [RunRow("cosine", "mel", "s", "fold5", "cnn", seed) for seed in "01"]

    def row(there):
        (row,) = retrieval_rows(runs, there, {"fold5": [5]}, protocol="holdout", options=INTERVALS)
        return row

    both = row(dict(zip(runs, (good, bad), strict=True)))
    assert (both["network"], both["query_fold"], both["n_queries"]) == ("cnn", "5", 2)
    means = good["mrr@2"].mean(), bad["mrr@2"].mean()
    assert means[0] != means[1]
    assert both["mrr@2"] == np.mean(means)
    assert both["mrr@2_std_seeds"] == pytest.approx(np.std(means, ddof=1))
    assert both["missing"] == ""
    one = row({runs[1]: bad})
    assert one["mrr@2"] == means[1]
    assert np.isnan(one["mrr@2_std_seeds"])
    assert one["missing"] == "fold5 seed 0"
    none = row({})
    assert none["n_queries"] == 0
    assert none["missing"] == "fold5 seed 0; fold5 seed 1"


def test_the_counts_of_tiles_are_added_up_run_by_run():
    def tile(feature, cells, full_cells):
        about = {"method": "dtw", "feature": feature, "setting": "s", "split": "all"}
        return pd.DataFrame([about | {"cells": cells, "full_cells": full_cells}])

    frame = search_rows([tile("mfcc", 1, 4), tile("f0", 3, 4), tile("mfcc", 3, 4)])
    assert list(frame["feature"]) == ["mfcc", "f0"]
    assert list(frame["cells"]) == [4, 3]
    assert list(frame["share_of_cells"]) == [0.5, 0.75]
