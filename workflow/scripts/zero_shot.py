"""Take every clip for the class whose name its embedding is nearest to."""

from resound import store
from resound.data.index import read_clips
from resound.evaluation.zero_shot import class_probabilities, zero_shot_logits
from resound.jobs.script import job
from resound.training.outcome import outcome_of, untrained, write_outcome
from resound.training.record import new_record

with job(snakemake) as this:
    spec, training = this.params.spec, this.params.spec["training"]
    bank = store.open_array(this.input.bank, spec=training["frozen"])
    words = store.open_array(this.input.words, spec=training["words"])
    logits = zero_shot_logits(bank.values[:, 0], words.values[:, 0])
    clips = read_clips(this.input.clips).set_index("id", drop=False).loc[bank.ids["clips"]]
    record = untrained(new_record(training), 0, 0)
    record |= {"classes": words.ids["classes"], "folds_seen": []}
    write_outcome(outcome_of(record, clips, logits), this.output)
    with store.create_array(
        this.output.bank, (len(logits), 1, logits.shape[1]), "float32", spec=spec, ids=bank.ids
    ) as array:
        array[:, 0] = class_probabilities(logits)
