# make demo   a whole migration on embedded defaults
# make test   everything that must hold, on real databases
# make help   the rest
SHELL := /bin/bash
PYTHON := .venv/bin/python
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: help demo room demo-real test check unit property crash hosts fuzz bench docs lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo:  ## a whole migration, from a legacy LIS to a verified evidence bundle
	@scripts/system-packages demo
	@scripts/venv demo
	@$(PYTHON) -m demo.run

room:  ## the control room with the demo's data, in your browser
	@scripts/system-packages demo
	@scripts/venv room
	@$(PYTHON) -m demo.room

demo-real:  ## the same on a third party's hospital, from CSV into PostgreSQL
	@scripts/system-packages real
	@scripts/venv demo
	@$(PYTHON) -m demo.real

test: dev check unit  ## lint, types, layers, and every test but the slow suites

.PHONY: dev
dev:
	@scripts/system-packages test
	@scripts/venv dev
	@scripts/node-packages
	@scripts/scanners
	@scripts/proftpd
	@$(PYTHON) -m compileall -q -j 0 src  # what every process of the tests would else compile for itself

check: dev  ## lint, types, layers, generated docs
	.venv/bin/ruff check src tests demo docs scripts
	.venv/bin/mypy
	.venv/bin/lint-imports
	@for generator in docs/generate_*.py; do echo "$$generator --check"; $(PYTHON) "$$generator" --check || exit 1; done

# Two halves at once, of about equal length: processes killed and whole systems on one side, everything else on the other.
WHOLE := tests/crash tests/integration
PARTS = $(filter-out $(WHOLE) tests/__pycache__,$(patsubst %/,%,$(wildcard tests/*/)))

unit: dev  ## every test but the slow suites
	@mkdir -p build
	@$(PYTHON) -m pytest -m "not slow" --durations=15 $(WHOLE) >build/tests-whole.log 2>&1 & whole=$$!; \
	  echo "pytest $(PARTS)"; $(PYTHON) -m pytest -m "not slow" --durations=15 $(PARTS); parts=$$?; \
	  wait $$whole; whole=$$?; echo "pytest $(WHOLE)"; cat build/tests-whole.log; exit $$((parts > whole ? parts : whole))

property: dev  ## thousands of property cases
	ECLUSE_HYPOTHESIS=nightly $(PYTHON) -m pytest tests/property

crash: dev  ## kill -9 at every journal entry, rename and fsync
	$(PYTHON) -m pytest tests/crash -m "slow or not slow"

fuzz: dev  ## every reader of outside bytes, 5 minutes each; HOURS=1 for an hour each
	.venv/bin/uv pip install --quiet --python $(PYTHON) --require-hashes --requirement requirements/fuzz.lock
	scripts/fuzz --minutes $(if $(HOURS),$$(( 60 * $(HOURS) )),5)
	ECLUSE_HYPOTHESIS=nightly $(PYTHON) -m pytest tests -k "fuzz or mutated or hostile" -m "slow or not slow"

hosts: dev  ## a million observations over four hosts (network namespaces: needs root)
	$(PYTHON) -m pytest tests/integration/hosts -m "slow or not slow" --log-cli-level=INFO

bench: dev  ## speed and memory beside the peers, as ratios
	$(PYTHON) -m bench
	$(PYTHON) -m bench.messages
	$(PYTHON) -m bench.fhir
	$(PYTHON) -m bench.portal
	$(PYTHON) -m bench.relay
	$(PYTHON) -m bench.relay_https
	$(PYTHON) -m bench.inspect
	$(PYTHON) -m bench.trace
	$(PYTHON) -m bench.affected

docs: dev  ## write the generated pages again
	@for generator in docs/generate_*.py; do echo "$$generator"; $(PYTHON) "$$generator" || exit 1; done

lock: dev  ## pin the dependencies again, with hashes
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra migration --group lock-build pyproject.toml --output-file requirements/demo.lock
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --extra migration --extra portal --group lock-build pyproject.toml --output-file requirements/room.lock
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --all-extras --group dev --group lock-build pyproject.toml --output-file requirements/dev.lock
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group fuzz --output-file requirements/fuzz.lock
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group scanners --output-file requirements/scanners.lock

clean:  ## remove what was made
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
