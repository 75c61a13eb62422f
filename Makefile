# Everything that a new machine needs is set up by `make demo` or `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup browser demo test lint types stub bench clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[train,offline,dev]'
	touch $@

setup: $(VENV)/.installed ## create the environment (about two minutes, 5.5 GB)

browser: ## install a headless browser for the tests that look at reports
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	  || { echo 'installing chromium'; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; } \
	  || echo 'no browser could be installed: the tests that need one are skipped by name'

demo: setup ## draw a dataset, train two networks, score them, write the report
	$(BIN)/pixelwise demo

test: setup browser lint types ## lint, type check and run all tests
	$(BIN)/python -m pytest -n logical --dist loadfile

lint: setup ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## check types of src and benchmarks
	$(BIN)/mypy

stub: setup ## write the type stubs of the public names
	$(BIN)/python tests/write_stub.py

bench: setup ## measure speed and memory against peers (about 8 minutes)
	$(BIN)/pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks

clean: ## remove the environment and caches
	rm -rf $(VENV) build src/*.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
