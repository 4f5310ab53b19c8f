"""Change one thing: exactly the jobs that depend on it run again, no fewer, no more.

The tiny experiment has six runs by cosine (fft, mfcc and f0 at two settings) and two by DTW (mfcc
and f0 at one); mel is validated against librosa at one setting; the spectrogram matrix is measured
for a table of its own, and drawn with a clip's spectrogram; one network is trained on mel, and its
hidden vectors are ranked by cosine; one autoencoder is trained on mel, and its codes are ranked by
both distances. Both networks' embeddings are mapped and drawn; each retrieval table has a figure.
"""

import os
import wave
from collections import Counter

import pytest

# One job each, whatever it is that they look across.
COMPARED = dict.fromkeys(("make_significance_table", "make_summary_table"), 1)
ONCE = (*COMPARED, "plot_precision", "plot_training", "plot_features", "plot_dtw")


def chain(n_runs: int, n_tables: int) -> dict[str, int]:
    """Return the jobs of so many runs of retrieval, from distances to tables and their figures."""
    rules = ("compute_distances", "rank_gallery", "score_retrieval")
    tabled = dict.fromkeys(("make_retrieval_table", "plot_retrieval"), n_tables)
    return {**dict.fromkeys(rules, n_runs), **tabled, **COMPARED, "plot_precision": 1}


def together(*jobs: dict[str, int]) -> dict[str, int]:
    """Add up jobs that have none in common but those that look across."""
    total = dict(sum(map(Counter, jobs), Counter()))
    return total | {rule: 1 for rule in ONCE if rule in total}


# Codes stand in one table by both distances, beside the table of each distance; hidden vectors in
# one of their own.
DTW = chain(2 + 1, 2)
PATH = {"plot_dtw": 1}
CLIPS = {"plot_features": 1}
COSINE = chain(6 + 2, 3)
RETRIEVAL = chain(11, 4)
RANKED = {rule: n for rule, n in RETRIEVAL.items() if rule != "compute_distances"}
# Orders of ties decide no ranking.
ORDERED = {"score_retrieval": 11, "make_retrieval_table": 4, "plot_retrieval": 4, **COMPARED}
# The rankings stay; the table of what the searches left out is new.
SEARCH = {"search_gallery": 3, "make_search_table": 1}
F0 = {"build_feature_bank": 2, **chain(3, 2), **CLIPS}
MFCC = {**F0, **PATH}
VALIDATION = {"validate_features": 1, "make_validation_table": 1}
TABLED = {
    "score_classification": 1,
    "make_classification_table": 1,
    "make_calibration_table": 1,
    "plot_confusion": 1,
    **COMPARED,
}
EMBEDDED = dict.fromkeys(("embed_clips", "map_embeddings", "plot_tsne", "plot_training"), 1)
CLASSIFICATION = {"train_classifier": 1, **TABLED, **EMBEDDED, **chain(1, 1)}
AUTOENCODER = {"train_autoencoder": 1, **EMBEDDED, **chain(2, 1)}
LEARNED = together(CLASSIFICATION, AUTOENCODER)
MEL = {"build_feature_bank": 1, **LEARNED, **VALIDATION, **CLIPS}
BANDS = together(MFCC, MEL)
KERNELS = BANDS | RETRIEVAL  # DTW and cosine alike are computed in lanes
FEATURES = {"build_feature_bank": 7, **LEARNED, **RETRIEVAL, **VALIDATION, **CLIPS, **PATH}
OF_BANKS = {r: n for r, n in FEATURES.items() if r not in {**VALIDATION, **CLIPS, **PATH}}
FIGURE = {"plot_matrix": 1}
MATRIX_TABLE = {"measure_matrix": 1, "make_matrix_spectrogram_table": 1}
FROM_CLIPS = {"decode_audio": 2, **FEATURES, **FIGURE}
STFT_44K = {"build_feature_bank": 2, **chain(2, 1), **CLIPS, **PATH}
MODEL = "out/models/cnn/mel/sr44100_nfft2048_hop1024/fold5/seed0"
EVERYTHING = {"build_index": 1, "split_clips": 1, **FROM_CLIPS}
RETABLED = {
    "make_retrieval_table": 4, "plot_retrieval": 4, "make_classification_table": 1,
    "make_calibration_table": 1,
}  # fmt: skip
PLOTTED = {
    **FIGURE, **CLIPS, **PATH, "plot_retrieval": 4, "plot_precision": 1, "plot_training": 1,
    "plot_confusion": 1, "plot_tsne": 2,
}  # fmt: skip

