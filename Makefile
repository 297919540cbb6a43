# The commands of Fifteen Plus. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run text test lint bench evaluate faults fuzz returns clean lock ready-to-run ready-to-test

MAIN := .venv/bin/python
BOT := bot/.venv/bin/python
export FROM SAY UPGRADE

# The first Python that really starts: one on the PATH may be only a shim.
BOOTSTRAP = python=; \
	for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python; do \
		if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
		then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer, with its venv module, is needed: install it, or name one with PYTHON=…" >&2; \
		exit 1; \
	fi; \
	"$$python" -m tests.stack.bootstrap

help: ## list the commands
	@echo "Fifteen Plus"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 15

run: ready-to-run ## start everything on this machine (Ctrl-C stops it)
	@$(MAIN) -m tests.stack run

text: ## text the running service: make text FROM=+447700900101 SAY="whens my next appointment"
	@$(MAIN) -m tests.stack text

test: ready-to-test ## check style, types and boundaries, and run all tests in both environments
	@$(MAIN) -m tests.stack.checks

lint: ready-to-test ## check style, types and boundaries only
	@$(MAIN) -m tests.stack.checks lint

bench: ready-to-test ## measure a text's way through the service, and how records are read
	@$(MAIN) -m tests.benchmarks
	@$(MAIN) -m tests.benchmarks.records

evaluate: ready-to-test ## train the safety screen and the assistant, and say what they hear and what they miss
	@$(MAIN) -m tests.evaluation
	@$(BOT) -m bot.train
	@$(BOT) -m tests.bot.evaluation

faults: ready-to-test ## kill parts of the service during a burst of texts
	@$(MAIN) -m pytest tests/faults --long

fuzz: ready-to-test ## try every route with many made-up requests, by every kind of caller
	@$(MAIN) -m pytest tests/whole/test_fuzz.py --examples 500

returns: ready-to-test ## send 20,000 made-up young people in and out again and have the files judged
	@$(MAIN) -m tests.api.returns.round_trip 20000

lock: ## write the lock files after a change of dependencies (UPGRADE=1: newer versions of everything)
	@$(BOOTSTRAP) tools
	@sh tests/stack/lock.sh .tools/installer/bin/uv

clean: ## remove environments, tools, trained models and caches (not the data in .data)
	rm -rf .venv bot/.venv .tools bot/models .cache .benchmarks tests/twilio_simulator/referee/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready-to-run:
	@$(BOOTSTRAP) run

ready-to-test:
	@$(BOOTSTRAP) test
