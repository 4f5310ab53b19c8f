"""Checks of a config, which say in one go all that is wrong with it.

The schema holds the form; here follow the rules that tie one key to another and to the code: names
that must exist, options that a feature must know, windows that must fit into a clip.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jsonschema

from resound.errors import ConfigError, unknown
from resound.experiment import config_types, reading, searches
from resound.experiment.config_encoders import encoder_faults, finetuning_faults, vector_faults
from resound.experiment.config_places import PLACES, place_faults, tracking_faults
from resound.experiment.config_rankings import ranking_faults
from resound.experiment.faults import length_faults, name_faults, option_faults
from resound.experiment.plan import NETWORK_OF, NORMALISE, VARIANT_OF, encodings, own_recipe, recipe
from resound.experiment.specs import FINDING
from resound.files import one_spelling
from resound.registry import (
    DISTANCES,
    FEATURES,
    FIGURES,
    LOSSES,
    NETWORKS,
    REGISTRIES,
    SEARCHES,
    Registry,
)

Config = Mapping[str, Any]
# What the schema says of a key that is a text, or that may be one.
TEXTS = ("string", ["string", "null"])
# Keys of a feature's block that are none of its own options.
OF_ALL_FEATURES = (VARIANT_OF, "pooling", NORMALISE)


def open_config(
    config: dict[str, Any], schema: Mapping[str, Any], files: Iterable[str | Path] = ()
) -> config_types.Config:
    """Return a config that was checked with the files that it was read from.

    Its paths are brought to one spelling.

    Raises
    ------
    ConfigError
        With a line for each fault.
    """
    check(config, schema, files)
    for place in PLACES:
        config[place] = one_spelling(config[place])
    return cast(config_types.Config, config)


def check(config: Config, schema: Mapping[str, Any], files: Iterable[str | Path] = ()) -> None:
    """Raise one ConfigError with a line for each fault of `config`; return when it has none.

    Parameters
    ----------
    config : mapping
        All blocks, as they were read.
    schema : mapping
        ``workflow/schemas/config.schema.yaml``.
    files : iterable of path, optional
        The YAML files that it was read from, of which what was lost in reading is a fault, too.
    """
    files = [*files]
    faults = list(reading.faults(files))
    faults = faults or list(_form(config, _with_losses(schema), reading.Written(files)))
    faults = faults or [*_meaning(config)]
    if faults:
        # What such a file would register may be what is missing.
        faults += [told for registry in REGISTRIES for told in registry.broken]
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise ConfigError(
            f"the configuration has {len(faults)} fault{'s'[: len(faults) > 1]} "
            f"(config.yaml, --configfile or --config):\n{lines}"
        )


def _with_losses(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema with a block of options for every loss that it does not know itself."""
    known = schema["properties"]["classification"]
    others = {name: {"type": "object"} for name in LOSSES if name not in known["properties"]}
    blocks = {**known["properties"], **others}
    classification = {**known, "properties": blocks}
    return {**schema, "properties": {**schema["properties"], "classification": classification}}


def _form(config: Config, schema: Mapping[str, Any], written: reading.Written) -> Iterator[str]:
    yield from _not_finite("", config)
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: list(map(str, e.path))):
        where = ".".join(map(str, error.absolute_path))
        if error.validator == "additionalProperties":
            known = list(error.schema.get("properties", ()))
            for key in sorted(set(map(str, error.instance)) - set(known)):
                yield f"{'.'.join(filter(None, [where, key]))}: this key {unknown(key, known)}"
        elif error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            if error.message.startswith(repr(missing[0])):
                yield f"{where or 'top level'}: the keys {', '.join(missing)} are missing"
        elif error.validator == "type" and error.validator_value in TEXTS:
            yield written.no_text(where, error.instance)
        elif error.validator == "minimum":
            kind = "an integer of " if error.schema.get("type") == "integer" else ""
            yield f"{where}: {error.instance!r} must be {kind}at least {error.validator_value}"
        else:
            yield f"{where or 'top level'}: {error.message}"


