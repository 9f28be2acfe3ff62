# README's two commands are `make demo` and `make test`; everything they need is set up here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
CACHE := $(CURDIR)/.cache
UV := $(shell command -v uv 2>/dev/null || echo $(CACHE)/uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# Where it is set, every start of every program would compile the project again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(CACHE)/uv/bin/uv:
	$(PYTHON) -m venv $(CACHE)/uv
	sed -n '/^uv==/,/^    # via/p' requirements.lock > $(CACHE)/uv/locked.txt
	$(CACHE)/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $(CACHE)/uv/locked.txt

.venv/.ready: requirements.lock pyproject.toml | $(if $(filter $(CACHE)/%,$(UV)),$(UV))
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo up demo-verdicts
demo: .venv/.ready ## push a tag, get a verdict: the main job on this machine
	@.venv/bin/reprise demo
up: .venv/.ready ## the same, then stay with links to look around until Ctrl-C
	@.venv/bin/reprise demo --stay
demo-verdicts: .venv/.ready ## every kind of answer: each experiment of the example, as its README promises
	@.venv/bin/reprise demo --verdicts

.PHONY: pin-images check test integration templates further calibration chaos bench fuzz bare nightly
check: .venv/.ready ## static checks: format, lint, types, import rules
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

# First, so that no core is left alone with one of them at the end.
LONGEST := tests/machine tests/engine/test_crash_loop.py tests/engine
test: .venv/.ready ## the test suite
	.venv/bin/pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/integration $(LONGEST) tests

integration: .venv/.ready ## the tests with real programs: forge, controller, MLflow, jobs, git over HTTP
	.venv/bin/pytest -q -n 3 --dist loadfile --ignore tests/integration/templates \
	  --ignore tests/integration/docker --ignore tests/integration/openstack tests/integration

templates: .venv/.ready ## make every template, check it, lock it again, run it: the verdict is the recorded one
	.venv/bin/pytest -q -n 2 tests/integration/templates

further: .venv/.ready ## the templates' experiments with gigabytes of packages: PyTorch, 6 GB of disk
	.venv/bin/pytest -q -rP --durations 3 tests/nightly/further.py

.PHONY: box docker
box: ## make what `make docker` needs, once: Debian packages, BuildKit, images (needs root)
	@$(PYTHON) -m tests.box prepare
docker: .venv/.ready box ## the tests with a real Engine, BuildKit and registry, started here (needs root)
	.venv/bin/pytest -q -n 0 tests/integration/docker

.PHONY: openstack
openstack: .venv/.ready box ## the tests with a real OpenStack, started here: Keystone to Blazar (needs root)
	@.venv/bin/python -m tests.openstack prepare
	.venv/bin/pytest -q -n 2 --dist worksteal tests/integration/openstack

pin-images: .venv/.ready ## look up the digests of the base images: runner-image/README.md
	@.venv/bin/python runner-image/pin.py

bench: .venv/.ready ## measure beside peers in the same run; ROW=1 for one; docs/benchmarks.md
	@.venv/bin/python -m bench $(ROW)

calibration: .venv/.ready ## how often mode distribution errs; writes docs/calibration.md
	@.venv/bin/python -m bench.calibration

chaos: .venv/.ready ## kill, stop and starve real processes at every step; SHORT=1 SEED= SCHEDULES= ONLY=
	@.venv/bin/python -m tests.chaos.run $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED)) \
	  $(if $(SCHEDULES),--schedules $(SCHEDULES)) $(if $(ONLY),--only $(ONLY))

.PHONY: docs pages
$(CACHE)/docs/.ready: docs/requirements.txt | $(if $(filter $(CACHE)/%,$(UV)),$(UV))
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(CACHE)/docs/venv
	VIRTUAL_ENV=$(CACHE)/docs/venv $(UV) pip sync --quiet --require-hashes docs/requirements.txt
	@touch $@

docs: $(CACHE)/docs/.ready ## the site of docs/, with every link checked, in .cache/docs/site
	rm -rf $(CACHE)/docs/pages $(CACHE)/docs/site
	cp -r docs $(CACHE)/docs/pages && mv $(CACHE)/docs/pages/zensical.toml $(CACHE)/docs/
	rm $(CACHE)/docs/pages/requirements.{in,txt}
	cd $(CACHE)/docs && venv/bin/zensical build --clean --strict
pages: .venv/.ready ## the pages of docs/ that are made from the code
	@.venv/bin/python -m tests.pages

.PHONY: pictures
pictures: .venv/.ready ## the pictures of docs/images again, by headless Chromium
	@.venv/bin/python -m tests.pictures

FUZZ_SECONDS ?= 120
$(CACHE)/fuzz/.ready: requirements.lock pyproject.toml | $(if $(filter $(CACHE)/%,$(UV)),$(UV))
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(CACHE)/fuzz
	VIRTUAL_ENV=$(CACHE)/fuzz $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(CACHE)/fuzz $(UV) pip install --quiet --group fuzz
	VIRTUAL_ENV=$(CACHE)/fuzz $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

fuzz: $(CACHE)/fuzz/.ready ## ten minutes of invented input for everything that reads strangers' bytes
	@for reader in webhook spec comment metrics evidence; do \
	  $(CACHE)/fuzz/bin/python -m tests.fuzz.run $$reader $(FUZZ_SECONDS) || exit 1; \
	done

nightly: ## what is too long for every change: chaos, fuzzing, PyTorch, calibration, benchmarks
	$(MAKE) chaos
	$(MAKE) fuzz
	$(MAKE) further
	$(MAKE) calibration
	$(MAKE) bench

bare: ## `make demo` in a fresh, bare Debian (needs root)
	bash tests/bare/run make demo

.PHONY: setup lock
setup: .venv/.ready ## the locked environment in .venv
lock: ## resolve the lock files again
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --no-header --all-extras --group dev pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --no-header controller/reprise/adapters/mlflow/server.in -o controller/reprise/adapters/mlflow/server.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --no-header docs/requirements.in -o docs/requirements.txt
	@cd templates && for file in */template/requirements*.in; do ( cd $$(dirname $$file) && wish=$$(basename $$file) && \
	  $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --no-header $$wish -o $${wish%.in}.txt ) || exit 1; done
