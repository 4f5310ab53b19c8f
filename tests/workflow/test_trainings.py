"""Trainings as the workflow runs them: their files, their embeddings, their failures."""

import numpy as np
import pandas as pd
import pytest
import torch

from resound import store
from resound.errors import CheckpointError
from resound.models.resnet18 import ResNet18
from resound.training.checkpoint import read_checkpoint
from resound.training.record import check_unseen, read_record

CELL = "cnn/mel/sr44100_nfft2048_hop1024/fold5/seed0"
TABLE = "out/tables/classification.csv"
EMBEDDED = "out/tables/retrieval_embeddings.csv"
TINY = ("--configfile", "tiny.yaml")


def test_a_training_leaves_what_is_promised_and_no_checkpoint(finished):
    folder = finished.folder / "out/models" / CELL
    assert sorted(path.name for path in folder.iterdir()) == [
        "choosing.csv", "confusion.csv", "history.csv", "model.json", "predictions.csv",
        "weights.safetensors",
    ]  # fmt: skip
    assert len(pd.read_csv(folder / "history.csv")) == 2
    predictions = pd.read_csv(folder / "predictions.csv")
    assert set(predictions["fold"]) == {5}
    assert len(predictions) == 20
    assert not (finished.folder / "out/wandb").exists()


def test_a_stored_network_refuses_the_folds_that_it_has_seen(finished):
    folder = finished.folder / "out/models" / CELL
    trained = read_checkpoint(folder / "weights.safetensors", folder / "model.json")
    check_unseen(trained.record, [5])
    with pytest.raises(CheckpointError, match=r"cnn has seen folds .* fold 1 cannot be"):
        check_unseen(trained.record, [1])


def test_the_embeddings_of_all_clips_are_a_bank(copied):
    target = f"out/embeddings/{CELL}/bank.npy"
    copied.snakemake(target, "--configfile", "tiny.yaml")
    bank = store.open_array(copied.folder / target)
    assert bank.values.shape == (100, 1, 8)
    assert bank.values.dtype == np.float32
    clips = pd.read_csv(copied.folder / "out/index/clips.csv", dtype={"id": str})
    assert bank.ids["clips"] == list(clips["id"])
    assert np.isfinite(bank.values).all()
    record = read_record(copied.folder / "out/models" / CELL / "model.json")
    assert bank.spec == {"training": record["spec"]}


def test_a_cell_that_cannot_be_trained_keeps_its_row_and_stops_no_other(copied):
    # Five blocks pool more frames than 0.4 s have.
    deep = "channels: [4, 8]}, attention_cnn: {channels: [2, 2, 2, 2, 2]}"
    copied.edit("tiny.yaml", "channels: [4, 8]}", deep)
    copied.edit("tiny.yaml", "networks: [cnn]", "networks: [cnn, attention_cnn]")
    output = copied.snakemake(TABLE, "--configfile", "tiny.yaml")
    copied.match(r"attention_cnn on mel: not trained: 18 frames are fewer than the 32", output)
    table = pd.read_csv(copied.folder / TABLE).set_index("network")
    assert table.loc["cnn", "accuracy"] >= 0
    assert np.isnan(table.loc["attention_cnn", "accuracy"])
    assert "18 frames are fewer than the 32" in table.loc["attention_cnn", "missing"]
    target = f"out/embeddings/{CELL.replace('cnn', 'attention_cnn')}/bank.npy"
    embedding = copied.snakemake(target, "--configfile", "tiny.yaml", check=False)
    copied.match(r"model\.json: its training failed: 18 frames are fewer", embedding)
    assert "Traceback" not in embedding
    copied.edit("config.yaml", "partial: false", "partial: true")
    copied.snakemake(EMBEDDED, "--configfile", "tiny.yaml")
    table = pd.read_csv(copied.folder / EMBEDDED).set_index("network")
    assert table.loc["cnn", "n_queries"] == 20
    assert table.loc["attention_cnn", "n_queries"] == 0
    assert table.loc["attention_cnn", "missing"] == "fold5 seed 0"


def test_both_losses_stand_in_one_table(copied):
    copied.edit("config.yaml", "losses: [cross_entropy]", "losses: [cross_entropy, supcon]")
    done = copied.snakemake(TABLE, EMBEDDED, "--configfile", "tiny.yaml")
    assert copied.jobs(done)["train_classifier"] == 1
    for table in (TABLE, EMBEDDED):
        made = pd.read_csv(copied.folder / table)
        assert list(made["network"]) == ["cnn", "cnn_supcon"]


def test_networks_that_answer_together_are_a_row(copied):
    both = "{of: {every: [{network: cnn, feature: mel}]}, views: 3, seeds: all}"
    copied.edit("config.yaml", "ensembles: {}", f"ensembles: {{both: {both}}}")
    copied.edit("config.yaml", "seeds: [0] ", "seeds: [0, 1] ")
    done = copied.snakemake(TABLE, "--configfile", "tiny.yaml")
    assert copied.jobs(done)["answer_together"] == 1
    assert copied.jobs(done)["train_classifier"] == 1
    made = pd.read_csv(copied.folder / TABLE).set_index("network")
    assert list(made.index) == ["cnn", "both"]
    assert made["n_trainings"].tolist() == [2, 1]
    assert made["parameters"]["both"] == 2 * made["parameters"]["cnn"]
    assert "train_classifier" not in copied.jobs(copied.snakemake(TABLE, "--dry-run", *TINY))


