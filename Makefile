# `make run` and `make test` need Python 3.11 or newer and nothing else: the environment is made on first use.

SHELL := /bin/sh
BIN := .venv/bin
INSTALLED := .venv/.installed
SOURCES := switchboard tests examples benchmarks
# What flake8-async knows and ruff does not. ASYNC102 wants shields, which asyncio does not have: not for the store.
ASYNC_RULES := ASYNC101,ASYNC103,ASYNC104,ASYNC106,ASYNC111,ASYNC112,ASYNC113,ASYNC118,ASYNC119,ASYNC121,ASYNC122,ASYNC123
FLAKE8_ASYNC = xargs -0 -n 20 -P 2 $(BIN)/python -m flake8_async --enable

# The first of these that is new enough and can make an environment. Another one: make PYTHON=/path/to/python run
PYTHON = $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v "$$name"; break; }; done)

.PHONY: help run test check format bench bench-quick bench-self micro instructions attacks fuzz soak mutants crash clean

help:
	@echo 'make run     start the server on http://127.0.0.1:8000 with its own database in .data/'
	@echo 'make test    run the whole suite against a database of its own'
	@echo 'make check   format, lint, types and import rules'
	@echo 'make format  put the sources into their format'
	@echo 'make bench   Switchboard and its peers side by side: an hour; make bench-quick: three minutes'
	@echo 'make bench-self  measure throughput of Switchboard alone'
	@echo 'make micro   time single parts; make instructions: count their instructions (Valgrind)'
	@echo 'make attacks drive every known hazard of a web server against the server and print what happens'
	@echo 'make fuzz    make up 20,000 calls from the OpenAPI document and hold the answers against it'
	@echo 'make soak    simulate people and faults for MINUTES=10, with seeds that nobody has seen'
	@echo 'make mutants plant every known fault and show who notices it'
	@echo 'make crash   kill and freeze servers under load, and check what they acknowledged'
	@echo 'make clean   remove the environment and what the tools keep; never .data/'

run: $(INSTALLED)
	@exec $(BIN)/python -m switchboard serve --demo --data-dir .data

test: $(INSTALLED)
	@exec $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

check: $(INSTALLED)
	$(BIN)/python -m ruff format --check $(SOURCES)
	$(BIN)/python -m ruff check $(SOURCES)
	find switchboard -path switchboard/store -prune -o -name '*.py' -print0 | $(FLAKE8_ASYNC) $(ASYNC_RULES),ASYNC102
	find switchboard/store -name '*.py' -print0 | $(FLAKE8_ASYNC) $(ASYNC_RULES)
	$(BIN)/python -m mypy --strict
	$(BIN)/python -c 'from importlinter.cli import lint_imports_command as lint; lint()'

format: $(INSTALLED)
	$(BIN)/python -m ruff format $(SOURCES)
	$(BIN)/python -m ruff check --fix $(SOURCES)

bench: $(INSTALLED)
	@exec $(BIN)/python -m benchmarks run

bench-quick: $(INSTALLED)
	@exec $(BIN)/python -m benchmarks run --quick

bench-self: $(INSTALLED)
	@exec $(BIN)/python -m switchboard bench

micro: $(INSTALLED)
	@exec $(BIN)/python -m pytest --quiet -c benchmarks/micro/pytest.ini benchmarks/micro

instructions: $(INSTALLED)
	@exec $(BIN)/python -m benchmarks.micro.instructions

attacks: $(INSTALLED)
	@PYTHONPATH=tests/support $(BIN)/python tests/attacks

# Whatever a server of its own is asked, by everybody there is: EXAMPLES for each call
EXAMPLES ?= 20
fuzz: $(INSTALLED)
	@PYTHONPATH=tests/support $(BIN)/python tests/fuzz/fuzz_everybody.py --examples $(EXAMPLES)

# As long as told, beginning with a seed that nobody has seen: make soak MINUTES=60 SEED=1 SCENARIO=rush
MINUTES ?= 10
JOBS ?= 2
SCENARIO ?= storm
SEED ?= $(shell date +%s)
soak: $(INSTALLED)
	@exec nice $(BIN)/python -m switchboard simulate --minutes $(MINUTES) --jobs $(JOBS) --seed $(SEED) --scenario $(SCENARIO)

mutants: $(INSTALLED)
	@exec $(BIN)/python -m switchboard.simulations.mutants

crash: $(INSTALLED)
	@exec $(BIN)/python -m switchboard crash

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

# An environment that came from elsewhere (a moved folder, a Python that has gone) is made again from nothing.
$(INSTALLED): pyproject.toml
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		test -n "$(PYTHON)" || { \
			echo 'Python 3.11 or newer with venv is needed (on Debian: apt install python3-venv)' >&2; exit 1; \
		}; \
		echo 'making .venv with $(PYTHON)'; \
		'$(PYTHON)' -m venv --clear .venv; \
	}
	@echo 'installing what Switchboard needs into .venv (once; a minute or two)'
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --editable '.[dev]'
	@touch $@
