# Meterhouse: what one does with this repository. `make` alone prints the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
# The first Python that works and is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
LOCKS := requirements.lock requirements-dev.lock
INSTALLED := .venv/installed
# One lock for every Python from 3.11.0 on and every platform: what only some of them need has a marker.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help install run demo test lint types generate check bench lock clean

help: ## print the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install: $(INSTALLED) ## install into .venv, with hashes; again only when a lock changed

# pyproject.toml too: the commands and the version of the package come from there
$(INSTALLED): $(LOCKS) pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: install ## run the service on http://127.0.0.1:5005
	exec $(BIN)/meterhouse serve

demo: install ## run the service with two weeks of believable traffic, and more of it live
	DATA_DIR="$${DATA_DIR:-data/demo}" exec $(BIN)/meterhouse demo --serve --backfill 14 --live

test: install ## run all tests on all cores, with branch coverage
	$(BIN)/pytest --cov --numprocesses=logical --dist=loadfile

lint: install ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## mypy --strict
	$(BIN)/mypy

generate: install ## write the files that are made from code (settings, metrics, …)
	$(BIN)/python docs/generate.py

check: lint types ## lint, types, and generated files up to date
	$(BIN)/python docs/generate.py --check

bench: install ## measure side by side, into docs/performance.md; CASE=… for one of the cases
	$(BIN)/python -m benchmarks $(CASE)

lock: install ## renew the lock files from pyproject.toml, to the newest versions
	$(COMPILE) --upgrade --output-file requirements.lock pyproject.toml
	$(COMPILE) --upgrade --extra dev --extra build --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml

clean: ## remove what was installed and cached; data/ stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
