# Each target sets up what it needs in $(VENV) first, and only once: a stamp file tells that it is there.
#   make demo     what ResNet-50 costs on the preset machine HI3
#   make test     lint, format check, types, tests
#   make mutants  make mistakes in simdc, a fixed sample, and see that a test fails for each
#   make dev      set up to work on simdc: editable, all extras (CONTRIBUTING.md)
#   make test-oldest  the tests that touch dependencies, with the oldest versions that pyproject.toml admits
#   make same-reports  compare the reports of this tree with those of REVISION=main
#   make rtl      play NETWORK=resnet50 on HW=HI1 on the machine in SystemVerilog (ARGUMENTS=--train)
#   make rtl-lint  lint the machine in SystemVerilog, and play schedules on a netlist of it
#   make rtl-random  play SCHEDULES=10000 random ones there
#   make wheel    build the wheel and check the types that its users see
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
# What the tests may use; CI adds torch, which some of them compare gradients with, and what writes modules for the MLIR front end.
EXTRAS ?= test
ALL_EXTRAS := test,dev,onnx,plot,parquet,cluster,docs,fuzz,torch,torch-mlir,jax
DEV := $(VENV)/.simdc-dev-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Tests start simdc hundreds of times: where no bytecode is kept, each start compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo dev test mutants test-oldest lint same-reports rtl rtl-lint rtl-random wheel fuzz bench docs site clean
.DELETE_ON_ERROR:

demo: $(VENV)/.simdc-installed
	$(BIN)/simdc examples/networks/resnet50.dsl --hw HI3 --emit-cost

test: lint
	$(BIN)/python -m pytest -n auto --dist worksteal

# Minutes that say of the tests what the tests say of simdc: CI runs it with them.
mutants: $(VENV)/.simdc-test-installed
	$(BIN)/python -m pytest -m mutants tests/test_mutations.py

# In an environment of its own. What does not call a dependency is tested by `make test`.
test-oldest: $(VENV)-oldest/.simdc-installed
	$(VENV)-oldest/bin/python -m pytest -n auto --dist worksteal tests/ir tests/passes tests/frontends tests/cli tests/test_opt.py

$(VENV)-oldest/.simdc-installed: pyproject.toml tests/oldest.txt
	"$(PYTHON)" -m venv $(VENV)-oldest
	@$(VENV)-oldest/bin/python -m pip --disable-pip-version-check --quiet install -c tests/oldest.txt -e '.[test]'
	@touch $@

lint: $(VENV)/.simdc-test-installed
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

REVISION ?= main
same-reports: $(VENV)/.simdc-installed
	$(BIN)/python tests/same_reports.py $(REVISION)

NETWORK ?= resnet50
HW ?= HI1
ARGUMENTS ?=
rtl: $(VENV)/.simdc-installed
	$(BIN)/simdc verify examples/networks/$(NETWORK).dsl --hw $(HW) --rtl $(ARGUMENTS)

SCHEDULES ?= 10000
rtl-random: $(VENV)/.simdc-installed
	$(BIN)/python -m tests.oracles.rtl_cases --schedules $(SCHEDULES)

rtl-lint: $(VENV)/.simdc-installed
	$(BIN)/python -m tests.oracles.rtl_netlist

MINUTES ?= 60
fuzz: $(VENV)/.simdc-test-installed
	@$(PIP) install 'atheris>=2.3' || echo "atheris does not install here: mutations without coverage"
	$(BIN)/python fuzz/run.py --minutes $(MINUTES)

bench: $(VENV)/.simdc-installed
	$(BIN)/python benchmarks/table.py
	$(BIN)/python benchmarks/growth.py

docs: $(VENV)/.simdc-test-installed
	$(BIN)/python docs/generate_hardware.py
	$(BIN)/python docs/draw.py
	$(BIN)/python docs/shoot_report.py
	$(BIN)/python docs/generate_layers.py
	$(BIN)/python docs/generate_mlir_ops.py
	$(BIN)/python examples/compare_models.py --write docs/exact-vs-simdit.md
	$(BIN)/python docs/run_notebooks.py
	$(BIN)/python docs/run_pages.py

site: $(VENV)/.simdc-docs-installed
	$(BIN)/mkdocs build --strict

# What the wheel brings a user: its types, by mypy in an environment of its own.
wheel: | $(BIN)/python
	rm -rf dist $(VENV)-wheel
	@$(PIP) wheel --no-deps --wheel-dir dist .
	$(BIN)/python -m venv $(VENV)-wheel
	@$(VENV)-wheel/bin/python -m pip --disable-pip-version-check --quiet install dist/*.whl mypy
	cd dist && ../$(VENV)-wheel/bin/mypy --strict ../tests/typed_user.py && ../$(VENV)-wheel/bin/python ../tests/typed_user.py

# Anew when what it needs changes; the source itself is read where it stands.
dev: $(DEV)
$(DEV): pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) to work on simdc: editable, with all extras"
	@$(PIP) install -e '.[$(ALL_EXTRAS)]'
	@touch $@

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "simdc needs Python 3.11 or newer, but '$(PYTHON)' is: $$("$(PYTHON)" --version 2>&1)"; \
		echo "If a newer one is installed, name it: make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv $(VENV)

ifneq ($(wildcard $(DEV)),)
# `make dev` has all that the targets need.
$(VENV)/.simdc-installed $(VENV)/.simdc-test-installed $(VENV)/.simdc-docs-installed: $(DEV)
	@touch $@
else
# Installed as users have it, byte-compiled and all; anew when a file of the package changes. What others need on top is
# asked of what is installed, not of this tree: to make its wheel a second time would compile the core a second time.
$(VENV)/.simdc-installed: pyproject.toml $(shell find simdc examples compile_core.py hatch_build.py -type f -not -name '*.pyc' -not -name '*.so') | $(BIN)/python
	@$(PIP) install .
	@touch $@

$(VENV)/.simdc-test-installed: $(VENV)/.simdc-installed
	@echo "adding what the tests need"
	@$(PIP) install 'simdc[$(EXTRAS)]'
	@$(BIN)/python compile_core.py >/dev/null 2>&1 || echo "no compiled core here: the tests run the plain one"
	@touch $@

$(VENV)/.simdc-docs-installed: $(VENV)/.simdc-installed
	@echo "adding what the website needs"
	@$(PIP) install 'simdc[docs]'
	@touch $@
endif

clean:
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-wheel dist site .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
