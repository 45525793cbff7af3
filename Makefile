# Kapija. `make help` lists what there is; `make run` and `make test` need nothing but Debian or Ubuntu with Python 3.11.

# The distribution's own Python before any other: it is built with profiles, and answers a tenth more requests.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11) python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
FAST   := .venv-compiled
CODE   := radius portal policies migrations tests
KAPIJA_HOME ?= .kapija
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help venv run test check interop interop-oracle lint compiled bench soak fuzz clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

venv: $(READY) ## a virtual environment in .venv with Kapija and its tools

# Built again when what it must hold changes. ensurepip is what a Debian without python3-venv lacks.
$(READY): pyproject.toml tests/peers.sh
	@PYTHON="$(PYTHON)" tests/peers.sh venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Kapija and its tools into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input -e '.[dev]'
	@touch $(READY)

run: $(READY) ## Kapija with a demo school on 127.0.0.1:1812, kept in .kapija
	@$(BIN)/kapija --home "$(KAPIJA_HOME)" serve --demo

test: $(READY) ## everything that must hold, with real peers such as radclient
	@tests/peers.sh test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n $(JOBS)

check: $(READY) lint ## quick: the same without the peers
	@$(BIN)/pytest -n $(JOBS) -m "not peer"

interop: $(READY) ## 802.1X with real devices' code: the whole matrix of methods by eapol_test, hostapd and wpa_supplicant
	@tests/peers.sh test
	@INTEROP=full $(BIN)/pytest -n $(JOBS) tests/interop

interop-oracle: $(READY) ## the same against FreeRADIUS and hostapd's own server: what fails only with Kapija is Kapija's fault
	@tests/peers.sh oracle
	@INTEROP=full INTEROP_SERVERS=freeradius,hostapd $(BIN)/pytest -n $(JOBS) tests/interop/test_eapol_test.py tests/interop/test_wired.py

lint: $(READY) ## ruff, mypy --strict, the walls between the rooms
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --quiet --check $(CODE) || { echo "mend it with: $(BIN)/ruff format $(CODE)"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

compiled: $(READY) ## the same sources, the way of a packet compiled by mypyc, in .venv-compiled
	@PYTHON="$(PYTHON)" tests/peers.sh compiled
	@test -x $(FAST)/bin/python || $(PYTHON) -m venv $(FAST)
	@echo "compiling into $(FAST) ..."
	@$(FAST)/bin/python -m pip install -qq --disable-pip-version-check --no-input 'setuptools>=77' mypy .
	@KAPIJA_COMPILE=1 $(FAST)/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall .

bench: $(READY) compiled ## speed and memory against FreeRADIUS on this machine, in turn (about 30 minutes)
	@tests/peers.sh bench
	@$(MAKE) --no-print-directory -C tests/load
	@KAPIJA_PYTHON=$(CURDIR)/$(FAST)/bin/python $(BIN)/pytest tests/integration
	@$(BIN)/python tests/load/bench_gate.py --small || true
	@status=0; export KAPIJA_PYTHON=$(CURDIR)/$(FAST)/bin/python; \
	$(BIN)/python tests/load/bench_gate.py || status=1; \
	$(BIN)/python tests/load/bench_eap.py || status=1; \
	$(BIN)/python tests/load/bench_directory.py || status=1; \
	$(BIN)/python tests/load/bench_overload.py || status=1; exit $$status

soak: $(READY) ## an hour of load (SOAK=SECONDS for another time): memory must stay flat, every reply right
	@tests/peers.sh bench
	@$(MAKE) --no-print-directory -C tests/load
	@$(BIN)/python tests/load/soak.py --seconds $${SOAK:-3600}

fuzz: $(READY) ## the hypothesis properties with many more examples (FUZZ=EXAMPLES)
	@FUZZ=$${FUZZ:-20000} $(BIN)/pytest -n $(JOBS) -m "not peer" -p no:cacheprovider --hypothesis-profile=fuzz

clean: ## remove what make built; .kapija stays
	@rm -rf $(VENV) $(FAST) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@$(MAKE) --no-print-directory -C tests/load clean
