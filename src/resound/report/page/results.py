"""Results of a run: the paths of its files, as the rule that makes the page gets them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from resound.experiment.coordinates import RunRow, TrainingRow
from resound.store import AnyPath


class Method(NamedTuple):
    """What names a method in a table, and the files that hold what it made, a file a split."""

    about: Mapping[str, str]
    files: Sequence[AnyPath]


@dataclass(frozen=True)
class Results:
    """The files of a run, by what they hold.

    Attributes
    ----------
    clips, mel, waveforms : path
        The index; a bank of mel spectrograms; the decoded clips.
    tables : sequence of Method
        Of each table its CSV file and its Markdown.
    figures : sequence of Method
        Of each figure that stands on the page its PNG file.
    rankings, predictions : sequence of Method
        The hits of retrieval methods; what classifiers made of their test clips.
    maps : sequence of Method
        Of each map its coordinates and the bank that was mapped.
    prepared : mapping of path to mapping
        Of each of these banks how its clips are compared: ``pooling`` and ``normalise``, if at all.
    tags : sequence of Method
        Of an encoder that has tags the logits of AudioSet's classes of all clips; of one at most.
    benchmarks : path
        The folder in which Snakemake measured the jobs.
    rules : mapping of str to str
        The rule that made a file.
    headline : str
        The metric of retrieval that methods are compared by.
    config : mapping
        What the run was asked for.
    """

    clips: AnyPath
    mel: AnyPath
    waveforms: AnyPath
    benchmarks: AnyPath
    headline: str
    config: Mapping[str, Any]
    tables: Sequence[Method] = ()
    figures: Sequence[Method] = ()
    rankings: Sequence[Method] = ()
    predictions: Sequence[Method] = ()
    maps: Sequence[Method] = ()
    prepared: Mapping[AnyPath, Mapping[str, Any]] = field(default_factory=dict)
    tags: Sequence[Method] = ()
    rules: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_job(
        cls, files: Any, spec: Mapping[str, Any], rules: Mapping[str, str], benchmarks: AnyPath
    ) -> "Results":
        """Return the results among the input `files` of a job, named by its spec."""
        runs, mapped = ([RunRow(*run) for run in spec[name]] for name in ("runs", "maps"))
        cells = [TrainingRow(*cell) for cell in spec["cells"]]
        return cls(
            clips=files.clips,
            mel=files.mel,
            waveforms=files.waveforms,
            benchmarks=benchmarks,
            headline=spec["headline"],
            config=spec["config"],
            tables=[
                Method({"table": name}, paths)
                for name, *paths in zip(spec["tables"], files.tables, files.captions, strict=True)
            ],
            figures=[
                Method({"figure": name}, [path])
                for name, path in zip(spec["figures"], files.figures, strict=True)
            ],
            rankings=_by_method([run.about for run in runs], files.rankings),
            predictions=_by_method([_about(cell) for cell in cells], files.predictions),
            maps=[
                Method(_about(run), paths)
                for run, *paths in zip(mapped, files.maps, files.embeddings, strict=True)
            ],
            prepared=dict(zip(files.embeddings, spec["map_options"], strict=True)),
            tags=[
                Method({"encoder": name}, [path])
                for name, path in zip(spec["tags"], files.tags, strict=True)
            ],
            rules=rules,
        )


def _about(trained: TrainingRow | RunRow) -> dict[str, str]:
    """Name a network and its input, however clips are compared by it."""
    return {name: getattr(trained, name) for name in ("network", "feature", "setting")}


def _by_method(abouts: Iterable[Mapping[str, str]], files: Sequence[AnyPath]) -> list[Method]:
    """Put together the files of the splits of each method."""
    found: dict[tuple[tuple[str, str], ...], list[AnyPath]] = {}
    for about, file in zip(abouts, files, strict=True):
        found.setdefault(tuple(about.items()), []).append(file)
    return [Method(dict(about), of_splits) for about, of_splits in found.items()]
