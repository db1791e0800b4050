# One verb per command; `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help up test test-deploy test-cluster tools check fmt bench lock

help: ## list the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

up: $(VENV)/.embedded ## run the whole product on this machine (Ctrl-C stops it)
	@$(BIN)/dict-rate-limit up $(ARGS)

test: $(VENV)/.dev ## run the tests of the code
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),scripts/test)

test-deploy: $(VENV)/.dev ## test images, chart, manifests, pipeline and runbooks (tests of missing tools are skipped)
	@PATH="$$(scripts/tools --where):$$PATH" $(BIN)/python -m pytest $(or $(ARGS),tests/deploy)

test-cluster: $(VENV)/.dev ## test the chart against a real control plane (needs `make tools`)
	@PATH="$$(scripts/tools --where):$$PATH" $(BIN)/python -m pytest $(or $(ARGS),tests/cluster)

tools: $(VENV)/.dev ## install what pip cannot into a cache folder: helm, goose, a control plane ... (20 minutes, once)
	@scripts/tools $(ARGS)

check: $(VENV)/.dev ## check format, lint, layers, types, dependencies, sizes, words
	@scripts/check

fmt: $(VENV)/.dev ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## measure, each figure beside that of a peer or a limit
	@$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/.dev ## compile the requirement files
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
