# make quickstart   learn digits and look at them
# make test         the tests: no network, under 15 minutes on two cores
# make test-slow    the checks that take longer
# make lint         ruff
# make docs         the documentation site, in build/site; a broken link or a missing docstring fails
# make examples     run the notebooks of examples from top to bottom, and keep what they show
# make wheel        the package as a wheel, in dist
# make spaces       the Spaces with the package beside them, in build/spaces, to push with git
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help quickstart test test-slow lint docs examples wheel spaces
help:
	@sed -n 's/^# //p' Makefile

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) from constraints.txt (once, a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

quickstart: $(INSTALLED)
	@echo "Training a GAN on the built-in digits (2 to 3 minutes on two cores) ..."
	@$(BIN)/hf-genimg quickstart

test: $(INSTALLED)
	@echo "Running the tests ..."
	@$(BIN)/python -m pytest -n 2

test-slow: $(INSTALLED)
	@echo "Running the slow checks ..."
	@$(BIN)/python -m pytest -m slow --timeout 1800

lint: $(INSTALLED)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

docs: $(INSTALLED)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "build/site/index.html; to look at it while writing: $(BIN)/mkdocs serve"

examples: $(INSTALLED)
	@$(BIN)/python examples/execute.py

wheel: $(INSTALLED)
	@rm -rf dist build/lib build/bdist.*
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@ls dist/*.whl

spaces:
	@for space in spaces/*/; do target=build/$$space; rm -rf $$target && mkdir -p $$target && cp -r $$space. hf_genimg $$target; done
	@find build/spaces -name __pycache__ -prune -exec rm -rf {} +
	@echo "build/spaces: each folder is a Space"
