"""What an experiment consists of: its settings, splits and runs, and the spec of every job.

An `Experiment` is a checked `config.yaml`. It lists the runs of each table, names their paths, and
cuts out of the config the *spec* of each job: a nested dict of plain built-ins that holds all that
decides the job's output, its inputs' specs included, and nothing else. Snakemake re-runs a job
whose spec changed; a stored artefact carries its spec, and a reader refuses another.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from resound.experiment.coordinates import (
    ALL_CLIPS,
    AUTOENCODER,
    LOSSES,
    RANDOM,
    VARIANT_OF,
    WAVEFORM,
    Cell,
    Run,
    Split,
    setting_name,
    splits,
)
from resound.experiment.displays import Displays
from resound.experiment.encodings import Encodings
from resound.experiment.resources import Workload, n_frames
from resound.experiment.tiles import Shard, Tile
from resound.experiment.tracking import Tracking
from resound.provenance import NUMERIC_LIBRARIES, TRAINING_LIBRARIES, numeric_versions
from resound.registry import AUTOENCODERS, DISTANCES, FEATURES, NETWORKS

Spec = dict[str, Any]

# Options that are part of a training's spec as they stand: of every one, and of a classifier's.
TRAINING_OPTIONS = (
    "epochs",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "warmup_epochs",
    "accelerator",
    "precision",
    "threads",
)
CLASSIFIER_OPTIONS = ("selection", "label_smoothing", "augmentation")
# The blocks of the config whose trainings make embeddings.
CLASSIFIED = "classification"


class Experiment:
    """A checked config, and the specs of all jobs that it asks for.

    Parameters
    ----------
    config : mapping
        The config as `resound.experiment.config.check` accepts it.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        retrieval = config["retrieval"]
        self.protocol: str = retrieval["protocol"]
        self.splits = {s.name: s for s in splits(self.protocol, retrieval["query_folds"])}
        self.test_splits = self._test_splits()
        self.encodings = Encodings(self)
        self.displays = Displays(self)

    def _test_splits(self) -> dict[str, Split]:
        """Return what classifiers are tested on: nothing, where there are no folds."""
        if self.protocol == "leave_one_out":
            return {}
        query_folds = self.config["retrieval"]["query_folds"]
        chosen = splits(self.config["classification"]["protocol"], query_folds)
        return {split.name: split for split in chosen}

    @property
    def on_split_recording(self) -> str:
        """What becomes of recordings in several folds: those of ESC-50 stay as released."""
        chosen = {"folder": self.config["on_split_recording"], "synthetic": "error"}
        policy: str = chosen.get(self.config["dataset"], "keep")
        return policy

    @functools.cached_property
    def settings(self) -> dict[str, Spec]:
        """Every short-time setting by its written-out name, framed and unframed."""
        found = {}
        for stft in self.config["stft"].values():
            found[setting_name(stft)] = {"engine": "fft", **stft}
            found[setting_name(stft, framed=False)] = {"sample_rate": stft["sample_rate"]}
        return found | self.encodings.settings()

    def registered(self, feature: str) -> str:
        """Return the name under which a feature of the config is registered: most often its own."""
        block: Mapping[str, Any] = self.config["features"].get(feature, {})
        name: str = block.get(VARIANT_OF, feature)
        return name

    def feature_module(self, feature: str) -> str:
        """Return the module that computes a feature of the config."""
        return FEATURES.entry(self.registered(feature)).module

    def setting(self, feature: str, stft: str) -> str:
        """Return the written-out name of the setting at which `feature` is made for `stft`."""
        framed = FEATURES.entry(self.registered(feature)).traits.get("framed", True)
        return setting_name(self.config["stft"][stft], framed)

    # What is asked for

    def table_runs(self, table: str) -> list[Run]:
        """Return the runs of one retrieval table, in the order of its rows."""
        block = self.config["retrieval"]["tables"][table]
        named = block["distance"]
        distances = [named] if isinstance(named, str) else named
        if "encodings" in block:
            return [r for d in distances for r in self.encodings.runs(d, block["encodings"])]
        if "embeddings" in block:
            return [
                Run(distance, cell.feature, cell.setting, cell.split, cell.network, cell.seed)
                for distance in distances
                for cell in self.trainings(block["embeddings"])
            ]
        runs = [
            Run(distance, feature, self.setting(feature, stft), split)
            for distance in distances
            for feature in block["features"]
            for stft in block["stft"]
            for split in self.splits
        ]
        return list(dict.fromkeys(runs))

    def retrieval_tables(self) -> list[str]:
        """Return the names of the retrieval tables that have rows.

        Networks whose epoch the test folds chose have seen their queries: they have no table.
        """
        tables = self.config["retrieval"]["tables"]
        chosen = self.config["classification"]["selection"] == "test"
        seen = {name for name in tables if chosen and tables[name].get("embeddings") == CLASSIFIED}
        return [name for name in tables if name not in seen and self.table_runs(name)]

    def table_protocol(self, table: str) -> str:
        """Return the protocol of a retrieval table: of embeddings, that of their training."""
        block = self.config["retrieval"]["tables"][table]
        if block.get("embeddings") == CLASSIFIED:
            protocol: str = self.config["classification"]["protocol"]
            return protocol
        return self.protocol

    def validations(self) -> list[tuple[str, str]]:
        """Return the (feature, setting) pairs that are compared with librosa."""
        block = self.config["validation"]
        return [(f, self.setting(f, stft)) for f in block["features"] for stft in block["stft"]]

    def mode(self, run: Run) -> str:
        """Return how the hits of a run are found: ``full`` or ``top_k``."""
        mode: str = self.config["retrieval"].get(run.distance, {}).get("mode", "full")
        return mode

    def hardware(self, run: Run) -> dict[str, str]:
        """Return the ``device`` of a run whose distance can be computed on several."""
        block = self.config["retrieval"].get(run.distance, {})
        return {"device": block["device"]} if "device" in block else {}

    def distance_modules(self, run: Run) -> list[str]:
        """Return the modules that compute a run's distances, a device's own one included."""
        entry = DISTANCES.entry(run.distance)
        devices = self.hardware(run).values()
        return [entry.module, *(entry.traits[name] for name in devices if name in entry.traits)]

    def n_gpus(self, run: Run) -> int:
        """Return how many GPUs a job of the run's distances takes."""
        return int("cuda" in self.hardware(run).values())

    def n_training_gpus(self, block: str) -> int:
        """Return how many GPUs a training of a block of the config insists on."""
        return int(self.config[block]["accelerator"] == "gpu")

    def tile_cells(self, run: Run) -> int:
        """Return how many cells DTW computes in a whole tile, at the frames of the feature."""
        frames = n_frames(self.config["audio"]["duration"], self.settings[run.setting])
        return Workload(**self.tile_size, frames=frames, dims=1).cells

    def searched_runs(self) -> list[Run]:
        """Return the runs of all tables whose hits are searched for without all distances."""
        return [run for run in self.all_runs() if self.mode(run) == "top_k"]

    def cells(self) -> list[Cell]:
        """Return all trainings, in the order of the classification table's rows."""
        block = self.config["classification"]
        cells = [
            Cell(network + suffix, feature, self.setting(feature, stft), split, str(seed))
            for network in block["networks"]
            for suffix in ("" if loss == LOSSES[0] else f"_{loss}" for loss in block["losses"])
            for feature in block["features"]
            for stft in block["stft"]
            for split in self.test_splits
            for seed in block["seeds"]
        ]
        return list(dict.fromkeys(cells))

    def classified(self) -> list[Cell]:
        """Return all rows of the classification table: networks on features, then encoders."""
        return [*self.cells(), *self.encodings.cells()]

    def cell(self, run: Run) -> Cell | None:
        """Return the training behind a run's bank; None where nothing was trained for it."""
        return self.encodings.cell(run) if run.feature == WAVEFORM else run.cell

    def bank_folder(self, run: Run) -> str:
        """Return the folder of a run's bank below the results."""
        return self.encodings.folder(run) if run.feature == WAVEFORM else run.bank

    def trainings(self, block: str) -> list[Cell]:
        """Return the trainings of a block of the config that makes embeddings."""
        return {CLASSIFIED: self.cells, AUTOENCODER: self.autoencoder_cells}[block]()

    def autoencoder_cells(self) -> list[Cell]:
        """Return all trainings of autoencoders; none, where every clip is a query."""
        block = self.config["autoencoder"]
        cells = [
            Cell(f"{AUTOENCODER}_{size}", feature, self.setting(feature, stft), split, str(seed))
            for size in block["code_sizes"]
            for feature in block["features"]
            for stft in block["stft"]
            for split in self.splits
            if self.splits[split].query_folds
            for seed in block["seeds"]
        ]
        return list(dict.fromkeys(cells))

    def has_history(self, cell: Cell) -> bool:
        """Say whether a row was trained in epochs; probes and zero-shot classes were not."""
        return cell.feature != WAVEFORM or self.encodings.has_history(cell)

    def network_module(self, cell: Cell) -> str:
        """Return the module that builds the network of a training."""
        if cell.code_size:
            return AUTOENCODERS.entry(AUTOENCODER).module
        return NETWORKS.entry(cell.classifier).module

    def tables(self) -> list[str]:
        """Return the names of all tables that ``results/tables`` stands for."""
        may_be_empty = {
            "classification": self.classified(),
            "validation": self.validations(),
            "matrix_spectrogram": self.config["matrix_spectrogram"]["table"]["n_samples"],
            "search": self.searched_runs(),
            "significance": self.displays.compared_tables(),
            "summary": self.displays.compared_tables(),
        }
        return [*self.retrieval_tables(), *(name for name, rows in may_be_empty.items() if rows)]

    def all_runs(self) -> list[Run]:
        """Return the runs of all retrieval tables."""
        runs = (run for table in self.retrieval_tables() for run in self.table_runs(table))
        return list(dict.fromkeys(runs))

    # What decides each job

    def dataset(self) -> Spec:
        """Decide what `fetch_dataset` brings: the data set and where it comes from."""
        origin = {
            "synthetic": {**self.config["synthetic"], "duration": self.config["audio"]["duration"]},
            "folder": {},
        }
        name = self.config["dataset"]
        return {"dataset": name, "origin": origin.get(name, self.config["archive"])}

    def index(self) -> Spec:
        """Decide the list of clips and its audit."""
        return {
            "dataset": self.config["dataset"],
            "duration": self.config["audio"]["duration"],
            "on_bad_audio": self.config["on_bad_audio"],
            "on_split_recording": self.on_split_recording,
        }

    def split(self, name: str) -> Spec:
        """Decide which clips ask and which answer."""
        known = {ALL_CLIPS: Split(ALL_CLIPS, ()), **self.splits, **self.test_splits}
        return {
            "query_folds": list(known[name].query_folds),
            "on_split_recording": self.on_split_recording,
        }

    def audio(self, sample_rate: int) -> Spec:
        """Decide the decoded waveforms at one sample rate."""
        return {
            **self.config["audio"],
            "sample_rate": sample_rate,
            **self.versions(),
        }

    def bank(self, feature: str, setting: str) -> Spec:
        """Decide the bank of one feature at one setting."""
        stft = self.settings[setting]
        options = dict(self.config["features"].get(feature, {}))
        options.pop(VARIANT_OF, None)
        return {
            "audio": self.audio(stft["sample_rate"]),
            "feature": self.registered(feature),
            "stft": stft,
            "options": options,
        }

    def validation(self, feature: str, setting: str) -> Spec:
        """Decide the comparison of one feature with librosa's."""
        return {**self.bank(feature, setting), "clips": self.config["validation"]["clips"]}

    def validation_table(self) -> Spec:
        """Decide the table of all comparisons with librosa."""
        return {
            "comparisons": [list(pair) for pair in self.validations()],
            "dataset": self.config["dataset"],
        }

    def matrix_costs(self) -> Spec:
        """Decide what is measured of the spectrogram as a matrix."""
        table = self.config["matrix_spectrogram"]["table"]
        sizes = sorted(table["n_samples"])
        return {
            "matrix": self.matrix(),
            "n_samples": sizes,
            "rounds": table["rounds"],
            **self.versions(),
        }

    def distances(self, run: Run) -> Spec:
        """Decide the distances between the queries and the gallery of one split."""
        return {
            "bank": self._compared(run),
            "distance": run.distance,
            "options": dict(self.config["retrieval"]["distances"].get(run.distance, {})),
            "hardware": self.hardware(run),
            "split": self.split(run.split),
        }

    def _compared(self, run: Run) -> Spec:
        if run.feature == WAVEFORM:
            return self.encodings.bank(run)
        return self.embeddings(run.cell) if run.cell else self.bank(run.feature, run.setting)

    def ranking(self, run: Run) -> Spec:
        """Decide the ranked hits of every query of one split."""
        retrieval = self.config["retrieval"]
        spec = {"distances": self.distances(run), "top_k": sorted(retrieval["top_k"])}
        if self.protocol == "leave_one_out":
            spec["exclude_same_recording"] = retrieval["exclude_same_recording"]
        return spec

    # How it is divided into jobs, and by which way found: the ranking is the same

    @property
    def feature_shards(self) -> int:
        """Jobs among which the clips of a bank are divided."""
        shards: int = self.config["feature_shards"]
        return shards

    def shard(self, feature: str, setting: str, number: int) -> Spec:
        """Decide one shard of a bank."""
        shard = Shard(number, self.feature_shards)
        return {"bank": self.bank(feature, setting), "shard": shard._asdict()}

    def gathered_bank(self, feature: str, setting: str) -> Spec:
        """Decide from how many shards a bank is put together."""
        return {"bank": self.bank(feature, setting), "shards": self.feature_shards}

    @property
    def tile_size(self) -> dict[str, int]:
        """Clips a side of one tile."""
        return dict(self.config["retrieval"]["tile"])

    def distances_tile(self, run: Run, row: int, column: int) -> Spec:
        """Decide one tile of the distances of a run."""
        return {"distances": self.distances(run), "tile": self._tile(row, column)}

    def search_tile(self, run: Run, row: int, column: int) -> Spec:
        """Decide the hits of one tile that a search finds."""
        return {"ranking": self.ranking(run), "tile": self._tile(row, column)}

    def gathering(self, run: Run) -> Spec:
        """Decide from which tiles a ranking is put together."""
        return {"ranking": self.ranking(run), "tile_size": self.tile_size, "mode": self.mode(run)}

    def _tile(self, row: int, column: int) -> Spec:
        return Tile(row, column, **self.tile_size)._asdict()

    # What follows from the rankings

    def scores(self, run: Run) -> Spec:
        """Decide the metrics of every query of one split."""
        spec = {"ranking": self.ranking(run)}
        ties = self.config["retrieval"]["ties"]
        if ties["orders"] and self.mode(run) == "full":
            spec |= {"ties": dict(ties), "tile_size": self.tile_size}
        return spec

    def retrieval_table(self, table: str, present: Sequence[Run]) -> Spec:
        """Decide one retrieval table: its rows, intervals and what it is set beside."""
        runs = self.table_runs(table)
        encoders, starts = self.encodings.sources(runs), self.starts(runs)
        vectors = self.encodings.vectors_of(runs)
        folds = self.splits | self.test_splits
        return {
            "rows": [list(run) for run in runs],
            "present": [list(run) for run in present],
            "settings": {run.setting: self.settings[run.setting] for run in runs},
            "dataset": self.config["dataset"],
            "protocol": self.table_protocol(table),
            "top_k": sorted(self.config["retrieval"]["top_k"]),
            "query_folds": {run.split: list(folds[run.split].query_folds) for run in runs},
            "on_split_recording": self.on_split_recording,
            **({"starts": starts} if starts else {}),
            **({"vectors": vectors} if vectors else {}),
            **({"encoders": encoders} if encoders else {}),
            "bootstrap": dict(self.config["bootstrap"]),
        }

    def matrix(self) -> Spec:
        """Decide the spectrogram as a matrix."""
        block = self.config["matrix_spectrogram"]
        return {key: block[key] for key in ("n_fft", "hop_length", "window", "periodic")}

    def weights(self, network: str) -> Spec | None:
        """Return where the weights are that a network starts from; None when at random."""
        found: Spec | None = self.config["networks"][network].get("weights")
        return found

    def starts(self, rows: Sequence[Cell] | Sequence[Run]) -> dict[str, str]:
        """Tell of each network behind some rows what it started from: ``random``, or a digest."""
        return {row.network: self._start(row) for row in rows if row.network}

    def _start(self, row: Cell | Run) -> str:
        if row.feature == WAVEFORM:
            return str(self.encodings.encoder(self.encodings.encoder_of(row))["sha256"])
        cell = row.cell if isinstance(row, Run) else row
        named = None if cell is None or cell.code_size else self.weights(cell.classifier)
        return named["sha256"] if named else RANDOM

    def training(self, cell: Cell) -> Spec:
        """Decide one trained network: its input, its options, its recipe, its seed."""
        if cell.feature == WAVEFORM:
            return self.encodings.training(cell)
        block = self.config[AUTOENCODER if cell.code_size else CLASSIFIED]
        traits = FEATURES.entry(self.registered(cell.feature)).traits
        return {
            "bank": self.bank(cell.feature, cell.setting),
            "split": self.split(cell.split),
            **(self._autoencoder(cell) if cell.code_size else self._classifier(cell)),
            "input": {
                "n_planes": traits.get("planes", 1),
                "scale": traits.get("scale", "decibel"),
                "max_bins": block["max_bins"],
            },
            "seed": int(cell.seed),
            **{key: block[key] for key in TRAINING_OPTIONS},
            **self.versions(TRAINING_LIBRARIES),
        }

    def _classifier(self, cell: Cell) -> Spec:
        block, network = self.config[CLASSIFIED], cell.classifier
        options, weights = dict(self.config["networks"][network]), self.weights(network)
        options.pop("weights", None)
        return {
            "network": network,
            "options": options,
            "weights": weights and weights["sha256"],
            "loss": {"name": cell.loss, **block.get(cell.loss, {})},
            **{key: block[key] for key in CLASSIFIER_OPTIONS},
        }

    def _autoencoder(self, cell: Cell) -> Spec:
        channels = list(self.config[AUTOENCODER]["channels"])
        return {
            "network": AUTOENCODER,
            "options": {"code_size": cell.code_size, "channels": channels},
            "selection": "fixed",
        }

    def tracking(self) -> Tracking:
        """Say where trainings report to."""
        return Tracking(**self.config["wandb"], folder=self.config["results_dir"])

    def embeddings(self, cell: Cell) -> Spec:
        """Decide what one trained network makes of all clips."""
        return {"training": self.training(cell)}

    def classification_table(self, present: Sequence[Cell]) -> Spec:
        """Decide the table of classifiers: its rows, which of them are there, its intervals."""
        cells = self.classified()
        encoders = self.encodings.sources(cells)
        return {
            "cells": [list(cell) for cell in cells],
            "present": [list(cell) for cell in present],
            "dataset": self.config["dataset"],
            "protocol": self.config["classification"]["protocol"],
            "query_folds": {c.split: self.split(c.split)["query_folds"] for c in cells},
            "on_split_recording": self.on_split_recording,
            "starts": self.starts(cells),
            **({"encoders": encoders} if encoders else {}),
            "bootstrap": dict(self.config["bootstrap"]),
        }

    def versions(self, libraries: Sequence[str] = NUMERIC_LIBRARIES) -> Spec:
        """Return the versions of libraries that are part of a spec: none unless asked for."""
        versions = numeric_versions(self.config["provenance"]["strict"], libraries)
        return {"versions": versions} if versions else {}
