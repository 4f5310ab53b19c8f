"""Sources of tables, figures and the page, by the names that their registrations use.

A table or a figure is registered with the files that it `needs` and the facts that it is `told`;
this module knows both words. Facts are plain built-ins, and together the spec of the job.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from resound.errors import ParameterError, unknown
from resound.experiment import parts, robustness, searches, specs
from resound.experiment.config_types import Config
from resound.experiment.coordinates import (
    FROZEN,
    FUSION,
    PAIRS,
    Combined,
    Encoding,
    Feature,
    Pretrained,
    Run,
    TwoStage,
)
from resound.experiment.divisions import COSTS, STATISTICS, division_of
from resound.experiment.inventory import Inventory, vectors
from resound.experiment.plan import CLASSIFICATION, Plan, block_of
from resound.registry import FEATURES, FIGURES, TABLES, Entry, Registry

# The features that the figure of clips shows, from above to below.
DRAWN_FEATURES = ("stft", "mel", "mfcc", "lfcc", "f0", "f1")
# Keys that say where things stand or are told, and decide nothing.
PLACES = ("data_root", "results_dir", "wandb")
CLIPS = "index/clips.csv"
FIRST = 50  # the place of what names none: after the retrieval tables, before what sums up
Files = list[str]


class Shown(NamedTuple):
    """One table or figure, and what it may be made from.

    Attributes
    ----------
    plan, inventory
        What is asked for, and what of it can be shown.
    item : str
        Which of several of its kind: the name of a retrieval table, a classifier or a map.
    tile_files : callable
        Lists a file of every tile of a run; known once its split is.
    """

    plan: Plan
    inventory: Inventory
    item: str = ""
    tile_files: Callable[[Run, str], Files] = lambda run, file: []

    @property
    def asked(self) -> list[Run]:
        """The runs of the retrieval table that it is about."""
        return self.plan.runs_of(self.item)

    @property
    def config(self) -> Config:
        """All that was asked for."""
        return self.plan.config


# Of what there are several, each with a table or figure of its own, by the word for it.
EACH: dict[str, Callable[[Inventory], Iterable[str]]] = {
    "retrieval_tables": lambda there: there.plan.scored_tables(),
    "confusions": lambda there: there.confusions,
    "robustness_tables": lambda there: robustness.tables_of(there.plan),
    "maps": lambda there: there.maps,
}
# What must not be empty for a table or figure to be asked for.
ASKED: dict[str, Callable[[Inventory], Any]] = {
    "always": lambda there: True,
    "validations": lambda there: there.plan.validations(),
    "searched": lambda there: searched(there.plan),
    "classified": lambda there: there.plan.classified,
    "paired": lambda there: there.plan.classifiers if there.plan.tested_by == PAIRS else [],
    "compared": lambda there: there.plan.compared_tables(),
    "rankings": lambda there: there.plan.scored_tables(),
    "matrices": lambda there: there.plan.config["matrix_spectrogram"]["table"]["n_samples"],
    "histories": lambda there: there.with_history,
    "long_searches": lambda there: searches.long_searches(there.plan),
    "asked_by_parts": lambda there: parts.asked_by_parts(there.plan),
    "disturbable": lambda there: robustness.disturbable(there.plan),
    "tails_of_runs": lambda there: _of_tails(there) and there.runs,
    "tails_of_trainings": lambda there: _of_tails(there) and there.tested,
    "classified_disturbed": lambda there: robustness.disturbable_trainings(there.plan),
}
# The files that a registration may need.
NEEDS: dict[str, Callable[[Shown], Files]] = {
    "clips": lambda of: [CLIPS],
    "splits": lambda of: _splits(of.plan.runs.values()),
    "split": lambda of: _splits([of.inventory.maps[of.item]]),
    "scores": lambda of: _scores(of.inventory.runs_of(of.item)),
    "choices": lambda of: [
        f"{bank.folder}/{split}/choice.json"
        for bank, split in _combined(of.inventory.runs_of(of.item))
    ],
    "all_scores": lambda of: _scores(of.inventory.runs),
    "rankings": lambda of: [f"rankings/{run.path}.parquet" for run in of.inventory.runs],
    "comparisons": lambda of: [
        f"validation/{feature.source}.csv" for feature in of.plan.validations()
    ],
    "matrix_costs": lambda of: ["matrix/costs.csv"],
    "records": lambda of: [f"models/{t.path}/model.json" for t in of.inventory.classified],
    "predictions": lambda of: _predicted(of.inventory.classified),
    "network_predictions": lambda of: _predicted(of.inventory.networks),
    "answers": lambda of: [f"models/{t.path}/predictions.csv" for t in of.inventory.classified],
    "choosing": lambda of: [f"models/{t.path}/choosing.csv" for t in of.inventory.chosen],
    "tested_predictions": lambda of: _predicted(of.inventory.tested),
    "own_predictions": lambda of: _predicted(of.inventory.confusions[of.item]),
    "histories": lambda of: [f"models/{t.path}/history.csv" for t in of.inventory.with_history],
    "compared_tables": lambda of: [f"tables/{name}.csv" for name in of.plan.compared_tables()],
    "long_scores": lambda of: _long_scores(of, searches.LONG),
    "single_scores": lambda of: _long_scores(of, searches.SINGLE),
    "whole_scores": lambda of: _scores(parts.whole_runs(of.inventory)),
    "part_scores": lambda of: _scores(parts.part_runs(of.inventory)),
    "clean_scores": lambda of: _scores(robustness.clean_runs(of.inventory)),
    "disturbed_scores": lambda of: _scores(robustness.disturbed_in(of.inventory)),
    "clean_predictions": lambda of: _predicted(robustness.clean_trainings(of.inventory)),
    "disturbed_predictions": lambda of: [
        f"disturbed/{name}/models/{t.path}/predictions.csv"
        for name, t in robustness.disturbed_trainings(of.inventory)
    ],
    "table": lambda of: [f"tables/{of.item}.csv"],
    "map": lambda of: [f"maps/{of.item}.csv"],
    "matrix_waveforms": lambda of: [_waveforms(matrix_figure(of)["audio"])],
    "features_waveforms": lambda of: [_waveforms(features_figure(of)["audio"])],
    "dtw_waveforms": lambda of: [_waveforms(dtw_figure(of)["bank"]["audio"])],
}
# The same of every tile, which `Shown.tile_files` lists.
OF_TILES: dict[str, Callable[[Shown], Files]] = {
    "statistics": lambda of: [
        file for run in searched(of.plan) for file in of.tile_files(run, STATISTICS)
    ],
    "costs": lambda of: [file for run in timed(of) for file in of.tile_files(run, COSTS)],
}
# The facts that a registration may be told; every block of the config is one, too.
TOLD: dict[str, Callable[[Shown], Any]] = {
    "title": lambda of: of.item,
    "dataset": lambda of: of.config["dataset"],
    "headline": lambda of: headline(of.config),
    "on_split_recording": lambda of: specs.on_split_recording(of.config),
    "top_k": lambda of: sorted(of.config["retrieval"]["top_k"]),
    "runs": lambda of: [list(run.row) for run in of.asked],
    "present_runs": lambda of: [list(run.row) for run in of.inventory.runs_of(of.item)],
    "combined": lambda of: [
        [bank.name, split] for bank, split in _combined(of.inventory.runs_of(of.item))
    ],
    "timed": lambda of: [[list(run.row), f"distances/{run.path}"] for run in timed(of)],
    "settings": lambda of: {s.name: s.spec for s in (run.bank.setting for run in of.asked)},
    "protocol": lambda of: of.plan.protocol_of(of.item),
    "retrieval_protocol": lambda of: of.plan.protocol,
    "query_folds": lambda of: _query_folds(of.asked),
    "starts": lambda of: of.inventory.starts(run.bank for run in of.asked),
    "vectors": lambda of: vectors(run.bank for run in of.asked),
    "encoders": lambda of: of.inventory.encoders(run.bank for run in of.asked),
    "all_runs": lambda of: {
        table: [list(run.row) for run in runs] for table, runs in of.inventory.compared.items()
    },
    "trainings": lambda of: [list(t.row) for t in of.plan.classified],
    "present_trainings": lambda of: [list(t.row) for t in of.inventory.classified],
    "choosing_trainings": lambda of: [list(t.row) for t in of.inventory.chosen],
    "present_networks": lambda of: [list(t.row) for t in of.inventory.networks],
    "tested_trainings": lambda of: [list(t.row) for t in of.inventory.tested],
    "classifier": lambda of: of.inventory.confusions[of.item][0].row.about,
    "test_protocol": lambda of: of.config[CLASSIFICATION]["protocol"],
    "test_folds": lambda of: _query_folds(of.plan.classified),
    "trained_starts": lambda of: of.inventory.starts(of.plan.classified),
    "trained_encoders": lambda of: of.inventory.encoders(of.plan.classified),
    "names_by": lambda of: of.inventory.names_by(),
    "panels": lambda of: [list(t.panel) for t in of.inventory.with_history],
    "folds_of_tables": lambda of: {
        name: "test_fold" if name == CLASSIFICATION else "query_fold"
        for name in of.plan.compared_tables()
    },
    "long_rows": lambda of: [
        [s.method.name, s.setting.name, "+".join(map(str, s.split.query_folds))]
        for s in _long(of, searches.LONG)
    ],
    "whole_rows": lambda of: [list(run.row) for run in parts.whole_runs(of.inventory)],
    "part_rows": lambda of: parts.part_rows(of.inventory),
    "clean_rows": lambda of: [list(run.row) for run in robustness.clean_runs(of.inventory)],
    "disturbed_rows": lambda of: robustness.disturbed_rows(of.inventory),
    "disturbed_folds": lambda of: _query_folds(robustness.disturbable(of.plan)),
    "disturbed_encoders": lambda of: of.inventory.encoders(
        run.bank for run in robustness.disturbable(of.plan)
    ),
    "clean_trainings": lambda of: [list(t.row) for t in robustness.clean_trainings(of.inventory)],
    "disturbed_trainings": lambda of: [
        [name, list(t.row)] for name, t in robustness.disturbed_trainings(of.inventory)
    ],
    "every_run": lambda of: [list(run.row) for run in of.inventory.runs],
    "every_fold": lambda of: _query_folds(of.plan.runs.values()),
    "every_encoder": lambda of: of.inventory.encoders(run.bank for run in of.plan.runs.values()),
    "part_folds": lambda of: _query_folds(parts.asked_by_parts(of.plan)),
    "part_encoders": lambda of: of.inventory.encoders(
        run.bank for run in parts.asked_by_parts(of.plan)
    ),
    "long_encoders": lambda of: of.inventory.encoders(_encoders_of_searches(of)),
    "matrix": lambda of: specs.matrix(of.config),
    "matrix_figure": lambda of: matrix_figure(of),
    "features_figure": lambda of: features_figure(of),
    "dtw_figure": lambda of: dtw_figure(of),
}
# The features whose code a registration runs without naming it.
USES: dict[str, Callable[[Shown], Iterable[str]]] = {
    "features_figure": lambda of: [b["feature"] for b in features_figure(of)["banks"].values()],
    "dtw_figure": lambda of: [dtw_figure(of)["bank"]["feature"]],
}


def _of_tails(there: Inventory) -> bool:
    return there.plan.config["robustness"]["silent_tails"]


def tables(inventory: Inventory) -> dict[str, str]:
    """Return the names of all tables that ``results/tables`` stands for, each with its kind."""
    return _asked_for(TABLES, inventory)


def figures(inventory: Inventory) -> dict[str, str]:
    """Return the names of all figures that ``results/figures`` stands for, each with its kind."""
    shown = inventory.plan.config["figures"]["show"]
    found = _asked_for(FIGURES, inventory)
    return {name: kind for of in shown for name, kind in found.items() if kind == of}


def figures_on_page(inventory: Inventory) -> list[str]:
    """Return the names of the figures that stand on the page: registered with ``on_page=True``.

    Those that the page draws itself, to be moved and clicked, do not.
    """
    found = figures(inventory).items()
    return [name for name, kind in found if FIGURES.entry(kind).traits.get("on_page")]


def _asked_for(registry: Registry, inventory: Inventory) -> dict[str, str]:
    kinds = sorted(registry, key=lambda kind: registry.entry(kind).traits.get("place", FIRST))
    return {
        name: kind for kind in kinds for name in names_of(registry.entry(kind), kind, inventory)
    }


def names_of(entry: Entry, kind: str, inventory: Inventory) -> list[str]:
    """Return the names of the tables or figures of one kind, as their files below the results."""
    traits = entry.traits
    if "each" not in traits:
        asked = _word("asked", traits.get("asked", "always"), ASKED)
        return [traits.get("file", kind)] if asked(inventory) else []
    folder = f"{traits['folder']}/" if "folder" in traits else ""
    return [f"{folder}{item}" for item in _word("each", traits["each"], EACH)(inventory)]


def item_of(entry: Entry, name: str) -> str:
    """Return which of several of its kind a table or figure of some name is about."""
    return name.removeprefix(f"{entry.traits['folder']}/") if "folder" in entry.traits else name


def needed(entry: Entry, of: Shown) -> dict[str, Files]:
    """Return the files that a table or figure needs, by the words for them."""
    known = {**NEEDS, **OF_TILES}
    found = {need: _word("needs", need, known)(of) for need in entry.traits["needs"]}
    return {
        need: files if need in OF_TILES else [f"<results>/{file}" for file in files]
        for need, files in found.items()
    }


def told(entry: Entry, of: Shown) -> dict[str, Any]:
    """Return the facts that a table or figure is told: the spec of its job."""
    blocks = {name: (lambda of, name=name: block_of(of.config, name)) for name in of.config}
    return {
        fact: _word("told", fact, {**blocks, **TOLD})(of) for fact in entry.traits.get("told", ())
    }


def modules(entry: Entry, of: Shown) -> list[str]:
    """Return the modules that a table or figure runs: its own, and of features that it computes."""
    computed = USES[entry.traits["uses"]](of) if "uses" in entry.traits else []
    return [entry.module, *(FEATURES.entry(feature).module for feature in computed)]


def _word(trait: str, word: str, known: Mapping[str, Any]) -> Any:
    if word not in known:
        raise ParameterError(f"{trait}={word!r} of a registration {unknown(word, known)}")
    return known[word]


def _splits(runs: Iterable[Run]) -> Files:
    return [f"index/splits/{name}.csv" for name in dict.fromkeys(run.split.name for run in runs)]


def _scores(runs: Iterable[Run]) -> Files:
    return [f"scores/retrieval/{run.path}.csv" for run in runs]


def _combined(runs: Iterable[Run]) -> list[tuple[Combined, str]]:
    """Return the fusions and two-stage searches of some runs, each with the name of its split."""
    return [(run.bank, run.split.name) for run in runs if isinstance(run.bank, Combined)]


def timed(of: Shown) -> list[Run]:
    """Return the runs whose cost a table tells: of one with two-stage searches all that are known.

    What a fusion costs is none of its own, and an exact search tells it in a table of its own.
    """
    runs = of.inventory.runs_of(of.item)
    if not any(isinstance(run.bank, TwoStage) for run in runs):
        return []
    found = (run for run in runs if division_of(of.config, run).mode == "full")
    return [run for run in found if run.distance != FUSION]


def _long(of: Shown, layout: str) -> list[searches.LongSearch]:
    """Return the searches in files of one layout whose encoders have their weights here."""
    every, absent = searches.long_searches(of.plan).values(), of.inventory.absent
    return [s for s in every if s.layout == layout and s.method.name not in absent]


def _long_scores(of: Shown, layout: str) -> Files:
    return [f"long_files/{search.path}/scores.csv" for search in _long(of, layout)]


def _encoders_of_searches(of: Shown) -> list[Encoding]:
    methods = [search.method for search in searches.long_searches(of.plan).values()]
    encoders = (method for method in methods if isinstance(method, Pretrained))
    return [Encoding(encoder.name, encoder, FROZEN, None) for encoder in encoders]


def _predicted(trainings: Iterable[Any]) -> Files:
    return [f"scores/classification/{of.path}.csv" for of in trainings]


def _waveforms(audio: Mapping[str, Any]) -> str:
    return f"audio/sr{audio['sample_rate']}/waveforms.npy"


def _query_folds(parts: Iterable[Any]) -> dict[str, list[int]]:
    return {part.split.name: list(part.split.query_folds) for part in parts}


def searched(plan: Plan) -> list[Run]:
    """Return the runs whose hits are searched for without all distances."""
    return [run for run in plan.runs.values() if specs.mode(plan.config, run) == "top_k"]


def headline(config: Config) -> str:
    """Return the metric of retrieval that methods are compared by: ``mrr@10``."""
    return f"{config['comparison']['metric']}@{min(config['retrieval']['top_k'])}"


def matrix_figure(of: Shown) -> specs.Spec:
    """Return the spec of the picture of a spectrogram matrix, and of a clip's spectrogram by it."""
    figure = of.config["matrix_spectrogram"]["figure"]
    return {
        "audio": specs.audio(of.config, figure["sample_rate"]),
        "matrix": specs.matrix(of.config),
        "n_samples": figure["n_samples"],
        "clip": figure["clip"],
    }


