# `make` lists the targets. Everything runs in $(VENV), which the first target makes.
.DEFAULT_GOAL := help
SHELL := /bin/bash

DATA ?= synthetic
QUICK ?=
VENV ?= .venv
PEERS ?= artifacts/peers
PATHS ?=
PYTHON ?= python3
# Where to find a CPU build of torch, for people whose pip would fetch a CUDA build:
#   make verify TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

# Recordings beside a checkout are used when they are there; otherwise they are downloaded.
ifneq ($(wildcard ../shared/data),)
export VERICASE_DATA ?= $(abspath ../shared/data)
endif

PRESET := $(DATA)$(if $(QUICK),-quick)
WORK := artifacts/$(PRESET)
REPORT := reports/$(DATA)
SHIPPED := src/afib/models/physionet2017
ifeq ($(DATA),physionet2017)
MODEL := $(SHIPPED)
else
MODEL := $(WORK)/model
endif
# What turns files into a decision: every branch of it has to be run by a test.
DECIDES := */vericase/verdict.py,*/vericase/matrix.py,*/vericase/gate.py,*/vericase/schema/*,*/vericase/store/*
# What cross-fitting showed is a subject of its own, committed with the reference report.
CROSSFIT := $(if $(filter physionet2017,$(DATA)),--subject crossfit=reports/reference/crossfit.json \
  --subject certified=reports/reference/certified --subject uncertainty=reports/reference/uncertainty \
  --subject certified_model=$(SHIPPED)-certified)
REHEARSAL := $(if $(QUICK)$(filter synthetic,$(DATA)),--rehearsal)

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet
PIP := PIP_CONSTRAINT=constraints.txt $(INSTALL)
# What pip cannot install beside what it asks for; see docs/decisions/0014-auto-lirpa.md.
NODEPS := constraints/formal-nodeps.txt

ifeq ($(filter $(DATA),synthetic physionet2017),)
$(error DATA: expected synthetic or physionet2017, got "$(DATA)")
endif

.PHONY: help setup verify test test-long coverage mutation check bench bench-peers bench-bounds bench-detectors bench-trainings bench-explaining bench-reviewing app reference explanations decisions schema lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## make the virtual environment with everything in it
$(STAMP): pyproject.toml constraints.txt $(NODEPS)
	@echo "setting up $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(if $(TORCH_INDEX),$(PIP) --index-url $(TORCH_INDEX) --no-deps torch &&) $(PIP) --editable '.[dev]'
	@$(INSTALL) --no-deps --require-hashes --requirement $(NODEPS)
	@touch $@

verify: $(STAMP) ## prepare, train if there is no current model, verify, report, gate (DATA=, QUICK=1)
	@$(BIN)/afib prepare --preset $(PRESET) --out $(WORK)
	@rm -rf $(REPORT) && mkdir -p $(REPORT)
	@if [ "$(DATA)" != physionet2017 ]; then $(BIN)/afib train --preset $(PRESET) --out $(MODEL) --unless-current --resume && \
	  $(BIN)/afib calibrate --preset $(PRESET) --model $(MODEL) --unless-current; fi
	@run=$$($(BIN)/python -c 'import uuid; print(uuid.uuid4().hex)'); \
	$(BIN)/python -m pytest -q --data=$(PRESET) --model=$(MODEL) --vericase-run=$$run \
	  --vericase-evidence=$(REPORT)/evidence.json --vericase-report=$(REPORT)/traceability.html; \
	$(BIN)/vericase gate --evidence $(REPORT)/evidence.json --run $$run $(REHEARSAL) \
	  --subject data=$(WORK)/manifest.json --subject model=$(MODEL) $(CROSSFIT)

test: $(STAMP) ## the tests of the code, without the long ones
	@$(BIN)/python -m pytest tests -q -n 2 -m "not long"

test-long: $(STAMP) ## the long tests
	@$(BIN)/python -m pytest tests -q -m long

coverage: $(STAMP) ## the tests of the code, with code coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest tests -q -m "not long"
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@$(BIN)/coverage report --include='$(DECIDES)' --fail-under=100

mutation: $(STAMP) ## mutate what decides; how many mutants its tests notice
	@$(PIP) --editable '.[dev,mutation]'
	@$(BIN)/python tools/mutation.py

check: $(STAMP) ## format, lint, types, import contracts, requirements, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/vericase check
	@$(BIN)/python tools/check_docs.py

bench: $(STAMP) ## measure what the documents claim; prints tables
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; done

bench-peers: $(STAMP) ## measure tool and proofs beside their peers, some of them installed in PEERS=; writes benchmarks/results.md
	@set -o pipefail; mkdir -p artifacts; { printf '# The tool and its proofs beside their peers\n\nWritten by `make bench-peers`. Runs take turns, so that other work on the machine slows all alike.\n\n'; \
	  for name in check_cost plugin_overhead report_scale; do \
	    $(BIN)/python -m benchmarks.$$name --peers=$(PEERS) || exit 1; done; \
	  $(BIN)/python -m benchmarks.ecg_instances; } | tee artifacts/results.md
	@mv artifacts/results.md benchmarks/results.md

bench-bounds: $(STAMP) ## measure what bounds cost, beside auto_LiRPA, and what no bound can show; writes two tables in benchmarks/
	@set -o pipefail; mkdir -p artifacts; { printf '# What bounds cost\n\nWritten by `make bench-bounds`.\n\n'; \
	  $(BIN)/python -m benchmarks.certify_cost --recordings=40 --default=5 --unstable=5 --longest-s=600 --cascade=-1; } | tee artifacts/bounds.md
	@mv artifacts/bounds.md benchmarks/bounds.md
	@set -o pipefail; { printf '# Abstentions that a box can force\n\nWritten by `make bench-bounds`.\n\n'; \
	  $(BIN)/python -m benchmarks.abstaining --each=100; } | tee artifacts/abstaining.md
	@mv artifacts/abstaining.md benchmarks/abstaining.md

bench-detectors: $(STAMP) ## measure detectors of strange recordings, and acceptance of others; writes three tables in benchmarks/
	@set -o pipefail; mkdir -p artifacts; { printf '# Detectors of strange recordings\n\nWritten by `make bench-detectors`.\n\n'; \
	  $(BIN)/python -m benchmarks.detectors --folds 0 2 4; } | tee artifacts/detectors.md
	@mv artifacts/detectors.md benchmarks/detectors.md
	@set -o pipefail; { printf '# Recordings that were taken otherwise\n\nWritten by `make bench-detectors`.\n\n'; \
	  $(BIN)/python -m benchmarks.acquisition --each 30; } | tee artifacts/acquisition.md
	@mv artifacts/acquisition.md benchmarks/acquisition.md
	@set -o pipefail; { printf '# Settings of the gate\n\nWritten by `make bench-detectors`.\n\n'; \
	  $(BIN)/python -m benchmarks.gate_settings --networks reports/reference/uncertainty/folds; } | tee artifacts/gate-settings.md
	@mv artifacts/gate-settings.md benchmarks/gate_settings.md
	@set -o pipefail; { printf '# What disturbances do to decisions\n\nWritten by `make bench-detectors`.\n\n'; \
	  $(BIN)/python -m benchmarks.disturbed --each 100; } | tee artifacts/disturbed.md
	@mv artifacts/disturbed.md benchmarks/disturbed.md

bench-trainings: $(STAMP) ## train the certified preset with five seeds, and with a high-pass; writes two tables in benchmarks/
	@set -o pipefail; mkdir -p artifacts; { printf '# Certified training by seed\n\nWritten by `make bench-trainings`.\n\n'; \
	  $(BIN)/python -m benchmarks.trainings --preset physionet2017-certified --normal 100; } | tee artifacts/trainings.md
	@mv artifacts/trainings.md benchmarks/trainings.md
	@set -o pipefail; { printf '# A high-pass in front of the network\n\nWritten by `make bench-trainings`.\n\n'; \
	  $(BIN)/python -m benchmarks.high_pass --preset physionet2017-certified --each 150 --parts 1 --seconds 10; } | tee artifacts/high-pass.md
	@mv artifacts/high-pass.md benchmarks/high_pass.md

bench-explaining: $(STAMP) ## measure how long explanations take; writes benchmarks/explaining.md
	@set -o pipefail; mkdir -p artifacts; { printf '# How long explanations take\n\nWritten by `make bench-explaining`.\n\n'; \
	  $(BIN)/python -m benchmarks.explaining --rounds 9; } | tee artifacts/explaining.md
	@mv artifacts/explaining.md benchmarks/explaining.md

bench-reviewing: $(STAMP) ## measure how long a reviewer waits at the page; writes benchmarks/reviewing.md
	@set -o pipefail; mkdir -p artifacts; { printf '# How long a reviewer waits\n\nWritten by `make bench-reviewing`.\n\n'; \
	  $(BIN)/python -m benchmarks.reviewing --rounds 9; } | tee artifacts/reviewing.md
	@mv artifacts/reviewing.md benchmarks/reviewing.md

app: $(STAMP) ## serve the review page on this machine, with the recordings of PATHS=
	@$(BIN)/afib app $(PATHS)

reference: $(STAMP) ## cross-fit, prove, train the named models, open the test split once, report
	@$(BIN)/python tools/reference.py --model $(SHIPPED)

explanations: $(STAMP) ## explain held-out recordings with the networks on record; writes docs/explanations.md
	@$(BIN)/python -m tools.explanations

decisions: $(STAMP) ## tell of single test decisions that were looked at; writes docs/test-decisions.md
	@$(BIN)/python -m tools.looked_at

schema: $(STAMP) ## write the JSON Schemas for editors
	@$(BIN)/vericase schema > requirements/schema.json

lock: ## write the versions of $(VENV) into constraints.txt
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --all --exclude-editable \
	  | grep -v '^pip==' | sed 's/+cpu//' | sort -f; } > constraints.new && mv constraints.new constraints.txt

clean: ## remove what runs made; keeps the virtual environment
	@rm -rf artifacts .coverage* .mypy_cache .ruff_cache .pytest_cache reports/synthetic reports/physionet2017
