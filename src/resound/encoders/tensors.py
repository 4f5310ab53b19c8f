"""Tensors from files of others: nothing in them is executed, nothing missing is made up."""

import pickle
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from resound.errors import CheckpointError

# How the two forms of torch.save begin; any other file is read as safetensors.
PICKLED = (b"PK", b"\x80")
# What torch says of bytes that are no instruction of a pickle.
NOT_PICKLED = "Unsupported operand"

Network = TypeVar("Network", bound=nn.Module)


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
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
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


def check_dense(where: Any, state: Mapping[str, torch.Tensor]) -> None:
    """Check that tensors hold all the real numbers that their shapes claim, one by one.

    A few stored bytes can claim any shape: as a number that is repeated, or as a sparse tensor.

    Parameters
    ----------
    where : object
        The file, for the error.
    state : mapping of str to Tensor, each of any shape
        The tensors of the file.

    Raises
    ------
    CheckpointError
        Lists the tensors that do not.
    """
    wrong = [f"{name} of shape {tuple(v.shape)}" for name, v in state.items() if not _is_dense(v)]
    if wrong:
        raise CheckpointError(
            f"{where}: does not hold all the numbers of {', '.join(wrong)}, or holds others than "
            "real ones; use the published file, or store plain tensors (.clone())"
        )


def _is_dense(value: torch.Tensor) -> bool:
    if value.layout is not torch.strided or value.is_quantized or value.is_complex():
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def check_finite(where: Any, state: Mapping[str, torch.Tensor]) -> None:
    """Check that tensors hold neither NaN nor infinity.

    Parameters
    ----------
    where : object
        The file, for the error.
    state : mapping of str to Tensor, each of any shape
        The tensors of the file.

    Raises
    ------
    CheckpointError
        Lists the tensors that do.
    """
    wrong = [name for name, value in state.items() if not value.isfinite().all()]
    if wrong:
        raise CheckpointError(
            f"{where}: holds NaN or infinity in {', '.join(wrong)}; its training went astray or "
            "the file is damaged: download it again"
        )


def without_memory(build: Callable[[], Network], fault: str) -> Network:
    """Return a network as shapes alone, whatever sizes it is told.

    Parameters
    ----------
    build : callable
        Makes the network.
    fault : str
        What is wrong when it cannot, for the error.

    Raises
    ------
    CheckpointError
        When the network cannot be made of these sizes.
    """
    try:
        with torch.device("meta"):
            return build()
    except Exception as error:  # torch and Python raise errors of many kinds for such sizes
        raise CheckpointError(f"{fault} ({error!r})") from error


def _culprit(error: pickle.UnpicklingError) -> str:
    """Return what torch refuses, without its advice to read it all the same."""
    text = str(error)
    for opening in ("Unsupported global: GLOBAL ", "Unsupported class "):
        _, found, rest = text.partition(opening)
        if found:
            return f" ({rest.split()[0]})"
    return ""
