PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
DATA ?= ../shared/eval/dev
MINUTES ?= 60
WORK ?= .reader
XQUAD ?= ../shared/reading/xquad

.PHONY: help demo test coverage mutants lint audit bench docs fuzz peers reader lock clean

help: ## List what make can do
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 11

demo: $(VENV)/installed ## Install, index the sample articles, answer three questions, then yours
	$(BIN)/kibaru demo

test: $(VENV)/installed-dev ## Run the test suite
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal

# Also measures the processes that tests start. Whether the tests pass is for `make test` to say.
coverage: $(VENV)/installed-dev ## Print the lines and branches that no test runs
	$(BIN)/coverage erase
	-OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest --numprocesses 2 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/installed-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/installed-dev ## Write docs/commands.md, docs/configuration.md and .env.example from the code
	$(BIN)/python docs/generate.py

# Not in .ci/run, as it needs the Internet.
audit: ## Ask the package index for known vulnerabilities of what is pinned; needs the Internet
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet pip-audit
	$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip --requirement requirements.lock

bench: $(VENV)/installed-dev ## Run most of docs/benchmarks.md; takes hours
	$(BIN)/python benchmarks/quality.py --data $(DATA)
	$(BIN)/python benchmarks/speed.py --data $(DATA)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/scale.py --data $(DATA) --sizes 1000 10000 100000
	$(BIN)/python benchmarks/ingest/hostile.py
	$(BIN)/python benchmarks/sources/hostile_sites.py
	$(BIN)/python benchmarks/sources/syncing.py
	$(BIN)/python benchmarks/sources/syncing.py --posts 300 --kills 20
	$(BIN)/python benchmarks/load.py --memory 2000
	$(BIN)/python benchmarks/overload.py
	$(BIN)/python benchmarks/overload.py --generations 500
	$(BIN)/python benchmarks/bot/conversation.py

# Takes hours without a GPU; goes on from its last checkpoint. XQUAD is the folder of its files, which are not in the project.
reader: $(VENV)/installed-dev ## Train the reader from training/data and XQuAD, and write its weights
	mkdir -p $(WORK)
	$(BIN)/python training/retrieve.py training/data $(WORK)/reading-hits.jsonl
	$(BIN)/python training/retrieve.py training/data/features $(WORK)/features-hits.jsonl
	$(BIN)/python training/retrieve.py training/data/dispatches $(WORK)/dispatches-hits.jsonl
	$(BIN)/python training/train.py --work $(WORK)/run --xquad $(XQUAD) \
		--hits $(WORK)/reading-hits.jsonl $(WORK)/features-hits.jsonl $(WORK)/dispatches-hits.jsonl
	$(BIN)/python training/ship.py --checkpoint $(WORK)/run/checkpoint.pt

fuzz: $(VENV)/installed-dev ## Try every parser and rendering with random input, for MINUTES
	$(BIN)/pip install --quiet atheris==3.0.0
	$(BIN)/python benchmarks/fuzzing/run.py --minutes $(MINUTES) --jobs 2

mutants: $(VENV)/installed-dev ## Put faults into the most important modules, and show those that no test notices
	$(BIN)/pip install --quiet mutmut==3.8.1
	$(BIN)/python benchmarks/mutation/run.py --survivors

# The other stacks have a virtual environment of their own.
peers: $(VENV)/installed-dev $(PEERS)/installed ## Compare with five usual stacks, over DATA
	$(BIN)/python benchmarks/peers.py --data $(DATA)

$(PEERS)/installed: benchmarks/peers-requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --requirement $<
	touch $@

$(VENV)/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint requirements.lock --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --constraint requirements.lock --requirement requirements-dev.txt
	touch $@

lock: ## Renew requirements.lock
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable . --requirement requirements-dev.txt
	$(BIN)/pip freeze --all --exclude kibaru --exclude pip | sed "s/+cpu$$//" > requirements.lock

clean: ## Delete what make has made
	rm -rf $(VENV) $(VENV)-audit $(PEERS) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
