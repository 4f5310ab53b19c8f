"""What the rules share: the checked config as an experiment, the code digests, the clips."""

import csv
import functools
import json
import math
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import IncompleteCheckpointException, WorkflowError
from snakemake.logging import logger

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from resound.experiment import config as resound_config
from resound import provenance
from resound.jobs import environment
from resound.data.listing import Listing, Record, one_spelling, recorded_place
from resound.experiment.resources import Outlook, expected_clips, job_seconds, training_seconds
from resound.errors import ResoundError
from resound.experiment.encodings import FINETUNED, FINETUNED_VECTORS, MASKED, ZERO_SHOT
from resound.jobs.overview import Overview
from resound.registry import AUTOENCODERS, ENCODERS, FEATURES, NETWORKS, SEARCHES
from resound.jobs.locks import LockNotice, Presence
from resound.experiment.coordinates import ESC50_FOLDS, LOSSES, WAVEFORM, Cell, Run
from resound.experiment.specs import Experiment
from resound.experiment.tiles import grid


def checked_experiment():
    """Return the experiment that the config describes, or say all that is wrong with it."""
    schema = Path(workflow.basedir, "workflow/schemas/config.schema.yaml").read_text()
    try:
        environment.check()
        resound_config.check(config, yaml.safe_load(schema))
        experiment = Experiment(config)
        experiment.encodings.check_weights()
    except ResoundError as error:
        raise WorkflowError(str(error)) from None
    return experiment


def announced():
    """Return the presence of this run in the folder, after telling of other runs that are alive.

    What their locks mean, or those of a killed run, is told when Snakemake meets them.
    """
    presence = Presence(Path.cwd())
    for run in presence.others:
        logger.warning(f"Another run is alive in this folder: {run}. Do not unlock it.")
    logger.addFilter(LockNotice(presence))
    return presence


EXPERIMENT = checked_experiment()
# One spelling. Snakemake compares params that are built-ins alone, so a path passed as it is
# re-runs nothing: what clips are decides, not where they lie.
DATA_ROOT = Path(one_spelling(config["data_root"]))
CLIP_DIGESTS = ".snakemake/resound.clips.json"
# The rules that train, and the block of the config that each follows.
TRAINED_BY = {"train_classifier": "classification", "train_autoencoder": "autoencoder"}
# A job on a cluster reads this file too, and is a part of the run that sent it.
PRESENCE = announced() if workflow.is_main_process else None
# Less than a tenth of what one thread computes: docs/scaling.md.
CELLS_A_MINUTE = 6e9
WITHOUT_TRAININGS = (
    "Without trainings: `classification: {features: []}` and `autoencoder: {code_sizes: []}` "
    "in a file that is laid over config.yaml with --configfile."
)
TABLE_FORMS = ("csv", "md", "tex")
FIGURE_FORMS = ("png", "svg")
PAGE_ASSETS = sorted(Path(workflow.basedir, "src/resound/report/page/assets").iterdir())
TILES = {
    "full": ("distances", "distances.npy"),
    "top_k": ("searches", "hits.parquet"),
}


if workflow.is_main_process:
    logger.addFilter(
        Overview(is_dry_run=lambda: workflow.dryrun, how_long=lambda: how_long())
    )


onstart:
    try:
        PRESENCE.claim(Path(config["results_dir"]))
    except ResoundError as error:
        raise WorkflowError(str(error)) from None


def code_of(rule, *modules):
    """Return the digest of a rule's script and of all that it reaches in the package."""
    script = f"{workflow.basedir}/workflow/scripts/{rule}.py"
    return f"code {provenance.code_digest(script, *modules)}"


def grows(base, per_input_mb=0):
    """Return a resource that grows with the size of a job's input, and with every retry."""

    def amount(wildcards, input, attempt):
        size_mb = input.size_mb if per_input_mb else 0
        return math.ceil(attempt * (base + per_input_mb * size_mb))

    return amount


def tile_runtime(wildcards, attempt):
    """Return the minutes that a tile's job may take: 20, and more the more cells it has."""
    cells = EXPERIMENT.tile_cells(run_of(wildcards))
    return math.ceil(attempt * (20 + cells / CELLS_A_MINUTE))


