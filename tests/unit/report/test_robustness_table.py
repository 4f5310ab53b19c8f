"""The table of disturbed queries as it is written, and as the page reads it."""

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.evaluation.labels import method_labels
from resound.experiment.coordinates import RunRow
from resound.report import tables
from resound.report.page import tables as page
from resound.report.robustness import retrieval_robustness

ROW = RunRow("dtw", "mfcc", "sr44100", "fold5")
SPEC = {
    "clean_rows": [list(ROW)],
    "disturbed_rows": [["loud", list(ROW)], ["slow", list(ROW)]],
    "disturbed_folds": {"fold5": [5]},
    "disturbed_encoders": {},
    "robustness": {"conditions": {"loud": {"noise": 0}, "slow": {"speed": 0.9}}},
    "dataset": "esc50",
    "retrieval_protocol": "holdout",
    "top_k": [10],
    "intervals": {"level": 0.95},
}


def written(path, share):
    about = {"query": [f"{i:03}" for i in range(8)], "category": list("abababab")}
    values = {f"{name}@10": share * np.linspace(0.5, 1, 8) for name in tables.SHOWN}
    frame = pd.DataFrame(about | {"src_file": about["query"]} | values | {"ties": 0.0})
    store.write_csv(frame, path)
    return path


@pytest.fixture
def table(tmp_path):
    """Return the table where noise leaves a quarter, and another speed all."""
    files = {
        "clean_scores": [written(tmp_path / "clean.csv", 1)],
        "disturbed_scores": [written(tmp_path / "a.csv", 0.25), written(tmp_path / "b.csv", 1)],
    }
    return retrieval_robustness(files, SPEC)


def test_conditions_stand_below_clean_queries_in_words_with_what_is_left(table):
    assert list(table.shown["query"]) == ["clean", "noise 0 dB", "speed 0.9"]
    cells = list(table.shown["mrr@10"])
    assert "left" not in cells[0]
    assert cells[1].endswith("(25% left [25%, 25%])")
    assert cells[2].endswith("(100% left [100%, 100%])")
    assert "Nothing is padded" in table.caption
    np.testing.assert_allclose(table.frame["left_mrr@10"], [np.nan, 0.25, 1.0])
    assert list(table.frame["condition"].fillna("")) == ["", "loud", "slow"]


def test_the_page_tells_its_rows_apart(table, tmp_path):
    tables.write(table.frame, tmp_path / "t.csv", table.shown, table.caption)
    rows = page.measures(page.read(tmp_path / "t.csv"))["mrr@10"]
    labels = method_labels([row["about"] for row in rows])
    assert labels == ["mfcc, clean", "mfcc, noise 0 dB", "mfcc, speed 0.9"]


def test_without_any_row_the_table_says_what_it_would_tell():
    empty = {**SPEC, "clean_rows": [], "disturbed_rows": [], "disturbed_folds": {}}
    made = retrieval_robustness({"clean_scores": [], "disturbed_scores": []}, empty)
    assert (len(made.frame), len(made.shown)) == (0, 0)
