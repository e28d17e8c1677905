# The one front door. Every recipe makes what it needs: there is no set-up step.
# `make check` while you work, `make test` before you push.

.DEFAULT_GOAL := help
.PHONY: help serve check test test-all laws mutants clients bench docs picture lock clean

PYTHON := .venv/bin/python

help: ## This list
	@awk -F ' *:.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

serve: ## The server on http://127.0.0.1:8000 (flags: make serve ARGS='--port 8001')
	@tools/bootstrap serve
	@exec .venv/bin/corsmith serve $(ARGS)

check: .dev ## While you work: lint, format, types, layers, the fast tests (under a minute)
	@$(PYTHON) -m tools.suite check

test: .dev ## Before you push: everything, real browsers too where there are some
	@$(PYTHON) -m tools.suite test

test-all: .dev ## What does not fit the time of `make test`: planted bugs, more examples, other versions
	@$(PYTHON) -m tools.suite test-all

laws: .dev ## The laws (Hypothesis), with new examples each time
	@$(PYTHON) -m pytest --hypothesis-profile deep --timeout 600 tests/laws $(ARGS)

differential: .dev ## The browser half against real browsers: make differential N=5000 SEED=1
	@DIFFERENTIAL_COUNT=$(or $(N),1000) DIFFERENTIAL_SEED=$(or $(SEED),$$(date +%j)) \
		$(PYTHON) -m pytest -p no:randomly -k every_exchange tests/browsers/test_differential.py $(ARGS)

mutants: .dev ## Plant each bug of tests/mutants.toml and expect its test to turn red
	@$(PYTHON) -m tools.mutants $(ARGS)

clients: .dev ## Data clients from npm read from `corsmith serve DIR` in real browsers
	@$(PYTHON) -m tools.clients $(ARGS)

bench: .dev ## Speed beside the peers: interleaved rounds, median and spread
	@$(PYTHON) -m bench $(ARGS)

docs: .dev ## The documentation, in docs/_build/html
	@$(PYTHON) -m sphinx -q -n -W --keep-going docs docs/_build/html
	@echo docs/_build/html/index.html

picture: .dev ## The pictures of the README: check and the try page at a blocked PUT
	@$(PYTHON) -m tools.picture

lock: ## Bring uv.lock up to date with pyproject.toml (needs uv)
	@env -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL uv lock $(ARGS)

clean: ## Remove .venv and everything that can be made again
	@rm -rf .venv build dist docs/_build htmlcov .coverage .coverage.* .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.PHONY: .dev
.dev:
	@tools/bootstrap dev
