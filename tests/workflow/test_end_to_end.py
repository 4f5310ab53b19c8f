"""From generated clips to tables, as a user types it."""

import re

import numpy as np
import pandas as pd
import pytest

FIRST = ["method", "feature", "setting", "protocol", "query_fold", "n_queries"]


def test_the_tables_are_made_in_three_forms(finished):
    made = sorted(path.name for path in (finished.folder / "out/tables").iterdir())
    names = (
        "calibration",
        "classification",
        "matrix_spectrogram",
        "retrieval_autoencoder",
        "retrieval_cosine",
        "retrieval_dtw",
        "retrieval_embeddings",
        "significance",
        "summary",
        "validation",
    )
    assert made == sorted(f"{name}.{form}" for name in names for form in ("csv", "md", "tex"))


def test_the_figures_are_made_in_two_forms(finished):
    figures = finished.folder / "out/figures"
    made = sorted(str(p.relative_to(figures)) for p in figures.rglob("*") if p.is_file())
    setting = "mel/sr44100_nfft2048_hop1024"
    names = (
        "stft_matrix_real", "features", "dtw_path", "precision", "training",
        "retrieval_autoencoder", "retrieval_cosine", "retrieval_dtw", "retrieval_embeddings",
        f"confusion/cnn/{setting}",
        f"tsne/cnn/{setting}/fold5/seed0",
        f"tsne/autoencoder_128/{setting}/fold5/seed0",
    )  # fmt: skip
    assert made == sorted(f"{name}.{form}" for name in names for form in ("png", "svg"))


def test_a_map_has_a_place_for_every_clip(finished):
    path = "out/maps/cnn/mel/sr44100_nfft2048_hop1024/fold5/seed0.csv"
    places = pd.read_csv(finished.folder / path)
    clips = pd.read_csv(finished.folder / "out/index/clips.csv")
    assert list(places.columns) == ["clip_id", "x", "y"]
    assert list(places["clip_id"]) == list(clips["id"])


def test_methods_are_compared_query_by_query(finished):
    tests = pd.read_csv(finished.folder / "out/tables/significance.csv")
    # Four tables of retrieval: their best, and each table's best with its 5, 1, 0 and 1 others;
    # the one classifier has none to be compared with. By every metric; the headline's are shown.
    assert set(tests["metric"].value_counts()) == {6 + 7}
    cosine = pd.read_csv(finished.folder / "out/tables/retrieval_cosine.csv")
    assert {*tests["metric"]} == {c.removesuffix("_low") for c in cosine if c.endswith("_low")}
    shown = (finished.folder / "out/tables/significance.md").read_text()
    assert shown.count("| mrr@10 ") == 6 + 7
    assert "| map@10 " not in shown
    assert (tests["n_recordings"] == 10).all()
    assert (tests["difference"] >= 0).all()
    assert (tests["p_adjusted"] >= tests["p_value"]).all()
    # Ten recordings have 512 patterns of signs, and all are counted.
    assert (tests["p_value"] * 512 % 1 == 0).all()


def test_the_summary_has_a_row_for_each_table(finished):
    summary = pd.read_csv(finished.folder / "out/tables/summary.csv").set_index("table")
    assert summary["n_methods"].to_dict() == {
        "retrieval_cosine": 6, "retrieval_dtw": 2, "retrieval_embeddings": 1,
        "retrieval_autoencoder": 2, "classification": 1,
    }  # fmt: skip
    cosine = pd.read_csv(finished.folder / "out/tables/retrieval_cosine.csv")
    assert summary.loc["retrieval_cosine", "value"] == cosine["mrr@10"].max()


def test_the_summary_says_what_won_and_how_sure_that_is(finished):
    told = (finished.folder / "out/tables/summary.md").read_text().splitlines()[0]
    tests = pd.read_csv(finished.folder / "out/tables/significance.csv")
    tests = tests[tests["metric"] == "mrr@10"]
    best = tests.loc[tests["mean_a"].idxmax()]
    others = tests[tests["method_a"] == best["method_a"]]
    second = others.loc[others["difference"].idxmin()]
    assert re.match(
        rf".+ is best by mrr@10: {best['mean_a']:.3f}, ahead of .+ by {second['difference']:.3f} "
        rf"\[.+\], p = {second['p_adjusted']:.2g}, adjusted for all pairs of methods\.",
        told,
    )


def test_snakemake_s_report_has_every_table_and_figure(finished, tmp_path):
    report = tmp_path / "report.html"
    finished.snakemake("--report", str(report), "--configfile", "tiny.yaml")
    text = report.read_text()
    tables = [path.name for path in (finished.folder / "out/tables").glob("*.csv")]
    figures = [path.name for path in (finished.folder / "out/figures").rglob("*.png")]
    for name in tables + figures:
        assert f'"name": "{name}"' in text
    for category in ("Tables", "Figures"):
        assert f'"{category}": {{"' in text
    for part in ("Features", "Retrieval", "Networks", "Embeddings"):
        assert f'"{part}": ["out/figures/' in text
    assert "methods of the table retrieval_dtw, at rank 10. The methods are sorted by" in text
    assert "mailto:" not in text  # mrr@10 is no address


def test_the_matrix_s_table_has_a_row_for_each_length(finished):
    table = pd.read_csv(finished.folder / "out/tables/matrix_spectrogram.csv")
    assert table["n_samples"].tolist() == [256, 1000]
    assert table["shape"].tolist() == ["(448, 256)", "(1920, 1000)"]
    assert (table["max_difference"] < 1e-5).all()


def test_a_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.run()


