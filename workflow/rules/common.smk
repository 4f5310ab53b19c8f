"""What the rules share and only Snakemake knows: the experiment, the clips, what is awaited."""

import functools
import math
from pathlib import Path

import yaml
from snakemake.exceptions import IncompleteCheckpointException, WorkflowError
from snakemake.logging import logger

from resound import provenance
from resound.data import listing
from resound.data.outline import look
from resound.errors import ResoundError
from resound.experiment import resources as costs, searches, shown, specs
from resound.experiment.asides import Names, Shards, Tracking, WeightsAt
from resound.experiment.coordinates import Autoencoder, Classifier, Ensemble
from resound.experiment.coordinates import FINETUNED, FINETUNED_VECTORS, KNN, LINEAR
from resound.experiment.coordinates import MASKED, TAGS, WINDOWS, WORDS, ZERO_SHOT
from resound.experiment.divisions import division_of, n_sides, part_divisions
from resound.experiment.divisions import shard_of, tile_of
from resound.experiment.divisions import tile_paths
from resound.experiment.jobs import Jobs, grows, one_of, vector_files, waveforms_at
from resound.experiment.opening import open_experiment
from resound.jobs import environment, one_line
from resound.jobs.clock import bring_to_now
from resound.jobs.locks import LockNotice, Presence
from resound.jobs.overview import Overview, TargetNotice
from resound.registry import FIGURES, SEARCHES, TABLES
from resound.searching.listing import list_sounds

BASE = Path(workflow.basedir)
SCHEMA = BASE / "workflow/schemas/config.schema.yaml"
TABLE_FORMS = ("csv", "md", "tex")
FIGURE_FORMS = ("png", "svg")
SHIPPED_RESULTS = "results"
CORPUS_PARTS = ("record.json", "index")


def announced():
    """Return the presence of this run in the folder, after telling of other runs that are alive.

    What their locks mean, or those of a killed run, is told when Snakemake meets them.
    """
    presence = Presence(Path.cwd())
    for run in presence.others:
        logger.warning(f"Another run is alive in this folder: {run}. Do not unlock it.")
    logger.addFilter(LockNotice(presence))
    return presence


provenance.remember(Path(".snakemake/resound.code.json"))
try:
    environment.check()
    THERE, TOLD = open_experiment(
        config, yaml.safe_load(SCHEMA.read_text()), workflow.configfiles, look
    )
except ResoundError as error:
    raise WorkflowError(str(error)) from None

PLAN = THERE.plan
DATA_ROOT = Path(config["data_root"])
CLIPS = listing.Watch(
    DATA_ROOT, config["dataset"], Path(config["results_dir"], "index")
)
TRACKING = Tracking(**config["wandb"], folder=config["results_dir"])
ALL_TABLES, ALL_FIGURES = shown.tables(THERE), shown.figures(THERE)
# A job on a cluster reads this file too, and is a part of the run that sent it.
PRESENCE = announced() if workflow.is_main_process else None

if workflow.is_main_process:
    for told in TOLD:
        logger.info(told, extra={one_line.TOLD: True})
    logger.addFilter(
        Overview(is_dry_run=lambda: workflow.dryrun, how_long=lambda: how_long())
    )
    logger.addFilter(TargetNotice(config["results_dir"]))
    one_line.show(
        logger, is_dry_run=lambda: workflow.dryrun, how_long=lambda: how_long()
    )


onstart:
    try:
        PRESENCE.claim(Path(config["results_dir"]))
        dated_back = bring_to_now(Path(config["results_dir"]), apart=DATA_ROOT)
        if dated_back:
            logger.warning(
                f"{dated_back} files of results_dir were dated in the future, and are now."
            )
    except ResoundError as error:
        raise WorkflowError(str(error)) from None


def how_long():
    """Say about how long the planned jobs take, and how to leave the trainings out."""
    jobs = [
        (job.rule.name, dict(job.wildcards.items()), str(job.output[0]))
        for job in {job for job in workflow.dag.needrun_jobs() if job.output}
    ]
    outlook = costs.outlook(PLAN, jobs, n_clips=len(CLIPS.now.clips))
    return outlook.told(with_hint=workflow.dryrun)


def dataset_record(wildcards):
    """Return the record of the data set, once fetch_dataset has seen that it is there."""
    record = checkpoints.fetch_dataset.get().output.record
    sounds = DATA_ROOT / CLIPS.now.sounds
    if not sounds.is_dir():
        raise WorkflowError(
            f"{sounds} is not there any more, though {record} recorded it; bring it "
            f"back, or delete {record} to fetch it again"
        )
    return record


@functools.cache
def corpus_sounds():
    """Return the sounds of the corpus as they are; looked at when a job asks, and once."""
    folder = config["corpus"]["folder"]
    if folder is None:
        raise WorkflowError("corpus.folder is null; name a folder of sounds there")
    record, index = (Path(config["results_dir"], "corpus", p) for p in CORPUS_PARTS)
    if record.is_file() and not index.is_dir():
        raise WorkflowError(
            f"{index} is not there any more, though {record} recorded it; bring it back, or "
            f"delete {record.parent} to make it again"
        )
    try:
        return list_sounds(folder)
    except ResoundError as error:
        raise WorkflowError(str(error)) from None


def corpus_shards():
    """Return among how many jobs what is new in the corpus is divided."""
    return searches.corpus_shards(PLAN, corpus_sounds().name)


def listed_clips(wildcards):
    """Return the name of the clips as they are, which stays while their bytes stay."""
    checkpoints.fetch_dataset.get()
    return CLIPS.name(tell=logger.info if workflow.is_main_process else None)


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


JOBS = Jobs(THERE, BASE / "workflow/scripts", tile_files)
code_of = JOBS.code


def target_names(target):
    """Return by what names the files of a target are asked for."""
    folder = f"{config['results_dir']}/{target}"
    return target, folder, f"{folder}/"


def mistaken_names(target):
    """Return by what names they would be asked for in the shipped results_dir, where it is not this."""
    folder = f"{SHIPPED_RESULTS}/{target}"
    return [name for name in (folder, f"{folder}/") if name not in target_names(target)]


def ask_for(target):
    """Return an input that ends a run with the name by which a target is asked for."""

    def told(wildcards):
        raise WorkflowError(
            f"results_dir is {config['results_dir']}, so there is no {SHIPPED_RESULTS}/{target}; "
            f"ask for `{target}`, whatever results_dir is, or for {config['results_dir']}/{target}"
        )

    return told


def makers_of(files):
    """Return the rule that makes each of some files."""
    return {
        str(file): rule.name
        for file in files
        for rule in workflow.rules
        if rule.is_producer(str(file))
    }