CONFIG = [
    ("  mfcc: {n_mfcc: 13,", "  mfcc: {n_mfcc: 12,", MFCC),
    ("f0: {fmin: 75.0", "f0: {fmin: 80.0", F0),
    ("mel: {n_mels: 128", "mel: {n_mels: 127", MEL),
    ("lfcc: {n_lfcc: 13", "lfcc: {n_lfcc: 12", CLIPS),
    ("local_cost: euclidean", "local_cost: squared", {**DTW, **PATH}),
    ("band: null", "band: 0.5", {**DTW, **PATH}),
    (
        "n_fft: 4096, hop_length: 1024,",
        "n_fft: 4096, hop_length: 512,",
        # fft does not use frames: its two banks and runs stay.
        STFT_44K,
    ),
    ("hop_length: 1024, engine: fft}   # Hz", "hop_length: 1024, engine: matrix}   # Hz", STFT_44K),
    ("hop_length: 1024, engine: fft}   # Hz", "hop_length: 1024}   # Hz", {}),
    ("  hop_length: 32 ", "  hop_length: 16 ", {**MATRIX_TABLE, **FIGURE}),
    ("    n_samples: 256 ", "    n_samples: 128 ", FIGURE),
    ("    sample_rate: 44100 ", "    sample_rate: 16000 ", FIGURE),
    ("rounds: 5", "rounds: 6", MATRIX_TABLE),
    ("resampling: HQ", "resampling: MQ", FROM_CLIPS),
    (
        "level: 0.95",
        "level: 0.9",
        {**RETABLED, **COMPARED},
    ),
    (
        "top_k: [10, 20]",
        "top_k: [10]",
        RANKED,
    ),
    ("orders: 0", "orders: 5", ORDERED),
    ("order: coefficients", "order: frames", {}),
    ("feature_shards: 1", "feature_shards: 2", {}),
    (
        "threads: 2                # of torch",
        "threads: 1                # of torch",
        LEARNED,
    ),
    ("threads: 2              # as", "threads: 1              # as", {}),
    ("queries: 400", "queries: 10", {}),
    ("gallery: 1600", "gallery: 1601", {}),
    ("mode: full", "mode: top_k", SEARCH),
    ("device: cpu", "device: cuda", DTW),
    (
        "query_folds: [5]",
        "query_folds: [4]",
        {"split_clips": 1, **LEARNED, **RETRIEVAL},
    ),
    ("learning_rate: 0.002", "learning_rate: 0.003", CLASSIFICATION),
    ("mixup: 0.4", "mixup: 0", CLASSIFICATION),
    ("crop: 0.0 ", "crop: 0.5 ", CLASSIFICATION),
    ("average: 0.0 ", "average: 0.9 ", LEARNED),
    ("  recipes: {}  ", "  recipes: {cnn: {batch_size: 16}}  ", CLASSIFICATION),
    ("  recipes: {}  ", "  recipes: {crnn: {batch_size: 16}}  ", {}),
    ("losses: [cross_entropy]", "losses: [supcon]", CLASSIFICATION),
    ("temperature: 0.1", "temperature: 0.2", {}),
    ("weight_decay: 0.01", "weight_decay: 0.02", AUTOENCODER),
    ("max_bins: 128", "max_bins: 64", LEARNED),
    ("seeds: [0]", "seeds: [1]", LEARNED),
    (
        "distance: [dtw, cosine]",
        "distance: [cosine, dtw]",
        {
            **COMPARED,
            "make_retrieval_table": 1,
            "plot_retrieval": 1,
            "plot_precision": 1,
        },
    ),
    ("  crnn: {}", "  crnn: {hidden: 32}", {}),
    ("metric: mrr", "metric: map", {**COMPARED, "plot_retrieval": 4}),
    ("pairs: best", "pairs: all", {"make_significance_table": 1, "make_summary_table": 1}),
    ("perplexity: 30.0", "perplexity: 20.0", {"map_embeddings": 2, "plot_tsne": 2}),
    ("show: [matrix, features", "show: [features, matrix", {}),
    ("project: resound", "project: another", {}),
    ("partial: false", "partial: true", {}),
    ("exclude_same_recording: true", "exclude_same_recording: false", {}),
    ("on_bad_audio: error", "on_bad_audio: skip", EVERYTHING),
    ("on_near_names: keep", "on_near_names: error", {}),
    ("size: 645695005", "size: 645695006", {}),
    ("  44k: {", "  x44: {", {}),
]

