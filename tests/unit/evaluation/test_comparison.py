"""Paired comparisons of methods, and the tables that look across tables."""

import itertools

import numpy as np
import pandas as pd
import pytest

from resound.evaluation import comparison
from resound.evaluation.comparison import Contender
from resound.evaluation.labels import method_labels, row_a_method
from resound.experiment.coordinates import RunRow, TrainingRow
from resound.report import comparison as report
from resound.report import tables

SETTING = "sr44100_nfft4096_hop1024"
TEST = {"samples": 5000, "seed": 0, "level": 0.95}


def scores(values, query="query", metric="mrr@10", first=0):
    """Return the scores of one run: two clips of each recording, two recordings of each class."""
    n = np.arange(first, first + len(values))
    about = {query: [f"q{i}" for i in n], "category": n // 4, "src_file": n // 2}
    return pd.DataFrame(about).astype(str).assign(**{metric: values})


def contender(table, feature, values, first=0):
    frame = scores(values, first=first).set_index("query").rename(columns={"mrr@10": "value"})
    about = {"method": "cosine", "feature": feature, "setting": SETTING}
    return Contender(table, about, frame)


def names(pairs):
    return [(a.about["feature"], b.about["feature"]) for a, b in pairs]


FOUR = [
    contender("one", "low", [0.1] * 8),
    contender("one", "high", [0.4] * 8),
    contender("two", "lower", [0.2] * 8),
    contender("two", "higher", [0.3] * 8),
]


def test_the_best_of_a_table_meets_its_others_and_the_best_meet_each_other():
    expected = [("high", "higher"), ("high", "low"), ("higher", "lower")]
    assert names(comparison.pairs_of(FOUR, "best")) == expected
    assert len(comparison.pairs_of(FOUR, "all")) == 6


def test_seeds_and_splits_of_a_method_are_one_contender():
    run = RunRow("cosine", "mel", SETTING, "fold4", "cnn", "0")
    parts = {
        run: scores([0.0] * 4),
        run._replace(seed="1"): scores([1.0] * 4),
        run._replace(split="fold5"): scores([0.5] * 4, first=4),
    }
    (only,) = comparison.retrieval_contenders({"t": list(parts)}, parts, "mrr@10")
    assert only.about == run.about
    assert only.scores["value"].to_dict() == {f"q{i}": 0.5 for i in range(8)}


def test_a_classifier_whose_training_failed_is_no_contender():
    good, failed = (TrainingRow(name, "mel", SETTING, "fold5", "0") for name in ("cnn", "crnn"))
    found = {good: scores([1.0, 0.0], "clip", "accuracy"), failed: scores([], "clip", "accuracy")}
    (only,) = comparison.classification_contenders("classification", [good, failed], found)
    assert (only.about["network"], only.mean) == ("cnn", 0.5)


def exact_p(a, b, recordings):
    sums = [(a - b)[recordings == name].sum() for name in np.unique(recordings)]
    flipped = [abs(np.dot(s, sums)) for s in itertools.product([-1, 1], repeat=len(sums))]
    return np.mean(np.array(flipped) >= abs(sum(sums)) - 1e-12)


def test_a_comparison_is_paired_by_query_and_flips_recordings():
    rng = np.random.default_rng(0)
    a, b = rng.random(20), rng.random(20) + 0.3
    better, worse = contender("t", "b", b), contender("t", "a", a)
    shuffled = worse._replace(scores=worse.scores.sample(frac=1, random_state=1))
    (row,) = comparison.compare([shuffled, better], "mrr@10", pairs="all", **TEST)
    assert (row["about_a"]["feature"], row["about_b"]["feature"]) == ("b", "a")
    assert row["difference"] == pytest.approx((b - a).mean())
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["p_value"] == row["p_adjusted"] == pytest.approx(exact_p(a, b, np.arange(20) // 2))
    assert (row["n_queries"], row["n_recordings"]) == (20, 10)


def test_methods_are_compared_on_the_queries_that_both_have():
    longer, shorter = contender("t", "a", [1.0] * 12), contender("t", "b", [0.5] * 8, first=4)
    elsewhere = contender("t", "c", [0.1] * 4, first=40)
    rows = comparison.compare([longer, shorter, elsewhere], "mrr@10", pairs="all", **TEST)
    assert [row["n_queries"] for row in rows] == [8]


def test_p_values_are_adjusted_for_all_pairs():
    rng = np.random.default_rng(0)
    methods = [contender("t", name, rng.random(40) + i) for i, name in enumerate("abc")]
    rows = comparison.compare(methods, "mrr@10", pairs="all", **TEST)
    assert all(row["p_adjusted"] >= row["p_value"] for row in rows)
    best = comparison.compare(methods, "mrr@10", pairs="best", **TEST)
    adjusted = {(str(r["about_a"]), str(r["about_b"])): r["p_adjusted"] for r in rows}
    assert len(best) == 2
    for row in best:
        assert row["p_adjusted"] == adjusted[str(row["about_a"]), str(row["about_b"])]


def test_a_single_method_is_compared_with_none():
    rows = comparison.compare(FOUR[:1], "mrr@10", pairs="best", **TEST)
    frame = report.significance_table(rows)
    assert list(frame.columns) == list(comparison.COLUMNS)
    assert len(report.shown_significance(frame, 0.95)) == 0


def test_the_tests_are_shown_with_what_is_significant_in_bold(tmp_path):
    rng = np.random.default_rng(0)
    methods = [contender("t", f, rng.random(40) + shift) for f, shift in (("mfcc", 2), ("f0", 0))]
    rows = comparison.compare(methods, "mrr@10", pairs="all", **TEST)
    frame = report.significance_table(rows)
    tables.write(frame, tmp_path / "t.csv", report.shown_significance(frame, 0.95), "Tests.")
    line = (tmp_path / "t.md").read_text().splitlines()[-1]
    assert [cell.strip() for cell in line.split("|")][1:4] == ["mrr@10", "mfcc", "f0"]
    assert "**0.0002**" in line


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("mfcc", "sr44100"), ("f0", "sr44100")], ["mfcc", "f0"]),
        ([("mfcc", "sr44100"), ("mfcc", "sr16000")], ["mfcc, 44.1 kHz", "mfcc, 16 kHz"]),
        ([("mfcc", "sr44100_a"), ("mfcc", "sr44100_b")], ["mfcc, sr44100_a", "mfcc, sr44100_b"]),
        ([("mfcc", "sr44100"), ("mfcc", "sr44100")], ["mfcc", "mfcc"]),
    ],
)
def test_a_method_is_named_as_shortly_as_can_be(rows, expected):
    assert method_labels([{"feature": f, "setting": s} for f, s in rows]) == expected


