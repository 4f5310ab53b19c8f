"""The files of a run of any size, made up: what the page is tested on without running the workflow.

Clips of a class resemble each other, hits and predictions are right more often than not, and all is
drawn from one seed. Sounds are bursts of noise, which compress as badly as sounds do.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from resound import store
from resound.data.audioset import class_names
from resound.data.index import CLIP_DTYPES
from resound.report import tables
from resound.report.page.results import Method, Results

ROOT = Path(__file__).resolve().parents[2]
RATE = 8_000
SETTING = "sr8000_nfft512_hop256"
FRAMES, BANDS, DIMS, DEPTH = 60, 40, 32, 20
METRICS = ("mrr@10", "proportion@10")
TABLES = ("retrieval_dtw", "retrieval_cosine")
GROUPS = ("Animals", "Human", "Machines", "Nature", "Water")


class Simulation:
    """A run of `classes` with so many clips each, the last fifth of which are queries."""

    def __init__(
        self, folder: Path, classes: Sequence[str], clips_per_class: int, seconds: float = 0.5
    ) -> None:
        self.folder, self.classes = folder, list(classes)
        self.rng = np.random.default_rng(0)
        self.seconds = seconds
        self.clips = self._index(clips_per_class)
        self.label = self.clips["target"].to_numpy()
        self.is_query = (self.clips["fold"] == 5).to_numpy()

    def results(
        self,
        n_methods: int = 2,
        n_classifiers: int = 1,
        n_maps: int = 1,
        *,
        with_tags: bool = False,
    ) -> Results:
        """Write all files, and return them as the page wants them."""
        names = [f"feature{i}" for i in range(n_methods)]
        networks = [f"net{i}" for i in range(max(n_classifiers, n_maps))]
        return Results(
            clips=self.folder / "index/clips.csv",
            mel=self._bank("features/mel", FRAMES, BANDS),
            waveforms=self._waveforms(),
            benchmarks=self._benchmarks(),
            headline=METRICS[0],
            config=yaml.safe_load((ROOT / "config.yaml").read_text()),
            tables=[self._table(name, names) for name in TABLES if names],
            rankings=[self._ranking(name) for name in names],
            predictions=[self._predictions(name) for name in networks[:n_classifiers]],
            maps=[self._map(name) for name in networks[:n_maps]],
            tags=[self._tags()] if with_tags else [],
        )

    def _index(self, clips_per_class: int) -> pd.DataFrame:
        n_queries = max(1, clips_per_class // 5)
        rows = []
        for target, category in enumerate(self.classes):
            for i in range(clips_per_class):
                fold = 5 if i >= clips_per_class - n_queries else 1 + i % 4
                name = f"{fold}-{target:03d}{i:03d}-A-{target}"
                row = {"id": name, "file": f"audio/{name}.wav", "fold": fold, "target": target}
                group = GROUPS[target * len(GROUPS) // len(self.classes)]
                row |= {"category": category, "group": group, "src_file": name[2:8]}
                rows.append(row)
        clips = pd.DataFrame(rows).reindex(columns=list(CLIP_DTYPES)).fillna(0)
        clips = clips.astype(CLIP_DTYPES).sort_values("id", ignore_index=True)
        store.write_csv(clips, self.folder / "index/clips.csv")
        return clips

    def _bank(self, name: str, frames: int, dims: int) -> Path:
        """Write a bank in which clips are their class's pattern and noise."""
        path = self.folder / name / "bank.npy"
        pattern = self.rng.normal(-30, 15, (len(self.classes), frames, dims))
        shape = (len(self.clips), frames, dims)
        ids = {"clips": list(self.clips["id"])}
        with store.create_array(path, shape, "float32", spec={"made": "up"}, ids=ids) as bank:
            for i, label in enumerate(self.label):
                bank[i] = pattern[label] + self.rng.normal(0, 6, (frames, dims))
        return path

    def _waveforms(self) -> Path:
        path = self.folder / "audio/waveforms.npy"
        n_samples = round(self.seconds * RATE)
        ids, spec = {"clips": list(self.clips["id"])}, {"sample_rate": RATE}
        shape = (len(self.clips), n_samples)
        with store.create_array(path, shape, "float32", spec=spec, ids=ids) as waveforms:
            for i, label in enumerate(self.label):
                bursts = np.abs(np.sin(np.arange(n_samples) * (2 + label % 7) * np.pi / RATE))
                waveforms[i] = 0.2 * bursts * self.rng.standard_normal(n_samples)
        return path

    def _ranking(self, name: str) -> Method:
        """Write hits that are nearer when they are of the query's class."""
        queries, gallery = np.flatnonzero(self.is_query), np.flatnonzero(~self.is_query)
        same = self.label[queries][:, None] == self.label[gallery]
        distances = self.rng.random(same.shape) + 0.5 * ~same
        order = np.argsort(distances, axis=1)[:, :DEPTH]
        ids = self.clips["id"].to_numpy()
        rank = np.arange(order.shape[1])
        frame = pd.DataFrame(
            {
                "query": np.repeat(ids[queries], len(rank)),
                "rank": np.tile(rank + 1, len(queries)).astype(np.int32),
                "hit": ids[gallery[order]].ravel(),
                "score": np.take_along_axis(distances, order, axis=1).ravel(),
                "relevant": np.take_along_axis(same, order, axis=1).ravel(),
                "n_relevant": np.repeat(same.sum(axis=1), len(rank)).astype(np.int32),
            }
        )
        path = self.folder / f"rankings/dtw/{name}.parquet"
        store.write_table(frame, path)
        return Method({"method": "dtw", "feature": name, "setting": SETTING}, [str(path)])

    def _predictions(self, network: str) -> Method:
        tested = self.clips[self.is_query]
        logits = self.rng.normal(0, 1, (len(tested), len(self.classes)))
        logits[np.arange(len(tested)), tested["target"]] += 1.5
        taken = [self.classes[i] for i in logits.argmax(axis=1)]
        columns = {f"logit:{name}": logits[:, i] for i, name in enumerate(self.classes)}
        frame = tested[["id", "fold", "category"]].assign(predicted=taken)
        path = self.folder / f"models/{network}/predictions.csv"
        store.write_csv(frame.assign(**columns), path)
        return Method({"network": network, "feature": "mel", "setting": SETTING}, [str(path)])

    def _map(self, network: str) -> Method:
        path = self.folder / f"maps/{network}.csv"
        centres = self.rng.normal(0, 40, (len(self.classes), 2))
        points = centres[self.label] + self.rng.normal(0, 5, (len(self.clips), 2))
        frame = pd.DataFrame({"clip_id": self.clips["id"], "x": points[:, 0], "y": points[:, 1]})
        store.write_csv(frame, path)
        bank = self._bank(f"embeddings/{network}", 1, DIMS)
        about = {"network": network, "feature": "mel", "setting": SETTING}
        return Method(about, [str(path), str(bank)])

    def _tags(self) -> Method:
        """Write the logits of tags, of which the first is the likeliest for every clip."""
        path = self.folder / "embeddings/net_tags/bank.npy"
        logits = self.rng.normal(-4, 2, (len(self.clips), len(class_names())))
        logits[:, 0] = 10
        ids = {"clips": list(self.clips["id"])}
        spec = {"made": "up"}
        shape = (len(logits), 1, logits.shape[1])
        with store.create_array(path, shape, "float32", spec=spec, ids=ids) as bank:
            bank[:, 0] = logits
        return Method({"encoder": "net"}, [str(path)])

    def _table(self, name: str, features: Sequence[str]) -> Method:
        rows = []
        for feature in features:
            row = {"method": name.removeprefix("retrieval_"), "feature": feature}
            row |= {"setting": SETTING, "query_fold": "5", "n_queries": int(self.is_query.sum())}
            for metric in METRICS:
                value = self.rng.uniform(0.2, 0.8)
                row |= {metric: value, f"{metric}_low": value - 0.1, f"{metric}_high": value + 0.1}
            rows.append({**row, "published_mrr@10": 0.4, "published_note": ""})
        frame = pd.DataFrame(rows)
        path = self.folder / f"tables/{name}.csv"
        tables.write(frame, path, frame[["method", "feature"]], "A table that was made up.")
        return Method({"table": name}, [str(path), str(path.with_suffix(".md"))])

    def _benchmarks(self) -> Path:
        path = self.folder / "benchmarks/build_index.tsv"
        store.write_text(path, "s\th:m:s\tmax_rss\n1.5\t0:00:01\t120.5\n")
        return path.parent
