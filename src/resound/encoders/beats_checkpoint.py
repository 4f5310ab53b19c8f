"""BEATs on disk: the official checkpoints, and our own as safetensors with JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import save_file
from torch import Tensor

from resound.encoders.tensors import checked_state, read_pickled, read_state
from resound.errors import CheckpointError

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
MODEL_TYPE = "beats"


class Parts(NamedTuple):
    """What a checkpoint holds.

    Attributes
    ----------
    cfg : mapping
        Sizes, as `BeatsConfig` reads them.
    state_dict : mapping of str to Tensor, each of any shape
        Under the official names.
    label_dict : mapping of int to str
        Names of a fine-tuned model's classes; empty without.
    """

    cfg: Mapping[str, Any]
    state_dict: Mapping[str, Tensor]
    label_dict: Mapping[int, str]


def read_parts(path: Path) -> Parts:
    """Read an official ``.pt`` file or a folder of ours; raise CheckpointError."""
    return _read_folder(path) if path.is_dir() else _read_official(path)


def write_parts(folder: Path, parts: Parts) -> None:
    """Write a checkpoint into a folder; the table that all layers share stands in the first."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors, seen = {}, set()
    for name, value in parts.state_dict.items():
        if value.data_ptr() not in seen:
            seen.add(value.data_ptr())
            tensors[name] = value.detach().cpu().contiguous()
    labels = {str(number): label for number, label in parts.label_dict.items()}
    config = {"model_type": MODEL_TYPE, "cfg": dict(parts.cfg), "label_dict": labels}
    save_file(tensors, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=1) + "\n")


def _read_official(path: Path) -> Parts:
    stored = read_pickled(path)
    if not isinstance(stored, dict) or not isinstance(stored.get("cfg"), dict):
        raise CheckpointError(
            f"{path}: is no checkpoint of BEATs, which holds a dict `cfg` and a state dict `model`"
        )
    state = checked_state(stored.get("model"), f"{path}: model")
    return Parts(stored["cfg"], state, _labels(path, stored.get("label_dict") or {}))


def _read_folder(folder: Path) -> Parts:
    try:
        config = json.loads((folder / CONFIG_FILE).read_text())
        cfg, labels = config["cfg"], config["label_dict"]
        ours = config["model_type"] == MODEL_TYPE
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{folder}: holds no {CONFIG_FILE} of BEATs ({error}); give an official .pt file or a "
            "folder that resound has written"
        ) from error
    if not ours or not isinstance(cfg, dict):
        raise CheckpointError(f"{folder}: {CONFIG_FILE} is not that of BEATs")
    return Parts(cfg, read_state(folder / WEIGHTS_FILE), _labels(folder, labels))


def _labels(where: Path, stored: Any) -> dict[int, str]:
    """Return the names of the classes by their numbers, which JSON has as strings."""
    try:
        labels = {int(number): label for number, label in stored.items()}
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{where}: label_dict maps no numbers to names ({error})") from error
    if not all(isinstance(label, str) for label in labels.values()):
        raise CheckpointError(f"{where}: label_dict must name each class by a string")
    return labels
