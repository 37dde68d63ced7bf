# make demo | test | check | bench | test-lab | lab-up VARIANT=ovs | lab-down | record-demo VARIANT=ovs
PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 4
BIN    := $(VENV)/bin
LAB    := tests/lab/cloud
STAMP  := $(VENV)/.installed

.PHONY: demo test check bench test-lab lab-up lab-down record-demo schemas clean help

help:  ## What there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,keyring]'
	touch $@

demo: $(STAMP)  ## Scan a recorded real cloud into an embedded store, and show it
	$(BIN)/calipso demo

test: $(STAMP)  ## The whole suite, but what needs the running lab; JOBS=n processes
	$(BIN)/pytest --numprocesses $(JOBS)

check: $(STAMP)  ## Linters, types, import floors, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(STAMP)  ## Figures, as ratios against a floor of the same run
	$(BIN)/python -m benchmarks

lab-up:  ## Bring the lab up (root): VARIANT=ovs [OVS_FW=openvswitch] or VARIANT=lb
	VARIANT=$(VARIANT) $(LAB)/up.sh && VARIANT=$(VARIANT) $(LAB)/seed.sh

lab-down:  ## End the lab
	$(LAB)/down.sh

test-lab: $(STAMP)  ## Tests against the running lab: CALIPSO_LAB=ovs, ovs-native or lb
	$(BIN)/pytest -m lab

record-demo: $(STAMP)  ## Record the running lab as the demo's bundle: VARIANT=ovs or lb
	$(BIN)/python -m tests.lab.record calipso_nornir/_data/demo/$(VARIANT).calipso

schemas: $(STAMP)  ## Write the JSON schemas of the metadata files, for editors
	$(BIN)/python -m calipso_nornir.metadata.json_schemas docs/schemas

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
