# Everything below works on a fresh machine with Python 3.11 to 3.13; nothing else is needed.
PYTHON ?= python3
VENV   ?= .venv
HOST   ?= 127.0.0.1
PORT   ?= 8000
DATA   ?= recupera-data
BIN    := $(VENV)/bin
LOCKED := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

.DELETE_ON_ERROR:

.PHONY: setup run test acceptance lint bench bench-peers docs screenshots lock licences sbom vulnerabilities clean

setup: $(VENV)/.installed  ## install the command line and the service

run: setup  ## start the service with the shipped model: make run PORT=9000 DATA=some/folder
	@$(BIN)/recupera serve --host $(HOST) --port $(PORT) --data $(DATA)

test: $(VENV)/.installed-dev  ## run the whole suite
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

acceptance: $(VENV)/.installed-dev  ## kill -9 at every step and at random, 1,000 messages on SQLite, then on PostgreSQL with two workers
	$(BIN)/python -m tests.acceptance.crashes $(ARGS)
	$(BIN)/python -m tests.acceptance.crashes --database postgres --workers 2 $(ARGS)

lint: $(VENV)/.installed-dev  ## formatting, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-bench  ## the benchmarks, with their peers, side by side in one run
	$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(VENV)-peers/.installed  ## the servers that the section serving compares with, in an environment of their own

docs: $(VENV)/.installed-docs  ## the documentation as a site, in site/; make docs ARGS=serve shows it while you write
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs $(or $(ARGS),build --strict)

screenshots: $(VENV)/.installed-dev  ## pictures of every page of the console, in a folder: make screenshots OUT=folder
	$(BIN)/python -m tests.integration.console.screenshots --out $(or $(OUT),screenshots)

lock: $(VENV)/.installed-supply  ## pin what the service needs, each file by its hash: requirements/
	$(BIN)/uv pip compile pyproject.toml --extra api --extra postgres --extra nats --extra otel $(LOCKED) -o requirements/lock.txt
	echo hatchling | $(BIN)/uv pip compile - $(LOCKED) -o requirements/build.txt

licences: setup  ## the licences of what the service needs: docs/licences.md
	$(BIN)/python deploy/licences.py > docs/licences.md

sbom: $(VENV)/.installed-supply  ## a CycloneDX bill of materials: dist/sbom.json
	mkdir -p dist && $(BIN)/cyclonedx-py requirements requirements/lock.txt --pyproject pyproject.toml --output-file dist/sbom.json

vulnerabilities: $(VENV)/.installed-supply  ## known holes in what the lock names; asks the advisory database of PyPI
	$(BIN)/pip-audit --requirement requirements/lock.txt --require-hashes --disable-pip

clean:  ## remove what setup made
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Recupera needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make $(MAKECMDGOALS) PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[api]"
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[api,train,postgres,nats,otel,ray,tensorboard]" --group dev
	@$(BIN)/python -m pip install --quiet --group deploy \
		|| echo "linters of the image and the chart are skipped: no packages of group deploy for this machine"
	@PATH="$$PATH:/usr/sbin" command -v dovecot >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq dovecot-imapd >/dev/null; }; } \
		|| echo "tests of mailboxes are skipped: they need Debian's dovecot-imapd"
	@command -v chromium chromium-browser google-chrome >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| echo "tests of the console in a browser are skipped: they need Chromium"
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[api,train]" --group docs
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

$(VENV)-peers/.installed:
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet "infinity-emb[torch,server]" litserve
	@touch $@

$(VENV)/.installed-supply: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --group supply
	@touch $@
