"""What the rules share: the checked config as an experiment, the code digests, the clips."""

import csv
import functools
import json
import math
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import IncompleteCheckpointException, WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from resound import config as resound_config
from resound import environment, provenance
from resound.errors import ResoundError
from resound.registry import AUTOENCODERS, FEATURES, NETWORKS, SEARCHES
from resound.runs import LOSSES, Cell, Run
from resound.specs import Experiment
from resound.tiling import grid


def checked_experiment():
    """Return the experiment that the config describes, or say all that is wrong with it."""
    schema = Path(workflow.basedir, "workflow/schemas/config.schema.yaml").read_text()
    try:
        environment.check()
        resound_config.check(config, yaml.safe_load(schema))
    except ResoundError as error:
        raise WorkflowError(str(error)) from None
    return Experiment(config)


EXPERIMENT = checked_experiment()
# Less than a tenth of what one thread computes: docs/scaling.md.
CELLS_A_MINUTE = 6e9
TABLE_FORMS = ("csv", "md", "tex")
FIGURE_FORMS = ("png", "svg")
TILES = {
    "full": ("distances", "distances.npy"),
    "top_k": ("searches", "hits.parquet"),
}


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


def clip_files(wildcards):
    """List the files of the data set, once fetch_dataset has seen that it is there."""
    record = checkpoints.fetch_dataset.get().output.record
    root = Path(config["data_root"])
    if not (root / "audio").is_dir():
        raise WorkflowError(
            f"data_root={config['data_root']} has no audio folder any more, though {record} "
            f"recorded it; bring the folder back, or delete {record} to fetch it again"
        )
    files = [*(root / "audio").iterdir(), *(root / "meta").glob("*.csv")]
    return sorted(str(file) for file in files if not file.name.startswith("."))


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
    return f"<results>/{run_of(wildcards).bank}/{file}"


def bank_spec_of(wildcards):
    """Return the record beside the bank that a run compares."""
    return bank_of(wildcards, "spec.json")


def model_of(wildcards):
    """Return the record of the network behind a run; nothing for a feature's own bank."""
    cell = run_of(wildcards).cell
    return f"<results>/models/{cell.path}/model.json" if cell else []


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
    """Return the trainings that the table reads: all, or with `partial` those that left a record."""
    cells = EXPERIMENT.cells()
    if not config["classification"]["partial"]:
        return cells
    return [cell for cell in cells if record_of(cell).is_file()]


def present_runs(table):
    """Return the runs that a table reads: all, or with `partial` those whose network is there."""
    runs = EXPERIMENT.table_runs(table)
    if not config["classification"]["partial"]:
        return runs
    asked = set(EXPERIMENT.cells())
    there = {cell for cell in present_cells() if was_trained(cell)}
    return [run for run in runs if run.cell not in asked or run.cell in there]


def was_trained(cell):
    """Say whether the record that a training left is not one of a failure."""
    return json.loads(record_of(cell).read_bytes())["outcome"] == "trained"
