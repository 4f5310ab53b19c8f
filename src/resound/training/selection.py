"""Selection of an epoch, and the network that is kept, trained on all that it may see."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor

from resound.training.callbacks import EpochHook, chosen_in
from resound.training.fit import Fit
from resound.training.folds import Rows

Made = TypeVar("Made", covariant=True)
# In the history, what the second training measured stands beside the epochs of the first.
FINAL = {"train_loss": "final_loss", "train_accuracy": "final_accuracy"}
# Under which a choice keeps what the first training made of the clips that chose.
ANSWERS = "answers"


class Once(Protocol[Made]):
    """A training from its beginning: the same rows and epochs end in the same network."""

    def __call__(self, training: Rows, validation: Rows, **stretch: Any) -> tuple[Made, Fit]:
        """Train on rows, and return what was made and how it went.

        `stretch` are ``epochs, resume, on_epoch, choice`` of `resound.training.fit.fit`.
        """


def train_selected(
    once: Once[Made],
    training: Rows,
    validation: Rows,
    every: Rows,
    spec: Mapping[str, Any],
    *,
    answers: Callable[[Made], Tensor],
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> tuple[Made, Fit, Tensor | None]:
    """Train as ``spec["selection"]`` has it.

    With ``validation`` there are two trainings. The first, on the training clips, chooses the epoch
    by the validation clips. The second begins again on every clip and follows the same recipe,
    learning rate included, up to the chosen epoch: it has seen every clip that it may, as a
    network with a fixed number of epochs has. Otherwise there is one.

    Parameters
    ----------
    once : callable
        Trains from the beginning.
    training, validation : ndarray of int, shapes (n_training,) and (n_validation,)
        As `resound.training.folds.training_rows` divides them.
    every : ndarray of int, shape (n_every,)
        All that may be trained on, once the choice is made.
    spec : mapping
        ``selection, epochs``.
    answers : callable
        Returns what was made of the validation clips, (n_validation, ...).
    resume : pathlib.Path, optional
        The checkpoint of an interrupted run, in either training.
    on_epoch : callable, optional
        Is given each epoch's row of the history; of the second training with ``step``, the epochs
        since the beginning of the first.

    Returns
    -------
    made, fit
        Of the last training; a second one's history is that of the first, with ``final_loss`` and
        ``final_accuracy`` up to the chosen epoch, and its seconds are those of both.
    chose : Tensor, shape (n_validation, ...), or None
        The answers of the first training at the epoch that it chose; None where there is one.
    """
    stretch: dict[str, Any] = {"epochs": spec["epochs"], "resume": resume, "on_epoch": on_epoch}
    if spec["selection"] != "validation":
        return *once(training, validation, **stretch), None
    choice = chosen_in(resume)
    if choice is None:
        first, done = once(training, validation, **stretch)
        choice = {**asdict(done), ANSWERS: answers(first)}

    def on_final_epoch(row: dict[str, float]) -> None:
        if on_epoch:
            on_epoch({**_final(row), "step": spec["epochs"] + row["epoch"]})

    stretch |= {"epochs": choice["epoch"], "on_epoch": on_final_epoch, "choice": choice}
    made, done = once(every, validation[:0], **stretch)
    chosen = Fit(**{key: value for key, value in choice.items() if key != ANSWERS})
    return made, _joined(chosen, done), choice[ANSWERS]


def _final(row: Mapping[str, float]) -> dict[str, float]:
    return {FINAL.get(name, name): value for name, value in row.items()}


def _joined(chosen: Fit, done: Fit) -> Fit:
    """Return the second training with the history and seconds of the first."""
    final = [{name: row[name] for name in FINAL.values()} for row in map(_final, done.history)]
    beyond: list[dict[str, float]] = [{}] * (len(chosen.history) - len(final))
    rows = [row | beside for row, beside in zip(chosen.history, final + beyond, strict=True)]
    return replace(done, history=rows, seconds=chosen.seconds + done.seconds)
