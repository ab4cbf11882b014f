# Two commands are enough on a fresh machine with Python 3.11+, git and make:
#   make run    sets up, generates the demo company if absent, runs the whole pipeline, prints the scorecard
#   make test   sets up everything that the tests need and runs all of them
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The shipped dbt project alone, without a workspace: nothing is mapped, every entity is empty.
DBT = BELLWETHER_WAREHOUSE=dbt_project/target/empty.duckdb BELLWETHER_RAW=dbt_project/target/raw.duckdb \
      DBT_SEND_ANONYMOUS_USAGE_STATS=false $(BIN)/dbt --log-path dbt_project/target/logs
PROJECT := --project-dir dbt_project --profiles-dir dbt_project
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-test demo run dev test test-fast lint clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST)

$(BIN)/python:
	@echo "==> Creating $(VENV)"
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] < (3, 14), "Python 3.11 to 3.13 is needed, found " + sys.version.split()[0]'
	@$(PYTHON) -m venv $(VENV)

# Byte-compiling once saves a factor of five on every import where PYTHONDONTWRITEBYTECODE is set. A few packages ship
# templates called .py that do not compile, which is no reason to stop. A .venv left half made by a kill is made again.
$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "==> Installing the packages (once; takes two to four minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[ui]'
	@echo "==> Compiling them (once)"
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib dagster_project metrics serving data || true
	@echo "==> Reading the shipped models (dbt_project/target/semantic_manifest.json)"
	@mkdir -p dbt_project/target
	@$(DBT) parse -q $(PROJECT) --target-path target
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	@echo "==> Installing what the tests need (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib || true
	@touch $@

setup: $(VENV)/.ready ## install into .venv

setup-test: $(VENV)/.ready-test

demo: setup ## generate the demo company if it is absent
	@$(BIN)/kpi demo generate --if-absent

run: demo ## run the whole pipeline on the demo company
	@$(BIN)/kpi run

dev: demo ## open Dagster on the demo company
	@$(BIN)/kpi dev

lint: setup-test ## formatting, types, dependencies, deploy files, SQL style
	@echo "==> ruff"; $(BIN)/ruff check .
	@echo "==> mypy"; $(BIN)/mypy
	@echo "==> import-linter"; $(BIN)/lint-imports
	@echo "==> systemd units and Dockerfile"; $(BIN)/python -m pytest -q -p no:cacheprovider tests/contract/test_deploy.py
	@echo "==> sqlfluff, on what dbt compiles"; mkdir -p dbt_project/target; \
	  $(DBT) compile -q $(PROJECT) --target-path target/lint && \
	  $(BIN)/sqlfluff lint -q --processes 2 dbt_project/target/lint/compiled/bellwether/models/core/*/*.sql

test: setup-test lint ## run every test
	@echo "==> pytest"; $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=10 $(PYTEST_ARGS)

test-fast: setup-test ## unit tests only
	@$(BIN)/python -m pytest -q -n 2 tests/unit $(PYTEST_ARGS)

clean: ## remove everything that a run has made
	rm -rf data/demo/.bellwether data/demo/published data/demo/files dbt_project/target
