#!/usr/bin/env bash
# Put LanceDB and the package of this checkout into the environment that conda has just made.
# Snakemake runs this in the folder it was started in, the repository's.
set -euo pipefail
python -m pip install --constraint envs/constraints.txt lancedb
python -m pip install --no-deps --no-build-isolation --editable .
