"""The table of partial queries as it is written, and as the page reads it."""

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.evaluation.labels import method_labels
from resound.experiment.coordinates import RunRow
from resound.report import tables
from resound.report.page import tables as page
from resound.report.partial import retrieval_partial

ROW = RunRow("dtw", "mfcc", "sr44100", "fold5")
SPEC = {
    "whole_rows": [list(ROW)],
    "part_rows": [[0.5, list(ROW)], [2.0, list(ROW)]],
    "part_folds": {"fold5": [5]},
    "part_encoders": {},
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
    """Return the table where parts keep a quarter and all of the scores."""
    parts = [written(tmp_path / f"{name}.csv", share) for name, share in (("a", 0.25), ("b", 1))]
    whole = [written(tmp_path / "whole.csv", 1)]
    return retrieval_partial({"whole_scores": whole, "part_scores": parts}, SPEC)


def test_whole_clips_stand_above_their_parts_and_what_is_left_beside_these(table):
    assert list(table.shown["query"]) == ["whole", "0.5 s", "2 s"]
    cells = list(table.shown["mrr@10"])
    assert "left" not in cells[0]
    assert cells[0].startswith("0.750 [")
    assert cells[1].endswith("(25% left [25%, 25%])")
    assert cells[2].endswith("(100% left [100%, 100%])")
    assert "whose RMS is at least -60 dBFS" in table.caption
    np.testing.assert_allclose(table.frame["left_mrr@10"], [np.nan, 0.25, 1.0])


def test_the_page_tells_its_rows_apart(table, tmp_path):
    tables.write(table.frame, tmp_path / "t.csv", table.shown, table.caption)
    rows = page.measures(page.read(tmp_path / "t.csv"))["mrr@10"]
    assert [row["about"]["query"] for row in rows] == ["whole", "0.5 s", "2 s"]
    labels = method_labels([row["about"] for row in rows])
    assert labels == ["mfcc, whole", "mfcc, 0.5 s", "mfcc, 2 s"]


def test_without_any_row_the_table_says_what_it_would_tell():
    empty = {**SPEC, "whole_rows": [], "part_rows": [], "part_folds": {}}
    made = retrieval_partial({"whole_scores": [], "part_scores": []}, empty)
    assert (len(made.frame), len(made.shown)) == (0, 0)
    assert "whole clips answer" in made.caption
