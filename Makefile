# Everything a person or a machine does with this repository. `make` alone lists it.
# Nothing is needed beforehand but Python 3.11 or newer, git and make; root is not needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The user's own settings must not change what gets installed here.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help venv demo up test acceptance nightly lint types check format bench bench-runs bench-flood bench-grown bench-waiting fuzz fuzz-door

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

venv: $(READY) ## set up .venv from requirements.txt (every other target does so by itself)

demo: $(READY) ## run the whole road against the sandbox vendors, check it, stop
	$(BIN)/stagedoor demo

up: $(READY) ## run everything on this machine until Ctrl-C
	$(BIN)/stagedoor up --sandbox

test: $(READY) ## run the test suite
	$(BIN)/python tests/halves.py -m "not acceptance_long"

acceptance: $(READY) ## run the test suite and what is too long for it
	$(BIN)/python -m pytest

nightly: $(READY) ## play a hundred thousand random stories against the engine
	$(BIN)/python -m tests.simulator --schedules 100000

lint: $(READY) ## look for mistakes and for formatting that differs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## check the types
	$(BIN)/mypy

check: lint types test ## lint, types and test

format: $(READY) ## format the code and put right what can be put right by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure how many webhooks a second are taken in durably
	$(BIN)/python benchmarks/ingest.py

fuzz: $(READY) ## try formulas nobody would write, for five minutes
	$(BIN)/python benchmarks/fuzz_formulas.py --minutes 5

bench-flood: $(READY) ## measure whether a flood at one source leaves the others alone
	$(BIN)/python benchmarks/flood.py

bench-grown: $(READY) ## measure whether a ledger of five million deliveries takes in as cheaply as one of ten thousand
	$(BIN)/python benchmarks/grown.py

fuzz-door: $(READY) ## try requests nobody would send on parsing and verification, for ten minutes
	$(BIN)/python benchmarks/fuzz_door.py --minutes 10

bench-runs: $(READY) ## measure how fast follow-ups run, beside plain Celery, DBOS and celery-director
	$(BIN)/python benchmarks/runs.py

bench-waiting: $(READY) ## measure what 100,000 waiting runs cost
	$(BIN)/python benchmarks/waiting.py

# The stamp is written last, so an interrupted set-up is done again. --no-build-isolation with the
# setuptools pinned in requirements.txt: nothing is installed that is not written down.
$(READY): requirements.txt setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Stagedoor needs Python 3.11 or newer as "$(PYTHON)". If it has another name: make PYTHON=python3.12 ...' >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo 'This Python cannot make virtual environments; on Debian or Ubuntu: apt install python3-venv' >&2; \
	  exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
