# Labelscope. `make help` lists the targets. Needs make and Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
CRATE ?= ../shared/corpus
PRETRAINED ?= yes
INSTALLED := .venv/.installed
PRETRAIN := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement pretrained.txt

.DEFAULT_GOAL := help
.PHONY: help install pretrained demo demo-spotify test test-slow test-faults test-compose check lint types imports schema docs audit format bench bench-scale bench-soak clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## make .venv and install everything, pinned

$(INSTALLED): pyproject.toml constraints.txt pretrained.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Labelscope needs Python 3.11 or newer. Name one: make PYTHON=python3.12 install"; exit 1; }
	@echo "Installing Labelscope and its libraries into .venv: 1.7 GB, three to four minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -c 'import librosa.onset, ml.features.kernels'  # Numba compiles once, for half a minute
	@test $(PRETRAINED) = no || $(PRETRAIN) || \
		echo "The pretrained network could not be installed. All works without it; try again: make pretrained"
	@touch $(INSTALLED)

pretrained: install  ## install the pretrained network, 29 MB; `make install PRETRAINED=no` leaves it out
	$(PRETRAIN)

demo: install  ## run the pipeline on synthetic music
	$(BIN)/labelscope demo

demo-spotify: install  ## run the pipeline on playlists, with simulated Spotify and Deezer on this machine
	$(BIN)/python -m tests.stand_ins.demo

test: install  ## run all tests but the slow ones, two files at a time
	$(BIN)/python -m pytest -m 'not slow and not faults and not compose' -n 2 --dist loadfile --no-loadscope-reorder

test-slow: install  ## run the tests that take minutes
	$(BIN)/python -m pytest -m slow

test-faults: install  ## cause 200 accidents while pipelines run, then 100 kills and full disks; over an hour, Linux
	$(BIN)/python -m pytest -m faults

test-compose: install  ## test docker-compose.yml with a Docker engine; twenty minutes, 6 GB, as root on Debian
	$(BIN)/python -m pytest -m compose tests/operations/compose/test_compose.py -rs

check: lint types imports schema test  ## run everything that must pass before a change lands

lint: install  ## check style and formatting with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install  ## check types with mypy
	$(BIN)/mypy

imports: install  ## check that packages import each other in one direction only
	$(BIN)/lint-imports

schema: install  ## check that models and migrations agree, on an empty database
	$(BIN)/python -m pytest tests/db/test_migrations.py

docs: install  ## write docs/reference/ from the code
	$(BIN)/python -m docs.generate

audit:  ## check the pinned versions for known vulnerabilities
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

format: install  ## format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-scale: install  ## time every query at 100 000 and 1 000 000 synthetic tracks; ten minutes, 6 GB
	$(BIN)/python -m bench.scale

bench-soak: install  ## run `labelscope up` for three days of simulated time; twenty minutes, Linux
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,clock]'
	$(BIN)/python -m bench.soak --figures docs/soak.csv --picture docs/pictures/soak.png

bench: install  ## compare ingest with COPY, extraction with librosa, training with Keras, embeddings with SGEMM (CRATE=folder)
	$(BIN)/python -m bench.ingest
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check sonara==0.3.6  # a peer, for this bench alone
	$(BIN)/python -m bench.extract $(CRATE)
	$(BIN)/python -m bench.train $(CRATE)
	$(BIN)/python -m bench.pretrained $(CRATE)

clean:  ## remove the virtual environment and caches; keep the home
	rm -rf .venv .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
