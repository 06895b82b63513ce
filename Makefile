# Everything runs in .venv, which is made from requirements-dev.lock the first
# time and whenever the lock changes. Nothing is installed by hand.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READERS := tests/readers
READERS_INSTALLED := $(READERS)/node_modules/.installed

# The browser that reads the pages; CHROMIUM=/path/to/one chooses another.
BROWSERS := $(if $(CHROMIUM),$(CHROMIUM),chromium chromium-browser google-chrome)

# What a receiver of packages opens and verifies them with.
TOOLS := age age-keygen minisign sha256sum

DEMO_DATA := demo/data
DEMO_OUT := out
DEMO_VINTAGES := 2022-2025
DEMO_ROUNDS := 2023-06 2024-06 2025-06 2026-03 2026-06
# Keys of a receiver and a sender, made for the demo alone.
DEMO_KEYS := demo/keys
# The synthetic microdata are made anew when what makes them has changed.
SYNTH_SOURCES := $(shell find kostra_publish/microdata kostra_publish/codes -type f -not -name '*.pyc' 2>/dev/null)

PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input

# The first Python that is new enough; PYTHON=/path/to/python make … chooses another.
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python3.14)

.PHONY: help venv demo browser tools test check format schema bench formats bars site handover preview lock clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## make the local environment from the lock file

$(INSTALLED): requirements-build.lock requirements-dev.lock
	@for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "make: no Python 3.11 or newer with venv was found (tried: $(CANDIDATES))." >&2; \
	  echo "      Install one (on Debian: python3 and python3-venv), or say which: make PYTHON=/path/to/python3 …" >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version) from requirements-dev.lock (once; a minute or two)"; \
	"$$found" -m venv --clear $(VENV)
	@$(PIP_INSTALL) --require-hashes --only-binary :all: -r requirements-build.lock
	@$(PIP_INSTALL) --require-hashes --no-build-isolation -r requirements-dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(READERS_INSTALLED): $(READERS)/package-lock.json $(INSTALLED)
	@PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $(READERS) --loglevel=error --no-audit --no-fund --ignore-scripts >/dev/null
	@touch $@

demo: $(INSTALLED) $(DEMO_DATA)/.written $(DEMO_KEYS)/sender.key ## synthetic Norway 2022-2025, five rounds built and released in out/
	@for round in $(DEMO_ROUNDS); do \
	  $(BIN)/kostra-publish publish $$round --data $(DEMO_DATA) --out $(DEMO_OUT) \
	    --to $(DEMO_KEYS)/receiver.pub --sign $(DEMO_KEYS)/sender.key --by 'make demo' || exit; \
	  $(BIN)/kostra-publish approve $$round --by 'make demo' --out $(DEMO_OUT) --quiet || exit; \
	  $(BIN)/kostra-publish release $$round --out $(DEMO_OUT) || exit; \
	done
	@printf '%s\n' '' \
	  'Synthetic figures, made up to look like Norway; nothing here is about anyone.' \
	  'Look at:' \
	  '  $(DEMO_OUT)/current/public/statbank/index.html  the tables, and their files in nb, nn and en' \
	  '  $(DEMO_OUT)/current/public/nokkeltall/          key-figure pages: see them with' \
	  '      python3 -m http.server --directory $(DEMO_OUT)/current/public    at http://localhost:8000/nokkeltall/' \
	  '  $(DEMO_OUT)/current/internal/quality.html       for the statistician; it never leaves the house' \
	  '  $(DEMO_OUT)/current/internal/compare.html       what differs from the release before' \
	  '  $(DEMO_OUT)/nav/                                packages for NAV, encrypted; to open one:' \
	  '      $(BIN)/kostra-publish nav open $(DEMO_OUT)/nav/soshjelp-nav_p2025_v2 --signer $(DEMO_KEYS)/sender.pub \' \
	  '        --identity $(DEMO_KEYS)/receiver.key --into demo/soshjelp' \
	  '  $(DEMO_OUT)/current/manifest.json               every file in and out, with its SHA-256' \
	  '  $(DEMO_OUT)/releases.jsonl                      who built, approved and released what, and when' \
	  '  $(DEMO_DATA)/                              the microdata that went in' \
	  'See it in a browser while you change specs, templates and data:' \
	  '  $(BIN)/kostra-publish preview --data $(DEMO_DATA) --out $(DEMO_OUT)' \
	  'A table in the terminal, and how a figure is made:' \
	  '  $(BIN)/kostra-publish show 13995 --region Sola --out $(DEMO_OUT)' \
	  '  $(BIN)/kostra-publish explain 13995 KOSsosgjantmnd0000 --region 1124 --out $(DEMO_OUT)' \
	  'A quick look at some tables (goes to $(DEMO_OUT)/looks/):' \
	  '  $(BIN)/kostra-publish publish 2026-06 --data $(DEMO_DATA) --out $(DEMO_OUT) --only 13995,14019'

