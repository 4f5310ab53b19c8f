"""What stands on the page, gathered from the files of a run; what is not there is named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from resound import store
from resound.data.index import read_clips
from resound.report.page import origin, sounds, tables, thumbnails
from resound.report.page.clips import Clips
from resound.report.page.hits import choose_queries, method_data, read_hits
from resound.report.page.labels import Names, short_labels
from resound.report.page.maps import map_data
from resound.report.page.predicted import classifier_data

Files = Sequence[store.AnyPath]
Data = dict[str, Any]
# Tables about the rows of other tables, which no chart and no headline repeats.
DERIVED = ("summary", "significance")


@dataclass(frozen=True)
class Results:
    """The files of a run, by what they hold.

    Attributes
    ----------
    clips, mel, waveforms : path
        The index; a bank of mel spectrograms; the decoded clips.
    tables : mapping of str to path
        CSV files, with Markdown of the same name beside them.
    rankings, predictions : mapping of names to paths
        By distance, network, feature and setting; by network, feature and setting: a file a split.
    maps : mapping of names to (path, path)
        Coordinates and bank of every mapped embedding.
    benchmarks : path
        The folder in which Snakemake measured the jobs.
    rules : mapping of str to str
        The rule that made a file.
    absent : sequence of str
        What was asked for and is not there.
    config : mapping
        What the run was asked for.
    """

    clips: store.AnyPath
    mel: store.AnyPath
    waveforms: store.AnyPath
    tables: Mapping[str, store.AnyPath]
    rankings: Mapping[Names, Files]
    predictions: Mapping[Names, Files]
    maps: Mapping[Names, Files]
    benchmarks: store.AnyPath
    rules: Mapping[str, str] = field(default_factory=dict)
    absent: Sequence[str] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


class Contents(NamedTuple):
    """What the template fills in, what the scripts read, the pictures, and who gets sound first."""

    clips: Clips
    view: Data
    data: Data
    sheets: list[str]
    sound_order: list[int]


def gather(results: Results, options: Mapping[str, Any]) -> Contents:
    """Read the files of a run as the page shows them.

    Parameters
    ----------
    results : Results
        The files. One that is not on the disk is left out and named among what is missing.
    options : mapping
        ``top_k, queries_per_class, mistakes`` of the config's block ``report``.
    """
    clips = Clips(read_clips(results.clips))
    lost: list[str] = []
    methods, shown, listed = _methods(results, clips, options, lost)
    classifiers = _classifiers(results, clips, options["mistakes"], lost)
    maps = _maps(results, clips, lost)
    shown_tables, measures, missing = _tables(results, lost)
    mistakes = [clip for found in classifiers for clip, _, _ in found["mistakes"]]
    view = {
        "tables": shown_tables,
        "headlines": _headlines(measures, results.config),
        "missing": [
            *missing,
            *results.absent,
            *(f"{file}: there is no such file" for file in lost),
        ],
        "origin": origin.origin(),
        "versions": origin.versions(),
        "rules": origin.rule_seconds(results.benchmarks),
        "n_clips": len(clips.ids),
        "n_classes": len(clips.classes),
        "n_queries": len({query for found in listed for query in found.query.tolist()}),
        "mel": _sources(results, [results.mel]),
        "waveforms": _sources(results, [results.waveforms]),
    }
    data = {
        "clips": clips.as_data(),
        "thumbnails": {
            "width": thumbnails.WIDTH,
            "height": thumbnails.HEIGHT,
            "columns": thumbnails.COLUMNS,
            "perSheet": thumbnails.PER_SHEET,
        },
        "methods": methods,
        "classifiers": classifiers,
        "maps": maps,
        "measures": measures,
        "metric": _metric(results.config),
    }
    pictures = thumbnails.sheets(store.open_array(results.mel), clips)
    return Contents(clips, view, data, pictures, sounds.order(shown, listed, mistakes, clips))


def _there(named: Mapping[Any, Files], lost: list[str]) -> dict[Any, Files]:
    """Return the entries with all their files on the disk, and note the files that are not."""
    found = {}
    for name, files in named.items():
        gone = [str(file) for file in files if not Path(file).is_file()]
        lost += gone
        if files and not gone:
            found[name] = files
    return found


def _sources(results: Results, files: Iterable[store.AnyPath]) -> Data:
    """Return the files that something was read from, with the rules that made them."""
    return {"sources": [[str(file), results.rules.get(str(file), "")] for file in files]}


def _methods(
    results: Results, clips: Clips, options: Mapping[str, Any], lost: list[str]
) -> tuple[list[Data], list[int], list[Any]]:
    """Return the retrieval methods, the queries that are shown, and all hits."""
    found = _there(results.rankings, lost)
    hits = [read_hits(files, clips, options["top_k"]) for files in found.values()]
    shown = choose_queries(hits, clips, options["queries_per_class"])
    methods = [
        {
            "label": label,
            "about": list(names),
            **_sources(results, files),
            **method_data(own, clips, shown, options["top_k"]),
        }
        for label, (names, files), own in zip(
            short_labels(list(found)), found.items(), hits, strict=True
        )
    ]
    return _best_first(methods), shown.tolist(), hits


def _classifiers(results: Results, clips: Clips, n_mistakes: int, lost: list[str]) -> list[Data]:
    found = _there(results.predictions, lost)
    classifiers = [
        {
            "label": label,
            "about": list(names),
            **_sources(results, files),
            **classifier_data(files, clips, n_mistakes),
        }
        for label, (names, files) in zip(short_labels(list(found)), found.items(), strict=True)
    ]
    return _best_first(classifiers)


def _maps(results: Results, clips: Clips, lost: list[str]) -> list[Data]:
    found = _there(results.maps, lost)
    return [
        {
            "label": label,
            "about": list(names),
            **_sources(results, files),
            **map_data(*files, clips),
        }
        for label, (names, files) in zip(short_labels(list(found)), found.items(), strict=True)
    ]


def _best_first(methods: list[Data]) -> list[Data]:
    """Sort methods by the share of hits or clips that are of the right class."""

    def share_right(method: Data) -> float:
        right = sum(count for row, column, count in method["pairs"] if row == column)
        return right / (sum(method["asked"]) * method.get("depth", 1))

    return sorted(methods, key=share_right, reverse=True)


def _tables(
    results: Results, lost: list[str]
) -> tuple[list[Data], dict[str, list[Data]], list[str]]:
    """Return the tables, the metrics that charts draw with their rows, and what rows miss."""
    shown, missing = [], []
    measures: dict[str, list[Data]] = {}
    found = _there({name: [file] for name, file in results.tables.items()}, lost)
    for name, (file,) in found.items():
        frame = tables.read(file)
        columns, rows = tables.shown(frame)
        caption = tables.caption_of(Path(file).with_suffix(".md"))
        about = {"name": name, "caption": caption, "columns": columns, "rows": rows}
        shown.append({**about, **_sources(results, [file])})
        if name not in DERIVED:
            missing += [f"{name}: {reason}" for reason in tables.missing(frame)]
            for metric, measured in tables.measures(frame).items():
                measures.setdefault(metric, []).extend({"table": name, **row} for row in measured)
    for rows in measures.values():
        for row, label in zip(rows, short_labels([tuple(r["about"]) for r in rows]), strict=True):
            row["label"] = label
    return shown, measures, missing


def _headlines(measures: Mapping[str, Sequence[Data]], config: Mapping[str, Any]) -> list[Data]:
    """Return the best row of each table by the metric that the config compares by."""
    best: dict[str, Data] = {}
    for name in (_metric(config), "accuracy"):
        for row in measures.get(name, ()):
            if row["table"] not in best or row["value"] > best[row["table"]]["value"]:
                best[row["table"]] = {**row, "metric": name}
    return list(best.values())


def _metric(config: Mapping[str, Any]) -> str:
    return f"{config['comparison']['metric']}@{min(config['retrieval']['top_k'])}"
