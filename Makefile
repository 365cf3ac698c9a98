PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALL = $(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --constraint constraints.txt --editable

.PHONY: demo test lint

demo: $(VENV)/.demo
	$(BIN)/ffpms demo

# One thread a process: threads of libraries that wait for a core cost more than they compute.
test: lint
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The extra's name is the stamp's: .demo is what `make demo` needs, .dev is that and what the checks need.
$(VENV)/.%: setup.cfg pyproject.toml constraints.txt
	$(INSTALL) '.[$*]'
	touch $@
