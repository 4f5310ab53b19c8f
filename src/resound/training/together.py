"""Answers of several networks to several views of a clip, as one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from resound import store
from resound.errors import TrainingError, check_positive_int
from resound.store import AnyPath
from resound.training.checkpoint import TrainedNetwork, read_checkpoint
from resound.training.outcome import failed_outcome, outcome_of, write_outcome
from resound.training.record import FAILED, new_record, read_record

Float32 = npt.NDArray[np.float32]


def mean_answers(trained: TrainedNetwork, x: Float32, views: int) -> Float32:
    r"""Return the mean of what a network answers to a clip that begins at several moments.

    .. math:: a(x) = \frac1n \sum_{k=0}^{n-1} \log \mathrm{softmax}\,
              f(x[(t + \lfloor k T / n \rfloor) \bmod T])

    Parameters
    ----------
    trained : TrainedNetwork
        A classifier f.
    x : ndarray, shape (clips, frames, dims)
        Inputs of T frames, as its `transform` makes them.
    views : int
        n; 1 is the clip as it is.

    Returns
    -------
    ndarray, shape (clips, classes)
        Logarithms of probabilities: of geometric means, but for a factor.

    Raises
    ------
    ParameterError
        When `views` is not a positive integer.
    """
    frames, total = x.shape[1], np.zeros(1, np.float32)
    for view in range(check_positive_int("views", views)):
        rolled = np.roll(x, -(view * frames // views), axis=1)
        logits = torch.from_numpy(trained.classify(trained.embed(rolled)))
        total = total + logits.log_softmax(1).numpy()
    mean: Float32 = total / np.float32(views)
    return mean


def answer_together(
    spec: Mapping[str, Any],
    *,
    clips: pd.DataFrame,
    banks: Sequence[AnyPath],
    weights: Sequence[AnyPath],
    models: Sequence[AnyPath],
    files: Mapping[str, AnyPath],
) -> None:
    """Write the predictions of several networks: the class whose mean answer is largest.

    Sets torch's number of threads to that of the trainings. A member without a network is the
    outcome of all.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.training` makes it of an ensemble.
    clips : DataFrame
        The index, with ``id, fold, category``.
    banks, weights, models : sequence of path
        Of each member, what it reads and what its training left.
    files : mapping of str to path
        Where ``model, predictions, confusion`` go.
    """
    torch.set_num_threads(spec["members"][0]["threads"])
    test = clips[clips["fold"].isin(spec["split"]["query_folds"])]
    of_members = list(zip(spec["members"], models, strict=True))
    records = [read_record(model, spec=member) for member, model in of_members]
    record = {**new_record(spec), "classes": records[0]["classes"]}
    failed = [told for told in records if told["outcome"] == FAILED]
    if failed:
        error = TrainingError(f"{failed[0]['spec']['network']}: {failed[0]['reason']}")
        write_outcome(failed_outcome(record, test, error), files)
        return
    record |= _about(records, spec["network"])
    answers = [
        _answers(member, test, bank, *files_of, views=spec["views"])
        for member, bank, *files_of in zip(spec["members"], banks, weights, models, strict=True)
    ]
    write_outcome(outcome_of(record, test, np.mean(answers, axis=0)), files)


def _answers(
    member: Mapping[str, Any],
    clips: pd.DataFrame,
    bank: AnyPath,
    weights: AnyPath,
    model: AnyPath,
    *,
    views: int,
) -> Float32:
    """Return the answers of one network to some clips."""
    read = store.open_array(bank, spec=member["bank"])
    trained = read_checkpoint(weights, model, spec=member)
    ids = clips["id"].tolist()
    rows = pd.Index(read.ids["clips"]).get_indexer(pd.Index(ids))
    return mean_answers(trained, trained.transform.of_bank(read.values[rows], ids), views)


def _about(records: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return what a record says of networks together: all that they took and have seen."""
    trained = [record["training"] for record in records]
    return {
        "folds_seen": sorted({fold for record in records for fold in record["folds_seen"]}),
        "chosen_on": sorted({fold for record in records for fold in record.get("chosen_on", [])}),
        "network": {"name": name},
        "training": {
            "clips": max(told["clips"] for told in trained),
            "parameters": sum(told["parameters"] for told in trained),
            "seconds": round(sum(told["seconds"] for told in trained), 2),
            "device": ", ".join(sorted({told["device"] for told in trained})),
        },
    }
