import json
import subprocess
import sys

import pytest
import torch

from resound.errors import CheckpointError, StoreError
from resound.registry import NETWORKS
from resound.training.checkpoint import read_checkpoint, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

CLASSES = ["dog", "rain", "siren"]


@pytest.fixture
def files(tmp_path, spec):
    """Return a stored network that nobody has trained."""
    torch.manual_seed(0)
    network = NETWORKS["cnn"](8, 3, channels=(4, 8))
    record = {
        "outcome": "trained",
        "spec": spec,
        "classes": CLASSES,
        "folds_seen": [1, 2],
        "input": {"n_planes": 1, "scale": "decibel", "max_bins": 8, "mean": [0.0] * 8,
                  "std": [1.0] * 8},
        "network": {"name": "cnn", "options": {"channels": [4, 8]}, "n_dims": 8, "n_planes": 1,
                    "n_embedding": 8},
        "training": {"parameters": 46, "seconds": 0.1, "device": "cpu"},
    }  # fmt: skip
    weights, model = tmp_path / "weights.safetensors", tmp_path / "model.json"
    write_checkpoint(weights, model, network, record)
    return weights, model


def test_what_fits_is_read(files, spec):
    trained = read_checkpoint(*files, spec=spec, bank=spec["bank"], classes=CLASSES)
    assert not trained.network.training
    assert trained.embed(torch.zeros(130, 12, 8).numpy()).shape == (130, 8)


def test_another_feature_is_refused(files, spec):
    bank = spec["bank"] | {"feature": "mfcc", "options": {}}
    with pytest.raises(CheckpointError, match=r"trained on mel \(.* and cannot read mfcc \("):
        read_checkpoint(*files, bank=bank)


def test_other_classes_are_refused(files):
    with pytest.raises(CheckpointError, match=r"it lacks \['cat'\] and adds \['dog'\]"):
        read_checkpoint(*files, classes=["cat", "rain", "siren"])
    with pytest.raises(CheckpointError, match="classes are not those"):
        read_checkpoint(*files, classes=CLASSES[::-1])


def test_another_spec_is_refused(files, spec):
    with pytest.raises(StoreError, match="seed: stored 0, asked for 1"):
        read_checkpoint(*files, spec=spec | {"seed": 1})


def test_damaged_weights_are_refused(files):
    weights, _ = files
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(
        CheckpointError, match=r"its bytes are not those that .*model\.json records"
    ):
        read_checkpoint(*files)


def test_weights_of_another_network_are_refused(files, tmp_path):
    weights, model = files
    record = json.loads(model.read_text())
    record["network"]["options"] = {"channels": [4, 9]}
    model.write_text(json.dumps(record))
    with pytest.raises(CheckpointError, match="are not the weights of"):
        read_checkpoint(weights, model)


def test_a_record_is_read_without_torch():
    """The ranking reads it, in an environment that has none."""
    command = "import sys, resound.training.record; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)


def test_missing_files_are_named(tmp_path, files):
    with pytest.raises(CheckpointError, match=r"absent\.json: is no record of a network"):
        read_checkpoint(files[0], tmp_path / "absent.json")
    with pytest.raises(CheckpointError, match=r"absent: are not the weights"):
        read_checkpoint(tmp_path / "absent", files[1])
