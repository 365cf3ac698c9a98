PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# What one test compares with, and no user needs; CC BY-NC 4.0, so it may be left out: make test REFERENCE=
REFERENCE ?= avdeepfake1m
INSTALL = $(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --constraint constraints.txt --editable

# For what `make lowest` installs, and what it runs on it.
LOWEST = .venv-lowest
LOWEST_FLAGS ?=
LOWEST_TESTS ?= tests/unit tests/golden

# For `make board`: a folder a board, with the recipe of its set and a folder for each submission; and where pages go.
# The environment carries them, so that no shell reads them as words of its own.
export BOARDS ?= docs/board
export BOARD_PAGES ?= site/board

.PHONY: demo test slow load lint docs lowest board results

demo: $(VENV)/.demo
	$(BIN)/ffpms demo

# A process a core and one thread a process: threads that wait for a core cost more than they compute. Files go round
# whole and in their order, the longest first; what measures time comes last and alone. Bytecode is kept, whatever the
# environment says: every process that a test starts would compile all modules anew.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: export PYTHONDONTWRITEBYTECODE =
test: lint $(REFERENCE:%=$(VENV)/.reference)
	$(BIN)/pytest -m 'not bench and not slow' --numprocesses auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
	$(BIN)/pytest -m bench

# One model of every family of timm, for a change of backbones or of timm's version; and the deaths of workers that the
# default suite tries on this machine's engine alone, on Ray. Takes minutes.
slow: $(VENV)/.dev
	$(BIN)/pytest -m slow

# Kills of builds and benches at random moments, for MINUTES; then every encoder in every container. For a release.
MINUTES ?= 60
load: $(VENV)/.dev
	$(BIN)/python -m tests.load.kills --minutes $(MINUTES)
	$(BIN)/python -m tests.load.codecs

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The oldest versions that setup.cfg allows, in an environment of their own. The tools that test them are as new as these
# let them be: without the constraint import-linter brings the newest click, packaging and rich. timm brings torchvision,
# whose newest release brings the newest PyTorch: the one of the oldest is named. PyTorch takes 3 GB there:
# LOWEST_FLAGS='--torch-backend cpu' saves them where its own index can be reached.
lowest: export OMP_NUM_THREADS = 1
lowest: export OPENBLAS_NUM_THREADS = 1
lowest:
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct $(LOWEST_FLAGS) \
		--editable '.[demo,explain,landmarks,mtcnn,ray,report,tensorboard]' torchvision==0.21.0
	$(LOWEST)/bin/uv pip freeze --quiet --python $(LOWEST) --exclude-editable >$(LOWEST)/oldest.txt
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST) --constraint $(LOWEST)/oldest.txt \
		hypothesis imageio-ffmpeg import-linter pytest pytest-xdist pyyaml
	$(LOWEST)/bin/python -m pytest -m 'not bench and not slow' --numprocesses auto --maxprocesses 8 --dist loadfile $(LOWEST_TESTS)
	$(LOWEST)/bin/ffpms minicorpus --out $(LOWEST)/corpus --identities 6 --frames 24-27
	$(LOWEST)/bin/ffpms build --ff-root $(LOWEST)/corpus --splits $(LOWEST)/corpus/splits --size 64 --out $(LOWEST)/data
	$(LOWEST)/bin/ffpms bench --data $(LOWEST)/data --out $(LOWEST)/runs --methods xn-avg,smil --backbone tiny --epochs 1

# What docs/results.md is made of: the corpus of a thousand people, and all trainings on it, of heads and end to end.
# Kill it at any moment, also on several machines with one folder: it goes on. The seeds are outermost, so that what is
# there is always comparable.
RESULTS ?= results
SEEDS ?= 0 1 2 3 4 5 6 7 8 9
SEEDS_END_TO_END ?= 0 1 2
PAPER = xn-avg,xn-max,mil,s-mil,s-mil-t,lstm
POOLS = $(PAPER),s-mil-sum,mean,max,top-k,lse,abmil,abmil-gated,dsmil,clam,dtfd,sm-abmil,transmil,gend
BUILD = $(BIN)/ffpms build --root $(RESULTS)/corpus --splits $(RESULTS)/corpus/splits --size 112
BACKBONE = --backbone tf_efficientnet_lite0 --weights packaged --threads 1
HEADS = $(BIN)/ffpms bench --data $(RESULTS)/c40 --test-data $(RESULTS)/c23 --test-data $(RESULTS)/raw \
	--test-data $(RESULTS)/segments $(BACKBONE) --tune cached --epochs 10 --lr-halved-every 4
END_TO_END = $(BIN)/ffpms bench --data $(RESULTS)/c40 $(BACKBONE) --input-size 112 --epochs 4 --lr-halved-every 2 \
	--train-frames 5 --frame-faces drawn --batch-size 8
EXPORT = $(BIN)/ffpms export --recipe-only --quiet
BOARD = docs/board/minicorpus-1000-custom

results: $(VENV)/.demo
	$(BIN)/ffpms minicorpus --out $(RESULTS)/corpus --identities 1000
	$(BIN)/ffpms minicorpus --out $(RESULTS)/corpus --identities 1000 --split test --compression raw,c23
	$(BUILD) --out $(RESULTS)/c40
	for level in c23 raw; do \
		$(BUILD) --split test --compression $$level --out $(RESULTS)/$$level || exit; done
	$(BUILD) --split test --frames 60 --placement segments --segments 1-3 --out $(RESULTS)/segments
	for seed in $(SEEDS); do for mix in recipe whole; do \
		$(HEADS) --methods $(POOLS) --seeds $$seed --train-mix $$mix --out $(RESULTS)/heads || exit; done; done
	for seed in $(SEEDS_END_TO_END); do for mix in recipe whole; do \
		$(END_TO_END) --methods $(PAPER) --seeds $$seed --train-mix $$mix --out $(RESULTS)/end-to-end || exit; done; done
	rm -rf $(BOARD)/recipe $(BOARD)-segments/recipe
	$(EXPORT) $(RESULTS)/c40 --split val,test --out $(BOARD)/recipe
	$(EXPORT) $(RESULTS)/segments --split test --out $(BOARD)-segments/recipe
	$(BIN)/python -m scripts.collect_results $(RESULTS)/heads $(RESULTS)/end-to-end
	$(BIN)/python -m scripts.results_page

# A warning ends it: a link to a page or heading that is not there is one.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs site
	@echo 'Here: site/index.html'

# A page a board (docs/board.md). Names of folders come from strangers, so make and its shell see none of them.
board: $(VENV)/.report
	@$(BIN)/python -m scripts.board_pages "$$BOARDS" "$$BOARD_PAGES"

# Without what it depends on: its compiled evaluator needs none of it (docs/adr/0018-av-deepfake1m-evaluator.md).
$(VENV)/.reference: $(VENV)/.dev
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps $(REFERENCE) || echo 'No $(REFERENCE) for this machine: its test is skipped.'
	touch $@

# The extra's name is the stamp's: .demo is what `make demo` needs, .dev is that and what the checks need, .docs makes the site.
# Make would take a stamp that no rule names for an intermediate file, and remove it.
.PRECIOUS: $(VENV)/.%
$(VENV)/.%: setup.cfg pyproject.toml constraints.txt
	$(INSTALL) '.[$*]'
	touch $@
