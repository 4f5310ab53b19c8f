"""Pretrained encoders as the workflow runs them, from tiny random checkpoints, and without any."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from resound import cli, store
from resound.data.audioset import classes_of
from resound.evaluation.zero_shot import class_probabilities
from resound.registry import DISTANCES, ENCODERS
from resound.training.record import read_record
from tests.once import made_once
from tests.shown_code import block_of
from tests.workflow.conftest import Project, undone

RETRIEVAL = tuple(f"retrieval_{of}" for of in ("clap", "beats", "efficientat", "mine", "aligned"))
TABLES = tuple(f"out/tables/{name}.csv" for name in RETRIEVAL)
CLASSIFIED = "out/tables/classification.csv"
WEIGHTS = {
    "BEATS": "beats.pt",
    "CLAP": "clap/model.safetensors",
    "AST": "ast/model.safetensors",
    "MINE": "wav2vec2/model.safetensors",
    "EFFICIENTAT": "efficientat.pt",
}
HEADS = "  heads: {beats: adapter, clap: mlp, ast: mlp, efficientat: own}"
TUNED = "waveform/sr16000/fold5/seed0"


class Encoded(Project):
    """The tiny experiment with encoders."""

    targets = (*TABLES, CLASSIFIED)
    configs = ("tiny.yaml", "encoders.yaml")


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy in which every encoder has run; leave it as you found it."""

    def make(folder: Path) -> None:
        from tests.tiny_encoders import write_all

        project = Encoded.fresh(folder)
        write_all(folder / "weights")
        for name, file in WEIGHTS.items():
            digest = store.sha256_of(folder / "weights" / file)
            project.edit("encoders.yaml", f"sha256: {name}}}", f"sha256: {digest}}}")
        project.run("--cores", "2")

    return Encoded(made_once(tmp_path_factory, "encoded", make))


@pytest.fixture
def changeable(encoded: Project) -> Iterator[Project]:
    """Yield the same, and undo a test's edits of its sources and config."""
    yield from undone(encoded)


def table(project: Project, path: str) -> pd.DataFrame:
    return pd.read_csv(project.folder / path, keep_default_na=False)


@pytest.mark.slow
def test_every_encoder_has_its_rows(encoded):
    classified = table(encoded, CLASSIFIED)
    rows = list(zip(classified["network"], classified["test_fold"], strict=True))
    assert rows == [
        *((f"{name}_zero_shot", fold) for name in ("clap", "efficientat") for fold in ("5", "all")),
        *((f"{name}_{head}", "5") for head in ("linear", "knn") for name in WEIGHTS_OF),
        *((f"{name}_finetuned", "5") for name in ("beats", "clap", "efficientat")),
    ]
    assert list(classified["n_clips"]) == [20, 100, 20, 100, *[20] * 13]
    assert list(classified["missing"]) == [""] * 17
    heads = ["", "", "", "", *["linear"] * 5, *["knn"] * 5, "adapter", "mlp", "own"]
    assert list(classified["head"]) == heads
    names = [list(table(encoded, path)["network"]) for path in TABLES]
    assert names == [
        ["clap_zero", "clap_frozen", "clap_embedding", "clap_mlp"],
        ["beats_embedding", "beats_mlp", "beats_mlp_soft", "beats_mlp_hard", "beats_mask_mlp"],
        [
            "efficientat_frozen",
            "efficientat_embedding",
            "efficientat_tags",
            "efficientat_zero_shot",
        ],
        ["mine_frozen", "mine_centred", "mine_pooled"],
        ["mine_windows"],
    ]
    for path in TABLES:
        assert (table(encoded, path)["n_queries"] == 20).all()
    caption = (encoded.folder / CLASSIFIED).with_suffix(".md").read_text()
    assert "are named by words, as those whose embedding" in caption
    assert "largest logits in the mean: efficientat_zero_shot." in caption


@pytest.mark.slow
def test_clips_that_nothing_is_done_to_are_found_and_told_as_they_are(encoded):
    """Of every kind of encoder, probe and fine-tuning: disturbed clips go the same way."""
    (encoded.folder / "same.yaml").write_text("robustness: {conditions: {same: {gain: 0}}}")
    tables = [f"out/tables/{of}_robustness.csv" for of in ("retrieval", "classification")]
    files = (*Encoded.configs, "same.yaml")
    encoded.snakemake(*tables, "--cores", "2", "--configfile", *files)
    found, classed = (table(encoded, path) for path in tables)
    same = classed[classed["condition"] == "same"]
    clean = table(encoded, CLASSIFIED)
    of_fold = clean[clean["test_fold"] == "5"].set_index("network")["accuracy"]
    assert list(same["network"]) == list(of_fold.index)
    assert list(same["accuracy"]) == list(of_fold)
    asked = found[found["condition"] == "same"]
    names = {name for path in TABLES for name in table(encoded, path)["network"]}
    left_out = {"clap_zero", "beats_mask_mlp", "efficientat_zero_shot"}
    others = {"", "autoencoder_128"}  # of the tiny run's own tables
    assert set(asked["network"]) - others == names - left_out
    assert {float(left) for left in asked["left_mrr@10"] if left} <= {1.0}


