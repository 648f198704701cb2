# make run    set up, then evaluate the demo checkpoint and print the page's path
# make test   set up, then run all tests (one torch thread a worker: two workers of two threads would wait for each other)
# make lint   ruff and mypy
# make parity [PARITY=DIR]  our figures against the official scripts', set by set
.PHONY: run test lint parity setup clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PARITY ?= ../shared/parity
TESTS ?= tests
EXTRAS ?= dev
CONSTRAINTS := constraints.txt

run: $(VENV)/.ready
	$(BIN)/mmeval run --model demo --suite demo

test: $(VENV)/.ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile $(TESTS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

parity: $(VENV)/.ready
	$(BIN)/python -m tests.parity $(PARITY)

setup: $(VENV)/.ready

# Plain venv and pip: the constraints pin a set that is known to work together.
$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[$(EXTRAS)]'
	touch $@

clean:
	rm -rf $(VENV) dist build