def test_a_dry_run_in_a_forked_process_plans_what_the_command_plans(restored):
    restored.edit("config.yaml", "level: 0.95", "level: 0.9")
    plan = restored.stale()
    assert plan
    assert restored.jobs(restored.run("-n")) == plan


@pytest.mark.parametrize("target", ["out/tables/", "out/figures/"])
def test_a_folder_with_a_slash_is_a_target_too(finished, target):
    output = finished.snakemake(target, "--configfile", "tiny.yaml")
    assert "Nothing to be done" in output


def test_all_of_it_is_a_target_too(finished):
    plan = finished.jobs(finished.snakemake("all", "--dry-run", "--configfile", "tiny.yaml"))
    assert plan == {"all": 1, "render_report": 1}


def test_a_retrieval_table_has_the_promised_columns(finished):
    table = pd.read_csv(finished.folder / "out/tables/retrieval_cosine.csv")
    assert list(table.columns[:6]) == FIRST
    assert list(table.columns[6:9]) == ["mrr@10", "mrr@10_low", "mrr@10_high"]
    assert list(table["feature"]) == ["fft", "fft", "mfcc", "mfcc", "f0", "f0"]
    assert set(table["setting"]) >= {"sr44100", "sr16000_nfft2048_hop512"}
    assert (table["n_queries"] == 20).all()
    assert (table["mrr@10_low"] < table["mrr@10"]).all()
    assert (table["mrr@10"] < table["mrr@10_high"]).all()


def test_the_study_has_no_place_beside_generated_clips(finished):
    tables = sorted((finished.folder / "out/tables").glob("*.csv"))
    assert {"retrieval_cosine", "classification", "validation"} <= {path.stem for path in tables}
    for path in tables:
        assert not pd.read_csv(path).filter(like="published_").columns.tolist()
        assert "the study" not in path.with_suffix(".md").read_text()


def test_the_codes_of_the_autoencoder_are_ranked(finished):
    table = pd.read_csv(finished.folder / "out/tables/retrieval_autoencoder.csv")
    assert list(table["method"]) == ["dtw", "cosine"]
    assert list(table["network"]) == ["autoencoder_128"] * 2
    assert (table["n_queries"] == 20).all()


def test_the_hidden_vectors_of_the_classifier_are_ranked(finished):
    table = pd.read_csv(finished.folder / "out/tables/retrieval_embeddings.csv")
    assert table[["method", "network", "feature"]].to_numpy().tolist() == [["cosine", "cnn", "mel"]]
    assert table["n_queries"].item() == 20
    assert table["proportion@10"].item() > 0


def test_generated_classes_can_be_told_apart(finished):
    table = pd.read_csv(finished.folder / "out/tables/retrieval_cosine.csv")
    mfcc = table[table["feature"] == "mfcc"]
    assert (mfcc["proportion@10"] > 0.2).all(), "chance is 0.1"


def test_each_rule_leaves_a_log_and_a_benchmark(finished):
    out = finished.folder / "out"
    for kind, suffix in (("logs", ".log"), ("benchmarks", ".tsv")):
        found = {path.relative_to(out / kind).parts[0] for path in (out / kind).rglob(f"*{suffix}")}
        assert {name.removesuffix(suffix) for name in found} == {
            "fetch_dataset", "build_index", "split_clips", "decode_audio", "build_feature_bank",
            "validate_features", "compute_distances", "rank_gallery", "score_retrieval",
            "make_retrieval_table", "make_validation_table", "measure_matrix",
            "make_matrix_spectrogram_table",
            "plot_matrix", "plot_features", "plot_dtw", "plot_retrieval",
            "plot_precision", "plot_training", "plot_confusion", "map_embeddings", "plot_tsne",
            "make_significance_table", "make_summary_table", "train_classifier",
            "train_autoencoder", "embed_clips",
            "score_classification", "make_classification_table", "make_calibration_table",
        }  # fmt: skip


def test_the_matrix_engine_makes_the_same_bank_in_a_file_of_its_own(restored):
    restored.edit("config.yaml", "hop_length: 512, engine: fft", "hop_length: 512, engine: matrix")
    banks = restored.folder / "out/features/mfcc"
    target = "out/features/mfcc/sr16000_nfft2048_hop512_matrix/bank.npy"
    restored.snakemake(target, "--configfile", "tiny.yaml")
    fft = np.load(banks / "sr16000_nfft2048_hop512/bank.npy")
    np.testing.assert_allclose(np.load(restored.folder / target), fft, atol=2e-5 * abs(fft).max())


@pytest.mark.parametrize("protocol", ["cv", "leave_one_out"])
def test_the_other_protocols_reach_a_table(copied, protocol):
    copied.edit("tiny.yaml", "retrieval:\n", f"retrieval:\n  protocol: {protocol}\n")
    copied.edit("tiny.yaml", "dtw: {features: [mfcc, f0]", "dtw: {features: [mfcc]")
    target = "out/tables/retrieval_dtw.csv"
    copied.snakemake(target, "--cores", "2", "--configfile", "tiny.yaml")
    table = pd.read_csv(copied.folder / target, dtype={"query_fold": str})
    assert set(table["feature"]) == {"mfcc"}
    folds = ["1", "2", "3", "4", "5", "all"] if protocol == "cv" else ["all"]
    assert list(table["query_fold"]) == folds
    assert table["n_queries"].iloc[-1] == 100
    told = (copied.folder / target).with_suffix(".md").read_text()
    assert told.startswith(f"Retrieval on synthetic, protocol {protocol}, 100 queries.")
