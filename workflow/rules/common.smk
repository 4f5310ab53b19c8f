"""What the rules share and only Snakemake knows: the plan, the clips, the inputs of jobs."""

import functools
import math
import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import IncompleteCheckpointException, WorkflowError
from snakemake.logging import logger

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from resound import provenance
from resound.data import listing
from resound.errors import ResoundError
from resound.experiment import config as configs, resources as costs, shown, specs
from resound.experiment.asides import Names, Tracking, WeightsAt
from resound.experiment.coordinates import Autoencoder, Classifier, Encoding
from resound.experiment.coordinates import HeadTraining, heard_by
from resound.experiment.coordinates import FINETUNED, FINETUNED_VECTORS, FROZEN, KNN
from resound.experiment.coordinates import LINEAR, MASKED, ZERO_SHOT
from resound.experiment.inventory import Inventory, outcome_at
from resound.experiment.plan import Plan, used_encoders
from resound.experiment.divisions import division_of, n_sides, shard_of, shard_paths
from resound.experiment.divisions import tile_of, tile_paths
from resound.experiment.weights import absent_encoders, check_weights
from resound.jobs import environment
from resound.jobs.locks import Presence
from resound.jobs.overview import Overview
from resound.registry import ENCODERS, FIGURES, NETWORKS, SEARCHES, TABLES


def announced():
    """Return the presence of this run in the folder, after telling of other runs, dead or alive."""
    presence = Presence(Path.cwd())
    if presence.cleared:
        logger.info(
            "A killed run had left locks. No run is alive here: they are deleted."
        )
    for run in presence.others:
        logger.warning(f"Another run is alive in this folder: {run}. Do not unlock it.")
    return presence


try:
    environment.check()
    configs.open_config(
        config,
        yaml.safe_load(
            Path(workflow.basedir, "workflow/schemas/config.schema.yaml").read_text()
        ),
        files=workflow.configfiles,
    )
    PLAN = Plan(config)
    ABSENT = absent_encoders(config, used_encoders(config))
    check_weights(config, ABSENT)
    PLAN.trainings
except ResoundError as error:
    raise WorkflowError(str(error)) from None

RESULTS = Path(config["results_dir"])
DATA_ROOT = Path(config["data_root"])
THERE = Inventory(PLAN, ABSENT, functools.partial(outcome_at, RESULTS / "models"))
CLIPS = listing.Watch(DATA_ROOT, config["dataset"], RESULTS / "index")
TRACKING = Tracking(**config["wandb"], folder=config["results_dir"])
# A job on a cluster reads this file too, and is a part of the run that sent it.
PRESENCE = announced() if workflow.is_main_process else None
ALL_TABLES, ALL_FIGURES = shown.tables(THERE), shown.figures(THERE)
TABLE_FORMS = ("csv", "md", "tex")
FIGURE_FORMS = ("png", "svg")

if workflow.is_main_process:
    logger.addFilter(
        Overview(is_dry_run=lambda: workflow.dryrun, how_long=lambda: how_long())
    )


onstart:
    try:
        PRESENCE.claim(RESULTS)
    except ResoundError as error:
        raise WorkflowError(str(error)) from None


def code_of(script, *modules):
    """Return the digest of a script and of all that it reaches in the package."""
    path = f"{workflow.basedir}/workflow/scripts/{script}.py"
    return f"code {provenance.code_digest(path, *modules)}"


def grows(base, per_input_mb=0):
    """Return a resource that grows with the size of a job's input, and with every retry."""

    def amount(wildcards, input, attempt):
        size_mb = input.size_mb if per_input_mb else 0
        return math.ceil(attempt * (base + per_input_mb * size_mb))

    return amount


def one_of(names):
    """Return a pattern that matches some names and no other."""
    return "|".join(map(re.escape, names)) or "(?!)"


def how_long():
    """Say about how long the planned jobs take, and how to leave the trainings out."""
    jobs = [
        (job.rule.name, dict(job.wildcards), str(job.output[0]))
        for job in {job for job in workflow.dag.needrun_jobs() if job.output}
    ]
    outlook = costs.outlook(PLAN, jobs, n_clips=len(CLIPS.now.clips))
    return outlook.told(with_hint=workflow.dryrun)


def dataset_record(wildcards):
    """Return the record of the data set, once fetch_dataset has seen that it is there."""
    record = checkpoints.fetch_dataset.get().output.record
    if not (DATA_ROOT / "audio").is_dir():
        raise WorkflowError(
            f"data_root={DATA_ROOT} has no audio folder any more, though {record} "
            f"recorded it; bring the folder back, or delete {record} to fetch it again"
        )
    return record


