"""Models of transformers, read strictly from a local folder."""

import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from resound.encoders.tensors import check_keys, read_state
from resound.errors import CheckpointError, EnvironmentProblem
from resound.experiment.weights import weight_file
from resound.jobs import environment

# Buffers that a network computes itself; releases of transformers differ in which they store.
DERIVED = ("position_ids", "token_type_ids", "relative_position_index", "num_batches_tracked")
# A tokenizer in one file, as it is written today, or in parts, as on the hub.
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))


def load_model(
    folder: Path, config_name: str, model_name: str, *, ignored: tuple[str, ...] = ()
) -> Any:
    """Return a model of transformers with all its parameters taken from a folder.

    Parameters
    ----------
    folder : pathlib.Path
        With ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin``.
    config_name, model_name : str
        Classes of transformers.
    ignored : tuple of str
        How keys begin that belong to heads which the model leaves out.

    Raises
    ------
    CheckpointError
        When a file is missing or damaged, is of another kind of model, or lacks or adds tensors.
    EnvironmentProblem
        When transformers cannot be imported.
    """
    config_class, model_class = of_transformers(config_name), of_transformers(model_name)
    check_model_type(folder, config_class.model_type)
    of_transformers("logging").disable_progress_bar()
    file = weight_file(folder)
    if file is None:
        raise CheckpointError(f"{folder}: holds no weights; download it again")
    state = {k: v for k, v in read_state(file).items() if not k.startswith(ignored or ("\0",))}
    try:
        config = config_class.from_pretrained(folder, local_files_only=True)
        model, report = model_class.from_pretrained(
            None,
            config=config,
            state_dict=state,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    except Exception as error:  # transformers and torch raise errors of many kinds
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{folder}: its config.json describes no {model_name} that can be built ({reason}); "
            "download it again"
        ) from error
    _check_report(file, report, state)
    return model.eval()


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a folder, in one file or in parts; raise CheckpointError.

    transformers itself makes up an empty one where the files are missing.
    """
    if not any(all((folder / file).is_file() for file in files) for files in TOKENIZERS):
        ways = " nor ".join(" and ".join(files) for files in TOKENIZERS)
        raise CheckpointError(
            f"{folder}: holds no tokenizer, neither {ways}; download the repository's .json and "
            ".txt files beside the weights"
        )
    return load_processor(folder, "AutoTokenizer")


def load_processor(folder: Path, name: str) -> Any:
    """Return a feature extractor or tokenizer of transformers from a folder; CheckpointError."""
    cls = of_transformers(name)
    try:
        return cls.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers raises errors of many kinds on foreign files
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{folder}: its files for {name} are missing or damaged ({reason}); download all of "
            "the repository's .json and .txt files beside the weights"
        ) from error


def check_model_type(folder: Path, model_type: str) -> None:
    """Raise CheckpointError unless a folder's ``config.json`` is of this kind of model."""
    path = folder / "config.json"
    found = read_json(path, ["model_type"])["model_type"]
    if found != model_type:
        raise CheckpointError(
            f"{path}: is of a model of type {found!r}, not {model_type!r}; give the weights of "
            "this encoder"
        )


def read_json(path: Path, keys: Iterable[str]) -> dict[str, Any]:
    """Return what a JSON file holds; raise CheckpointError unless it has these keys."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        missing = [key for key in keys if key not in found]
        reason = f"it lacks {', '.join(missing)}" if missing else ""
        reason = reason if isinstance(found, dict) else f"it holds a {type(found).__name__}"
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = str(error)
    if reason:
        raise CheckpointError(
            f"{path}: is missing or not what transformers writes ({reason}); download the "
            "repository's .json and .txt files beside the weights"
        )
    return found


def of_transformers(name: str) -> Any:
    """Return what transformers calls `name`; raise EnvironmentProblem when it cannot be had."""
    environment.check()
    try:
        from transformers import utils
    except ImportError as error:
        raise EnvironmentProblem(
            f"transformers cannot be imported ({error}); CLAP and AST need it: "
            "`python -m pip install 'resound[encoders]'`"
        ) from error
    if name == "logging":
        return utils.logging
    return getattr(importlib.import_module("transformers"), name)


def _check_report(file: Path, report: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    def of_network(keys: Any) -> list[str]:
        return [key for key in keys if not key.endswith(DERIVED)]

    check_keys(file, of_network(report["missing_keys"]), of_network(report["unexpected_keys"]))
    wrong = [
        f"{key} of shape {tuple(found)} must be {tuple(own)}"
        for key, found, own in report["mismatched_keys"]
    ]
    if wrong:
        raise CheckpointError(f"{file}: {'; '.join(sorted(wrong))}")
