# GenX LSP. `make demo` and `make test` set everything up by themselves; `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The system's certificate store, for machines behind a proxy of their own.
export UV_SYSTEM_CERTS := 1

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.genx-ready
UV := build/boot/bin/uv
SUPPLY := build/supply
PYTEST_ARGS ?=
# Training needs packages that the environment of this checkout does not have.
LEARN_PYTHON ?= $(BIN)/python

.PHONY: help setup demo test lint format lock sbom audit schema e2e vsix clean protocol-runs chaos fuzz \
        attacks bench-codet bench-execution bench-generation bench-generation-options bench-latency bench-learning \
        bench-learning-user bench-ranking bench-repair bench-soak bench-testgen

help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-24s %s\n", $$1, $$2}'

$(READY): requirements/boot.txt requirements/dev.txt pyproject.toml scripts/set_up.py
	@command -v $(PYTHON) >/dev/null || { \
	  echo "setup: No $(PYTHON) on PATH. Install Python 3.10 or newer, for example: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) scripts/set_up.py
	@touch $@

setup: $(READY) ## Environment, llama.cpp built for this CPU, models, verified
	@echo "setup: everything is in place"

demo: $(READY) ## The main job on the example project: tests, fixes, a report page
	@$(BIN)/python scripts/demo.py

test: $(READY) ## The whole suite
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(READY) ## Style, types, borders between the parts, lock file
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/write_settings_schema.py --check
	@! grep -nE '://|^-' requirements/*.txt || { echo "lint: a lock file carries an address or an option; run make lock"; exit 1; }

format: $(READY) ## Let ruff format and sort
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(READY) ## Pin again what pyproject.toml asks for, with hashes
	@$(UV) pip compile -q --universal --upgrade --generate-hashes --no-header --no-annotate --python-version 3.10 \
	  --group dev --extra sandbox pyproject.toml -o requirements/dev.txt
	@$(UV) pip compile -q --universal --upgrade --generate-hashes --no-header --no-annotate --python-version 3.10 \
	  requirements/boot.in -o requirements/boot.txt
	@$(UV) pip compile -q --universal --upgrade --generate-hashes --no-header --no-annotate --python-version 3.10 \
	  requirements/supply.in -o requirements/supply.txt
	@# torch stays out: the builds for CPU and for GPUs have hashes of their own, and drag in other packages.
	@$(UV) pip compile -q --universal --upgrade --generate-hashes --no-header --no-annotate --python-version 3.10 \
	  --override <(echo "torch; python_version < '3'") --extra finetune pyproject.toml -o requirements/finetune.txt

# Tools of their own that nothing else here needs, in an environment of their own.
$(SUPPLY)/.ready: requirements/supply.txt $(READY)
	@$(UV) venv -q --clear --python $(BIN)/python $(SUPPLY)
	@$(UV) pip install -q --python $(SUPPLY)/bin/python --require-hashes -r requirements/supply.txt
	@touch $@

sbom: $(SUPPLY)/.ready ## What is locked, with hashes, as a CycloneDX bill of materials
	@$(SUPPLY)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o build/sbom.json requirements/dev.txt
	@echo "sbom: written to build/sbom.json"

audit: $(SUPPLY)/.ready ## Known vulnerabilities in what is locked (asks the package index)
	@$(BIN)/python scripts/audit.py $(SUPPLY)/bin/pip-audit requirements/dev.txt

schema: $(READY) ## Write the settings into the extension and the documentation
	@$(BIN)/python scripts/write_settings_schema.py

bench-execution: $(READY) ## Sandbox speed beside pytest processes
	@$(BIN)/python benchmarks/execution.py $(BENCH_ARGS)

bench-codet: $(READY) ## CodeT's matrix beside a fork a solution and CodeT's own way; BENCH_ARGS="--tasks 20"
	@$(BIN)/python benchmarks/execution_codet.py $(BENCH_ARGS)

bench-generation: $(READY) ## Tokens a second, batched beside sequential
	@$(BIN)/python benchmarks/generation.py $(BENCH_ARGS)

bench-generation-options: $(READY) ## What else could make it quicker: attention, KV cache, speculation, duplicates
	@$(BIN)/python benchmarks/generation_options.py $(BENCH_ARGS)

bench-ranking: $(READY) ## Scorers on CodeT's published candidates
	@$(BIN)/python benchmarks/ranking.py $(BENCH_ARGS)

bench-testgen: $(READY) ## Test suites beside Pynguin and CrossHair
	@$(BIN)/python benchmarks/testgen.py $(BENCH_ARGS)

bench-repair: $(READY) ## Fixes on QuixBugs, with and without tests
	@$(BIN)/python benchmarks/repair.py $(BENCH_ARGS)

bench-learning: $(READY) ## Learning on MBPP, measured on HumanEval; LEARN_PYTHON has the finetune extra
	@$(LEARN_PYTHON) benchmarks/learning.py $(BENCH_ARGS)

bench-learning-user: $(READY) ## A simulated user's style, before and after; LEARN_PYTHON has the finetune extra
	@$(LEARN_PYTHON) benchmarks/learning_user.py $(BENCH_ARGS)

bench-latency: $(READY) ## A scripted day in an editor, timed; BENCH_ARGS="--edits 40 --no-model"
	@$(BIN)/python benchmarks/latency.py $(BENCH_ARGS)

bench-soak: $(READY) ## Memory, files, processes and idle CPU over thousands of saves
	@$(BIN)/python benchmarks/soak.py $(BENCH_ARGS)

chaos: $(READY) ## Everything that can break, broken while jobs run, as a table
	@$(BIN)/python benchmarks/chaos.py $(BENCH_ARGS)

fuzz: $(READY) ## Hostile messages, frames and sources by the hundred thousand
	@$(BIN)/python benchmarks/fuzz.py $(BENCH_ARGS)

attacks: $(READY) ## Every attack and forgery on the sandbox, as tables
	@$(BIN)/python benchmarks/attacks.py $(BENCH_ARGS)

protocol-runs: $(READY) ## Edits, saves, cancellations and requests in any order, 500 runs (RUNS=N for more)
	@GENX_PROTOCOL_RUNS=$(or $(RUNS),500) $(BIN)/python -m pytest -q tests/e2e/protocol/test_any_order.py

vsix: ## Package the VS Code extension
	@command -v npm >/dev/null || { echo "vsix: No npm on PATH. Install Node.js 20 or newer."; exit 1; }
	@cd editors/vscode && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check && npm run --silent package

e2e: $(READY) ## The extension in a real VS Code; E2E_ARGS=--update-images takes the pictures anew
	@tests/e2e/vscode/run.sh $(E2E_ARGS)

clean: ## Remove what was built here (caches and models of the user stay)
	@rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './editors/*' -prune -exec rm -rf {} +
