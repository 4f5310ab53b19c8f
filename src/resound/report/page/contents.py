"""Contents of the page, gathered from the files of a run; missing parts are named."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from resound import store
from resound.data.index import read_clips
from resound.evaluation.labels import method_labels
from resound.report.page import origin, predicted, sounds, tables, thumbnails
from resound.report.page.clips import Clips
from resound.report.page.hits import Hits, choose_queries, method_data, read_hits
from resound.report.page.maps import map_data
from resound.report.page.results import Method, Results
from resound.report.page.tags import tag_data

Data = dict[str, Any]
# Clips without classes are shown as if they were of so many.
OF_NO_CLASS = 10
# Tables about the rows of other tables: they stand first, and no chart repeats them.
DERIVED = ("summary", "significance")


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
    tags = _tags(results, clips, lost)
    shown_tables, measures, missing = _tables(results, lost)
    mistakes = [[clip for clip, _, _ in found["mistakes"]] for found in classifiers]
    view = {
        "tables": shown_tables,
        "figures": _figures(results, lost),
        "headlines": _headlines(measures, results.headline),
        "missing": [*missing, *lost],
        "origin": origin.origin(),
        "versions": origin.versions(),
        "rules": origin.rule_seconds(results.benchmarks),
        "studied": any(r["study"] is not None for rows in measures.values() for r in rows),
        "n_clips": len(clips.ids),
        "n_classes": clips.n_classes,
        "n_queries": len({query for found in listed for query in found.query.tolist()}),
        "mel": _sources(results, [results.mel]),
        "tags": [{**of.about, **_sources(results, of.files)} for of in results.tags if tags],
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
        "tags": tags,
        "measures": measures,
        "metric": results.headline,
    }
    pictures = thumbnails.sheets(store.open_array(results.mel), clips)
    return Contents(clips, view, data, pictures, sounds.order(shown, listed, mistakes, clips))


def _there(methods: Iterable[Method], lost: list[str]) -> list[Method]:
    """Return the methods with all their files on the disk, and note the files that are not."""
    found = []
    for method in methods:
        gone = [str(file) for file in method.files if not Path(file).is_file()]
        lost += [f"{file}: no such file" for file in gone]
        if method.files and not gone:
            found.append(method)
    return found


def _described(methods: Sequence[Method], results: Results) -> list[Data]:
    """Return of each method its short name, what names it in a table, and where it comes from."""
    labels = method_labels([method.about for method in methods])
    return [
        {"label": label, "about": list(method.about.values()), **_sources(results, method.files)}
        for label, method in zip(labels, methods, strict=True)
    ]


def _sources(results: Results, files: Iterable[store.AnyPath]) -> Data:
    """Return the files that something was read from, with the rules that made them."""
    return {"sources": [[str(file), results.rules.get(str(file), "")] for file in files]}


def _methods(
    results: Results, clips: Clips, options: Mapping[str, Any], lost: list[str]
) -> tuple[list[Data], list[int], list[Hits]]:
    """Return the retrieval methods, the best first, the queries that are shown, and all hits."""
    found = _there(results.rankings, lost)
    hits = [read_hits(method.files, clips, options["top_k"]) for method in found]
    share = 1 if clips.has_classes else OF_NO_CLASS
    shown = choose_queries(hits, clips, share * options["queries_per_class"])
    methods = [
        ({**about, **method_data(own, clips, shown, options["top_k"])}, own)
        for about, own in zip(_described(found, results), hits, strict=True)
    ]
    methods.sort(key=lambda method: _share_right(method[0]), reverse=True)
    return [data for data, _ in methods], shown.tolist(), [own for _, own in methods]


def _classifiers(results: Results, clips: Clips, n_mistakes: int, lost: list[str]) -> list[Data]:
    found = _there(results.predictions, lost)
    classifiers = []
    for about, method in zip(_described(found, results), found, strict=True):
        predictions = predicted.read(method.files)
        if predictions.empty:
            lost.append(f"{about['label']}: no predictions; the table classification says why")
        else:
            data = predicted.classifier_data(predictions, clips, n_mistakes)
            classifiers.append({**about, **data})
    return sorted(classifiers, key=_share_right, reverse=True)


def _maps(results: Results, clips: Clips, lost: list[str]) -> list[Data]:
    found = _there(results.maps, lost)
    points_and_banks = [method.files for method in found]
    return [
        {**about, **map_data(points, bank, clips, **results.prepared.get(bank, {}))}
        for about, (points, bank) in zip(_described(found, results), points_and_banks, strict=True)
    ]


def _tags(results: Results, clips: Clips, lost: list[str]) -> Data | None:
    """Return the likeliest tags of every clip; None where no encoder of the run has tags."""
    found = _there(results.tags, lost)
    return tag_data(found[0].files[0], clips) if found else None


def _share_right(method: Data) -> float:
    """Return the share of a method's hits or clips that are of the right class."""
    right = sum(count for row, column, count in method["pairs"] if row == column)
    return float(right / (sum(method["asked"]) * method.get("depth", 1)))


def _tables(
    results: Results, lost: list[str]
) -> tuple[list[Data], dict[str, list[Data]], list[str]]:
    """Return the tables, the metrics that charts draw with their rows, and what rows miss."""
    shown, missing = [], []
    measures: dict[str, list[Data]] = {}
    for method in _there(results.tables, lost):
        name, (file, markdown) = method.about["table"], method.files
        frame = tables.read(file)
        columns, rows = tables.shown(frame)
        about = {"name": name, "caption": tables.caption_of(markdown)}
        shown.append({**about, "columns": columns, "rows": rows, **_sources(results, [file])})
        if name not in DERIVED:
            missing += [f"{name}: {reason}" for reason in tables.missing(frame)]
            for metric, measured in tables.measures(frame).items():
                measures.setdefault(metric, []).extend({"table": name, **row} for row in measured)
    for measured in measures.values():
        for row, label in zip(measured, method_labels([r["about"] for r in measured]), strict=True):
            row |= {"label": label, "about": list(row["about"].values())}
    shown.sort(key=lambda table: (*DERIVED, table["name"]).index(table["name"]))
    return shown, measures, missing


def _figures(results: Results, lost: list[str]) -> list[Data]:
    """Return the figures that stand on the page, each as PNG in base64."""
    return [
        {
            "name": method.about["figure"],
            "png": base64.b64encode(Path(method.files[0]).read_bytes()).decode("ascii"),
            **_sources(results, method.files),
        }
        for method in _there(results.figures, lost)
    ]


def _headlines(measures: Mapping[str, Sequence[Data]], metric: str) -> list[Data]:
    """Return the best row of each table: by the metric of retrieval, or by accuracy."""
    best: dict[str, Data] = {}
    for name in (metric, "accuracy"):
        for row in measures.get(name, ()):
            if row["table"] not in best or row["value"] > best[row["table"]]["value"]:
                best[row["table"]] = {**row, "metric": name}
    return list(best.values())
