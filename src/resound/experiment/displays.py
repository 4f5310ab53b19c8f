"""What an experiment shows: figures, comparisons and the page, and the specs of their jobs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from resound.experiment.coordinates import Cell, Run

Spec = dict[str, Any]

# The features that the figure of clips shows, from above to below.
DRAWN_FEATURES = ("stft", "mel", "mfcc", "lfcc", "f0", "f1")
# Keys that say where things stand or are told, and decide nothing.
PLACES = ("data_root", "results_dir", "wandb")


class Basis(Protocol):
    """What the displays take from the experiment that they are part of."""

    config: Mapping[str, Any]

    def setting(self, feature: str, stft: str) -> str:
        """Name the setting of a feature."""

    def tables(self) -> list[str]:
        """Return the names of all tables."""

    def retrieval_tables(self) -> list[str]:
        """Return the names of the retrieval tables that have rows."""

    def classified(self) -> list[Cell]:
        """Return all rows of the classification table."""

    def autoencoder_cells(self) -> list[Cell]:
        """Return all trainings of autoencoders."""

    def has_history(self, cell: Cell) -> bool:
        """Say whether a row was trained in epochs."""

    def all_runs(self) -> list[Run]:
        """Return the runs of all retrieval tables."""

    def bank_folder(self, run: Run) -> str:
        """Return the folder of a run's bank."""

    def distances(self, run: Run) -> Spec:
        """Decide the distances of a run."""

    def audio(self, sample_rate: int) -> Spec:
        """Decide the decoded waveforms."""

    def bank(self, feature: str, setting: str) -> Spec:
        """Decide a bank."""

    def matrix(self) -> Spec:
        """Decide the spectrogram as a matrix."""


class Displays:
    """The part of an experiment that shows what the rest has made."""

    def __init__(self, experiment: Basis) -> None:
        self.experiment, self.config = experiment, experiment.config

    # What is shown

    def figures(
        self, cells: Sequence[Cell] | None = None, runs: Sequence[Run] | None = None
    ) -> list[str]:
        """Return the names of all figures that ``results/figures`` stands for.

        Parameters
        ----------
        cells, runs : sequence, optional
            The classifiers and the runs that are there, where not all of them need to be.
        """
        cells = self.experiment.classified() if cells is None else cells
        trained = [*cells, *self.experiment.autoencoder_cells()]
        tables = self.experiment.retrieval_tables()
        names = {
            "matrix": ["stft_matrix_real"],
            "features": ["features"],
            "dtw": ["dtw_path"],
            "retrieval": tables,
            "precision": ["precision"] if tables else [],
            "training": ["training"] if any(map(self.experiment.has_history, trained)) else [],
            "confusion": [f"confusion/{'/'.join(cell[:3])}" for cell in cells],
            "tsne": [f"tsne/{embedding}" for embedding in self.maps(runs)],
        }
        shown = self.config["figures"]["show"]
        return list(dict.fromkeys(name for kind in shown for name in names[kind]))

    def compared_tables(self) -> list[str]:
        """Return the tables whose methods are compared: those of retrieval and of classifiers."""
        return [
            *self.experiment.retrieval_tables(),
            *(["classification"] if self.experiment.classified() else []),
        ]

    @property
    def headline(self) -> str:
        """The metric of retrieval that methods are compared by: ``mrr@10``."""
        return f"{self.config['comparison']['metric']}@{min(self.config['retrieval']['top_k'])}"

    @property
    def page_setting(self) -> str:
        """The setting of the page's pictures and sounds."""
        return self.experiment.setting("mel", self.config["report"]["stft"])

    def maps(self, runs: Sequence[Run] | None = None) -> dict[str, Run]:
        """Return the embeddings that are mapped, by their path: of each network one split and seed.

        Parameters
        ----------
        runs : sequence of Run, optional
            Those that are there, where not all of them need to be.
        """
        first: dict[tuple[str, ...], Run] = {}
        for run in self.experiment.all_runs() if runs is None else runs:
            if run.network:
                first.setdefault((run.network, run.feature, run.setting), run)
        return {self._embedding(run): run for run in first.values()}

    def _embedding(self, run: Run) -> str:
        """Return the folder of a run's bank below the embeddings."""
        return self.experiment.bank_folder(run).removeprefix("embeddings/")

    # What decides each job

    def matrix_figure(self) -> Spec:
        """Decide the picture of a spectrogram matrix, and of a clip's spectrogram made by it."""
        figure = self.config["matrix_spectrogram"]["figure"]
        return {
            "audio": self.experiment.audio(figure["sample_rate"]),
            "matrix": self.experiment.matrix(),
            "n_samples": figure["n_samples"],
            "clip": figure["clip"],
        }

    def features_figure(self) -> Spec:
        """Decide the picture of some clips' features."""
        block = self.config["figures"]["features"]
        drawn = [name for name in DRAWN_FEATURES if name in self.config["features"]]
        banks = {
            name: self.experiment.bank(name, self.experiment.setting(name, block["stft"]))
            for name in drawn
        }
        stft = self.config["stft"][block["stft"]]
        return {
            "audio": self.experiment.audio(stft["sample_rate"]),
            "banks": banks,
            "clips": block["clips"],
        }

    def dtw_figure(self) -> Spec:
        """Decide the picture of two clips warped onto each other."""
        block = self.config["figures"]["dtw"]
        options = dict(self.config["retrieval"]["distances"].get("dtw", {}))
        options.pop("dtype", None)
        bank = self.experiment.bank(
            block["feature"], self.experiment.setting(block["feature"], block["stft"])
        )
        return {"bank": bank, "options": options, "clips": block["clips"]}

    def retrieval_figure(self) -> Spec:
        """Decide what the picture of a retrieval table shows."""
        return {"k": min(self.config["retrieval"]["top_k"]), "metric": self.headline}

    def map(self, embedding: str) -> Spec:
        """Decide where the clips lie on the map of one embedding."""
        runs = {self._embedding(run): run for run in self.experiment.all_runs()}
        bank = self.experiment.distances(runs[embedding])["bank"]
        return {"bank": bank, "tsne": dict(self.config["figures"]["tsne"])}

    def significance_table(self, runs: Mapping[str, Sequence[Run]], cells: Sequence[Cell]) -> Spec:
        """Decide the tests between the methods that are there."""
        test = dict(self.config["comparison"])
        del test["metric"]
        return {
            "runs": {table: [list(run) for run in listed] for table, listed in runs.items()},
            "cells": [list(cell) for cell in cells],
            "metric": self.headline,
            "test": test,
            "dataset": self.config["dataset"],
            "bootstrap": dict(self.config["bootstrap"]),
        }

    def summary_table(self) -> Spec:
        """Decide the headlines of all tables."""
        folds = {"classification": "test_fold"}
        return {
            "tables": {name: folds.get(name, "query_fold") for name in self.compared_tables()},
            "metric": self.headline,
            "dataset": self.config["dataset"],
            "level": self.config["bootstrap"]["level"],
        }

    def page(self, runs: Sequence[Run], cells: Sequence[Cell], maps: Sequence[Run]) -> Spec:
        """Decide the page: what it shows, and all of the config that it prints."""
        return {
            "runs": [list(run) for run in runs],
            "cells": [list(cell) for cell in cells],
            "maps": [list(run) for run in maps],
            "tables": self.experiment.tables(),
            "headline": self.headline,
            "mel": self.experiment.bank("mel", self.page_setting),
            "config": {key: self.config[key] for key in self.config if key not in PLACES},
        }
