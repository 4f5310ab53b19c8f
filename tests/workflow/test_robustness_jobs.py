"""Disturbed queries in a run: their jobs, and what makes them again."""

import pandas as pd
import pytest

CONFIG = """
robustness: {conditions: {loud: {noise: 0}}}
retrieval:
  tables:
    retrieval_dtw: {features: [f0], stft: [16k]}
"""
TABLE = "out/tables/retrieval_robustness.csv"
# Of the six banks of features that the tiny run compares in seven ways, at two sample rates.
MADE = {
    "disturb_clips": 2, "build_disturbed_bank": 6, "compute_distances": 7, "rank_gallery": 7,
    "score_retrieval": 7, "make_retrieval_robustness_table": 1,
}  # fmt: skip


@pytest.mark.slow
def test_disturbed_queries_are_made_shown_and_made_again_when_they_are_stale(copied):
    (copied.folder / "loud.yaml").write_text(CONFIG)

    def run(*arguments):
        return copied.snakemake(TABLE, *arguments, "--configfile", "tiny.yaml", "loud.yaml")

    assert copied.jobs(run()) == MADE
    table = pd.read_csv(copied.folder / TABLE)
    rows = table[(table["feature"] == "f0") & (table["method"] == "dtw")].to_dict("records")
    clean, loud = rows
    assert pd.isna(clean["condition"])
    assert loud["condition"] == "loud"
    assert loud["left_mrr@10"] == pytest.approx(loud["mrr@10"] / clean["mrr@10"])
    assert "noise 0 dB" in (copied.folder / TABLE).with_suffix(".md").read_text()

    assert copied.jobs(run("--dry-run")) == {}
    copied.edit("loud.yaml", "noise: 0", "noise: 10")
    assert copied.jobs(run("--dry-run")) == MADE
    copied.edit("loud.yaml", "{loud: {noise: 10}}", "{loud: {noise: 0}, dull: {lowpass: 900}}")
    assert copied.jobs(run("--dry-run")) == MADE