def features_figure(of: Shown) -> specs.Spec:
    """Return the spec of the picture of some clips' features."""
    block = of.config["figures"]["features"]
    drawn = (name for name in DRAWN_FEATURES if name in of.config["features"])
    features = {name: of.plan.feature(name, block["stft"]) for name in drawn}
    return {
        "audio": specs.audio(of.config, of.plan.setting(block["stft"]).sample_rate),
        "banks": {name: specs.feature_bank(of.config, f) for name, f in features.items()},
        "clips": block["clips"],
    }


def dtw_figure(of: Shown) -> specs.Spec:
    """Return the spec of the picture of two clips warped onto each other."""
    block = of.config["figures"]["dtw"]
    options = specs.distance_options(of.config, "dtw")
    options.pop("dtype", None)
    feature = of.plan.feature(block["feature"], block["stft"])
    bank = specs.feature_bank(of.config, feature)
    return {"bank": bank, "options": options, "clips": block["clips"]}


def map_spec(plan: Plan, embedding: str) -> specs.Spec:
    """Return the spec of where the clips lie on the map of one bank."""
    run, tsne = plan.maps()[embedding], plan.config["figures"]["tsne"]
    return {
        "bank": specs.bank(plan.config, run.bank),
        **map_options(run),
        "tsne": {"perplexity": tsne["perplexity"], "seed": tsne["seed"]},
    }


def map_options(run: Run) -> dict[str, Any]:
    """Return how clips are compared on a map: pooled as in the run, and features normalised too.

    Vectors of encoders and networks are mapped as they are, whatever a row does to them.
    """
    steps = specs.normalise(run.bank) if isinstance(run.bank, Feature) else {}
    return {**specs.pooling(run.bank), **steps}


def page(inventory: Inventory) -> specs.Spec:
    """Return the spec of the page: what it shows, and all of the config that it prints."""
    config, maps = inventory.plan.config, inventory.maps.values()
    return {
        "runs": [list(run.row) for run in inventory.shown_runs],
        "cells": [list(of.row) for of in inventory.shown_classifiers],
        "maps": [list(run.row) for run in maps],
        "map_options": [map_options(run) for run in maps],
        "tables": list(tables(inventory)),
        "figures": figures_on_page(inventory),
        "headline": headline(config),
        "mel": specs.feature_bank(config, inventory.plan.feature("mel", config["report"]["stft"])),
        "tags": [of.encoder.name for of in inventory.tags],
        "config": {key: block_of(config, key) for key in config if key not in PLACES},
    }
