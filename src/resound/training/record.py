"""What a training wrote down of itself, ``model.json``, read without torch."""

import json
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from resound import store
from resound.errors import CheckpointError

TRAINED, FAILED = "trained", "failed"
FIELDS = {
    "outcome": str,
    "spec": dict,
    "reason": str,
    "classes": list,
    "folds_seen": list,
    "chosen_on": list,
}
VERSIONS = ("lightning", "numpy", "resound", "safetensors", "torch")


def new_record(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a training that begins, to be filled by what comes of it."""
    versions = {name: metadata.version(name) for name in VERSIONS}
    return {"outcome": TRAINED, "spec": dict(spec), "versions": versions}


def read_record(model: store.AnyPath, *, spec: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read ``model.json``, of a trained network or of a failed training.

    Raises
    ------
    CheckpointError
        When it is missing or damaged.
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
    return record


def write_record(record: Mapping[str, Any], model: store.AnyPath) -> None:
    """Write ``model.json``, whole or not at all."""
    store.write_text(model, json.dumps(record, indent=1) + "\n")


def _check_form(record: Any) -> None:
    """Raise ValueError unless a record has what every reader looks for, of the right types."""
    if not isinstance(record, dict):
        raise ValueError(f"it holds a {type(record).__name__}")
    needed = {"outcome", "spec"} | ({"reason"} if record.get("outcome") == FAILED else set())
    for key, kind in FIELDS.items():
        if (key in needed or key in record) and not isinstance(record.get(key), kind):
            raise ValueError(f"{key!r} must be there and be of type {kind.__name__}")


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
