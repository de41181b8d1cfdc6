# Two commands matter: `make run` and `make test`. Each sets up what it needs.

SHELL := /bin/sh
BIN := .venv/bin

# The first Python here that is new enough; name another with: make run PYTHON=/path/to/python3
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$name -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null; \
	then echo $$name; break; fi; done)

.PHONY: help run test quick check format bench lock browser clean venv
.NOTPARALLEL:

help:
	@echo "make run      start everything on this machine, with a demo company"
	@echo "make test     run every test against real servers and a real browser"
	@echo "make quick    the tests that take a moment: a tenth of the time"
	@echo "make check    formatting, lint, types, import contracts, dependencies"
	@echo "make bench    print the table of what counts as fast"
	@echo "make lock     renew requirements.lock from pyproject.toml"
	@echo "make clean    remove the environment and caches (not the data in .almanac)"

run: venv
	@exec $(BIN)/python -m cli run

# Three at a time also on two cores: the longest tests wait for servers and for leases.
TEST_JOBS ?= 3

test: venv browser
	@exec $(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

# A tenth of it, for the inner loop: the files that took least when times were recorded.
quick: venv
	@exec $(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadfile --no-loadscope-reorder --quick $(ARGS)

check: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: venv
	@exec $(BIN)/python -m benchmarks

browser: venv
	@$(BIN)/python -m tests.browser.chromium

# One file for a laptop and for tests, one for a server; the second never differs in a version.
lock: venv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal --generate-hashes \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet --no-annotate \
		--custom-compile-command "make lock" --output-file requirements-server.lock

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './.almanac/*' -exec rm -rf {} +

venv:
	@if [ -z "$(PYTHON)" ]; then \
		echo "almanac: Python 3.11 or newer is needed, and none was found. Install one (Debian:" \
		"apt-get install python3 python3-venv; macOS: brew install python), or name it:" \
		"make run PYTHON=/path/to/python3" >&2; exit 1; fi
	@$(PYTHON) embedded/bootstrap.py
