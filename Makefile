PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
DATA ?= ../shared/eval/dev
MINUTES ?= 60

.PHONY: demo test coverage mutants lint audit bench fuzz peers lock clean

demo: $(VENV)/installed
	$(BIN)/kibaru demo

test: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal

# Lines and branches of src and bot that the tests run, in their own processes and in those they start; whether they
# pass is for `make test` to say
coverage: $(VENV)/installed-dev
	$(BIN)/coverage erase
	-OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest --numprocesses 2 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Asks the package index for known vulnerabilities of what requirements.lock pins: needs the Internet, so not in .ci/run.
audit:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet pip-audit
	$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip --requirement requirements.lock

bench: $(VENV)/installed-dev
	$(BIN)/python benchmarks/quality.py --data $(DATA)
	$(BIN)/python benchmarks/speed.py --data $(DATA)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/scale.py --data $(DATA) --sizes 1000 10000 100000
	$(BIN)/python benchmarks/hostile.py
	$(BIN)/python benchmarks/hostile_sites.py
	$(BIN)/python benchmarks/syncing.py
	$(BIN)/python benchmarks/syncing.py --posts 300 --kills 20
	$(BIN)/python benchmarks/load.py --memory 2000
	$(BIN)/python benchmarks/overload.py
	$(BIN)/python benchmarks/overload.py --generations 500
	$(BIN)/python benchmarks/conversation.py

fuzz: $(VENV)/installed-dev
	$(BIN)/pip install --quiet atheris==3.0.0
	$(BIN)/python benchmarks/fuzzing/run.py --minutes $(MINUTES) --jobs 2

mutants: $(VENV)/installed-dev
	$(BIN)/pip install --quiet mutmut==3.8.1
	$(BIN)/python benchmarks/mutation/run.py --survivors

# What Kibaru is compared with, in an environment of its own
peers: $(VENV)/installed-dev $(PEERS)/installed
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

lock:
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable . --requirement requirements-dev.txt
	$(BIN)/pip freeze --all --exclude kibaru --exclude pip | sed "s/+cpu$$//" > requirements.lock

clean:
	rm -rf $(VENV) $(VENV)-audit $(PEERS) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
