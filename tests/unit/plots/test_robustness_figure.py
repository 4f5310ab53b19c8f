"""The picture of robustness: which share stands where, and what is drawn of a table as written."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from resound import store
from resound.plots import robustness

SETTING = "sr44100_nfft4096_hop1024"


@pytest.fixture
def table():
    """Return a table of two methods, the second better, and two conditions."""
    rows = []
    for network, feature, value in (("", "mfcc", 0.5), ("cnn", "mel", 0.8)):
        about = {"method": "cosine", "network": network, "feature": feature, "setting": SETTING}
        about |= {"protocol": "holdout", "query_fold": "5"}
        told = {"query": "clean", "condition": None, "mrr@10": value}
        rows.append({**about, **told, "left_mrr@10": np.nan})
        for condition, query, left in (("loud", "noise 0 dB", 0.25), ("dull", "lowpass 4 kHz", 1)):
            told = {"query": query, "condition": condition, "mrr@10": left * value}
            rows.append({**about, **told, "left_mrr@10": left if network else left / 2})
    return pd.DataFrame(rows)


def test_the_best_method_stands_first_and_each_share_in_its_column(table):
    kept = robustness.kept_of(table, "mrr@10")
    assert kept.methods == ["cnn mel (0.80)", "mfcc (0.50)"]
    assert kept.conditions == ["noise 0 dB", "lowpass 4 kHz"]
    np.testing.assert_array_equal(kept.shares, [[0.25, 1], [0.125, 0.5]])


def test_of_several_folds_that_of_all_together_is_drawn(table):
    other = table.assign(query_fold="all", protocol="cv")
    other["left_mrr@10"] = other["left_mrr@10"] / 5
    both = pd.concat([table.assign(protocol="cv"), other])
    np.testing.assert_allclose(robustness.kept_of(both, "mrr@10").shares[0], [0.05, 0.2])


def test_a_table_as_it_was_written_is_drawn_with_its_numbers(table, tmp_path):
    store.write_csv(table, tmp_path / "t.csv")
    drawing = robustness.robustness({"table": [tmp_path / "t.csv"]}, {"headline": "mrr@10"})
    figure = Figure(layout="constrained")
    drawing.draw(figure)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["25", "100", "12", "50"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "cnn mel (0.80)",
        "mfcc (0.50)",
    ]
    assert "mrr@10" in axes.get_title()


def test_accuracies_are_drawn_where_they_are_told(table, tmp_path):
    renamed = {"mrr@10": "accuracy", "left_mrr@10": "left_accuracy", "query_fold": "test_fold"}
    store.write_csv(table.rename(columns=renamed), tmp_path / "t.csv")
    drawing = robustness.robustness({"table": [tmp_path / "t.csv"]}, {"headline": "mrr@10"})
    figure = Figure(layout="constrained")
    drawing.draw(figure)
    assert "share of accuracy" in figure.axes[0].get_title()


def test_without_rows_it_says_so(table):
    figure = Figure()
    robustness.draw(figure, robustness.kept_of(table.iloc[:0], "mrr@10"), metric="mrr@10")
    assert "No method" in figure.texts[0].get_text()
