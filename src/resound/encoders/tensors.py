"""Tensors from files of others: nothing in them is executed, nothing missing is made up."""

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from resound.errors import CheckpointError

# How the two forms of torch.save begin; any other file is read as safetensors.
PICKLED = (b"PK", b"\x80")
# What torch says of bytes that are no instruction of a pickle.
NOT_PICKLED = "Unsupported operand"


def read_pickled(path: Path) -> Any:
    """Read a file of ``torch.save``: tensors and plain built-ins, and nothing else.

    Raises
    ------
    CheckpointError
        When it is damaged, or holds objects of other kinds: these would run code of their own.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the reader raises errors of many kinds on foreign bytes
        if isinstance(error, pickle.UnpicklingError) and NOT_PICKLED not in str(error):
            raise CheckpointError(
                f"{path}: holds more than tensors and plain values{_culprit(error)}; reading it "
                "could run code that came with it, so it is refused. Nothing was executed. Use the "
                "published file, whose sha256 `resound weights` lists"
            ) from None
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path}: is damaged or cut off ({reason}); download it again and compare its sha256 "
            "with `resound weights --check`"
        ) from error


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict from a safetensors file or from one of ``torch.save``.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict of str to Tensor, each of any shape

    Raises
    ------
    CheckpointError
        When it is damaged, of another kind, or holds more than tensors.
    """
    try:
        with path.open("rb") as file:
            pickled = file.read(2).startswith(PICKLED)
        state = read_pickled(path) if pickled else load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: is damaged, or neither a safetensors file nor one of torch.save ({error}); "
            "download it again"
        ) from error
    return checked_state(state, path)


def checked_state(state: Any, where: Any) -> dict[str, torch.Tensor]:
    """Return a state dict whose values are all tensors.

    Parameters
    ----------
    state : object
        What a file holds.
    where : object
        The file, for the error.

    Returns
    -------
    dict of str to Tensor, each of any shape

    Raises
    ------
    CheckpointError
        When it is not a mapping of names to tensors.
    """
    if not isinstance(state, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise CheckpointError(f"{where}: is no state dict, a mapping of names to tensors")
    return dict(state)


def check_keys(where: Any, missing: Iterable[str], unexpected: Iterable[str]) -> None:
    """Raise a CheckpointError that lists all missing and unexpected keys, where there are any."""
    faults = [
        f"{len(keys)} {kind}: {', '.join(keys)}"
        for kind, keys in (("missing", sorted(missing)), ("unexpected", sorted(unexpected)))
        if keys
    ]
    if faults:
        raise CheckpointError(
            f"{where}: its tensors are not those of this network; {'; '.join(faults)}"
        )


def check_shapes(
    where: Any, state: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> None:
    """Check that tensors have the shapes of a network's own.

    Parameters
    ----------
    where : object
        The file, for the error.
    state, own : mapping of str to Tensor, each of any shape
        The tensors of the file, and those of the network.

    Raises
    ------
    CheckpointError
        Lists the tensors of `state` with other shapes than in `own`.
    """
    wrong = [
        f"{name} of shape {tuple(value.shape)} must be {tuple(own[name].shape)}"
        for name, value in state.items()
        if name in own and value.shape != own[name].shape
    ]
    if wrong:
        raise CheckpointError(f"{where}: {'; '.join(wrong)}")


def _culprit(error: pickle.UnpicklingError) -> str:
    """Return what torch refuses, without its advice to read it all the same."""
    text = str(error)
    for opening in ("Unsupported global: GLOBAL ", "Unsupported class "):
        _, found, rest = text.partition(opening)
        if found:
            return f" ({rest.split()[0]})"
    return ""
