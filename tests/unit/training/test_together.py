"""Networks that answer together, against their own answers."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from small_training import SPEC, make_bank

from resound import store
from resound.errors import ParameterError
from resound.training.checkpoint import read_checkpoint
from resound.training.classification import ClassifierTask
from resound.training.record import read_record
from resound.training.run import train_and_keep
from resound.training.together import answer_together, mean_answers

pytestmark = pytest.mark.usefixtures("one_thread")

SPLIT = SPEC["split"]


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Return the files of two trainings, one a seed, and what they were trained on."""
    folder = tmp_path_factory.mktemp("members")
    bank, clips = make_bank()
    with store.create_array(
        folder / "bank.npy", bank.values.shape, "float32", spec=bank.spec, ids=bank.ids
    ) as array:
        array[:] = bank.values
    specs = [copy.deepcopy(SPEC) | {"threads": 1, "epochs": 2, "seed": seed} for seed in (0, 1)]
    for spec in specs:
        place = folder / str(spec["seed"])
        place.mkdir()
        files = {"weights": place / "weights.safetensors", "model": place / "model.json"}
        task = ClassifierTask(bank, clips, spec)
        train_and_keep(task, files, cell={"network": "cnn", "feature": "mel"})
    return folder, specs


def together(members, views: int, only: slice = slice(None)) -> tuple[pd.DataFrame, dict]:
    folder, specs = members
    specs = specs[only]
    places = [folder / str(spec["seed"]) for spec in specs]
    spec = {"network": "both", "split": SPLIT, "selection": "fixed"}
    files = {name: folder / name for name in ("model", "predictions", "confusion")}
    answer_together(
        spec | {"views": views, "members": specs},
        clips=make_bank()[1],
        banks=[folder / "bank.npy" for _ in specs],
        weights=[place / "weights.safetensors" for place in places],
        models=[place / "model.json" for place in places],
        files=files,
    )
    return store.read_csv(files["predictions"]), read_record(files["model"])


def own(members, seed: int):
    place = members[0] / str(seed)
    return read_checkpoint(place / "weights.safetensors", place / "model.json")


def logits_of(predictions: pd.DataFrame) -> np.ndarray:
    return predictions.filter(like="logit:").to_numpy(np.float32)


def test_several_networks_answer_by_the_mean_of_their_log_probabilities(members):
    bank, clips = make_bank()
    test = np.flatnonzero(clips["fold"] == 5)
    expected = np.zeros((len(test), 3))
    for seed in (0, 1):
        trained = own(members, seed)
        for clip, row in enumerate(test):
            for view in range(3):
                x = trained.transform(bank.values[row])
                rolled = np.concatenate([x[view * 4 :], x[: view * 4]])[None]
                logits = torch.from_numpy(trained.classify(trained.embed(rolled)))
                expected[clip] += logits.softmax(1).log().numpy()[0] / 6
    predictions, _ = together(members, views=3)
    np.testing.assert_allclose(logits_of(predictions), expected, rtol=1e-4, atol=1e-4)
    names = np.array(["dog", "rain", "siren"])[expected.argmax(1)]
    assert predictions["predicted"].tolist() == names.tolist()
    assert predictions["id"].tolist() == clips["id"].iloc[test].tolist()


def test_one_network_and_one_view_answer_as_it_does_alone(members):
    bank, clips = make_bank()
    trained = own(members, 1)
    rows = np.flatnonzero(clips["fold"] == 5)
    x = trained.transform.of_bank(bank.values[rows], clips["id"].iloc[rows].tolist())
    alone = trained.classify(trained.embed(x))
    predictions, _ = together(members, views=1, only=slice(1, 2))
    expected = torch.from_numpy(alone).log_softmax(1).numpy()
    np.testing.assert_allclose(logits_of(predictions), expected, rtol=1e-5, atol=1e-5)


def test_the_record_is_that_of_all_members(members):
    _, record = together(members, views=2)
    parts = [read_record(members[0] / str(seed) / "model.json") for seed in (0, 1)]
    for key in ("parameters", "seconds"):
        total = sum(part["training"][key] for part in parts)
        assert record["training"][key] == pytest.approx(total)
    assert record["folds_seen"] == [1, 2, 3, 4]
    assert record["network"]["name"] == "both"


def test_a_member_that_could_not_be_trained_is_the_outcome_of_all(members, tmp_path):
    folder, specs = members
    bank, clips = make_bank()
    broken = specs[0] | {"learning_rate": 1e30}
    files = {"weights": tmp_path / "weights.safetensors", "model": tmp_path / "model.json"}
    cell = {"network": "cnn", "feature": "mel"}
    train_and_keep(ClassifierTask(bank, clips, broken), files, cell=cell)
    ends = {name: tmp_path / name for name in ("predictions", "confusion")}
    answer_together(
        {"network": "both", "split": SPLIT, "views": 1, "members": [broken, specs[1]]},
        clips=clips,
        banks=[folder / "bank.npy"] * 2,
        weights=[files["weights"], folder / "1/weights.safetensors"],
        models=[files["model"], folder / "1/model.json"],
        files=ends | {"model": tmp_path / "both.json"},
    )
    assert read_record(tmp_path / "both.json")["reason"].startswith("cnn: the loss is")
    assert len(store.read_csv(ends["predictions"])) == 0


def test_no_views_are_an_error(members):
    with pytest.raises(ParameterError, match="views=0 must be a positive integer"):
        mean_answers(own(members, 0), np.zeros((1, 12, 8), np.float32), 0)
