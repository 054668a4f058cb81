# make build   one day, from the lake to the published warehouse; DATE=20230501 for the day
# make test    every test; installs what they need
# make airflow a clean local Airflow with the DAG, until Ctrl-C; PORT=8080 for the port
# make lakehouse-demo   eight cities in a lakehouse, built by Airflow on two workers; stops by itself
# make backfill FROM=20230501 TO=20230531   many days; AGAIN=1 also builds days that are already built
PYTHON ?= python3
DATE ?= 20230501
PORT ?= 8080
BIN := .venv/bin
# -m pip, so that a long path to .venv does not break the scripts' first lines
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes

.PHONY: build backfill test airflow lakehouse-demo lint query docs lock clean

build: .venv/installed-build
	@echo "Building $(DATE); all that dbt says goes to logs/dbt.log"
	@$(BIN)/python -m dbt_project.build '$(DATE)'

backfill: .venv/installed-build
	$(BIN)/python -m dbt_project.backfill $(FROM) $(TO) $(if $(AGAIN),--again)

test: .venv/installed-test
	@$(BIN)/python tests/support/browser.py
	$(BIN)/python -m pytest

airflow: .venv/installed-test
	@$(BIN)/python -m dbt_project.demo.local_airflow $(PORT)

lakehouse-demo: .venv/installed-test
	@$(BIN)/python -m dbt_project.demo.lakehouse_demo

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint models analyses tests
	$(BIN)/dbt-score lint --run-dbt-parse --show failing-items
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(DEPTRY) . tests benchmarks
	$(DEPTRY) . --requirements-files requirements.in --extend-exclude '$(NOT_OF_A_BUILD)'

# Every import must be in a list of requirements. Imports of a build must be in the list of `make build`.
DEPTRY := $(BIN)/python -W ignore::UserWarning -m deptry --config deptry.toml
NOT_OF_A_BUILD := tests|benchmarks|dags|docs|dbt_project/(demo|orchestration)

# make query                                    DuckDB's command line on the published warehouse, read-only
# make query SQL="select * from daily_reports"  one answer
# make query Q=worst_rides                      one of the analyses
query: .venv/installed-build
	@$(BIN)/python -m dbt_project.query $(if $(SQL),"$(SQL)") $(Q)

# Serve the documentation of all tables and their lineage on this machine; PORT=8081 for another port.
docs: .venv/installed-build
	@$(BIN)/python -m dbt_project.serve_docs $(PORT)

# A stamp that is newer than its lock means that the lock's packages are installed.
.venv/installed-build: requirements.txt
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14) and 'Error: Python 3.11 to 3.14 is needed: make $(MAKECMDGOALS) PYTHON=python3.11')"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "Installing into .venv what requirements.txt names ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/installed-test: requirements-dev.txt .venv/installed-build
	@echo "Installing into .venv what requirements-dev.txt names ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# Resolve the two lists anew; needs uv.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock:
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv target logs
