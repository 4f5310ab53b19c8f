"""Models of transformers, read strictly from a local folder."""

import contextlib
import importlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
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
    file, state = _stored(folder)
    state = {k: v for k, v in state.items() if not k.startswith(ignored or ("\0",))}
    with _building(folder, model_name):
        config = config_class.from_pretrained(folder, local_files_only=True)
        model, report = _built(model_class, config, state)
    _check_report(file, report, state)
    return model.eval()


def read_head(folder: Path, prefix: str) -> dict[str, Tensor]:
    """Return the tensors that a folder's weights have beside the base model, without a prefix.

    Returns
    -------
    dict of str to Tensor, each of any shape
        Empty where no key begins with `prefix`.
    """
    _, state = _stored(folder)
    return {key.removeprefix(prefix): t for key, t in state.items() if key.startswith(prefix)}


def load_any_model(folder: Path) -> Any:
    """Return the model that a folder's ``config.json`` names, all its parameters taken from there.

    Heads that the checkpoint has beside the model, a classifier's or a decoder's of letters, are
    left out.

    Parameters
    ----------
    folder : pathlib.Path
        As in `load_model`.

    Raises
    ------
    CheckpointError, EnvironmentProblem
        As `load_model`; also for a kind of model that the installed transformers does not know.
    """
    model_type = read_json(folder / "config.json", ["model_type"])["model_type"]
    configs, models = of_transformers("CONFIG_MAPPING"), of_transformers("MODEL_MAPPING")
    if (
        not isinstance(model_type, str)
        or model_type not in configs
        or configs[model_type] not in models
    ):
        raise CheckpointError(
            f"{folder}/config.json: the installed transformers has no model of type "
            f"{model_type!r}; install a newer one, or give other weights"
        )
    model_class = models[configs[model_type]]
    file, state = _stored(folder)
    state = _without_heads(state, f"{model_class.base_model_prefix}.")
    with _building(folder, model_class.__name__):
        config = configs[model_type].from_pretrained(folder, local_files_only=True)
        model, report = _built(model_class, config, state)
    _check_report(file, report, state)
    return model.eval()


def _without_heads(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return a state without what stands beside the base model, where that has a prefix."""
    of_base = {key: tensor for key, tensor in state.items() if key.startswith(prefix)}
    return of_base or dict(state)


def _stored(folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """Return the file of weights of a folder, and its tensors."""
    file = weight_file(folder)
    if file is None:
        raise CheckpointError(f"{folder}: holds no weights; download it again")
    return file, dict(read_state(file))


@contextlib.contextmanager
def _building(folder: Path, model_name: str) -> Iterator[None]:
    """Turn what transformers and torch raise while they build a model into a CheckpointError."""
    of_transformers("logging").disable_progress_bar()
    try:
        yield
    except Exception as error:  # they raise errors of many kinds
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{folder}: its config.json describes no {model_name} that can be built ({reason}); "
            "download it again"
        ) from error


def _built(model_class: Any, config: Any, state: Mapping[str, Tensor]) -> tuple[Any, Any]:
    """Return a model with its parameters, and transformers' report of what did not fit."""
    model, report = model_class.from_pretrained(
        None,
        config=config,
        state_dict=dict(state),
        output_loading_info=True,
        ignore_mismatched_sizes=True,
    )
    return model, report


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
        with warnings.catch_warnings():
            # As in the published AST, whose highest resolution leaves one triangle empty.
            warnings.filterwarnings("ignore", "At least one mel filter")
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