def how_long():
    """Say about how long the planned jobs take, and how to leave the trainings out."""
    jobs = {job for job in workflow.dag.needrun_jobs() if job.output}
    of_encoders = {job for job in jobs if "encoder" in job.wildcards.keys()}
    trainings = {job for job in jobs if job.rule.name in TRAINED_BY}
    others = jobs - of_encoders - trainings
    n_clips = len(clips_there(recorded_when()).clips) or expected_clips(config)
    outlook = Outlook(
        trainings=[training_time(job, n_clips) for job in trainings],
        others=[job_seconds(n_clips, "seed" in job.output[0]) for job in others],
        n_unknown=len(of_encoders),
    )
    hint = f"\n{WITHOUT_TRAININGS}" if trainings and workflow.dryrun else ""
    return f"{outlook}{hint}"


def training_time(job, n_clips):
    """Return about how many seconds a training takes."""
    block = TRAINED_BY[job.rule.name]
    network = block if block == "autoencoder" else Cell(*job.wildcards).classifier
    n_queried = len(EXPERIMENT.split(job.wildcards.split)["query_folds"])
    clips = n_clips * (1 - n_queried / len(ESC50_FOLDS))
    return training_seconds(network, clips, config[block]["epochs"])


def dataset_place(wildcards):
    """Return where the data set is; moved as it was, it is where fetch_dataset has recorded it."""
    record = Path(config["results_dir"], "index/dataset.json")
    return recorded_place(record, DATA_ROOT) or str(DATA_ROOT)


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
    return name_of_clips(recorded_when())


@functools.cache
def name_of_clips(recorded):
    """Name the clips, and tell of those that are others than the index has read."""
    now = clips_there(recorded)
    read = Record.read(Path(config["results_dir"], "index/files.json"))
    if read is None:
        return now.name()
    changes = read.changes(now, DATA_ROOT, CLIP_DIGESTS)
    if not any(changes):
        return read.name
    if workflow.is_main_process:
        logger.info(f"Since the index was made: {changes}.")
    return now.name(read.name)


@functools.cache
def clips_there(recorded):
    """Look at the listed clips, once for each time that the data set was `recorded`."""
    return Listing.of(DATA_ROOT, config["dataset"])


def recorded_when():
    """Return when fetch_dataset has recorded the data set, in ns; None before."""
    record = Path(config["results_dir"], "index/dataset.json")
    return record.stat().st_mtime_ns if record.is_file() else None


def index_runtime(wildcards, attempt):
    """Return the minutes that reading all clips may take."""
    return math.ceil(attempt * (20 + 0.05 * clips_there(recorded_when()).size_mb))


def waveforms_of(wildcards):
    """Return the decoded clips at the sample rate of a setting."""
    return waveforms_at(EXPERIMENT.settings[wildcards.setting])


def waveforms_at(spec):
    """Return the decoded clips at the sample rate of a spec."""
    return f"<results>/audio/sr{spec['sample_rate']}/waveforms.npy"


def run_of(wildcards):
    """Return the run of a job."""
    return Run.at(wildcards.distance, wildcards.source, wildcards.split)


def bank_of(wildcards, file="bank.npy"):
    """Return a file of the bank that a run compares: a feature's, or a network's embeddings."""
    return f"<results>/{EXPERIMENT.bank_folder(run_of(wildcards))}/{file}"


def bank_spec_of(wildcards):
    """Return the record beside the bank that a run compares."""
    return bank_of(wildcards, "spec.json")


def model_of(wildcards):
    """Return the record of the training behind a run; nothing where nothing was trained."""
    cell = EXPERIMENT.cell(run_of(wildcards))
    return f"<results>/models/{cell.path}/model.json" if cell else []


def ties_of(wildcards):
    """Return under which random orders of ties a run is ranked; None where by clip id."""
    return EXPERIMENT.scores(run_of(wildcards)).get("ties")


def tile_files(run, file=None):
    """List a file of every tile of a run, by default the one that is ranked.

    Until its split is known, that is the one tile that there is in any case, so that a dry run
    shows what leads there, and the split, marked as what Snakemake is to wait for before it asks
    again.
    """
    try:
        split = Path(checkpoints.split_clips.get(split=run.split).output.split)
        sides, awaited = clips_a_side(split, split.stat().st_mtime_ns), []
    except IncompleteCheckpointException as unknown:
        sides, awaited = (1, 1), [unknown.targetfile]
    kind, ranked = TILES[EXPERIMENT.mode(run)]
    folder = f"<results>/{kind}/{run.path}/tile{{tile.row}}-{{tile.column}}"
    tiles = grid(*sides, **EXPERIMENT.tile_size)
    return collect(f"{folder}/{file or ranked}", tile=tiles) + awaited


