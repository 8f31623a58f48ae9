# Labelscope. `make help` lists what there is; nothing is needed but make and Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
CRATE ?= ../shared/corpus
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo demo-spotify test test-slow test-faults test-compose check lint types imports schema audit format bench bench-scale bench-soak clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## make .venv and install everything, pinned

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Labelscope needs Python 3.11 or newer; say which: make PYTHON=python3.12 install"; exit 1; }
	@echo "Installing what Labelscope stands on into .venv: 1.7 GB, three minutes or four."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -c 'import librosa.onset'  # Numba compiles half a minute, once
	@touch $(INSTALLED)

demo: install  ## the whole job on music that Labelscope makes itself
	$(BIN)/labelscope demo

demo-spotify: install  ## the whole job on playlists, against stand-ins of Spotify and Deezer on this machine
	$(BIN)/python -m tests.stand_ins.demo

test: install  ## all tests but the slow ones; three at a time, as many wait for servers
	$(BIN)/python -m pytest -m 'not slow and not faults and not compose' -n 3 --dist loadfile

test-slow: install  ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

test-faults: install  ## two hundred accidents to a home whose pipelines run, a hundred kills and full disks; over an hour
	$(BIN)/python -m pytest -m faults

test-compose: install  ## docker-compose.yml by a real engine; twenty minutes, 6 GB, as root on Debian
	$(BIN)/python -m pytest -m compose tests/operations/compose/test_compose.py -rs

check: lint types imports schema test  ## everything that must hold before a change lands

lint: install  ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install  ## mypy, strict
	$(BIN)/mypy

imports: install  ## the rooms import each other one way only
	$(BIN)/lint-imports

schema: install  ## migrate an empty database, and see that models and migrations agree
	$(BIN)/python -m pytest tests/db/test_migrations.py

audit:  ## look the pinned versions up among the known vulnerabilities
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

format: install  ## put the code into ruff's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-scale: install  ## every query at a million made-up tracks and at a tenth of it; ten minutes, 6 GB
	$(BIN)/python -m bench.scale

bench-soak: install  ## three days of `labelscope up` by a clock that is moved; twenty minutes, on Linux
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,clock]'
	$(BIN)/python -m bench.soak --figures docs/soak.csv --picture docs/pictures/soak.png

bench: install  ## ingest beside COPY, extraction beside librosa, training beside plain Keras (CRATE=folder)
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.extract $(CRATE)
	$(BIN)/python -m bench.train $(CRATE)

clean:  ## remove the virtual environment and caches, keep the home
	rm -rf .venv .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
