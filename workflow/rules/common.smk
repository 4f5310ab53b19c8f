"""What the rules share: the checked config as an experiment, the code digests, the clips."""

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from resound import config as resound_config
from resound import environment, provenance
from resound.errors import ResoundError
from resound.registry import DISTANCES, FEATURES, NETWORKS
from resound.specs import Cell, Experiment, Run


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
TABLE_FORMS = ("csv", "md", "tex")


def code_of(rule, *modules):
    """Return the digest of a rule's script and of all that it reaches in the package."""
    script = f"{workflow.basedir}/workflow/scripts/{rule}.py"
    return f"code {provenance.code_digest(script, *modules)}"


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
    rate = EXPERIMENT.settings[wildcards.setting]["sample_rate"]
    return f"<results>/audio/sr{rate}/waveforms.npy"


def weights_of(wildcards):
    """Return the file of weights that a network starts from; nothing when it starts at random."""
    if EXPERIMENT.weights(wildcards.network) is None:
        return []
    return f"<results>/weights/{wildcards.network}.weights"


def present_cells():
    """Return the trainings that the table reads: all, or with `partial` those that left a record."""
    cells = EXPERIMENT.cells()
    if not config["classification"]["partial"]:
        return cells
    models = Path(config["results_dir"], "models")
    return [
        cell
        for cell in cells
        if Path(models, *cell[:-1], f"seed{cell.seed}", "model.json").is_file()
    ]