WEIGHTS_OF = ("beats", "clap", "ast", "efficientat", "mine")


@pytest.mark.slow
def test_a_fine_tuning_leaves_what_a_training_does(encoded):
    folder = encoded.folder / "out/models/beats_finetuned" / TUNED
    assert sorted(path.name for path in folder.iterdir()) == [
        "choosing.csv", "confusion.csv", "history.csv", "model.json", "predictions.csv",
        "weights.safetensors",
    ]  # fmt: skip
    record = read_record(folder / "model.json")
    assert record["outcome"] == "trained"
    assert record["folds_seen"] == [1, 2, 3, 4]
    vectors = {
        name: store.open_array(encoded.folder / f"out/embeddings/beats_{name}" / TUNED / "bank.npy")
        for name in ("embedding", "hidden", "probabilities", "classes", "masked")
    }
    predictions = pd.read_csv(folder / "predictions.csv", dtype={"id": str})
    logits = predictions.filter(like="logit:").to_numpy(np.float32)
    probabilities = vectors["probabilities"].rows(list(predictions["id"]))[:, 0]
    np.testing.assert_allclose(probabilities, class_probabilities(logits), atol=1e-5)
    assert vectors["masked"].values.shape == vectors["hidden"].values.shape
    assert np.abs(vectors["masked"].values - vectors["hidden"].values).max() > 1e-6
    assert vectors["embedding"].values.shape == (100, 1, 16)


@pytest.mark.slow
def test_classes_are_scored_by_the_tags_that_stand_for_them(encoded):
    tags = store.open_array(
        encoded.folder / "out/embeddings/efficientat_tags/waveform/sr32000/bank.npy"
    )
    assert tags.values.shape == (100, 1, 527)
    at = "efficientat_zero_shot/waveform/sr32000/all/seed0"
    predictions = pd.read_csv(
        encoded.folder / "out/models" / at / "predictions.csv", dtype={"id": str}
    )
    of_clips = tags.rows(list(predictions["id"]))[:, 0]
    names = [name.removeprefix("logit:") for name in predictions if name.startswith("logit:")]
    assert len(names) == 10
    means = [of_clips[:, own].mean(axis=1) for own in map(list, classes_of(names))]
    logits = predictions.filter(like="logit:").to_numpy(np.float32)
    np.testing.assert_allclose(logits, np.stack(means, axis=1), rtol=1e-5)
    bank = store.open_array(encoded.folder / "out/embeddings" / at / "bank.npy")
    probabilities = bank.rows(list(predictions["id"]))[:, 0]
    np.testing.assert_allclose(probabilities, class_probabilities(logits), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    [
        *(f"cosine/{of}" for of in ("clap_frozen", "clap_embedding", "beats_embedding")),
        *("cosine/beats_mlp", "cosine/efficientat_tags", "cosine/mine_pooled", "dtw/mine_windows"),
    ],
)
def test_a_recording_is_compared_by_an_encoder(encoded, monkeypatch, capsys, method):
    monkeypatch.chdir(encoded.folder)
    file = sorted((encoded.folder / "data/audio").iterdir())[30]
    asked = ["similar", str(file), "--by", method, "--csv", "--configfile"]
    assert cli.main([*asked, *encoded.configs]) == 0
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    itself = found[found["id"] == file.stem]
    assert len(found) == 10
    assert itself["distance"].item() < 1e-5


@pytest.mark.slow
def test_windows_are_embedded_and_compared_as_the_row_says(encoded):
    def opened(path: str) -> store.StoredArray:
        return store.open_array(encoded.folder / "out" / path)

    heard = "waveform/sr16000"
    waveforms = opened("audio/sr16000/waveforms.npy").values
    bank = opened(f"embeddings/mine_windows/{heard}/bank.npy")
    mine = ENCODERS["transformers"](
        {"source": str(encoded.folder / "weights/wav2vec2")}, sample_rate=16000
    )
    windows = np.stack([waveforms[40, start : start + 3200] for start in (0, 1600, 3200)])
    with torch.inference_mode():
        expected = mine.embed(torch.from_numpy(windows)).numpy()
    assert bank.values.shape == (100, 3, mine.dimension)
    np.testing.assert_allclose(bank.values[40], expected, rtol=1e-3, atol=1e-5)
    of_pooled = opened(f"distances/cosine/mine_pooled/{heard}/fold5/tile0-0/distances.npy")
    pooled = {side: bank.rows(of_pooled.ids[side]).max(axis=1) for side in of_pooled.ids}
    x, y = (part - pooled["gallery"].mean(axis=0) for part in pooled.values())
    scale = np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))
    np.testing.assert_allclose(of_pooled.values, 1 - x @ y.T / scale, atol=1e-5)
    aligned = opened(f"distances/dtw/mine_windows/{heard}/fold5/tile0-0/distances.npy")
    sides = [bank.rows(aligned.ids[side]) for side in aligned.ids]
    np.testing.assert_allclose(aligned.values, DISTANCES["dtw"](*sides), rtol=1e-5)


