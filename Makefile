# make demo | test | test-chaos | test-install | check | bench | bench-api | soak | lab VARIANT=ovs | test-lab | lab-down | lab-test VARIANT=ovs | mutations | record-demo | docs
PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 4
BIN    := $(VENV)/bin
LABCMD := tests/lab/cloud/lab
STAMP  := $(VENV)/.installed
TESTS  ?= lab
export VARIANT COMPUTES PROJECTS NETWORKS SERVERS SEED ACTS STEPS LIFE  # empty: the lab's defaults

# Tests start hundreds of Python programs, each of which would otherwise compile its sources anew
unexport PYTHONDONTWRITEBYTECODE

KILLS  ?= 200
EVENTS ?= 1000
API    ?= 20/1000/10
.PHONY: demo test test-chaos test-install check bench bench-api soak lab lab-down lab-test test-lab law live record-demo record-truth mutations schemas docs clean help

help:  ## What there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing into $(VENV): some minutes the first time. What is missing is downloaded."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev,docs,keyring]'
	touch $@

demo: $(STAMP)  ## Scan a recorded real cloud into an embedded store, and show it
	$(BIN)/calipso demo

test: $(STAMP)  ## The whole suite, but the lab, test-chaos and test-install; JOBS=n processes
	$(BIN)/pytest --numprocesses $(JOBS) --dist worksteal

test-chaos: $(STAMP)  ## Kill servers and writers, corrupt each answer of a cloud, hostile input, deliberate errors (mutants), many processes and hosts
	$(BIN)/pytest -m chaos --numprocesses $(JOBS) --dist worksteal

test-install: $(STAMP)  ## Build the wheel, and install it, a plug-in beside it, and a host with Ansible: from nothing, again, a newer release
	$(BIN)/pytest -m deployment --numprocesses 3 --dist loadfile

check: $(STAMP)  ## Linters, types, import floors, spelling, playbooks, shell scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	ANSIBLE_HOME=$(CURDIR)/.ansible ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/playbooks/collections PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline -q --profile production playbooks
	$(BIN)/shellcheck -x .ci/run tests/lab/cloud/lab tests/lab/cloud/*.sh tests/lab/oracle/*.sh playbooks/files/*.sh

bench: $(STAMP)  ## Figures, as ratios against a floor of the same run; CALIPSO_BENCH_DEPLOY=100/10000: hosts and objects deployed to
	$(BIN)/python -m benchmarks

bench-api: $(STAMP)  ## The API at 50 requests a second; API=hosts/instances/seconds, e.g. 800/100000/60 for 500,000 objects
	CALIPSO_BENCH_API=$(API) $(BIN)/python -m benchmarks api

soak: $(STAMP)  ## Kill writers, mongod and scan managers at KILLS= (200) random moments each; EVENTS= (1000) while all dies; 50 requests to each API operation
	$(BIN)/python -m benchmarks.soak $(KILLS)
	$(BIN)/python -m benchmarks.soak_live $(EVENTS)
	CALIPSO_SCHEMA_EXAMPLES=25 $(BIN)/pytest -m chaos tests/integration/test_api_schema.py

lab:  ## A lab (root): VARIANT=ovs, ovs-nativefw, ovs-dvr, lxb or ovn; COMPUTES= PROJECTS= NETWORKS= SERVERS= SEED=
	$(LABCMD) up
	$(LABCMD) seed

lab-down:  ## End the lab
	$(LABCMD) down

# Plain "make", as the variable would have the whole line run by "make -n", too
lab-test:  ## All of it, on a machine where nothing is installed (root): a new lab, its tests, its end
	$(LABCMD) down
	$(LABCMD) up && $(LABCMD) seed || { $(LABCMD) logs; $(LABCMD) down; echo "once more"; $(LABCMD) up && $(LABCMD) seed; }
	make --no-print-directory test-lab || { $(LABCMD) logs; $(LABCMD) down; exit 1; }
	$(LABCMD) down

test-lab: $(STAMP)  ## Tests against the lab that is up; TESTS="lab and not faults" leaves the cloud as it is
	$(BIN)/pytest -m "$(TESTS)"

law: $(STAMP)  ## Small scans in the lab that is up, after ACTS= (50) acts and faults of a random life; LIFE=seed
	$(BIN)/pytest -m law -o log_cli=true -o log_cli_level=INFO --log-disable=nornir.core --show-capture=no tests/lab/test_law.py

live: $(STAMP)  ## Listen to the lab that is up during ACTS= (50) acts of a random life, and watch its hosts; STEPS= (1) at most before a pause; LIFE=seed
	$(BIN)/pytest -m live -o log_cli=true -o log_cli_level=INFO --log-disable=nornir.core --show-capture=no tests/lab/test_live_faults.py tests/lab/test_live.py

mutations: $(STAMP)  ## Show which comparison of the truth test catches which way to be wrong
	$(BIN)/python -m tests.lab.mutations

record-demo: $(STAMP)  ## Record the lab that is up as a bundle of the demo's
	$(BIN)/python -m tests.lab.record demo

record-truth: $(STAMP)  ## Record the lab that is up, with the truth, for tests without a lab
	$(BIN)/python -m tests.lab.record truth

schemas: $(STAMP)  ## Write what is made of the metadata and the API: JSON schemas, docs/{attributes,sources,support}.md, the API's examples
	$(BIN)/python -m calipso_nornir.metadata.json_schemas docs/schemas
	$(BIN)/python -m calipso_nornir.metadata.source_page docs/sources.md
	$(BIN)/python -m calipso_nornir.metadata.attribute_tables docs/attributes.md
	$(BIN)/python -m calipso_nornir.metadata.support_page docs/support.md
	$(BIN)/python -m tests.api_examples calipso_nornir/api/examples.json calipso_nornir/api/example_objects.json

docs: $(STAMP)  ## Build the documentation as a site, build/docs/site; every link between pages is checked
	$(BIN)/python -m tests.docs_site build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --config-file build/docs/mkdocs.yml

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
