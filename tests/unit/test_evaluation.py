import numpy as np
import pandas as pd
import pytest

from resound.errors import DataError
from resound.evaluation.ranking import rank_clips
from resound.evaluation.scoring import read_scores, score_queries
from resound.evaluation.summary import retrieval_rows, summarise
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
BOOTSTRAP = {"samples": 50, "level": 0.95, "seed": 0}


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


@pytest.mark.parametrize(("same_recording", "expected"), [(False, "bcdef"), (True, "cdef")])
def test_without_folds_a_query_is_no_hit_of_itself(same_recording, expected):
    distances = np.arange(6.0)[None].repeat(6, axis=0)
    ranked = rank_clips(distances, CLIPS, CLIPS, top_k=[6], exclude_same_recording=same_recording)
    assert hits(ranked, "a") == expected
    assert ranked.groupby("query")["n_relevant"].first()["a"] == (1 if same_recording else 2)


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
    summary = summarise(scores, **BOOTSTRAP)
    assert summary["mrr@2"] == 0.5
    assert summary["mrr@2_low"] <= 0.5 <= summary["mrr@2_high"]
    assert summary == summarise(scores, **BOOTSTRAP)
    assert list(summary)[-1] == "ties"


def test_several_splits_get_a_row_each_and_one_together():
    scores = score_queries(rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[2]), CLIPS, top_k=[2])
    runs = [("dtw", "mfcc", "s", "fold1"), ("dtw", "mfcc", "s", "fold2")]
    folds = {"fold1": [1], "fold2": [2]}
    rows = retrieval_rows(runs, [scores, scores], folds, protocol="cv", options=BOOTSTRAP)
    assert [row["query_fold"] for row in rows] == ["1", "2", "all"]
    assert [row["n_queries"] for row in rows] == [2, 2, 4]


def test_one_split_of_several_folds_or_none_is_one_row():
    scores = score_queries(rank_clips(DISTANCES, QUERIES, GALLERY, top_k=[2]), CLIPS, top_k=[2])
    for folds, name in (([4, 5], "4+5"), ([], "all")):
        run = [("dtw", "mfcc", "s", "x")]
        rows = retrieval_rows(run, [scores], {"x": folds}, protocol="holdout", options=BOOTSTRAP)
        assert [row["query_fold"] for row in rows] == [name]
