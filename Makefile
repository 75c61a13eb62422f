# Everything that a new machine needs is set up by `make demo` or `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
TOOLS  := $(VENV)/tools
LOCK   := requirements/ci.txt

.DEFAULT_GOAL := help
.PHONY: help setup setup-locked browser demo docs test lint types stub lock audit-deps fuzz soak bench clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[train,offline,dev]'
	touch $@

setup: $(VENV)/.installed ## create the environment (about two minutes, 5.5 GB)

setup-locked: ## create it from the locked packages, each compared with its hash
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $(VENV)/.installed

browser: ## install a headless browser for the tests that look at reports
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	  || { echo 'installing chromium'; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; } \
	  || echo 'no browser could be installed: the tests that need one are skipped by name'

demo: setup ## draw a dataset, train two networks, score them, write the report
	$(BIN)/pixelwise demo

docs: setup ## build the site of documents: its first page is build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "open build/site/index.html"

# processes that tests start need not compile modules again
test: export PYTHONDONTWRITEBYTECODE :=
test: setup browser lint types ## lint, type check and run all tests
	$(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder

lint: setup ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## check types of src and benchmarks
	$(BIN)/mypy --num-workers 2

stub: setup ## write the type stubs of the public names
	$(BIN)/python tests/write_stub.py

$(TOOLS): setup
	@test -d $@ || { $(PYTHON) -m venv $@ && $@/bin/pip install --quiet uv pip-audit; }

lock: $(TOOLS) ## lock the packages of this environment, for all systems (network)
	$(BIN)/pip freeze --exclude-editable | grep -v ' @ ' > $(VENV)/tested.txt
	$(TOOLS)/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate \
	  --python-version 3.11 --extra train --extra offline --extra dev --constraint $(VENV)/tested.txt \
	  --custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml

audit-deps: $(TOOLS) ## look for known weaknesses of the locked packages (network)
	@$(TOOLS)/bin/pip-audit --strict --no-deps --disable-pip -r $(LOCK) > $(VENV)/audit.txt 2>&1 \
	  || { grep -q '^Found ' $(VENV)/audit.txt && cat $(VENV)/audit.txt \
	       || echo "audit-deps: nothing was audited: $$(tail -n 1 $(VENV)/audit.txt)"; exit 1; }
	@grep -v '^WARNING' $(VENV)/audit.txt

fuzz: setup ## give damaged files to every reader for an hour (FUZZ_MINUTES, FUZZ_SEED)
	PYTHONPATH=tests $(BIN)/python -m fuzz.run

soak: setup ## 50 kills, every failing disk access, bombs, damaged files (SOAK_MINUTES, about 15 minutes)
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m fuzz.soak

bench: setup ## measure speed and memory against peers (about 8 minutes)
	$(BIN)/pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks

clean: ## remove the environment and caches
	rm -rf $(VENV) build src/*.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
