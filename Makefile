# Each target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SLURM_READY := $(VENV)/.ready-slurm
BENCH := .venv-bench
BENCH_READY := $(BENCH)/.ready
ENGINES := .venv-engines
ENGINES_READY := $(ENGINES)/.ready
CORES ?= all
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-slow test-search test-slurm bench scaling engines lint format docs clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

$(READY): pyproject.toml envs/constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"resound needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Say which: make PYTHON=python3.12 ...")'
	@echo "==> Setting up $(VENV) with the pinned packages (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --constraint envs/constraints.txt --editable ".[train,encoders,search,dev]"
	@touch $@

demo: $(READY)  ## run the whole workflow on a small generated data set, tables, figures and page to results/demo
	@echo "==> From generated clips to tables, figures and a page; again: only what is stale"
	@RESOUND_PROGRESS=line $(BIN)/snakemake tables figures report --cores $(CORES) --configfile workflow/configs/demo.yaml $(ARGS)
	@echo
	@$(BIN)/resound results --configfile workflow/configs/demo.yaml
	@echo
	@echo "==> In brackets: 95% intervals. All columns, as .csv, .md and .tex: results/demo/tables"
	@echo "==> Figures, as .png and .svg: results/demo/figures"
	@echo "==> The page, to see and to hear, opens in any browser: results/demo/report/index.html"

# A process that has done its half takes over tests of the other; tests/once.py makes once what both
# need.
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

test: $(READY)  ## pass the tests (make test ARGS="-k dtw" picks some)
	@echo "==> Testing on two processes; on real recordings too: RESOUND_ESC10, RESOUND_ESC50 name folders"
	$(PYTEST) -m "not slow and not slurm" $(ARGS)

test-slow: $(READY)  ## pass the slow tests
	$(PYTEST) -m slow $(ARGS)

test-search: $(READY)  ## look for faults at random: 50 times the examples of make test, new ones
	@echo "==> Searching at random (about half an hour); keep what it finds as an @example of the test"
	$(PYTEST) -m "hypothesis and not slurm" --hypothesis-profile search $(ARGS)

$(SLURM_READY): $(READY)
	$(BIN)/python -m pip install --constraint envs/constraints.txt --editable ".[train,dev,slurm,cluster-generic]"
	@touch $@

test-slurm: $(SLURM_READY)  ## pass the tests on a Slurm of this host (root on Debian; installs and starts it)
	@echo "==> Testing on two Slurm nodes on this host, which start, run and stop here (three to five minutes)"
	$(BIN)/python -m pytest -m slurm $(ARGS)

$(BENCH_READY): pyproject.toml benchmarks/requirements.txt
	@echo "==> Setting up $(BENCH) with the libraries to compare with"
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --requirement benchmarks/requirements.txt --editable .
	@touch $@

bench: $(READY) $(BENCH_READY)  ## measure speed and memory beside other libraries, write docs/performance.md
	@echo "==> Measuring, on ESC-10 when RESOUND_ESC10 names its folder (about ten minutes; leave the machine alone);"
	@echo "    tables 1 and 2 from WAV files too when RESOUND_ESC50, or else RESOUND_ESC10, does (five minutes more)"
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.retrieval_tables
	$(BIN)/python -m benchmarks.encoder
	$(BENCH)/bin/python -m benchmarks $(ARGS)

scaling: $(READY)  ## measure what work costs, write docs/scaling.md
	@echo "==> Measuring, and computing three tiles of ten times ESC-50 (about two minutes of one core)"
	$(BIN)/python -m benchmarks.scaling $(ARGS)

$(ENGINES_READY): pyproject.toml envs/constraints.txt benchmarks/engines.txt
	@test -x $(ENGINES)/bin/python || $(PYTHON) -m venv $(ENGINES)
	$(ENGINES)/bin/python -m pip install --constraint envs/constraints.txt --requirement benchmarks/engines.txt --editable ".[search]"
	@touch $@

engines: $(ENGINES_READY)  ## measure engines of vector search, write docs/engines.md: make engines INDEX=<an index>
	@echo "==> Measuring LanceDB, FAISS and usearch on up to a million vectors (about ten minutes, 6 GB of memory)"
	$(ENGINES)/bin/python -m benchmarks.engines $(INDEX) $(ARGS)

lint: $(READY)  ## check style, types, spelling and the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: $(READY)  ## put the code into the form that lint asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: $(READY)  ## write the generated parts of README.md and docs/ (needs graphviz and the results on ESC-10)
	$(BIN)/python docs/generate.py

clean:  ## delete the environments and the demo's results
	rm -rf $(VENV) $(BENCH) results/demo