$(DEMO_DATA)/.written: $(SYNTH_SOURCES) | $(INSTALLED)
	@rm -rf $(DEMO_DATA)
	@$(BIN)/kostra-publish synth --vintages $(DEMO_VINTAGES) --out $(DEMO_DATA)
	@touch $@

$(DEMO_KEYS)/sender.key: | $(INSTALLED)
	@rm -rf $(DEMO_KEYS)
	@$(BIN)/kostra-publish nav keys $(DEMO_KEYS)

browser: ## see that there is a Chromium for the tests; Debian's is installed where there is none
	@for each in $(BROWSERS); do command -v "$$each" >/dev/null && exit; done; \
	if [ -z "$(CHROMIUM)" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing chromium with apt-get (once; a minute or two)"; \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null && \
	  exit; \
	fi; \
	echo "make: the tests need a Chromium, and none was found (tried: $(BROWSERS))." >&2; \
	echo "      Install one (on Debian, as root: apt-get install chromium), or say where it is: make CHROMIUM=/path/to/chromium …" >&2; \
	exit 1

tools: ## see that there are age and minisign for the tests; Debian's are installed where they are missing
	@missing() { for each in $(TOOLS); do command -v "$$each" >/dev/null || echo "$$each"; done; }; \
	lacking=$$(missing | paste -sd ' '); \
	if [ -n "$$lacking" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing age and minisign with apt-get (once)"; \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends age minisign >/dev/null; \
	  lacking=$$(missing | paste -sd ' '); \
	fi; \
	if [ -n "$$lacking" ]; then \
	  echo "make: the tests need $$lacking, as receivers of packages do." >&2; \
	  echo "      Install age and minisign (on Debian, as root: apt-get install age minisign)." >&2; \
	  exit 1; \
	fi

test: $(INSTALLED) $(READERS_INSTALLED) browser tools ## all tests (TESTS=tests/cube picks some)
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m pytest --numprocesses=2 --dist=loadscope --no-loadscope-reorder $(TESTS)

check: $(INSTALLED) ## style, types, imports, JSON Schema up to date
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/kostra-publish schema --check

format: $(INSTALLED) ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(INSTALLED) ## time and memory of a whole round (SCALES="1 10 100")
	@$(BIN)/python bench/bench.py $(SCALES)

formats: $(INSTALLED) ## what each format takes to write and read back (RELEASE=folder)
	@$(BIN)/python -m bench.formats $(if $(RELEASE),$(RELEASE),$(DEMO_OUT)/current)

bars: $(INSTALLED) ## what disclosure control hides, and how fast (PROBLEMS=folder DATA=folder)
	@$(BIN)/python -m bench.disclosure $(if $(PROBLEMS),--problems $(PROBLEMS)) $(if $(DATA),--data $(DATA)) $(NAMES)

site: $(INSTALLED) browser ## pages a second, bytes, and how soon a slow device shows them (RELEASE=folder)
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m bench.site $(if $(RELEASE),$(RELEASE),$(DEMO_OUT)/current)

handover: $(INSTALLED) ## what handing rows over takes, part by part (RELEASE=folder DATA=folder)
	@$(BIN)/python -m bench.handover $(if $(RELEASE),$(RELEASE),$(DEMO_OUT)/current) $(if $(DATA),$(DATA),$(DEMO_DATA))

preview: $(INSTALLED) browser ## from a saved spec to the open page, in Chromium (DATA=folder OUT=folder)
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m bench.preview $(if $(DATA),$(DATA),$(DEMO_DATA)) $(if $(OUT),$(OUT),$(DEMO_OUT))

lock: $(INSTALLED) ## write the lock files from pyproject.toml (UPGRADE=1 takes newer versions)
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group build --constraint requirements-dev.lock --output-file requirements-build.lock

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)

clean: ## remove the demo, its releases and what tools left
	rm -rf demo out dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find kostra_publish tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## remove the local environment too
	rm -rf $(VENV) $(READERS)/node_modules
