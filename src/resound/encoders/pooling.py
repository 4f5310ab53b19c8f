"""Pooling of what a network makes of the positions of a clip to one embedding."""

from collections.abc import Callable

from torch import Tensor

from resound.errors import check_choice

POOLINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda states: states.mean(1),
    "max": lambda states: states.amax(1),
    "first": lambda states: states[:, 0],
}


def pooled(states: Tensor, pooling: str) -> Tensor:
    """Return one embedding a clip.

    Parameters
    ----------
    states : Tensor, shape (clips, positions, dimension) or (clips, dimension)
        Hidden states; without positions they are the embeddings.
    pooling : str
        ``mean`` or ``max`` over positions, or ``first``, the position of a class token.

    Returns
    -------
    Tensor, shape (clips, dimension)

    Raises
    ------
    ParameterError
        For an unknown pooling.

    Examples
    --------
    >>> import torch
    >>> pooled(torch.tensor([[[1.0, 4.0], [3.0, 2.0]]]), "max").tolist()
    [[3.0, 4.0]]
    """
    pool = POOLINGS[check_choice("pooling", pooling, POOLINGS)]
    return pool(states) if states.ndim == 3 else states