MODULES = [
    ("src/resound/banks.py", OF_BANKS),
    ("src/resound/experiment/resources.py", {}),
    ("src/resound/distances/dtw.py", {**DTW, **PATH}),
    ("src/resound/distances/_dtw_kernels.py", {**DTW, **PATH}),
    ("src/resound/distances/_dtw_inputs.py", {**DTW, **PATH}),
    ("src/resound/distances/_dtw_cuda.py", {}),
    ("src/resound/dsp/_fft_kernels.py", BANDS),
    ("src/resound/compiled/lanes.py", KERNELS),
    ("src/resound/compiled/cache.py", KERNELS),
    ("src/resound/distances/cosine.py", COSINE),
    (
        "src/resound/retrieval/ranking.py",
        RANKED,
    ),
    ("src/resound/distances/dtw_search.py", {}),
    (
        "src/resound/evaluation/tiles.py",
        RANKED,
    ),
    ("src/resound/experiment/tiles.py", RETRIEVAL),
    (
        "src/resound/dsp/matrix.py",
        {"measure_matrix": 1, "make_matrix_spectrogram_table": 1, **FIGURE},
    ),
    ("src/resound/evaluation/matrix_costs.py", {**MATRIX_TABLE, **FIGURE}),
    ("src/resound/plots/style.py", PLOTTED),
    ("src/resound/plots/tsne.py", {"plot_tsne": 2}),
    ("src/resound/distances/dtw_path.py", PATH),
    ("src/resound/evaluation/maps.py", {"map_embeddings": 2, "plot_tsne": 2}),
    ("src/resound/evaluation/comparison.py", COMPARED),
    (
        "src/resound/metrics/intervals.py",
        {**RETABLED, **COMPARED},
    ),
    ("src/resound/models/cnn.py", CLASSIFICATION),
    ("src/resound/models/crnn.py", {}),
    ("src/resound/training/augment.py", CLASSIFICATION),
    ("src/resound/training/losses/loss.py", CLASSIFICATION),
    ("src/resound/training/losses/supcon.py", {}),
    ("src/resound/models/autoencoder.py", AUTOENCODER),
    ("src/resound/training/reconstruction.py", AUTOENCODER),
    ("src/resound/training/tracking.py", {}),
    ("src/resound/jobs/progress.py", {}),
    ("src/resound/jobs/script.py", {}),
    ("src/resound/pages.py", {}),
    ("src/resound/data/faults.py", {}),
    # Trackers count by it what a training came to; it trains nothing.
    (
        "src/resound/metrics/classification.py",
        {"make_classification_table": 1, "make_calibration_table": 1, "make_summary_table": 1},
    ),
    # Every ranking asks a record what its network has seen.
    ("src/resound/training/record.py", {**LEARNED, **RANKED}),
    ("src/resound/evaluation/predictions.py", TABLED),
    (
        "src/resound/evaluation/classification.py",
        {"make_classification_table": 1, "make_calibration_table": 1, "make_summary_table": 1},
    ),
    (
        "src/resound/report/classification.py",
        {"make_classification_table": 1, "make_summary_table": 1},
    ),
    ("src/resound/evaluation/calibration.py", {"make_calibration_table": 1}),
    ("src/resound/metrics/calibration.py", {"make_calibration_table": 1}),
    ("src/resound/evaluation/changed.py", {}),
    ("src/resound/evaluation/disturbed.py", {}),
    ("src/resound/evaluation/validation.py", VALIDATION),
    ("src/resound/report/validation.py", {"make_validation_table": 1}),
    ("src/resound/training/selection.py", LEARNED),
    (
        "src/resound/report/tables.py",
        {
            **RETABLED,
            **COMPARED,
            "make_validation_table": 1,
            "make_matrix_spectrogram_table": 1,
        },
    ),
    ("src/resound/experiment/config.py", {}),
    ("src/resound/experiment/specs.py", {}),
]


