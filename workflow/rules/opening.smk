"""What is looked at before the config is read: whether it is text that can be."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from resound.errors import ConfigError
from resound.experiment import reading

if Path("config.yaml").is_file():
    try:
        reading.text_of("config.yaml")
    except ConfigError as error:
        raise WorkflowError(str(error)) from None
