# One command per chore. Every target sets up what it needs; when nothing changed that costs a moment.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
ARGS ?=
.NOTPARALLEL:

.PHONY: help setup run demo test bench quick lint types check lock ui openapi docs format migration browser env-run env-dev

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env-run:
	@tools/bootstrap.sh run

env-dev:
	@tools/bootstrap.sh dev

setup: env-dev ui browser ## Set up everything that running and testing need

run: env-run ui ## Start the platform with its sandbox and a demo company (SIYU_PORT=8701 ARGS="--speed 300")
	@exec $(BIN)/siyu run $(ARGS)

demo: env-run ## Play the e-book wave on a virtual clock and compare the counts (ARGS="--customers 100000")
	@exec $(BIN)/siyu demo $(ARGS)

test: env-dev ui browser ## Run all tests (ARGS="tests/tags -k expiry")
	@$(BIN)/pytest -q -n logical --dist worksteal $(ARGS)
	@tools/ui.sh test

quick: env-dev ## Run tests of Python in one process (ARGS=tests/tags)
	@$(BIN)/pytest -q $(ARGS)

lint: env-dev ui-deps ## Check style, import walls, rules of our own, migrations
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/ast-grep scan --config tools/ast-grep/sgconfig.yml
	@$(BIN)/python -m tools.migrations
	@tools/ui.sh check

bench: env-run ## Measure, each figure beside a baseline of the same run (minutes; keep the machine quiet)
	@for one in bench/[a-z]*.py; do $(BIN)/python -m "bench.$$(basename $$one .py)" $(ARGS) || exit 1; done

types: env-dev ## Check types: mypy strict (tsc is part of lint)
	@$(BIN)/mypy

check: test lint types ## Everything that .ci/run checks

format: env-dev ## Put imports and layout in order
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format --quiet .

docs: env-dev ## Write the generated pages: docs/settings.md, docs/errors.md
	@$(BIN)/python -m tools.docs

openapi: env-dev ui-deps ## Write the OpenAPI description and the client types of the screens
	@$(BIN)/siyu openapi docs/openapi.json
	@tools/ui.sh api

migration: env-dev ## Draft a migration from the tables (ARGS="what changes")
	@$(BIN)/python -m tools.migrations draft "$(ARGS)"

lock: ## Lock the Python packages anew, with hashes and without addresses
	@tools/lock.sh

ui: env-run ## Build the screens
	@tools/ui.sh build

.PHONY: ui-deps
ui-deps: env-run
	@tools/ui.sh deps

browser: env-dev
	@$(BIN)/python -m tools.browser >/dev/null
