PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALL = $(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --constraint constraints.txt --editable

.PHONY: demo test lint

demo: $(VENV)/.demo
	$(BIN)/ffpms demo

# A process a core and one thread a process: threads that wait for a core cost more than they compute. Files go round
# whole and in their order, the longest first; what measures time comes last and alone.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: lint
	$(BIN)/pytest -m 'not bench' --numprocesses auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
	$(BIN)/pytest -m bench

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The extra's name is the stamp's: .demo is what `make demo` needs, .dev is that and what the checks need.
$(VENV)/.%: setup.cfg pyproject.toml constraints.txt
	$(INSTALL) '.[$*]'
	touch $@
