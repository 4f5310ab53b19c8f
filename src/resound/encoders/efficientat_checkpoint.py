"""EfficientAT on disk: the published state dicts, and our own as safetensors.

Neither says what network it is of; the shapes of the tensors do.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import save_file
from torch import Tensor

from resound.encoders.efficientat_network import BLOCKS, dimension_at
from resound.encoders.tensors import check_dense, read_state
from resound.errors import CheckpointError
from resound.experiment.weights import WEIGHT_FILES, weight_file

# The tensors that tell the sizes: of the layer before the embedding, and of the classes.
LAST = f"features.{len(BLOCKS) + 1}.0.weight"
CLASSES = "classifier.5.bias"


class Sizes(NamedTuple):
    """What tells one network of the family from another.

    Attributes
    ----------
    width : float
        Factor of all numbers of channels: 0.4 of mn04, 1 of mn10.
    n_classes : int
        Classes; 527 of those that AudioSet has.
    """

    width: float
    n_classes: int


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Return the state dict of a file, or of a folder that holds one, as it is stored.

    Parameters
    ----------
    path : pathlib.Path
        A file of ``torch.save`` or of safetensors, or the folder of one.

    Returns
    -------
    dict of str to Tensor, each of any shape

    Raises
    ------
    CheckpointError
        When there is none, when it is damaged or holds more than tensors, or when a tensor claims
        more numbers than are stored.
    """
    file = weight_file(path)
    if file is None:
        raise CheckpointError(f"{path}: holds no {' and no '.join(WEIGHT_FILES)}")
    state = read_state(file)
    check_dense(file, state)
    return state


def write_checkpoint(folder: Path, state: Mapping[str, Tensor]) -> None:
    """Write a state dict into a folder as safetensors.

    Parameters
    ----------
    folder : pathlib.Path
        Is made where it is not there.
    state : mapping of str to Tensor, each of any shape
        Under the published names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    save_file(tensors, folder / WEIGHT_FILES[0])


def sizes_of(state: Mapping[str, Tensor]) -> Sizes:
    """Return the sizes of the network whose state dict this is.

    Parameters
    ----------
    state : mapping of str to Tensor, each of any shape
        Under the published names.

    Raises
    ------
    CheckpointError
        When the tensors that tell the sizes are not there.
    """
    channels, n_classes = (
        len(state[name]) if _tells(state, name) else 0 for name in (LAST, CLASSES)
    )
    if not channels or not n_classes:
        raise CheckpointError(
            f"state_dict: is of no checkpoint of EfficientAT, whose width {LAST} tells and whose "
            f"classes {CLASSES}; use a published file"
        )
    return Sizes(channels / dimension_at(1.0), n_classes)


def _tells(state: Mapping[str, Tensor], name: str) -> bool:
    return name in state and state[name].ndim > 0
