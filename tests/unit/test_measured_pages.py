"""The parts of the docs that are made from measured tables."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

import measured

from resound.report.published import retrieval_figures
from resound.report.tables import retrieval_table

PAGE = "before\n<!-- generated: a -->\n\nold a\n\n<!-- end: a -->\nbetween\n"
ABOUT = {"method": "cosine", "feature": "mfcc", "setting": "sr16000"}


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "esc50_grid" / "tables"
    folder.mkdir(parents=True)
    return folder


def test_a_part_goes_between_its_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE + PAGE.replace(": a", ": b").replace("old a", "old b"))
    text = measured.filled(page, {"a": "new", "b": None})
    assert "old a" not in text
    assert text.startswith("before\n<!-- generated: a -->\n\nnew\n\n<!-- end: a -->\nbetween\n")
    assert "old b" in text


def test_what_was_never_measured_is_named(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("old a", ""))
    text = measured.filled(page, {"a": None}, measured.MISSING)
    assert text == PAGE.replace("old a", "Missing: not measured yet.")
    assert measured.filled(page, {"a": None}) == page.read_text()


def test_a_page_without_marks_is_named(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    with pytest.raises(SystemExit, match="has no marks <!-- generated: c -->"):
        measured.filled(page, {"c": "new"})


def test_the_rows_of_the_study_are_found_by_the_settings_of_its_config(tmp_path):
    folder = tmp_path / "study" / "tables"
    folder.mkdir(parents=True)
    figures = retrieval_figures()["dtw", "mfcc", "16000,2048,512"]
    about = {"method": "dtw_flattened", "feature": "mfcc_hamming", "query_fold": "5"}
    row = about | {"setting": "sr16000_nfft2048_hop1024", "protocol": "holdout"} | figures
    settings = {row["setting"]: {"sample_rate": 16000, "n_fft": 2048, "hop_length": 1024}}
    table = retrieval_table([row], settings, "esc50")
    table.to_csv(folder / "retrieval_dtw_flattened.csv", index=False)
    text = measured.study_rows(folder)
    assert text.startswith("Of 1 rows of the study's 1 are reproduced")
    assert "dtw mfcc 16000,2048,512" in text


def test_an_experiment_that_is_not_here_has_no_part(tmp_path, capsys):
    assert measured.part_of(tmp_path, "esc50", measured.all_tables, "classification") is None
    assert "stays as it is" in capsys.readouterr().out


def test_all_tables_stand_below_the_commit_that_measured_them(tables):
    (tables.parent / "commit.txt").write_text("0123456789abcdef\n")
    cells = {"network": ["cnn", "crnn"], "feature": ["mel", "mel"], "accuracy": [0.5, None]}
    pd.DataFrame(cells).to_csv(tables / "classification.csv", index=False)
    (tables / "classification.md").write_text("caption\n\n| a |\n")
    part = measured.part_of(tables.parents[1], "esc50_grid", measured.all_tables, "classification")
    assert "`workflow/configs/esc50_grid.yaml`, measured at commit 0123456789ab." in part
    assert "chance is 0.02" in part
    assert "| `mel` | 0.500 | missing |" in part
    assert "### classification\n\ncaption" in part


def test_the_better_setting_stands_beside_the_study(tables):
    rows = [
        {**ABOUT, "mrr@10": 0.25, "published_mrr@10": 0.5},
        {**ABOUT, "setting": "sr44100", "mrr@10": 0.125},
        {**ABOUT, "feature": "f0", "mrr@10": 0.375},
    ]
    metrics = dict.fromkeys(measured.README_METRICS, 0.75)
    frame = pd.DataFrame([metrics | row for row in rows])
    frame.to_csv(tables / "retrieval_cosine.csv", index=False)
    *_, first, second = measured.retrieval_beside_study(tables).splitlines()
    assert [cell.strip() for cell in first.split("|")[1:5]] == ["cosine", "f0", "sr16000", "0.375"]
    assert [cell.strip() for cell in second.split("|")[2:5]] == ["mfcc", "sr16000", "0.250 (0.500)"]


def test_networks_are_told_of_all_folds_where_there_are_several(tables):
    about = {"accuracy_low": 0.1, "accuracy_high": 0.9, "macro_f1": 0.4, "parameters": 1234}
    about |= {"accuracy_std_folds": 0.03, "train_seconds": 90, "published_accuracy": 0.25}
    rows = [
        {**about, "network": "cnn", "test_fold": "1", "accuracy": 0.7},
        {**about, "network": "cnn", "test_fold": "all", "accuracy": 0.5},
    ]
    pd.DataFrame(rows).to_csv(tables / "classification.csv", index=False)
    (row,) = measured.networks(tables).splitlines()[2:]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells == ["`cnn`", "50.0% [10.0%, 90.0%] (25.0%)", "3.0%", "0.400", "1,234", "1.5"]
    told = measured.networks_from_scratch(tables)
    assert told.endswith("Missing, not measured yet: `attention_cnn`, `crnn`, `resnet18`.")


def test_encoders_stand_beside_the_study_s_best_first(tables):
    told = {"network": ["efficientat_linear"] * 2 + ["efficientat_knn"] * 2}
    told |= {"test_fold": ["5", "all"] * 2, "missing": [None] * 3 + ["fold1: not trained"]}
    told |= {"accuracy": [0.915, 0.938, 0.5, 0.5]}
    pd.DataFrame(told).to_csv(tables / "classification.csv")
    found = {
        "network": ["efficientat_frozen", "efficientat_hidden"],
        "vector": ["frozen", "hidden"],
    }
    metrics = {name: [0.94, None] for name in measured.README_METRICS}
    frame = pd.DataFrame(found | {"method": ["cosine"] * 2} | metrics)
    frame.to_csv(tables / "retrieval_efficientat.csv")
    classes, hits = measured.encoders(tables).split("Retrieval on ESC-50")
    order = [
        "`clap_zero_shot`, the study's",
        "`beats_finetuned`, the study's",
        "`efficientat_linear`",
    ]
    assert _first_cells(classes)[2:] == [*order, "`efficientat_knn`"]
    assert "| 4               | 50.00%   |                      |" in classes, "a fold is missing"
    assert "| 4               | 91.50%   | 93.80%" in classes
    ranked = _first_cells(hits)
    assert ranked.index("`clap_zero`, the study's") < ranked.index("`efficientat_frozen`")
    assert ranked.index("`efficientat_frozen`") < ranked.index("`beats_embedding`, the study's")
    assert "`efficientat_hidden`" not in ranked, "it has no figures"
    short = measured.encoders_in_short(tables)
    assert _first_cells(short)[2:] == [*order[:1], "`efficientat_linear`", order[1]]
    assert "| 91.50%     | 0.940    | 0.940" in short


def _first_cells(text: str) -> list[str]:
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]


def test_parts_of_clips_stand_below_whole_ones_with_what_is_left(tables):
    frame = pd.DataFrame({"method": "dtw", "feature": "mfcc", "seconds": [None, 0.5]})
    for metric, values in {"mrr@10": [0.8, 0.4], "proportion@10": [0.5, 0.1]}.items():
        for end, change in {"": 0.0, "_low": -0.1, "_high": 0.1}.items():
            frame[f"{metric}{end}"] = [value + change for value in values]
            frame[f"left_{metric}{end}"] = [None, values[1] / values[0] + change]
    frame.to_csv(tables / "retrieval_partial.csv")
    told = measured.partial_queries(tables)
    assert told.startswith("In brackets intervals at 95 %.")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told.splitlines()[4:]]
    whole, half = rows
    assert whole == [
        "`dtw`",
        "mfcc",
        "whole",
        "0.800 [0.700, 0.900]",
        "",
        "0.500 [0.400, 0.600]",
        "",
    ]
    assert half[2:5] == ["0.5 s", "0.400 [0.300, 0.500]", "50% [40%, 60%]"]
    assert half[6] == "20% [10%, 30%]"


def test_what_two_stages_take_stands_beside_all_pairs(tables):
    frame = pd.DataFrame({"method": ["dtw", "quick", "fused"], "feature": ["mfcc", "both", "all"]})
    for metric in ("mrr@10", "proportion@10", "binary@10", "ndcg@10"):
        frame = frame.assign(**{f"{metric}{end}": 0.5 for end in ("", "_low", "_high")})
    frame.to_csv(tables / "retrieval_ranking.csv")
    assert "CPU seconds" not in measured.rankings(tables)
    frame["cpu_seconds"] = [8.0, 0.5, None]
    frame["pairs_all"] = [6400, None, None]
    frame["pairs_proposing"], frame["pairs_deciding"] = [None, 6400, None], [None, 80, None]
    frame["cpu_seconds_deciding"] = [None, 0.4, None]
    frame.to_csv(tables / "retrieval_ranking.csv")
    choice = tables.parent / "two_stage/quick/fold5/choice.json"
    choice.parent.mkdir(parents=True)
    choice.write_text('{"by": "mrr@10"}')
    curve = pd.DataFrame({"depth": [5, 10], "fold1": [0.25, 0.5], "mean": [0.25, 0.5]})
    curve.to_csv(choice.with_name("candidates.csv"), index=False)
    told = measured.rankings(tables)
    costs = told[told.index("Distances of all queries") :].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in costs[4:6]]
    assert cells[0] == ["`quick`", "both", "", "6,400", "80", "0.5"]
    assert cells[1] == ["`dtw`", "mfcc", "6,400", "", "", "8"]
    assert "`quick`: mrr@10 of the gallery's folds" in told
    assert told.index("| 10 ") < told.index("| 5 "), "best first"
