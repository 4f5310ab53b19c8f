"""Change one thing: exactly the jobs that depend on it run again, no fewer, no more.

The tiny experiment has six runs by cosine (fft, mfcc and f0 at two settings) and two by DTW (mfcc
and f0 at one); mel is validated against librosa at one setting; the spectrogram matrix is measured
for a table of its own, and drawn with a clip's spectrogram; one network is trained on mel, and its
hidden vectors are ranked by cosine; one autoencoder is trained on mel, and its codes are ranked by
both distances.
"""

import os
import wave
from collections import Counter

import pytest

pytestmark = pytest.mark.xdist_group("workflow")


def chain(n_runs: int, n_tables: int) -> dict[str, int]:
    """Return the jobs of so many runs of retrieval, from their distances to their tables."""
    rules = ("compute_distances", "rank_gallery", "score_retrieval")
    return {**dict.fromkeys(rules, n_runs), "make_retrieval_table": n_tables}


def together(*jobs: dict[str, int]) -> dict[str, int]:
    """Add up jobs that have none in common."""
    return dict(sum(map(Counter, jobs), Counter()))


# Codes stand in one table by both distances, beside the table of each distance; hidden vectors in
# one of their own.
DTW = chain(2 + 1, 2)
COSINE = chain(6 + 2, 3)
RETRIEVAL = chain(11, 4)
RANKED = {rule: n for rule, n in RETRIEVAL.items() if rule != "compute_distances"}
SEARCH = {
    "search_gallery": 3,
    "rank_gallery": 3,
    "score_retrieval": 3,
    "make_retrieval_table": 2,
    "make_search_table": 1,
}
MFCC = {"build_feature_bank": 2, **chain(3, 2)}
VALIDATION = {"validate_features": 1, "make_validation_table": 1}
TABLED = {"score_classification": 1, "make_classification_table": 1}
TRAINED_CLASSIFIER = {"train_classifier": 1, **TABLED, "embed_clips": 1}
CLASSIFICATION = TRAINED_CLASSIFIER | chain(1, 1)
TRAINED_AUTOENCODER = {"train_autoencoder": 1, "embed_clips": 1}
AUTOENCODER = TRAINED_AUTOENCODER | chain(2, 1)
LEARNED = together(CLASSIFICATION, AUTOENCODER)
MEL = {"build_feature_bank": 1, **LEARNED, **VALIDATION}
BANDS = together(MFCC, MEL)
KERNELS = BANDS | chain(3 + 1 + 3, 4)
FEATURES = {"build_feature_bank": 7, **LEARNED, **RETRIEVAL, **VALIDATION}
SHARDED = {"build_feature_shard": 14, "gather_feature_bank": 7, **FEATURES}
del SHARDED["build_feature_bank"], SHARDED["validate_features"], SHARDED["make_validation_table"]
FIGURE = {"plot_stft_matrix": 1}
MATRIX_TABLE = {"measure_matrix": 1, "make_matrix_table": 1}
FROM_CLIPS = {"decode_audio": 2, **FEATURES, **FIGURE}
STFT_44K = {"build_feature_bank": 2, **chain(2, 1)}
MODEL = "out/models/cnn/mel/sr44100_nfft2048_hop1024/fold5/seed0"
EVERYTHING = {"build_index": 1, "split_clips": 1, **FROM_CLIPS}

