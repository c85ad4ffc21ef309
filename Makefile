# Every target does its own set-up; on Debian and Ubuntu that includes the system packages of lab/system-packages.txt.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
# Labs run in a network of their own, so that they never meet a lab that is up on this machine.
PRIVATE := $(ROOT) lab/private

# Lab tests mostly wait for daemons: this many at a time, each in its own network.
WORKERS ?= 3
LAB_PYTEST = $(ROOT) $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder \
	--tx '$(WORKERS)*popen//python=lab/private $(BIN)/python'

# A file in which something failed runs once more, with nothing beside it, and that decides; both results are shown.
AGAIN = $(PRIVATE) $(BIN)/python -m tests.again

.PHONY: help setup system demo demo-on test test-unit test-fuzz test-packages test-lab test-slow test-releases releases fault forecast fuzz lint lab bench healthy lock clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: system .venv/.locked ## System packages, virtual environment, locked dependencies

system: lab/system-packages.txt
	@lab/install-packages $(ROOT)

.venv/.locked: requirements.lock pyproject.toml | system
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q routebook custom_napalm lab tasks
	touch $@

demo: setup ## Bring up the lab and play six scenes on it, three of them rolled back
	$(PRIVATE) $(BIN)/python -m lab.demo

# In a root made by debootstrap, with that release's own FRR, strongSwan, PHP and Python.
RELEASE ?= trixie
demo-on: ## Play the demo on a fresh Debian of another RELEASE (trixie); needs root and debootstrap
	$(ROOT) tests/releases/run-on $(RELEASE) make demo

test: test-unit test-fuzz test-packages test-lab ## All tests

test-unit: setup ## Tests that need no root and no network
	$(BIN)/python -m pytest --numprocesses auto tests/unit tests/toy_platform

test-fuzz: setup ## Malicious devices against every command, with a recorded seed
	$(BIN)/python -m pytest tests/fuzz

test-packages: setup ## What is fetched: the system packages of each release (by apt), and the wheel in an empty environment
	$(ROOT) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/releases

# The newest daemons are fetched before, as the tests' own networks lead nowhere; without them their tests are skipped.
test-lab: setup ## Tests on real daemons; need root
	-$(ROOT) $(BIN)/routebook lab releases sid
	$(LAB_PYTEST) tests/lab tests/fault || $(AGAIN) tests/lab tests/fault

test-slow: setup ## The tests that `make test` leaves out: whole matrices, and kernels with real ESP (half an hour)
	$(LAB_PYTEST) -m slow tests/lab

test-releases: setup ## The firewalls' tests on every release that their labs play (two hours)
	$(ROOT) env ROUTEBOOK_ASA_RELEASE=all ROUTEBOOK_PFSENSE_RELEASE=all $(patsubst sudo,,$(LAB_PYTEST)) \
		tests/lab/asa tests/lab/asa_driver tests/lab/asa_render tests/lab/pfsense tests/lab/pfsense_driver

# `make releases RELEASES=sid` for one of them.
RELEASES ?= bookworm trixie sid
releases: setup ## The tests of FRR and strongSwan on the daemons of each of Debian's RELEASES (an hour)
	$(ROOT) $(BIN)/routebook lab releases $(RELEASES)
	status=0; for release in $(RELEASES); do echo "on $$release:"; \
		$(ROOT) env ROUTEBOOK_LINUX_RELEASE=$$release $(patsubst sudo,,$(LAB_PYTEST)) \
			tests/lab/frr tests/lab/drivers tests/lab/render tests/lab/checks || status=$$?; \
	done; exit $$status

# So many labs at once, one case after the other on each; `make fault FAULT="--seed 2 --minutes 10"` for others.
FAULT ?= --labs 5
fault: setup ## Break runs at every step on every platform, and print what became of the hosts (an hour)
	$(ROOT) $(BIN)/python -m tests.fault $(FAULT)

# What was measured is in files and not measured again; `rm tests/forecast/measured/*` for all of it (an hour).
forecast: setup ## Change every option on live sessions and tunnels, and hold the forecast against what happens
	$(PRIVATE) $(BIN)/python -m tests.forecast sessions
	$(PRIVATE) $(BIN)/python -m tests.forecast sessions --combinations 210
	$(PRIVATE) $(BIN)/python -m tests.forecast tunnels
	$(PRIVATE) $(BIN)/python -m tests.forecast tunnels --combinations 60

# `make fuzz FUZZ="--seed 7 --minutes 60"` for others.
FUZZ ?= --minutes 20
fuzz: setup ## Malicious devices against every command, with other dice each time
	$(BIN)/python -m tests.fuzz $(FUZZ)

lint: setup ## ruff and strict mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: setup ## Bring up the lab of the example inventory and leave it up
	$(ROOT) $(BIN)/routebook lab up

# `make bench BENCH=--short` measures everything once: to see that it works.
BENCH ?=
bench: setup ## Measure, on a lab of its own
	$(PRIVATE) $(BIN)/python -m bench $(BENCH)

# So often is the example verified, and so many minutes is it watched, on a lab of its own: half an hour.
HEALTHY ?= --verifications 200 --minutes 20
healthy: setup ## Verify and watch a healthy network, and print whatever is said besides ok
	$(PRIVATE) $(BIN)/python -m bench.healthy $(HEALTHY)

lock: ## Resolve the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--extra lab --group dev pyproject.toml --output-file requirements.lock

clean: ## Take the lab down and remove what set-up made
	-test -x $(BIN)/routebook && $(ROOT) $(BIN)/routebook lab down
	rm -rf .venv .routebook secrets