@pytest.mark.slow
def test_recipes_are_chosen_by_pairs_of_folds(copied):
    """Two recipes, ten trainings each, of which one learns nothing: three minutes on two cores."""
    idle = "cnn: {channels: [4, 8]}, idle: {network: cnn, channels: [4, 8]}"
    copied.edit("tiny.yaml", "cnn: {channels: [4, 8]}", idle)
    copied.edit("tiny.yaml", "networks: [cnn]", "protocol: pairs, networks: [idle, cnn]")
    copied.edit("config.yaml", "recipes: {}  ", "recipes: {idle: {learning_rate: 1.0e-9}}  ")
    done = copied.snakemake("out/tables/recipes.csv", *TINY)
    assert copied.jobs(done)["train_classifier"] == 20
    made = pd.read_csv(copied.folder / "out/tables/recipes.csv")
    assert made["outer_fold"].tolist() == [fold for fold in range(1, 6) for _ in range(2)]
    assert made["n_clips"].unique().tolist() == [80]
    best = made.groupby("outer_fold")["accuracy"].max()
    chosen = made[made["chosen"]].set_index("outer_fold")
    assert chosen["accuracy"].tolist() == best.tolist()


def test_what_a_network_started_from_and_what_chose_stand_in_its_tables(copied):
    copied.edit("config.yaml", "selection: fixed          #", "selection: validation #")
    copied.snakemake(TABLE, EMBEDDED, "--configfile", "tiny.yaml")
    classified, embedded = (pd.read_csv(copied.folder / table) for table in (TABLE, EMBEDDED))
    assert classified["started_from"].item() == embedded["started_from"].item() == "random"
    assert classified["chosen_on"].item() == 1
    record = read_record(copied.folder / "out/models" / CELL / "model.json")
    assert record["chosen_on"] == [1]
    assert record["training"]["clips"] == 80


def test_queries_that_chose_the_epoch_are_not_ranked(copied):
    copied.edit("config.yaml", "selection: fixed          #", "selection: test #")
    options = ("--configfile", "tiny.yaml")
    output = copied.snakemake(EMBEDDED, *options, check=False)
    copied.match(rf"No rule to produce {EMBEDDED}", output)
    ranking = f"out/rankings/cosine/{CELL.replace('fold5/seed0', 'seed0/fold5')}.parquet"
    output = copied.snakemake(ranking, "--dry-run", *options, check=False)
    copied.match(r"run 'cosine/cnn/mel/\S+' is none of the \d+ that the config asks for", output)
    plan = copied.jobs(copied.run("--dry-run"))
    assert "rank_gallery" not in plan
    assert {"make_classification_table", "score_classification"} <= plan.keys()


@pytest.mark.slow
def test_a_training_that_the_system_kills_goes_on_where_it_was(copied):
    copied.edit("tiny.yaml", "epochs: 2,", "epochs: 300,")
    config = ["--configfile", "tiny.yaml"]
    folder = copied.folder / "out/models" / CELL
    target = f"out/models/{CELL}/model.json"
    # The imports alone take seconds, more on some machines than on others.
    for cpu_seconds in range(7, 60, 2):
        copied.snakemake(target, *config, check=False, cpu_seconds=cpu_seconds)
        if any(folder.glob(".*.ckpt")):
            break
    assert [path.suffix for path in folder.iterdir()] == [".ckpt"]
    copied.snakemake(target, *config)
    history = (folder / "history.csv").read_bytes()
    resumed = read_record(folder / "model.json")
    assert not list(folder.glob(".*.ckpt"))
    copied.snakemake(target, *config, "--forcerun", "train_classifier")
    at_once = read_record(folder / "model.json")
    assert resumed["weights_sha256"] == at_once["weights_sha256"]
    assert (folder / "history.csv").read_bytes() == history


@pytest.mark.slow
def test_a_network_starts_from_the_weights_that_the_config_names(copied):
    torch.manual_seed(0)
    path = copied.folder / "image_network.pth"
    torch.save(ResNet18(96, 1000, n_planes=3).state_dict(), path)
    digest = store.sha256_of(path)
    weights = f"resnet18: {{weights: {{source: {path.name}, sha256: {digest}}}}}"
    copied.edit("tiny.yaml", "networks: {cnn: {channels: [4, 8]}}", f"networks: {{{weights}}}")
    copied.edit("tiny.yaml", "networks: [cnn]", "networks: [resnet18]")
    copied.edit("tiny.yaml", "epochs: 2", "epochs: 1")
    copied.snakemake(TABLE, "--configfile", "tiny.yaml")
    table = pd.read_csv(copied.folder / TABLE)
    assert table["started_from"].tolist() == [f"sha256 {digest[:8]}"]
    copied.edit("tiny.yaml", digest, "f" * 64)
    output = copied.snakemake(TABLE, "--configfile", "tiny.yaml", check=False)
    copied.match(rf"image_network\.pth: its sha256 is {digest}, not f{{64}}", output)
    assert "Traceback" not in output
