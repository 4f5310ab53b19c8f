"""Fusions in a run: their jobs, what makes them again, and the same bytes however divided."""

import json

import pandas as pd

FUSED = """
retrieval:
  fusions:
    fused:
      parts:
        - {distance: dtw, feature: f0, stft: 16k}
        - {distance: cosine, feature: mfcc_summary, stft: 16k}
      scaling: [local, mutual]
      neighbours: [5]
      diffusion: {neighbours: [4], alpha: [0.5]}
      chosen_by: proportion@10
  tables:
    retrieval_fused: {distance: dtw, features: [f0], stft: [16k], fusions: [fused]}
features:
  mfcc_summary: {feature: mfcc, pooling: summary, normalise: [standardise]}
"""
TABLE = "out/tables/retrieval_fused.csv"
RANKING = "out/rankings/fusion/fused/fold5.parquet"
OF_A_FUSION = {
    "choose_fusion": 1,
    "fuse_distances": 1,
    "rank_gallery": 1,
    "score_retrieval": 1,
    "make_retrieval_table": 1,
}


def test_a_fusion_is_chosen_made_shown_and_made_again_when_it_is_stale(copied):
    (copied.folder / "fused.yaml").write_text(FUSED)

    def run(*arguments):
        configs = ("--configfile", "tiny.yaml", "fused.yaml")
        return copied.snakemake(TABLE, *arguments, *configs)

    made = copied.jobs(run())
    # Of the tiny run the distances of F0 are there; within the gallery nothing is.
    assert made == {
        "split_clips": 1, "build_feature_bank": 1, "compute_distances": 3, **OF_A_FUSION,
    }  # fmt: skip
    table = pd.read_csv(copied.folder / TABLE)
    assert list(table["method"]) == ["dtw", "fused"]
    assert table["proportion@10"].between(0, 1).all()
    told = json.loads((copied.folder / "out/fusions/fused/fold5/choice.json").read_text())
    assert told["of"] == 2
    caption = (copied.folder / TABLE).with_suffix(".md").read_text()
    assert f"fused, fold5: weights 1 1, scaling {told['chosen']['scaling']}" in caption
    assert copied.jobs(run("--dry-run")) == {}

    # More candidates: the choice and what follows; of the distances nothing.
    copied.edit("fused.yaml", "alpha: [0.5]", "alpha: [0.5, 0.9]")
    assert copied.jobs(run("--dry-run")) == OF_A_FUSION
    copied.edit("fused.yaml", "alpha: [0.5, 0.9]", "alpha: [0.5]")
    assert copied.jobs(run("--dry-run")) == {}
    # Another ridge of a distance that it does not use is none of its business.
    copied.edit("config.yaml", "ridge: 30.0", "ridge: 20.0")
    assert copied.jobs(run("--dry-run")) == {}

    # Queries divided among jobs: the same ranking, to the byte.
    whole = (copied.folder / RANKING).read_bytes()
    (copied.folder / RANKING).unlink()
    copied.edit("config.yaml", "queries: 400", "queries: 12")
    copied.edit("config.yaml", "gallery: 1600", "gallery: 50")
    assert copied.jobs(run())["fuse_distances"] == 2
    assert (copied.folder / RANKING).read_bytes() == whole
