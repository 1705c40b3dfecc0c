# Each target sets up what it needs in $(VENV) first, and only once: a stamp file tells that it is there.
#   make demo     what ResNet-50 costs on the preset machine HI3
#   make test     lint, format check, types, tests
#   make fuzz     an hour of odd input for the front ends (MINUTES=5 for less)
#   make bench    speed and memory, measured here and now
#   make docs     renew the generated pages below docs/, and the outputs that pages show
#   make site     make a website of docs/ in site/; warnings are errors
#   make clean    remove the environment and caches

VENV ?= .venv
BIN := $(VENV)/bin
# The first of these that is new enough; choose another with: make PYTHON=/path/to/python3
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; exit; }; done; echo python3)
# What the tests may use; CI adds torch, which some of them compare gradients with.
EXTRAS ?= test
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint fuzz bench docs site clean
.DELETE_ON_ERROR:

demo: $(VENV)/.simdc-installed
	$(BIN)/simdc examples/networks/resnet50.dsl --hw HI3 --emit-cost

test: lint
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(VENV)/.simdc-test-installed
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

MINUTES ?= 60
fuzz: $(VENV)/.simdc-test-installed
	@$(PIP) install 'atheris>=2.3' || echo "atheris does not install here: mutations without coverage"
	$(BIN)/python fuzz/run.py --minutes $(MINUTES)

bench: $(VENV)/.simdc-installed
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/explore.py

docs: $(VENV)/.simdc-test-installed
	$(BIN)/python docs/generate_hardware.py
	$(BIN)/python docs/generate_layers.py
	$(BIN)/python examples/compare_models.py --write docs/exact-vs-simdit.md
	$(BIN)/python docs/run_pages.py

site: $(VENV)/.simdc-docs-installed
	$(BIN)/mkdocs build --strict

# Installed as users have it, byte-compiled and all; anew when a file of the package changes.
$(VENV)/.simdc-installed: pyproject.toml $(shell find simdc examples -type f -not -name '*.pyc')
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "simdc needs Python 3.11 or newer, but '$(PYTHON)' is: $$("$(PYTHON)" --version 2>&1)"; \
		echo "If a newer one is installed, name it: make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) with $$("$(PYTHON)" --version)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(PIP) install .
	@touch $@

$(VENV)/.simdc-test-installed: $(VENV)/.simdc-installed
	@echo "adding what the tests need"
	@$(PIP) install '.[$(EXTRAS)]'
	@touch $@

$(VENV)/.simdc-docs-installed: $(VENV)/.simdc-installed
	@echo "adding what the website needs"
	@$(PIP) install '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