@pytest.mark.slow
def test_a_head_is_one_file_and_one_line(encoded, tmp_path):
    """The block of docs/extending.md, from its line in the config to the table."""
    project = encoded.copy_to(tmp_path / "headed")
    head, line = block_of("A head")
    (project.folder / "src/resound/encoders/heads/gated.py").write_text(head)
    project.edit(
        "config.yaml",
        "  heads: {beats: adapter, clap: mlp, ast: mlp, efficientat: own}",
        line.rstrip(),
    )
    done = project.snakemake(CLASSIFIED, "--cores", "2", "--configfile", *project.configs)
    assert project.jobs(done) == {"finetune": 1, **scored(1)}, "the other encoder's stays"
    before, after = (
        table(of, CLASSIFIED).set_index("network").loc["beats_finetuned"]
        for of in (encoded, project)
    )
    assert after[["head", "n_trainings"]].tolist() == ["gated", 1]
    assert after["parameters"] != before["parameters"]


@pytest.mark.slow
def test_words_are_compared_by_an_encoder_that_reads_them(encoded, monkeypatch, capsys):
    monkeypatch.chdir(encoded.folder)
    asked = ["similar", "--text", "a dog barks", "--csv", "--configfile", *encoded.configs]
    assert cli.main(asked) == 0
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    bank = store.open_array("out/embeddings/clap_frozen/waveform/sr48000/bank.npy")
    clap = ENCODERS["clap"]({"source": "weights/clap"})
    with torch.inference_mode():
        words = clap.embed_text(["a dog barks"]).numpy()[0]
    likeness = pd.Series(bank.values[:, 0] @ words, index=bank.ids["clips"])
    likeness /= np.linalg.norm(bank.values[:, 0], axis=1)
    assert list(found["id"]) == list(likeness.nlargest(10).index)
    np.testing.assert_allclose(found["distance"], 1 - likeness.nlargest(10), atol=1e-5)


def chain(n_runs: int, n_tables: int) -> dict[str, int]:
    """Return the jobs of so many runs of retrieval, from their distances to their tables."""
    rules = ("compute_distances", "rank_gallery", "score_retrieval")
    return {**dict.fromkeys(rules, n_runs), "make_retrieval_table": n_tables}


def scored(n_cells: int) -> dict[str, int]:
    return {"score_classification": n_cells, "make_classification_table": 1}


