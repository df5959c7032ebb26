# Few commands, the same for people and for CI. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := src tests bench conftest.py hatch_build.py
CATALOGUES := $(wildcard src/koalendar/locale/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test lint format words bench lock shots clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 16

setup: $(VENV)/.done $(VENV)/.words ## Make .venv with everything that running and testing need

$(VENV)/.done: requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is missing: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "This Python is too old: install Python 3.11 or later, then: make setup PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "  Installing the libraries (hash-checked, from requirements-dev.lock) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.words: $(VENV)/.done $(CATALOGUES)
	@$(BIN)/python hatch_build.py
	@touch $@

demo: setup ## Everything on this machine: site, worker, and a sandbox for Zoom and mail
	@exec $(BIN)/koalendar demo

serve: setup ## Web and worker from the environment's settings
	@exec $(BIN)/koalendar serve

test: setup ## All tests on SQLite (and on PostgreSQL where DATABASE_URL names one)
	$(BIN)/python -m pytest -q -n auto --dist loadgroup

lint: setup ## Formatting, lint, types, imports between rooms, missing migrations
	$(BIN)/ruff format --check $(ROOMS)
	$(BIN)/ruff check $(ROOMS)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.migrations

format: setup ## Format the code
	$(BIN)/ruff format $(ROOMS)
	$(BIN)/ruff check --fix $(ROOMS)

words: setup ## Bring the catalogues of translations up to date with the sources
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python -m tests.catalogues

bench: setup ## Figures beside their targets
	$(BIN)/python -m bench

shots: setup ## Screenshots of the pages, into shots/
	$(BIN)/python -m tests.shots

lock: ## Renew the hash-pinned lists of libraries (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml --extra dev -o requirements-dev.lock

clean: ## Remove what setup and demo made
	rm -rf $(VENV) data shots
