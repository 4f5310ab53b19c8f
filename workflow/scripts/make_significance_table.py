"""Compare methods query by query, and put the tests into one table."""

from resound.evaluation import comparison
from resound.evaluation.predictions import read_clip_scores
from resound.evaluation.scoring import read_scores
from resound.experiment.coordinates import Cell, Run
from resound.jobs.script import job
from resound.report import tables
from resound.report.comparison import shown_significance, significance_caption, significance_table

with job(snakemake) as this:
    spec, level = this.params.spec, this.params.spec["bootstrap"]["level"]
    runs = {table: [Run(*run) for run in rows] for table, rows in spec["runs"].items()}
    cells = [Cell(*cell) for cell in spec["cells"]]
    every = dict.fromkeys(run for rows in runs.values() for run in rows)
    ranked = dict(zip(every, map(read_scores, this.input.retrieval), strict=True))
    trained = dict(zip(cells, map(read_clip_scores, this.input.classification), strict=True))
    contenders = {
        spec["metric"]: comparison.retrieval_contenders(runs, ranked, spec["metric"]),
        "accuracy": comparison.classification_contenders("classification", cells, trained),
    }
    rows = [
        row
        for metric, of_metric in contenders.items()
        for row in comparison.compare(
            of_metric, metric, **spec["test"], bootstrap=spec["bootstrap"]
        )
    ]
    frame = significance_table(rows)
    caption = significance_caption(spec["dataset"], level, **spec["test"])
    tables.write(frame, this.output.csv, shown_significance(frame, level), caption)