ZERO_SHOT = {"embed_classes": 1, "zero_shot": 2, **scored(2), **chain(1, 1)}
LINEAR = {"probe": 5, **scored(5)}
BEATS_TUNED = {"finetune": 1, "encode_finetuned": 1, "encode_masked": 1, **scored(1), **chain(5, 1)}
TUNED_ALL = {**BEATS_TUNED, "finetune": 3, "encode_finetuned": 3, **scored(3), **chain(8, 3)}
OF_CLAP = {
    **{"encode_clips": 1, "embed_classes": 1, "zero_shot": 2, "probe": 2},
    **{"finetune": 1, "encode_finetuned": 1, **scored(5), **chain(4, 1)},
}
OF_EFFICIENTAT = {
    **{"encode_clips": 1, "probe": 2, "finetune": 1, "encode_finetuned": 1, "tag_clips": 1},
    **{"zero_shot_by_tags": 2, **scored(5), **chain(4, 1)},
}
BY_TAGS = {"zero_shot_by_tags": 2, **scored(2), **chain(1, 1)}
EFFICIENTAT_TUNED = {"finetune": 1, "encode_finetuned": 1, **scored(1), **chain(1, 1)}
CHANGES = [
    ("config.yaml", '"This is a sound of {name}."', '"{name}"', ZERO_SHOT),
    ("encoders.yaml", "regularisation: [0.1, 1.0]", "regularisation: [0.1]", LINEAR),
    ("src/resound/data/audioset.csv", "79,Growling,\n", "79,Growling,dog\n", BY_TAGS),
    ("config.yaml", "share: 0.5", "share: 0.25", {"encode_masked": 1, **chain(1, 1)}),
    ("config.yaml", "dropout: 0.1  ", "dropout: 0.2  ", TUNED_ALL),
    ("config.yaml", "_learning_rate: 0.0003", "_learning_rate: 0.0002", EFFICIENTAT_TUNED),
    ("config.yaml", "heads: {beats: adapter", "heads: {beats: mlp", BEATS_TUNED),
    ("encoders.yaml", "hop: 0.1", "hop: 0.05", {"encode_windows": 1, **chain(2, 2)}),
    ("encoders.yaml", "pooling: max", "pooling: mean", chain(1, 1)),
    ("config.yaml", "hop: 1.0 ", "hop: 0.5 ", {}),
    ("config.yaml", "optional: true", "optional: false", {}),
    ("encoders.yaml", "source: weights/beats.pt", "source: ./weights/beats.pt", {}),
    ("src/resound/encoders/clap.py", "POWER_FLOOR = 1e-10", "POWER_FLOOR = 1e-9", OF_CLAP),
    ("src/resound/encoders/efficientat.py", "OFFSET = 4.5", "OFFSET = 4.0", OF_EFFICIENTAT),
    ("src/resound/evaluation/probe.py", "= 5000", "= 5001", {"probe": 10, **scored(10)}),
    ("src/resound/training/losses/supcon.py", "import torch", "import torch\n\nADDED = 1", {}),
    ("src/resound/report/encoders.py", '"esc10")', '"esc10", "x")', None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new", "expected"), CHANGES, ids=[c[2] for c in CHANGES])
def test_a_change_re_runs_what_stands_on_it(changeable, file, old, new, expected):
    changeable.edit(file, old, new)
    tables = {"make_retrieval_table": 5, "make_classification_table": 1}
    assert changeable.stale() == (tables if expected is None else expected)


def test_without_weights_what_is_no_row_of_the_study_s_is_left_out_and_told(copied):
    copied.edit("tiny.yaml", "zero_shot: {encoders: []}", "zero_shot: {encoders: [clap]}")
    output = copied.run("--dry-run")
    assert copied.jobs(output) == {}
    copied.match("Left out, as their weights are not here: clap; `resound weights`", output)


def test_without_weights_the_study_s_rows_stand_without_ours(copied):
    copied.edit("tiny.yaml", "zero_shot: {encoders: []}", "zero_shot: {encoders: [clap]}")
    copied.edit("tiny.yaml", "dataset: synthetic", "dataset: esc50")
    plan = copied.snakemake(TABLES[0], "--dry-run", "--configfile", "tiny.yaml")
    assert copied.jobs(plan)["make_retrieval_table"] == 1


def test_required_weights_that_are_lacking_stop_the_run_before_it_begins(copied):
    copied.edit("tiny.yaml", "finetune: {encoders: []}", "finetune: {encoders: [beats]}")
    copied.edit("config.yaml", "optional: true", "optional: false")
    output = copied.run(check=False)
    copied.match(r"encoders\.beats\.weights\.source: hf://\S+/BEATs_iter3_plus\S+\.pt", output)
    copied.match("sha256 e5815275a04b6885e7b8af63d120b29bffae2cd2225cf4915e1ec6d819d3022c", output)
    copied.match("`resound weights` tells where to get them", output)
    assert "Traceback" not in output
    assert "Job stats" not in output


@pytest.mark.slow
def test_figures_comparisons_and_the_page_show_encoders_too(encoded):
    shown = ("out/tables", "out/figures", "out/report")
    encoded.snakemake(*shown, "--cores", "2", "--configfile", *encoded.configs)
    figures = encoded.folder / "out/figures"
    assert {path.stem for path in figures.glob("tsne/clap_frozen/waveform/*.png")} == {"sr48000"}
    assert (figures / f"tsne/beats_masked/{TUNED}.png").is_file()
    drawn = {path.parts[-3] for path in figures.glob("confusion/*/waveform/*.png")}
    assert drawn == set(table(encoded, CLASSIFIED)["network"])
    tests = table(encoded, "out/tables/significance.csv")
    assert set(tests["n_queries"]) == {20}, "the zero-shot row of all clips is compared with none"
    summary = table(encoded, "out/tables/summary.csv").set_index("table")
    assert summary.loc[list(RETRIEVAL), "n_methods"].tolist() == [4, 5, 4, 3, 1]
    assert summary.loc["classification", "n_methods"] == 15
    page = (encoded.folder / "out/report/index.html").read_text()
    assert "clap_mlp" in page
    assert "beats_finetuned" in page
    assert "Tags are the three likeliest of AudioSet's classes by efficientat" in page
    assert '"tags":{"names":[' in page
    assert 'data-sort="adapter">adapter<' in page, "the head that it was trained with"
