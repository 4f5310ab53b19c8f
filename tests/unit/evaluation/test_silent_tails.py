"""Silent tails: who has one, what differs within classes, and how the tables tell it."""

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.data.index import CLIP_DTYPES
from resound.evaluation.changed import Asked
from resound.evaluation.silent_tails import tail_difference, tail_rows
from resound.experiment.coordinates import RunRow, TrainingRow
from resound.report.silent_tails import classification_silent_tails, retrieval_silent_tails

OPTIONS = {"level": 0.95}
ROW = RunRow("dtw", "mfcc", "sr44100", "fold5")


def scored(n=120, seed=0, effect=0.2):
    """Return clips of four classes, of which the first has tails alone and the last has none."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 4
    tail = rng.random(n) < np.array([1.0, 0.7, 0.2, 0.0])[classes]
    values = np.clip(0.2 + 0.15 * classes + effect * tail + rng.normal(0, 0.05, n), 0, 1)
    about = {"query": [f"{i:03}" for i in range(n)], "category": classes.astype(str)}
    about["src_file"] = [f"r{i // 8}" for i in range(n)]
    return pd.DataFrame(about | {"mrr@10": values, "ties": 0.0}), tail


def plain_difference(frame, tail):
    total, weight = 0.0, 0
    for name in sorted(set(frame["category"])):
        here = (frame["category"] == name).to_numpy()
        has, lacks = frame["mrr@10"][here & tail], frame["mrr@10"][here & ~tail]
        if len(has) and len(lacks):
            total += len(has) * (has.mean() - lacks.mean())
            weight += len(has)
    return total / weight


@pytest.mark.parametrize("seed", range(3))
def test_the_difference_is_that_within_classes_that_have_both(seed):
    frame, tail = scored(seed=seed)
    found = tail_difference(Asked(frame), tail, OPTIONS)
    assert found["mrr@10"] == pytest.approx(plain_difference(frame, tail))
    assert found["n_queries"] == 60
    assert found["mrr@10_low"] < 0.2 < found["mrr@10_high"]
    assert found["mrr@10_high"] - found["mrr@10_low"] < 0.1
    assert "ties" not in found


def test_its_interval_covers():
    inside = []
    for seed in range(300):
        frame, tail = scored(seed=seed)
        found = tail_difference(Asked(frame), tail, OPTIONS)
        inside.append(found["mrr@10_low"] <= 0.2 <= found["mrr@10_high"])
    assert 0.91 <= np.mean(inside) <= 0.985


def test_a_class_with_a_single_tail_counts_for_how_far_it_is_from_the_others():
    """Tails of two classes, of one clip each, that differ by 0.5 say little of their mean."""
    about = {"query": list("abcdefgh"), "category": list("11112222"), "src_file": list("abcdefgh")}
    values = [0.9, 0.2, 0.2, 0.2, 0.4, 0.2, 0.2, 0.2]
    tail = np.array([True, False, False, False] * 2)
    found = tail_difference(Asked(pd.DataFrame(about | {"mrr@10": values})), tail, OPTIONS)
    assert found["mrr@10"] == pytest.approx(0.45)
    assert found["mrr@10_low"] < 0.2
    assert found["mrr@10_high"] > 0.7


def test_where_no_class_has_both_there_is_no_difference():
    frame, tail = scored()
    alone = frame["category"].isin(["0", "3"]).to_numpy()
    part = Asked(frame[alone].reset_index(drop=True))
    assert tail_difference(part, tail[alone], OPTIONS) == {"n_queries": 0}
    rows = tail_rows({ROW: frame}, [], {"fold5": [5]}, protocol="holdout", options=OPTIONS)
    assert [row["n_queries"] for row in rows] == [120, 0, 0]
    assert "mrr@10" not in rows[1]


@pytest.fixture
def files(tmp_path):
    frame, tail = scored()
    full = frame.assign(**{f"{m}@10": frame["mrr@10"] for m in ("ndcg_retrieved", "ndcg", "map")})
    full = full.assign(**{f"{m}@10": frame["mrr@10"] for m in ("binary", "proportion")})
    store.write_csv(full, tmp_path / "scores.csv")
    classed = frame.rename(columns={"query": "clip"}).assign(
        predicted=frame["category"], accuracy=(frame["mrr@10"] > 0.5).astype(float)
    )
    store.write_csv(
        classed[["clip", "category", "src_file", "predicted", "accuracy"]], tmp_path / "classed.csv"
    )
    index = frame.assign(id=frame["query"], zero_tail_seconds=np.where(tail, 1.5, 0.0))
    texts = {name: "" for name, dtype in CLIP_DTYPES.items() if dtype == "str"}
    full_index = index.assign(**{name: 0 for name in CLIP_DTYPES if name not in (*index, *texts)})
    full_index = full_index.assign(**{n: "x" for n in texts if n not in index})
    store.write_csv(full_index[list(CLIP_DTYPES)], tmp_path / "clips.csv")
    return {
        "clips": [tmp_path / "clips.csv"],
        "all_scores": [tmp_path / "scores.csv"],
        "tested_predictions": [tmp_path / "classed.csv"],
    }


def test_the_tables_have_three_rows_a_method(files):
    spec = {
        "all_runs": {}, "every_run": [list(ROW)], "every_fold": {"fold5": [5]}, "dataset": "esc50",
        "retrieval_protocol": "holdout", "top_k": [10], "intervals": OPTIONS, "every_encoder": {},
    }  # fmt: skip
    found = retrieval_silent_tails(files, spec)
    words = ["no silent tail", "silent tail", "difference within classes"]
    assert list(found.shown["query"]) == words
    frame, tail = scored()
    assert list(found.frame["n_queries"]) == [(~tail).sum(), tail.sum(), 60]
    assert found.frame["mrr@10"].iloc[1] == pytest.approx(frame["mrr@10"][tail].mean())
    assert found.frame["mrr@10"].iloc[2] == pytest.approx(plain_difference(frame, tail))
    assert "within classes which have both" in found.caption

    row = TrainingRow("cnn", "mel", "sr44100", "fold5", "0")
    spec = {
        "tested_trainings": [list(row)], "test_folds": {"fold5": [5]}, "test_protocol": "holdout",
        "dataset": "esc50", "intervals": OPTIONS, "trained_encoders": {},
    }  # fmt: skip
    classed = classification_silent_tails(files, spec)
    assert list(classed.shown["query"]) == words
    assert classed.frame["accuracy"].notna().all()
