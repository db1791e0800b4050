# One verb per command; `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help up test check fmt bench lock

help: ## list the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

up: $(VENV)/.embedded ## run the whole product on this machine (Ctrl-C stops it)
	@$(BIN)/dict-rate-limit up $(ARGS)

test: $(VENV)/.dev ## run every test
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),scripts/test)

check: $(VENV)/.dev ## format, lint, types, layers, sizes, dependencies
	@scripts/check

fmt: $(VENV)/.dev ## put the code in shape
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## measure, each figure next to a peer or a limit of the same run
	@$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/.dev ## compile the requirement files anew
	@scripts/lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("dict-rate-limit needs Python 3.11 or newer; $(PYTHON) is %d.%d. Install one, or name it: make PYTHON=python3.12 up" % v[:2])'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.embedded: requirements/embedded.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing what the product needs into $(VENV) (once, about half a minute) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/embedded.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing the development tools into $(VENV) (once, about a minute) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/.embedded
