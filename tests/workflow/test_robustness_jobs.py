"""Disturbed clips in a run: their jobs, and what makes them again."""

import pandas as pd
import pytest

CONFIG = """
robustness: {conditions: {loud: {noise: 0}, same: {gain: 0}}}
retrieval:
  tables:
    retrieval_dtw: {features: [f0], stft: [16k]}
"""
FOUND = "out/tables/retrieval_robustness.csv"
CLASSED = "out/tables/classification_robustness.csv"
# Of the six banks of features that the tiny run compares in seven ways, at two sample rates, and of
# the networks that it trains, which compare in three.
MADE = {
    "disturb_clips": 2, "build_disturbed_bank": 7, "embed_disturbed": 2, "compute_distances": 10,
    "rank_gallery": 10, "score_retrieval": 10, "answer_disturbed": 1,
}  # fmt: skip
SHOWN = {"make_retrieval_robustness_table": 1, "make_classification_robustness_table": 1}


@pytest.mark.slow
def test_disturbed_clips_are_made_shown_and_made_again_when_they_are_stale(copied):
    (copied.folder / "loud.yaml").write_text(CONFIG)

    def run(*arguments):
        files = ("--configfile", "tiny.yaml", "loud.yaml")
        return copied.jobs(copied.snakemake(FOUND, CLASSED, *arguments, *files))

    assert run() == {**{rule: 2 * n for rule, n in MADE.items()}, **SHOWN}
    table = pd.read_csv(copied.folder / FOUND)
    rows = table[(table["feature"] == "f0") & (table["method"] == "dtw")].to_dict("records")
    clean, loud, same = rows
    assert pd.isna(clean["condition"])
    assert (loud["condition"], same["condition"]) == ("loud", "same")
    assert loud["left_mrr@10"] == pytest.approx(loud["mrr@10"] / clean["mrr@10"])
    assert "noise 0 dB" in (copied.folder / FOUND).with_suffix(".md").read_text()
    # Clips that nothing is done to find what clips as they are find, those of networks too.
    unchanged = table[table["condition"] == "same"]
    assert {"cnn", "autoencoder_128"} <= set(unchanged["network"].dropna())
    assert (unchanged["left_mrr@10"] == 1).all()
    classed = pd.read_csv(copied.folder / CLASSED)
    assert list(classed["query"]) == ["clean", "noise 0 dB", "gain 0 dB"]
    assert classed["accuracy"].iloc[0] == classed["accuracy"].iloc[2]

    assert run("--dry-run") == {}
    copied.edit("loud.yaml", "noise: 0", "noise: 10")
    assert run("--dry-run") == {**MADE, **SHOWN}
    copied.edit("loud.yaml", "{loud: {noise: 10}", "{loud: {noise: 0}, dull: {lowpass: 900}")
    assert run("--dry-run") == {**MADE, **SHOWN}
