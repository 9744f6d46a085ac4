.DEFAULT_GOAL := help
.PHONY: help review test test-cluster lab lint bench quarto clean
BIN := .venv/bin
STAMP := .venv/.installed
CLUSTER := .venv/cluster/.installed
# What test-cluster fans out to: all, or a few.
FAN ?= all

help: ## say what each command does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

review: $(STAMP) ## make the review and print where it is
	@$(BIN)/bilan build

test: $(STAMP) ## run the whole test suite
	@$(BIN)/python -m pytest --numprocesses auto --dist loadscope

test-cluster: $(STAMP) $(CLUSTER) ## test the workflow on a SLURM cluster of this machine (as root)
	@for program in slurmctld munged rsync; do command -v $$program >/dev/null || { echo \
	  "$$program is missing; on Debian or Ubuntu: apt-get install slurm-wlm munge rsync" >&2; exit 1; }; done
	@BILAN_CLUSTER=$(FAN) $(BIN)/python -m pytest tests/cluster.py -s

lab: $(STAMP) ## open the notebooks in JupyterLab
	@BILAN_ROOT=$(CURDIR) $(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

lint: $(STAMP) ## check style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

bench: $(STAMP) ## measure speed, pages and forecasts
	@$(BIN)/python bench/build.py
	@$(BIN)/python bench/pages.py
	@$(BIN)/python bench/forecasts.py

quarto: $(STAMP) ## try to install Quarto into the environment
	@$(BIN)/uv pip install --quiet --python $(BIN)/python quarto-cli \
	  && $(BIN)/quarto --version \
	  || echo "Quarto can't be installed here (its package downloads a program from its maker's site); the embedded engine renders the same review."

clean: ## remove everything that was made, but not the environment
	rm -rf build site data/processed/20* .snakemake

# The environment: what requirements.lock pins, hashed and byte-compiled.
$(STAMP): requirements.lock pyproject.toml
	@sh bin/environment
	@touch $@

# Snakemake's executors for clusters, beside the environment and not in it: they slow every start.
$(CLUSTER): requirements-cluster.lock $(STAMP)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps \
	  --target .venv/cluster --requirement requirements-cluster.lock
	@touch $@
