"""The record of a training, ``model.json``, which is read without torch."""

import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from resound import store
from resound.errors import CheckpointError

TRAINED, FAILED = "trained", "failed"
# What readers look for, with its type: in a list of all items, in a dict of these keys at least.
FORM = {
    "spec": {},
    "reason": str,
    "classes": [str],
    "folds_seen": [int],
    "chosen_on": [int],
    "network": {"name": str},
    "training": {"parameters": int, "seconds": (int, float), "device": str},
}
NEEDED = {TRAINED: ["spec", "folds_seen", "network", "training"], FAILED: ["spec", "reason"]}
VERSIONS = ("lightning", "numpy", "resound", "safetensors", "torch")


def new_record(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a training that begins, to be filled by what comes of it."""
    versions = {name: metadata.version(name) for name in VERSIONS}
    return {"outcome": TRAINED, "spec": dict(spec), "versions": versions}


def failed(record: Mapping[str, Any], error: Exception) -> dict[str, Any]:
    """Return the record of a training that could not be, with the reason.

    Examples
    --------
    >>> failed({"outcome": TRAINED, "spec": {"seed": 0}}, ValueError("a single class"))
    {'outcome': 'failed', 'spec': {'seed': 0}, 'reason': 'a single class'}
    """
    return {**record, "outcome": FAILED, "reason": str(error)}


def read_record(
    model: store.AnyPath, *, spec: Mapping[str, Any] | None = None, trained: bool = False
) -> dict[str, Any]:
    """Read ``model.json``, of a trained network or of a failed training.

    Parameters
    ----------
    model : path
        The file.
    spec : mapping, optional
        The spec that must have made it.
    trained : bool
        Refuse the record of a failed training.

    Raises
    ------
    CheckpointError
        When it is missing or damaged, or of a failed training where there must be a network.
    StoreError
        When another spec than `spec` made it.
    """
    try:
        record: dict[str, Any] = json.loads(Path(model).read_bytes())
        _check_form(record)
    except (OSError, RecursionError, ValueError) as error:
        raise CheckpointError(
            f"{model}: is no record of a network ({error}); delete it and train again"
        ) from error
    if spec is not None:
        store.check_spec(Path(model), record["spec"], spec)
    if trained and record["outcome"] == FAILED:
        raise CheckpointError(f"{model}: its training failed: {record['reason']}")
    return record


def write_record(record: Mapping[str, Any], model: store.AnyPath) -> None:
    """Write ``model.json``, whole or not at all."""
    store.write_text(model, json.dumps(record, indent=1) + "\n")


def _check_form(record: Any) -> None:
    """Raise ValueError unless a record has what every reader looks for, of the right types."""
    if not isinstance(record, dict):
        raise ValueError(f"it holds a {type(record).__name__}")
    outcome = record.get("outcome")
    if outcome not in (TRAINED, FAILED):
        raise ValueError(f"'outcome' must be {TRAINED!r} or {FAILED!r}")
    for key, form in FORM.items():
        if key in NEEDED[outcome] and record.get(key, "") == "":
            raise ValueError(f"it lacks {key!r}")
        if key in record and not _fits(record[key], form):
            raise ValueError(f"{key!r} is not what a training writes there")


def _fits(value: Any, form: Any) -> bool:
    """Say whether a value is of the form that `FORM` gives it."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(
            key in value and _fits(value[key], part) for key, part in form.items()
        )
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(item, form[0]) for item in value)
    return isinstance(value, form) and not isinstance(value, bool)


def check_unseen(record: Mapping[str, Any], folds: Iterable[int]) -> None:
    """Raise CheckpointError when a network is asked about folds that its training has seen.

    Parameters
    ----------
    record : mapping
        Of a trained network.
    folds : iterable of int
        Folds of the clips that will be scored.
    """
    seen = sorted(set(folds) & set(record["folds_seen"]))
    if seen:
        network = record["network"]["name"]
        raise CheckpointError(
            f"{network} has seen folds {record['folds_seen']} in training (selection "
            f"{record['spec']['selection']}), so clips of fold {', '.join(map(str, seen))} cannot "
            "be its queries; use the network whose test folds they are"
        )