def _not_finite(where: str, value: Any) -> Iterator[str]:
    """Name the numbers that are none: YAML has .inf and .nan, and a schema lets them pass."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: {value!r} must be a finite number"
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _not_finite(f"{where}.{key}" if where else str(key), inner)


def _meaning(config: Config) -> Iterator[str]:
    retrieval = config["retrieval"]
    yield from place_faults(config)
    yield from tracking_faults(config["wandb"])
    yield from _features(config["features"])
    yield from _distances(retrieval["distances"])
    yield from ranking_faults(config)
    for name, stft in config["stft"].items():
        yield from _window(f"stft.{name}", stft, config["audio"]["duration"])
    yield from _matrix(config["matrix_spectrogram"], config["audio"]["duration"])
    for name, table in retrieval["tables"].items():
        where = f"retrieval.tables.{name}"
        named = table.get("distance", [])
        distances = [named] if isinstance(named, str) else named
        yield from name_faults(f"{where}.distance", distances, retrieval["distances"])
        yield from name_faults(f"{where}.features", table.get("features", []), config["features"])
        yield from name_faults(f"{where}.stft", table.get("stft", []), config["stft"])
        named = table.get("encodings", [])
        known = encodings(config)
        yield from name_faults(f"{where}.encodings", named, known)
        for block in ("fusions", "two_stage"):
            yield from name_faults(f"{where}.{block}", table.get(block, []), retrieval[block])
        asked = [known[name] for name in named if name in known]
        yield from vector_faults(f"{where}.encodings", asked, config["encoders"])
    yield from name_faults(
        "validation.features", config["validation"]["features"], config["features"]
    )
    yield from name_faults("validation.stft", config["validation"]["stft"], config["stft"])
    yield from _trainings(config)
    yield from encoder_faults(config)
    yield from finetuning_faults(config)
    yield from searches.faults(config)
    yield from _figures(config)
    yield from _report(config)
    if config["dataset"] != "folder" and config["make_folds"]:
        yield f"make_folds: {config['dataset']} has its own folds; set it to null"
    if config["dataset"] != "folder" and max(retrieval["query_folds"]) > 5:
        yield (
            f"retrieval.query_folds: {retrieval['query_folds']} must lie in 1 to 5, "
            f"the folds of {config['dataset']}"
        )


def _features(blocks: Mapping[str, Config]) -> Iterator[str]:
    """Check the options of features, of those that are variants of another one too."""
    for name, block in blocks.items():
        options = {key: value for key, value in block.items() if key not in OF_ALL_FEATURES}
        yield from _variant("features", name, options, block.get(VARIANT_OF), FEATURES)


def _networks(blocks: Mapping[str, Config]) -> Iterator[str]:
    """Check the options of networks, of those that are variants of another one too."""
    for name, block in blocks.items():
        options = {key: value for key, value in block.items() if key != NETWORK_OF}
        yield from _variant("networks", name, options, block.get(NETWORK_OF), NETWORKS)


def _variant(
    where: str, name: str, options: Config, of: str | None, registry: Registry
) -> Iterator[str]:
    """Check the options of one entry, which may be a variant of another one under its own name."""
    kind = registry.kind
    if of is None:
        yield from option_faults(where, {name: options}, registry)
    elif name in registry and of != name:
        yield f"{where}.{name}: this {kind} is registered itself and no variant of {of!r}"
    elif of not in registry:
        yield f"{where}.{name}.{kind}: {of!r} {unknown(of, registry)}"
    else:
        known = registry.options(of)
        for option in options:
            if option not in known:
                yield f"{where}.{name}.{option}: this option {unknown(option, known)}"


def _distances(blocks: Mapping[str, Config]) -> Iterator[str]:
    """Check the options of distances, and whether their hits can be found as is asked."""
    measured = {
        name: {key: value for key, value in block.items() if key not in FINDING}
        for name, block in blocks.items()
    }
    yield from option_faults("retrieval.distances", measured, DISTANCES)
    for name, block in blocks.items():
        where, searches = f"retrieval.distances.{name}", block.get("mode") == "top_k"
        if name not in DISTANCES:
            continue
        if searches and name not in SEARCHES:
            yield f"{where}.mode: no search finds its hits; there are: {', '.join(SEARCHES)}"
        if block.get("device") == "cuda" and "cuda" not in DISTANCES.entry(name).traits:
            yield f"{where}.device: it has no code for a GPU; set device: cpu"
        elif searches and block.get("device") == "cuda":
            yield (
                f"{where}: the search of mode: top_k has no device: cuda; set device: cpu, or "
                "mode: full"
            )


def _trainings(config: Config) -> Iterator[str]:
    block, typed = config["classification"], cast(config_types.Config, config)
    yield from _networks(config["networks"])
    yield from name_faults("classification.networks", block["networks"], config["networks"])
    yield from name_faults("classification.features", block["features"], config["features"])
    yield from name_faults("classification.stft", block["stft"], config["stft"])
    yield from name_faults("classification.losses", block["losses"], LOSSES)
    losses = {name: block[name] for name in LOSSES if name in block}
    yield from option_faults("classification", losses, LOSSES)
    yield from _ensembles(block)
    yield from name_faults("classification.recipes", block["recipes"], config["networks"])
    yield from length_faults("classification", recipe(typed, "classification"))
    for name in block["recipes"]:
        own = own_recipe(typed, "classification", name)
        yield from length_faults(f"classification.recipes.{name}", own)
    coder = config["autoencoder"]
    yield from name_faults("autoencoder.features", coder["features"], config["features"])
    yield from name_faults("autoencoder.stft", coder["stft"], config["stft"])
    yield from length_faults("autoencoder", recipe(typed, "autoencoder"))


def _ensembles(block: Config) -> Iterator[str]:
    """Check that ensembles have names of their own, and members that are trained."""
    plain = [*block["networks"], *(f"{n}_{of}" for n in block["networks"] for of in LOSSES)]
    for name, ensemble in block["ensembles"].items():
        where = f"classification.ensembles.{name}"
        if name in plain:
            yield f"{where}: a network has this name; give the ensemble another"
        for split, members in ensemble["of"].items():
            at = f"{where}.of.{split}"
            yield from name_faults(at, [m["network"] for m in members], dict.fromkeys(plain))
            features = dict.fromkeys(block["features"])
            yield from name_faults(at, [m["feature"] for m in members], features)


def _figures(config: Config) -> Iterator[str]:
    block = config["figures"]
    yield from name_faults("figures.show", block["show"], FIGURES)
    for figure in ("features", "dtw"):
        yield from name_faults(f"figures.{figure}.stft", [block[figure]["stft"]], config["stft"])
    yield from name_faults("figures.tsne.features", block["tsne"]["features"], config["features"])
    drawn = block["dtw"]["feature"]
    yield from name_faults("figures.dtw.feature", [drawn], config["features"])
    feature = config["features"].get(drawn, {}).get(VARIANT_OF, drawn)
    if feature in FEATURES and not FEATURES.entry(feature).traits.get("framed", True):
        yield f"figures.dtw.feature: {feature!r} has no frames to align; mfcc has"


def _report(config: Config) -> Iterator[str]:
    block, deepest = config["report"], max(config["retrieval"]["top_k"])
    yield from name_faults("report.stft", [block["stft"]], config["stft"])
    if block["top_k"] > deepest:
        yield (
            f"report.top_k: {block['top_k']} must not be more than the largest of "
            f"retrieval.top_k, {deepest}: rankings may end there"
        )


def _matrix(block: Config, duration: float) -> Iterator[str]:
    n_fft, figure = block["n_fft"], block["figure"]
    for part, sizes in (("figure", [figure["n_samples"]]), ("table", block["table"]["n_samples"])):
        for size in sizes:
            if size < n_fft:
                where = f"matrix_spectrogram.{part}.n_samples"
                yield f"{where}: {size} samples are fewer than one frame has, n_fft: {n_fft}"
    clip = {"n_fft": n_fft, "sample_rate": figure["sample_rate"]}
    yield from _window("matrix_spectrogram", clip, duration)


def _window(where: str, stft: Mapping[str, int], duration: float) -> Iterator[str]:
    samples = round(duration * stft["sample_rate"])
    if stft["n_fft"] > samples:
        yield (
            f"{where}.n_fft: {stft['n_fft']} samples are more than a clip has: audio.duration "
            f"{duration} s at {stft['sample_rate']} Hz are {samples}"
        )
