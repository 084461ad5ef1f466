# The two commands that a newcomer needs: `make demo` and `make test`. Both make .venv themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(VENV)/run.stamp
DEV    := $(VENV)/dev.stamp
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# One more than there are processors: many tests wait for a server, a poll or a deadline.
WORKERS  ?= $(shell expr `$(PYTHON) -c 'import os; print(os.cpu_count() or 1)'` + 1)
PACKAGES := comfytape cassettes/comfytape_cassettes contracts/comfytape_contracts recorder/comfytape_recorder replayer/comfytape_replayer
SBOM   := build/sbom

# Hundreds of processes start in the tests: each would compile our modules anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help campaign demo test test-services static lint types unit wheel docs client sbom lock examples clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(RUN) ## replay a real recording, record from it, check it
	@$(BIN)/python docs/demo.py

test: static unit wheel ## everything that CI holds
	@echo "All tests passed: lint, types, tests with coverage, and the built wheel."

static: $(DEV)
	@$(MAKE) --no-print-directory -j2 lint types

lint: $(DEV)
	@echo "== lint and format"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES)

types: $(DEV)
	@echo "== types"
	@$(BIN)/mypy

unit: $(DEV)
	@echo "== tests with branch coverage"
	@rm -f .coverage .coverage.*
	@COVERAGE_PROCESS_START=pyproject.toml $(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

wheel: $(DEV)
	@echo "== the built wheel, installed elsewhere"
	@$(BIN)/python tests/wheel.py

test-services: $(DEV) ## tests against a real PostgreSQL and an S3 server (not in `test`)
	@$(BIN)/python tests/services.py

campaign: $(DEV) ## the long trials of docs/reliability.md (some hours)
	@mkdir -p campaign-output; failed=0; \
	for each in crash network paid contention secrecy hostile soak scale isolation planted; do \
	  $(BIN)/python benchmarks/campaigns/$$each.py --json campaign-output/$$each.json || failed=1; \
	done; \
	$(BIN)/python benchmarks/campaigns/hostile.py --layer readers --cases 100000 --seconds 2400 --json campaign-output/hostile-readers.json || failed=1; \
	exit $$failed

examples: $(DEV) ## write docs/examples anew
	@$(BIN)/python docs/examples.py

docs: $(DEV) ## build the documentation site into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "build/site/index.html"

client: $(RUN) ## run the TypeScript client of the docs against a replay (needs Node 20)
	@$(BIN)/python docs/clients/prove.py

sbom: ## list everything the command needs, as CycloneDX JSON in build/
	@test -x $(SBOM)/bin/cyclonedx-py || $(PYTHON) -m venv $(SBOM)
	@$(SBOM)/bin/python -m pip --disable-pip-version-check install --quiet cyclonedx-bom==7.5.0
	@$(SBOM)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --of JSON --sv 1.6 --validate -o build/comfytape.cdx.json
	@echo "build/comfytape.cdx.json"

lock: ## pin every dependency anew (needs uv)
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --upgrade pyproject.toml --group build \
	  --extra alerts --extra report --extra schemas -o requirements.lock
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --upgrade pyproject.toml --group dev --all-extras \
	  -c requirements.lock -o requirements-dev.lock

clean: ## remove what the targets made
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build demo-output

$(BIN)/python:
	@echo "== making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	@echo "== installing what comfytape needs (pinned, with hashes)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	@echo "== installing what its tests need (pinned, with hashes)"
	@$(PIP) --no-compile --require-hashes -r requirements-dev.lock
	@touch $@