@pytest.mark.parametrize(("old", "new", "expected"), CONFIG, ids=[new for _, new, _ in CONFIG])
def test_a_config_key_re_runs_its_chain(restored, old, new, expected):
    if old.startswith("  44k"):
        restored.edit("config.yaml", "stft: [44k, 16k]", "stft: [x44, 16k]")
        restored.edit("config.yaml", "stft: 44k", "stft: x44")
    restored.edit("config.yaml", old, new)
    assert restored.stale() == expected


@pytest.mark.parametrize(("module", "expected"), MODULES, ids=[m for m, _ in MODULES])
def test_an_edited_module_re_runs_its_users(restored, module, expected):
    path = restored.folder / module
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert restored.stale() == expected


@pytest.mark.parametrize(
    "file",
    ["src/resound/distances/dtw.py", "src/resound/store.py", "workflow/scripts/rank_gallery.py"],
)
def test_a_comment_re_runs_nothing(restored, file):
    path = restored.folder / file
    path.write_text("# A comment.\n" + path.read_text() + "\n# Another.\n")
    assert restored.stale() == {}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/resound/store.py", "cannot be stored; give it numbers", "is no array of numbers"),
        ("src/resound/training/fit.py", "going on from %s", "continuing from %s"),
        ("workflow/scripts/build_index.py", "remarks in", "notes in"),
    ],
    ids=["error", "log", "print"],
)
def test_other_words_re_run_nothing(restored, file, old, new):
    restored.edit(file, old, new)
    assert restored.stale() == {}


def test_an_edited_script_re_runs_its_rule_and_what_follows(restored):
    path = restored.folder / "workflow/scripts/rank_gallery.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert restored.stale() == RANKED


def test_a_touched_clip_re_runs_nothing(restored):
    clip = min((restored.folder / "data/audio").iterdir())
    os.utime(clip)
    assert restored.stale() == {}


def test_a_changed_clip_re_runs_what_contains_it(restored):
    clip = min((restored.folder / "data/audio").iterdir())
    with wave.open(str(clip), "rb") as file:
        header, frames = file.getparams(), file.readframes(file.getnframes())
    with wave.open(str(clip), "wb") as file:
        file.setparams(header)
        file.writeframes(frames[::-1])
    assert restored.stale() == EVERYTHING


def test_a_deleted_table_is_made_again(restored):
    table = restored.folder / "out/tables/validation.md"
    kept = table.read_bytes()
    table.unlink()
    try:
        assert restored.stale() == {"make_validation_table": 1}
    finally:
        table.write_bytes(kept)


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_where_trainings_report_to_re_runs_nothing(restored, mode):
    restored.edit("tiny.yaml", "mode: disabled", f"mode: {mode}")
    assert restored.stale() == {}


def test_a_partial_table_is_made_without_the_cells_that_are_not_there(restored):
    model = restored.folder / MODEL / "model.json"
    kept = model.read_bytes()
    model.unlink()
    try:
        restored.edit("config.yaml", "partial: false", "partial: true")
        assert restored.stale() == {
            "make_classification_table": 1,
            "make_calibration_table": 1,
            "make_retrieval_table": 1,
            "plot_retrieval": 1,
            "plot_precision": 1,
            "plot_training": 1,
            **COMPARED,
        }
    finally:
        model.write_bytes(kept)
