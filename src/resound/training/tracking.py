"""Weights & Biases runs, one a training: curves, confusion matrix, predictions to listen to.

A run is a mirror of what the training stores, and never decides anything: whatever goes wrong with
it is a warning, and the training goes on without.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from resound.experiment.asides import Tracking
from resound.metrics.classification import macro_f1
from resound.training.record import TRAINED

log = logging.getLogger(__name__)

DECIDES_NO_NUMBER = "A run of W&B is told of a training, and tells it nothing."

CONNECT_SECONDS = 30
FINISH_SECONDS = 120
SAMPLES_OF_EACH = 3
PREFIX = "logit:"


class Tracker:
    """A W&B run, or nothing where tracking is off or has failed.

    Parameters
    ----------
    tracking : Tracking or None
        Mode, project, entity, and the folder in which offline runs land under ``wandb/``.
    job_type : str
        The rule that trains.
    run_id : str
        The same for a run that goes on after a kill, so that W&B continues it.
    cell : mapping
        The coordinates of the training, by which the run is named, grouped and tagged.
    spec : mapping
        Of the training, the run's config beside the coordinates.
    """

    def __init__(
        self,
        tracking: Tracking | None,
        run_id: str,
        *,
        job_type: str,
        cell: Mapping[str, str],
        spec: Mapping[str, Any],
    ) -> None:
        self.run: Any = None
        about = {
            "id": run_id,
            "job_type": job_type,
            "name": " ".join(cell.values()),
            "group": f"{cell['network']} {cell['feature']}",
            "tags": [f"{axis}:{value}" for axis, value in cell.items()],
            "config": {**cell, "spec": dict(spec)},
        }
        if tracking is None:
            return
        for mode in _modes(tracking.mode):
            with _guarded(f"starting a run in mode {mode}"):
                self.run = _start(tracking, mode, about)
                break

    def epoch(self, row: Mapping[str, float]) -> None:
        """Add one epoch's row of the history to the curves, at its ``step`` where it has one."""
        if self.run is None:
            return
        with _guarded("an epoch's curves"):
            values = {name: value for name, value in row.items() if name not in ("epoch", "step")}
            self.run.log(values, step=int(row.get("step", row["epoch"])))

    def finish(
        self,
        record: Mapping[str, Any],
        predictions: pd.DataFrame | None = None,
        waveforms: Mapping[str, npt.NDArray[np.float32]] | None = None,
        sample_rate: int = 0,
    ) -> None:
        """Add what the training came to, and end the run.

        Parameters
        ----------
        record : mapping
            ``model.json`` of the training.
        predictions : DataFrame, optional
            A classifier's, of the test clips.
        waveforms : mapping of str to ndarray, shape (samples,), optional
            Samples of these clips by id, in [-1, 1], at `sample_rate` Hz.
        """
        if self.run is None:
            return
        with _guarded("the summary"):
            self.run.summary.update(summary_of(record, predictions))
        if predictions is not None and waveforms is not None and len(predictions):
            with _guarded("the confusion matrix and the sample predictions"):
                self._log_predictions(record["classes"], predictions, waveforms, sample_rate)
        with _guarded("ending the run"):
            self.run.finish(exit_code=int(record["outcome"] != TRAINED))
            _end_service()

    def _log_predictions(
        self,
        classes: list[str],
        predictions: pd.DataFrame,
        waveforms: Mapping[str, npt.NDArray[np.float32]],
        sample_rate: int,
    ) -> None:
        import wandb

        number = {name: i for i, name in enumerate(classes)}
        matrix = wandb.plot.confusion_matrix(
            y_true=[number[name] for name in predictions["category"]],
            preds=[number[name] for name in predictions["predicted"]],
            class_names=classes,
        )
        samples = [
            wandb.Audio(np.asarray(waveforms[row["id"]]), sample_rate, caption=_caption(row))
            for row in samples_of(predictions).to_dict("records")
        ]
        self.run.log({"confusion_matrix": matrix, "sample_predictions": samples})


@contextmanager
def _guarded(what: str) -> Iterator[None]:
    """Turn whatever W&B raises into a warning: its network, its files, its service."""
    try:
        yield
    except Exception as error:
        log.warning("W&B: %s failed, the training goes on: %s", what, error)


def _caption(row: Mapping[Any, Any]) -> str:
    return f"{row['id']}: {row['category']} as {row['predicted']} ({row['probability']:.0%})"


def _modes(mode: str) -> list[str]:
    """Return what to try in turn: a server that cannot be reached leaves an offline run."""
    return {"online": ["online", "offline"], "offline": ["offline"], "disabled": []}[mode]


def _start(tracking: Tracking, mode: str, about: Mapping[str, Any]) -> Any:
    import wandb

    settings = wandb.Settings(
        silent=True,
        console="off",
        init_timeout=CONNECT_SECONDS,
        login_timeout=CONNECT_SECONDS,
        finish_timeout=FINISH_SECONDS,
        x_disable_stats=True,
        disable_git=True,
    )
    Path(tracking.folder).mkdir(parents=True, exist_ok=True)
    _end_service()
    return wandb.init(
        project=tracking.project,
        entity=tracking.entity,
        dir=tracking.folder,
        mode=mode,  # type: ignore[arg-type]
        # An offline run cannot ask what there is: `wandb sync` joins parts of one id.
        resume="allow" if mode == "online" else None,
        settings=settings,
        **about,
    )


def _end_service() -> None:
    """Wait for W&B's own process to end.

    Until then a file of a finished run may lack its last records, and the id of a run that could
    not be started stays taken.
    """
    import wandb

    wandb.teardown()


def summary_of(record: Mapping[str, Any], predictions: pd.DataFrame | None) -> dict[str, Any]:
    """Return the numbers by which runs are compared, or the reason why there are none."""
    if record["outcome"] != TRAINED:
        return {"outcome": record["outcome"], "reason": record["reason"]}
    training = ("epoch", "parameters", "seconds", "device")
    summary = {"outcome": TRAINED, **{key: record["training"][key] for key in training}}
    if predictions is not None:
        true, predicted = (predictions[name].to_numpy(str) for name in ("category", "predicted"))
        summary |= {
            "accuracy": float(np.mean(true == predicted)),
            "macro_f1": macro_f1(true, predicted),
        }
    return summary


def samples_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return some clips that were taken wrongly and some rightly, the surest first.

    Parameters
    ----------
    predictions : DataFrame
        As `resound.training.outcome.Outcome.predictions`.

    Returns
    -------
    DataFrame
        `SAMPLES_OF_EACH` at most of either, with ``right`` and the ``probability`` of the class
        predicted.

    Examples
    --------
    >>> logits = {"logit:dog": [0.0, 9.0], "logit:rain": [0.0, 0.0]}
    >>> clips = {"id": ["a", "b"], "category": ["dog", "rain"], "predicted": "dog"}
    >>> samples_of(pd.DataFrame(clips | logits))[["id", "right", "probability"]].round(3)
      id  right  probability
    1  b  False          1.0
    0  a   True          0.5
    """
    logits = predictions[[c for c in predictions.columns if c.startswith(PREFIX)]].to_numpy(float)
    probability = softmax(logits, axis=1).max(axis=1)
    right = predictions["category"] == predictions["predicted"]
    sorted_ = predictions.assign(probability=probability, right=right).sort_values(
        ["right", "probability", "id"], ascending=[True, False, True]
    )
    return sorted_.groupby("right").head(SAMPLES_OF_EACH)