def listed_clips(wildcards):
    """Return the name of the clips as they are, which stays while their bytes stay."""
    checkpoints.fetch_dataset.get()
    return CLIPS.name(tell=logger.info if workflow.is_main_process else None)


def run_of(wildcards):
    """Return the run of a job."""
    return PLAN.run(wildcards.run)


def feature_of(wildcards):
    """Return the feature of a job."""
    return PLAN.feature_at(wildcards.feature)


def shard_files(wildcards, file):
    """List a file of every shard of a bank; none where it is made as a whole."""
    return [
        f"<results>/{path}" for path in shard_paths(config, feature_of(wildcards), file)
    ]


def training_of(wildcards):
    """Return the training of a job."""
    return PLAN.training(wildcards.training)


def trained_as(*types):
    """Return a pattern of the paths of all trainings of some types."""
    return one_of(path for path, of in PLAN.trainings.items() if isinstance(of, types))


def learned_as(*kinds):
    """Return a pattern of the paths of all that is learned on encoders in some ways."""
    heads = (of for of in PLAN.trainings.values() if isinstance(of, HeadTraining))
    return one_of(of.path for of in heads if of.kind in kinds)


def model_of(wildcards):
    """Return the record of the training behind a run; nothing where nothing was trained."""
    training = run_of(wildcards).bank.training
    return f"<results>/models/{training.path}/model.json" if training else []


def weights_of(wildcards):
    """Return the file of weights that a network starts from; nothing when it starts at random."""
    network = training_of(wildcards).network
    named = specs.starting_weights(config, network)
    return f"<results>/weights/{network}.weights" if named else []


def network_threads(wildcards):
    """Return the threads that a network on a feature is computed with."""
    return costs.n_threads(config, training_of(wildcards).block)


def frozen_of(wildcards):
    """Return the folder of what the encoder behind a training makes of all clips, as published."""
    return Encoding("", training_of(wildcards).encoder, FROZEN, None).folder


def tuned_of(wildcards):
    """Return the fine-tuning whose network makes vectors."""
    return PLAN.training(f"{wildcards.encoder}_{FINETUNED}/{wildcards.at}")


def vector_files(vectors):
    """Return the banks of vectors that one job makes, and their records, by the names of both."""
    return {
        name.format(vector): f"<results>/embeddings/{{encoder}}_{vector}/{{at}}/{file}"
        for vector in vectors
        for name, file in {"{}": "bank.npy", "{}_spec": "spec.json"}.items()
    }


def waveforms_at(sample_rate):
    """Return the decoded clips at a sample rate."""
    return f"<results>/audio/sr{sample_rate}/waveforms.npy"


def tile_files(run, file=None):
    """List a file of every tile of a run, by default the one that is ranked.

    Until its split is known, that is the one tile that there is in any case, so that a dry run
    shows what leads there, and the split, marked as what Snakemake is to wait for before it asks
    again.
    """
    try:
        split = Path(checkpoints.split_clips.get(split=run.split.name).output.split)
        sides, awaited = n_sides(split, split.stat().st_mtime_ns), []
    except IncompleteCheckpointException as unknown:
        sides, awaited = (1, 1), [unknown.targetfile]
    paths = tile_paths(run, division_of(config, run), sides, file)
    return [f"<results>/{path}" for path in paths] + awaited


def shown_of(registry, kind, wildcards):
    """Return the registration of a job's table or figure, and what it may be made from."""
    entry = registry.entry(kind)
    item = shown.item_of(entry, wildcards.name)
    return entry, shown.Shown(PLAN, THERE, item, tile_files)


def needed_by(registry, kind):
    """Return the input function of all tables or figures of one kind."""
    return lambda wildcards: shown.needed(*shown_of(registry, kind, wildcards))


def told_to(registry, kind):
    """Return the spec of all tables or figures of one kind, as a function of the job."""
    return lambda wildcards: shown.told(*shown_of(registry, kind, wildcards))


def named_as(registry, kind):
    """Return a pattern of the names of all tables or figures of one kind."""
    return one_of(shown.names_of(registry.entry(kind), kind, THERE))


def code_for(registry, kind, script):
    """Return the digest of the code of a table or figure, as a function of the job."""
    return lambda wildcards: code_of(
        script, *shown.modules(*shown_of(registry, kind, wildcards))
    )


def makers_of(files):
    """Return the rule that makes each of some files."""
    return {
        str(file): rule.name
        for file in files
        for rule in workflow.rules
        if rule.is_producer(str(file))
    }
