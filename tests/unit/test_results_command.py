"""``resound results``: tables for a terminal, as wide as one and cut nowhere."""

import pandas as pd
import pytest

from resound import cli
from resound.files import write_text

SETTING = "sr44100_nfft4096_hop1024"
LONG = "a_network_whose_name_is_longer_than_any_column_of_a_terminal_likes"


def rows(**values):
    about = {"protocol": "holdout", "setting": SETTING}
    return pd.DataFrame(about | values)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of an experiment with a table of each kind."""
    monkeypatch.chdir(tmp_path)
    write_text("config.yaml", "results_dir: out\n")
    metrics = {"mrr@10": [0.25, 0.5], "mrr@10_low": 0.125, "mrr@10_high": 0.75, "binary@10": 0.5}
    about = {"method": "dtw", "feature": ["mfcc", "lfcc"], "query_fold": "5"}
    retrieval = rows(**about, **metrics, **{"proportion@10": 0.2, "mrr@20": 0.9})
    accuracy = {"accuracy": [0.75, None], "accuracy_low": 0.5, "accuracy_high": 0.875}
    about = {"network": ["cnn", LONG], "feature": "mel", "test_fold": "5"}
    classified = rows(**about, **accuracy, macro_f1=[0.7, None])
    tables = {"retrieval_dtw": retrieval, "classification": classified}
    for name, frame in {**tables, "validation": pd.DataFrame({"feature": ["mel"]})}.items():
        write_text(f"out/tables/{name}.csv", frame.to_csv(index=False))
    write_text("out/tables/summary.md", "cnn is best.\nThe best of each table on x.\n\n| a |\n")
    return tmp_path


def test_the_best_stands_first_with_its_interval_and_nothing_is_cut(folder, capsys):
    assert cli.main(["results"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split() for line in lines if line.startswith(("lfcc", "mfcc"))] == [
        ["lfcc", "0.500", "[0.125,", "0.750]", "0.500", "0.200"],
        ["mfcc", "0.250", "[0.125,", "0.750]", "0.500", "0.200"],
    ]
    assert LONG in "".join(line.partition(" ")[0] for line in lines)
    assert any("missing" in line for line in lines)
    assert lines[-1] == "cnn is best."


def test_without_tables_it_says_how_to_make_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_text("config.yaml", "results_dir: out\n")
    assert cli.main(["results"]) == 1
    assert "`snakemake out/tables --cores all` makes it" in capsys.readouterr().err
