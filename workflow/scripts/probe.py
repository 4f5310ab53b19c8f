"""Classify frozen embeddings by a linear classifier or by their nearest neighbours."""

import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.errors import TrainingError
from resound.evaluation.probe import choice_rows, probe
from resound.jobs.script import job
from resound.training.folds import choosing_folds, rows_outside, training_rows
from resound.training.outcome import failed_outcome, outcome_of, untrained, write_outcome
from resound.training.record import new_record

with job(snakemake) as this:
    spec, record = this.params.spec, new_record(this.params.spec)
    bank = store.open_array(this.input.bank, spec=spec["frozen"])
    clips = read_clips(this.input.clips).set_index("id", drop=False).loc[bank.ids["clips"]]
    y, classes = pd.factorize(clips["category"], sort=True)
    record["classes"], choice = list(classes), []
    try:
        query_folds = spec["split"]["query_folds"]
        rows = training_rows(clips, selection="validation", **spec["split"])
        every = rows_outside(clips, **spec["split"])
        probed = probe(spec["head"], bank.values[:, 0], y, *rows, spec["grid"], every=every)
        choice = choice_rows(probed)
        record |= {
            "folds_seen": sorted(set(clips["fold"].iloc[every].tolist())),
            "chosen_on": choosing_folds(clips["fold"], query_folds, "validation"),
        }
        record = untrained(record, len(every), probed.n_numbers)
        outcome = outcome_of(record, clips, probed.logits)
    except TrainingError as error:
        outcome = failed_outcome(record, clips, error)
    columns = ["value", "validation_accuracy", "chosen"]
    store.write_csv(pd.DataFrame(choice, columns=columns), this.output.choice)
    write_outcome(outcome, this.output)
