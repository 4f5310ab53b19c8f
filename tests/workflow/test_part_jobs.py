"""Two-stage searches and queries that are parts of clips: their jobs, and what makes them again."""

import json

import pandas as pd
import pytest

CONFIG = """
partial_queries: {seconds: [0.2]}
retrieval:
  two_stage:
    quick:
      proposes: {distance: cosine, feature: mfcc_summary, stft: 16k}
      decides: {distance: dtw, feature: f0, stft: 16k}
      depth: [5, 20]
      chosen_by: mrr@10
  tables:
    retrieval_cosine: {features: [fft], stft: [16k]}
    retrieval_dtw: {features: [f0], stft: [16k]}
    retrieval_quick: {distance: dtw, features: [f0], stft: [16k], two_stage: [quick]}
features:
  mfcc_summary: {feature: mfcc, pooling: summary, normalise: [standardise]}
"""
QUICK, PARTIAL = (f"out/tables/retrieval_{name}.csv" for name in ("quick", "partial"))
RANKING = "out/rankings/two_stage/quick/fold5.parquet"
FOUND = {
    "search_in_two_stages": 1, "rank_gallery": 1, "score_retrieval": 1, "make_retrieval_table": 1,
}  # fmt: skip
OF_QUICK = {"choose_depth": 1, **FOUND}
OF_PARTS = {
    "cut_queries": 1, "build_query_bank": 1, "compute_distances": 1, "rank_gallery": 1,
    "score_retrieval": 1, "make_retrieval_partial_table": 1,
}  # fmt: skip


def test_both_are_made_shown_and_made_again_when_they_are_stale(copied):
    (copied.folder / "parts.yaml").write_text(CONFIG)

    def run(table, *arguments):
        return copied.snakemake(table, *arguments, "--configfile", "tiny.yaml", "parts.yaml")

    def stale(table):
        return copied.jobs(run(table, "--dry-run"))

    # Of the dear distance nothing is computed within the gallery but what the choice asks for.
    made = copied.jobs(run(QUICK))
    assert made == {"split_clips": 1, "build_feature_bank": 1, **OF_QUICK}
    table = pd.read_csv(copied.folder / QUICK)
    assert list(table["method"]) == ["dtw", "quick"]
    told = json.loads((copied.folder / "out/two_stage/quick/fold5/choice.json").read_text())
    depth = told["chosen"]["depth"]
    exhaustive, quick = table.to_dict("records")
    assert exhaustive["pairs"] == exhaustive["pairs_all"] == 20 * 80
    assert (quick["pairs_proposing"], quick["pairs_deciding"]) == (20 * 80, 20 * depth)
    seconds = quick["cpu_seconds_proposing"] + quick["cpu_seconds_deciding"]
    assert quick["cpu_seconds"] == pytest.approx(seconds)
    caption = (copied.folder / QUICK).with_suffix(".md").read_text()
    assert f"quick, fold5: depth {depth}, chosen of 2 by mrr@10" in caption
    assert f"{20 * depth:,} of 1,600 pairs are decided" in caption

    assert copied.jobs(run(PARTIAL)) == OF_PARTS
    table = pd.read_csv(copied.folder / PARTIAL)
    assert list(table["method"]) == ["dtw", "dtw"]
    whole, part = table.to_dict("records")
    assert pd.isna(whole["seconds"])
    assert part["seconds"] == 0.2
    assert part["left_mrr@10"] == pytest.approx(part["mrr@10"] / whole["mrr@10"])
    shown = (copied.folder / PARTIAL).with_suffix(".md").read_text()
    assert "0.2 s" in shown
    assert "at least -60 dBFS" in shown

    assert (stale(QUICK), stale(PARTIAL)) == ({}, {})
    copied.edit("parts.yaml", "depth: [5, 20]", "depth: [5, 10, 20]")
    assert (stale(QUICK), stale(PARTIAL)) == (OF_QUICK, {})
    copied.edit("parts.yaml", "depth: [5, 10, 20]", "depth: [5, 20]")
    copied.edit("parts.yaml", "seconds: [0.2]", "seconds: [0.2, 0.3]")
    assert (stale(QUICK), stale(PARTIAL)) == ({}, OF_PARTS)
    copied.edit("parts.yaml", "seconds: [0.2, 0.3]", "seconds: [0.2]")

    # Queries divided among jobs: the same ranking, to the byte.
    ranking = (copied.folder / RANKING).read_bytes()
    (copied.folder / RANKING).unlink()
    copied.edit("config.yaml", "queries: 400", "queries: 12")
    assert copied.jobs(run(RANKING)) == {"search_in_two_stages": 2, "rank_gallery": 1}
    assert (copied.folder / RANKING).read_bytes() == ranking
