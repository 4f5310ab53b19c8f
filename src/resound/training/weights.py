"""Weights that a network starts from: found, checked by digest, read."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from resound.errors import CheckpointError

ZIP_MAGIC = b"PK"


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict from safetensors or from PyTorch's own format, tensors only.

    Raises
    ------
    CheckpointError
        When the file is neither.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        state = (
            torch.load(path, map_location="cpu", weights_only=True) if zipped else load_file(path)
        )
    except Exception as error:  # both readers raise errors of many kinds on foreign bytes
        raise CheckpointError(
            f"{path}: is neither a safetensors file nor a state dict of PyTorch ({error})"
        ) from error
    return dict(state)
