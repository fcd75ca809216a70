# Everything a newcomer needs; nothing here needs root. `make` alone says what there is.
#
#   PYTHON=python3.13 make setup     another Python (3.11 or newer)
#   VENV=/somewhere/else make setup  another place for the environment

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
CLIENTS ?= .clients
BROWSER ?= .browser
EXTRAS := whisper funasr turns
PEERS ?= .venv-peers

.PHONY: help setup demo serve test test-extras $(EXTRAS:%=test-%) fuzz test-clients test-browser test-peers \
	record-peers bench-page screenshots check format lock samples clean

help:
	@echo 'make demo     hear the samples recognised in real time by a server on this machine'
	@echo 'make serve    run the server (ARGS="--port 9000" adds flags)'
	@echo 'make setup    only make the environment, in $(VENV)'
	@echo 'make test     run the tests (ARGS="-k config" adds flags)'
	@echo 'make test-extras  test the engines that need an extra, in environments of their own (2.5 GB);'
	@echo '              one of them: $(EXTRAS:%=make test-%)'
	@echo 'make fuzz     throw 100,000 odd frames at every wire; seconds for each'
	@echo 'make test-clients  let real clients talk to the server; installs them first (needs registries)'
	@echo 'make test-browser  open the page in Chromium, and check its types; needs chromium and node'
	@echo 'make bench-page  measure what the page costs a browser; make screenshots: take those of the README anew'
	@echo 'make test-peers   ask a real vLLM as engine; installs it first, 4 GB (make record-peers: keep its bytes)'
	@echo 'make check    lint, formatting, types, import contracts'
	@echo 'make format   put the code in the house format'
	@echo 'make lock     choose the versions in constraints.txt and constraints-extras.txt anew'
	@echo 'make samples  synthesise the samples anew (needs espeak-ng, flite, sox)'
	@echo 'make clean    remove the environment and all caches'

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt scripts/make_environment.sh
	@PYTHON='$(PYTHON)' scripts/make_environment.sh '$(VENV)'
	@touch $@

demo: $(STAMP)
	@$(BIN)/saywire demo $(ARGS)

serve: $(STAMP)
	@$(BIN)/saywire serve $(ARGS)

# A module stays with one process, for its tests share servers.
test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

test-extras: $(EXTRAS:%=test-%)

# Nothing collected, because the engine cannot be imported, is an error: pytest exits with 5.
$(EXTRAS:%=test-%): test-%: $(VENV)-%/.complete
	$(VENV)-$*/bin/python -m pytest tests/engines/test_$**.py $(ARGS)

$(EXTRAS:%=$(VENV)-%/.complete): $(VENV)-%/.complete: pyproject.toml constraints-extras.txt scripts/make_environment.sh
	@PYTHON='$(PYTHON)' scripts/make_environment.sh '$(VENV)-$*' '$*'
	@touch $@

fuzz: $(STAMP)
	FUZZ_FRAMES=100000 $(BIN)/python -m pytest tests/protocols/test_fuzz.py tests/server/test_fuzz.py $(ARGS)

test-clients: $(STAMP) $(CLIENTS)/.complete $(BROWSER)/.complete
	SAYWIRE_CLIENTS='$(CLIENTS)' SAYWIRE_BROWSER='$(BROWSER)' $(BIN)/python -m pytest tests/clients $(ARGS)

$(CLIENTS)/.complete: $(wildcard tests/clients/*.txt tests/clients/*.json) scripts/make_clients.sh $(STAMP)
	@scripts/make_clients.sh '$(CLIENTS)' '$(BIN)/python'
	@touch $@

test-browser: $(STAMP) $(BROWSER)/.complete
	SAYWIRE_BROWSER='$(BROWSER)' PYTHONPATH='$(BROWSER)/python' $(BIN)/python -m pytest tests/web $(ARGS)

# A bench like the others, which finds what drives Chromium.
bench-page: $(STAMP) $(BROWSER)/.complete
	PYTHONPATH='$(BROWSER)/python' $(BIN)/python -m bench.page $(ARGS)

screenshots: $(STAMP) $(BROWSER)/.complete
	PYTHONPATH='$(BROWSER)/python' $(BIN)/python -m bench.screenshots docs/images

$(BROWSER)/.complete: tests/web/requirements.txt $(wildcard tests/web/*.json) scripts/make_browser.sh $(STAMP)
	@scripts/make_browser.sh '$(BROWSER)' '$(BIN)/python'
	@touch $@

test-peers: $(STAMP) $(PEERS)/.complete
	PEERS_ENVIRONMENT='$(PEERS)' $(BIN)/python -m pytest tests/peers $(ARGS)

record-peers: $(STAMP) $(PEERS)/.complete
	PYTHONPATH=src:tests $(BIN)/python -m peers.record '$(PEERS)'

$(PEERS)/.complete: tests/peers/constraints.txt scripts/make_peers.sh scripts/mend_vllm.py | $(STAMP)
	@scripts/make_peers.sh '$(PEERS)' '$(BIN)/python'
	@touch $@

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(STAMP)
	scripts/lock_versions.sh '$(VENV)'

samples:
	scripts/make_samples.sh

clean:
	rm -rf '$(VENV)' $(EXTRAS:%='$(VENV)-%') '$(CLIENTS)' '$(BROWSER)' '$(PEERS)' build dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