def test_distances_and_networks_are_named_where_there_are_several():
    about = {"feature": "mel", "setting": "sr44100"}
    rows = [about | {"method": "cosine", "network": "cnn"}, about | {"method": "dtw"}]
    assert method_labels(rows) == ["cosine cnn mel", "dtw mel"]


def retrieval_frame(**columns):
    about = {"method": "dtw", "setting": SETTING, "query_fold": "5", "published_note": "a note"}
    frame = pd.DataFrame({"feature": ["mfcc", "lfcc"], **columns}).assign(**about)
    return frame.assign(**{"mrr@10_low": 0.1, "mrr@10_high": 0.9})


def test_the_summary_has_the_best_of_each_table_and_of_the_study():
    frame = retrieval_frame(**{"mrr@10": [0.5, 0.6], "published_mrr@10": [0.42, 0.31]})
    summary = report.summary_table({"retrieval_dtw": frame}, "mrr@10")
    row = summary.iloc[0]
    assert (row["best"], row["value"], row["low"], row["high"]) == ("lfcc", 0.6, 0.1, 0.9)
    assert (row["published_best"], row["published_value"]) == ("mfcc", 0.42)
    assert row["difference"] == pytest.approx(0.18)
    shown = report.shown_summary(summary).iloc[0]
    assert shown["family"] == "features by DTW"
    assert shown["ours"] == "0.600 [0.100, 0.900]"
    assert shown["the study's best"] == "0.420 (+0.180): mfcc"
    assert "Not as in the study: a note." in report.summary_caption(summary, "esc10", 0.95)


def test_the_summary_of_several_folds_is_of_all_of_them():
    frame = retrieval_frame(**{"mrr@10": [0.9, 0.6]})
    frame["query_fold"] = ["1", "all"]
    assert report.summary_table({"t": frame}, "mrr@10")["value"].item() == 0.6


def test_a_family_without_results_is_said_to_miss():
    frame = retrieval_frame(**{"published_mrr@10": [0.42, 0.31]})
    shown = report.shown_summary(report.summary_table({"t": frame}, "mrr@10")).iloc[0]
    assert (shown["methods"], shown["ours"]) == (0, "missing")
    assert shown["the study's best"] == "0.420: mfcc"


def test_of_one_test_fold_and_of_several_each_method_has_one_row():
    rows = pd.DataFrame({"network": ["a", "a", "b", "b"], "test_fold": ["5", "all", "4", "5"]})
    several = rows.assign(protocol="cv", test_fold=["5", "all", "5", "all"])
    assert row_a_method(several)["network"].tolist() == ["a", "b"]
    assert set(row_a_method(several)["test_fold"]) == {"all"}
    one = rows.assign(protocol="holdout", test_fold=["5", "all", "5", "5"])
    assert row_a_method(one)["test_fold"].tolist() == ["5", "5", "5"]
    assert len(row_a_method(rows.drop(columns="test_fold"))) == 4