CONFIG = [
    ("  mfcc: {n_mfcc: 13,", "  mfcc: {n_mfcc: 12,", MFCC),
    ("f0: {fmin: 75.0", "f0: {fmin: 80.0", MFCC),
    ("mel: {n_mels: 40", "mel: {n_mels: 39", MEL),
    ("lfcc: {n_lfcc: 13", "lfcc: {n_lfcc: 12", {}),
    ("local_cost: euclidean", "local_cost: squared", DTW),
    ("band: null", "band: 0.5", DTW),
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
        {"make_retrieval_table": 4, "make_classification_table": 1},
    ),
    (
        "top_k: [10, 20]",
        "top_k: [10]",
        RANKED,
    ),
    ("feature_shards: 1", "feature_shards: 2", SHARDED),
    (
        "threads: 2                # of torch",
        "threads: 1                # of torch",
        CLASSIFICATION,
    ),
    ("threads: 2                # as", "threads: 1                # as", AUTOENCODER),
    # Two rows of tiles for the twenty queries.
    ("queries: 400", "queries: 10", {**RETRIEVAL, "compute_distances": 22}),
    # The same tiles, of another size all the same.
    ("gallery: 1600", "gallery: 1601", RETRIEVAL),
    ("mode: full", "mode: top_k", SEARCH),
    ("device: cpu", "device: cuda", DTW),
    (
        "query_folds: [5]",
        "query_folds: [4]",
        {"split_clips": 1, **LEARNED, **RETRIEVAL},
    ),
    ("learning_rate: 0.002", "learning_rate: 0.003", CLASSIFICATION),
    ("mixup: 0.4", "mixup: 0", CLASSIFICATION),
    ("losses: [cross_entropy]", "losses: [supcon]", CLASSIFICATION),
    ("temperature: 0.1", "temperature: 0.2", {}),
    ("weight_decay: 0.01", "weight_decay: 0.02", AUTOENCODER),
    ("max_bins: 128", "max_bins: 64", LEARNED),
    ("seeds: [0]", "seeds: [1]", LEARNED),
    ("distance: [dtw, cosine]", "distance: [cosine, dtw]", {"make_retrieval_table": 1}),
    ("  crnn: {}", "  crnn: {hidden: 32}", {}),
    ("project: resound", "project: another", {}),
    ("partial: false", "partial: true", {}),
    ("exclude_same_recording: true", "exclude_same_recording: false", {}),
    ("on_bad_audio: error", "on_bad_audio: skip", EVERYTHING),
    ("size: 645695005", "size: 645695006", {}),
    ("  44k: {", "  x44: {", {}),
]

MODULES = [
    (
        "src/resound/banks.py",
        {rule: n for rule, n in FEATURES.items() if rule not in VALIDATION},
    ),
    ("src/resound/costs.py", {}),
    ("src/resound/distances/dtw.py", DTW),
    ("src/resound/distances/_dtw_kernels.py", DTW),
    ("src/resound/distances/_dtw_inputs.py", DTW),
    ("src/resound/distances/_dtw_cuda.py", {}),
    ("src/resound/dsp/_fft_kernels.py", BANDS),
    ("src/resound/lanes.py", KERNELS),
    ("src/resound/kernels.py", KERNELS),
    ("src/resound/distances/cosine.py", COSINE),
    (
        "src/resound/retrieval.py",
        RANKED,
    ),
    ("src/resound/distances/dtw_search.py", {}),
    (
        "src/resound/evaluation/tiles.py",
        RANKED,
    ),
    ("src/resound/tiling.py", RETRIEVAL),
    ("src/resound/dsp/matrix.py", {"measure_matrix": 1, "make_matrix_table": 1, **FIGURE}),
    ("src/resound/evaluation/matrix_costs.py", {**MATRIX_TABLE, **FIGURE}),
    ("src/resound/plots/style.py", FIGURE),
    (
        "src/resound/metrics/bootstrap.py",
        {"make_retrieval_table": 4, "make_classification_table": 1},
    ),
    ("src/resound/models/cnn.py", CLASSIFICATION),
    ("src/resound/models/crnn.py", {}),
    ("src/resound/training/augment.py", CLASSIFICATION),
    ("src/resound/training/contrastive.py", CLASSIFICATION),
    ("src/resound/models/autoencoder.py", AUTOENCODER),
    ("src/resound/training/reconstruction.py", AUTOENCODER),
    ("src/resound/training/tracking.py", LEARNED),
    # Every ranking asks a record what its network has seen.
    ("src/resound/training/record.py", {**LEARNED, **RANKED}),
    ("src/resound/evaluation/predictions.py", TABLED),
    ("src/resound/evaluation/classification.py", {"make_classification_table": 1}),
    ("src/resound/report/classification.py", {"make_classification_table": 1}),
    ("src/resound/validation.py", VALIDATION),
    (
        "src/resound/report/tables.py",
        {
            "make_retrieval_table": 4,
            "make_validation_table": 1,
            "make_matrix_table": 1,
            "make_classification_table": 1,
        },
    ),
    ("src/resound/config.py", {}),
    ("src/resound/specs.py", {}),
]


@pytest.mark.parametrize(("old", "new", "expected"), CONFIG, ids=[new for _, new, _ in CONFIG])
def test_a_config_key_re_runs_its_chain(restored, old, new, expected):
    if old.startswith("  44k"):
        restored.edit("config.yaml", "stft: [44k, 16k]", "stft: [x44, 16k]")
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
        assert restored.stale() == {"make_classification_table": 1, "make_retrieval_table": 1}
    finally:
        model.write_bytes(kept)