@functools.cache
def clips_a_side(split, written):
    """Count the queries and the gallery clips of a split as it was `written`."""
    with split.open(encoding="utf-8", newline="") as file:
        clips = list(csv.DictReader(file))
    return tuple(
        sum(clip[side] == "True" for clip in clips) for side in ("query", "gallery")
    )


def heard_by(wildcards):
    """Return the decoded clips at the sample rate of an encoder."""
    return waveforms_at(EXPERIMENT.encodings.heard(wildcards.encoder))


def encoder_cell(wildcards, kind):
    """Return the cell of an encoder's job."""
    seed = wildcards.get("seed", "0")
    return EXPERIMENT.encodings.cell_of(wildcards.encoder, kind, wildcards.split, seed)


def vector_files(vectors):
    """Return the banks of vectors that one job makes, and their records, by the names of both."""
    place = "<results>/embeddings/{{encoder}}_{}/waveform/{{setting}}/{{split}}/seed{{seed}}"
    files = {"{}": "bank.npy", "{}_spec": "spec.json"}
    return {
        name.format(vector): f"{place.format(vector)}/{file}"
        for vector in vectors
        for name, file in files.items()
    }


def weights_of(wildcards):
    """Return the file of weights that a network starts from; nothing when it starts at random."""
    network = Cell(*wildcards).classifier
    if EXPERIMENT.weights(network) is None:
        return []
    return f"<results>/weights/{network}.weights"


def record_of(cell):
    """Return the record of a training, which may not be there."""
    return Path(config["results_dir"], "models", cell.path, "model.json")


def present_cells():
    """Return the rows of the classification table that can be had, or with `partial` that are there."""
    lacking = EXPERIMENT.encodings.lacking
    cells = [cell for cell in EXPERIMENT.classified() if not lacking(cell)]
    if not config["classification"]["partial"]:
        return cells
    return [cell for cell in cells if record_of(cell).is_file()]


def tested_cells():
    """Return those of the test folds. A row of all clips tells of theirs a second time."""
    return [cell for cell in present_cells() if cell.split in EXPERIMENT.test_splits]


def trained_cells():
    """Return all that has a history: networks, fine-tuned encoders and autoencoders."""
    cells = [*present_cells(), *EXPERIMENT.autoencoder_cells()]
    return [cell for cell in cells if EXPERIMENT.has_history(cell)]


def present_runs(table):
    """Return the runs of a table that can be had, or with `partial` whose network is there."""
    lacking = EXPERIMENT.encodings.lacking
    runs = [run for run in EXPERIMENT.table_runs(table) if not lacking(run)]
    if not config["classification"]["partial"]:
        return runs
    asked = set(EXPERIMENT.classified())
    there = {cell for cell in present_cells() if was_trained(cell)}
    cells = {run: EXPERIMENT.cell(run) for run in runs}
    return [run for run in runs if cells[run] not in asked or cells[run] in there]


def was_trained(cell):
    """Say whether the record that a training left is not one of a failure."""
    return json.loads(record_of(cell).read_bytes())["outcome"] == "trained"


def figure_names():
    """Return the figures that are asked for: with `partial`, of the networks that are there."""
    runs = [run for listed in compared_runs().values() for run in listed]
    return EXPERIMENT.displays.figures(tested_cells(), runs)


def cells_of(wildcards):
    """Return the trainings of a classifier that are there, of all splits and seeds."""
    classifier = (wildcards.network, wildcards.feature, wildcards.setting)
    return [cell for cell in tested_cells() if cell[:3] == classifier]


def compared_runs():
    """Return the runs whose methods are compared, by their table."""
    return {table: present_runs(table) for table in EXPERIMENT.retrieval_tables()}


def runs_there():
    """Return the runs of all tables that are there."""
    return list(dict.fromkeys(run for runs in compared_runs().values() for run in runs))


def shown_runs():
    """Return the runs whose hits the page shows: of each network those of its first seed."""
    first = {}
    for run in runs_there():
        first.setdefault((*run.about.items(), run.split), run)
    return list(first.values())


def shown_cells():
    """Return the classifiers whose mistakes the page shows: of each its first seed's."""
    first = {}
    for cell in tested_cells():
        first.setdefault(cell[:4], cell)
    return list(first.values())


def shown_maps():
    """Return the mapped embeddings whose network is there, by their path."""
    return EXPERIMENT.displays.maps(runs_there())


def makers_of(files):
    """Return the rule that makes each of some files."""
    return {
        str(file): rule.name
        for file in files
        for rule in workflow.rules
        if rule.is_producer(str(file))
    }
