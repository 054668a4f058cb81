"""What dbt's own guide and dbt-project-evaluator ask of a project, read from the manifest."""

import json
import re
from typing import Any

import pytest
from support.workplace import ROOT, Build

# What a model of a layer may read. Staging reads staging once: records are kept as they came, and
# their fields are taken from them. Intermediate models read the mart of rides where language models
# are paid: its tests come first then.
MAY_READ = {
    "staging": {"source", "staging"},
    "intermediate": {"staging", "intermediate", "marts"},
    "marts": {"staging", "intermediate", "marts"},
    "exports": {"staging", "intermediate", "marts", "exports"},
}
PREFIXES = {"staging": "stg_lake__", "intermediate": "int_"}
# Are marts as the build finds them, whose keys are tested there.
TESTED_ELSEWHERE = {"int_earlier_days", "int_earlier_summaries"}
LONGEST_CHAIN_OF_VIEWS = 4
MOST_PARENTS = 7
# These gather what all others have found, and name it, so that all of it comes first.
GATHER_EVERYTHING = {"int_day_figures", "published_warehouse", "report"}
Manifest = dict[str, Any]
Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(embedded_day: Build) -> Manifest:
    manifest: Manifest = json.loads(
        (embedded_day.lake.parent / "target" / "manifest.json").read_text()
    )
    return manifest


def models(manifest: Manifest) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: Node) -> str:
    """Staging, intermediate, marts or exports."""
    if node["resource_type"] == "source":
        return "source"
    return str(node["config"]["schema"] or "marts")


def parents(manifest: Manifest, node: Node) -> list[Node]:
    everything = {**manifest["nodes"], **manifest["sources"]}
    return [everything[name] for name in node["depends_on"]["nodes"]]


def test_a_model_reads_its_own_layer_and_the_one_before(manifest: Manifest) -> None:
    for node in models(manifest):
        read = {layer(parent) for parent in parents(manifest, node)}
        assert read <= MAY_READ[layer(node)], node["name"]


def test_only_one_staging_model_reads_a_source_and_every_source_is_read(manifest: Manifest) -> None:
    readers = [
        parent["unique_id"]
        for node in models(manifest)
        for parent in parents(manifest, node)
        if parent["resource_type"] == "source"
    ]
    assert sorted(readers) == sorted(manifest["sources"])


def test_names_say_the_layer(manifest: Manifest) -> None:
    for node in models(manifest):
        prefix = PREFIXES.get(layer(node), "")
        assert re.fullmatch(rf"{prefix}[a-z]+(_[a-z]+)*", node["name"])
        assert prefix or not node["name"].startswith(tuple(PREFIXES.values()))


def test_every_model_and_source_and_all_their_columns_are_described(manifest: Manifest) -> None:
    for node in [*models(manifest), *manifest["sources"].values()]:
        assert node["description"].strip(), node["name"]
        for column in node["columns"].values():
            assert column["description"].strip(), f"{node['name']}.{column['name']}"


def test_every_model_says_its_grain_and_has_a_key_that_is_tested(manifest: Manifest) -> None:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node.get("test_metadata", {}).get("name") == "is_key"
    }
    for node in models(manifest):
        if layer(node) != "exports":
            assert "One row per" in node["description"], node["name"]
            assert (node["unique_id"] in keyed) != (node["name"] in TESTED_ELSEWHERE), node["name"]


def test_every_model_has_an_owner(manifest: Manifest) -> None:
    for node in models(manifest):
        assert node["config"]["meta"]["owner"], node["name"]


def test_every_mart_has_an_example_that_answers(manifest: Manifest, embedded_day: Build) -> None:
    for node in models(manifest):
        if layer(node) == "marts":
            example = node["config"]["meta"]["example"]
            assert f"from {node['name']}" in example
            assert embedded_day.query(example), node["name"]


def test_every_mart_has_a_contract(manifest: Manifest) -> None:
    for node in models(manifest):
        assert node["config"]["contract"]["enforced"] == (layer(node) == "marts")


def test_sql_names_no_table_but_by_reference(manifest: Manifest) -> None:
    for node in models(manifest):
        if node["language"] == "sql":
            code = re.sub(r"\{\{.*?\}\}|--.*|distinct from", "", node["raw_code"])
            tables = re.findall(r"\b(?:from|join)\s+(\w+\.\w+)", code)
            assert not tables, node["name"]


def test_models_say_at_their_head_what_they_read(manifest: Manifest) -> None:
    for node in models(manifest):
        if node["language"] == "sql":
            code = node["raw_code"]
            reads = ["ref(" in cte for cte in code.split("\n),\n")]
            assert reads == sorted(reads, reverse=True), node["name"]
            assert not re.search(r"join \{\{ ref", code), node["name"]


def test_the_project_is_the_same_for_every_day() -> None:
    """A backfill reads it once: what depends on the date is asked while models run."""
    for folder in ("models", "python_models"):
        for file in (ROOT / folder).rglob("*.yml"):
            assert "var('date'" not in file.read_text(encoding="utf-8"), file.name


def test_no_model_joins_too_much(manifest: Manifest) -> None:
    for node in models(manifest):
        if node["name"] not in GATHER_EVERYTHING:
            assert len(node["depends_on"]["nodes"]) <= MOST_PARENTS, node["name"]


def test_no_long_chain_of_views(manifest: Manifest) -> None:
    def views_up_to(node: Node) -> int:
        if node["config"]["materialized"] != "view":
            return 0
        above = [one for one in parents(manifest, node) if one["resource_type"] == "model"]
        return 1 + max((views_up_to(one) for one in above), default=0)

    assert max(views_up_to(node) for node in models(manifest)) <= LONGEST_CHAIN_OF_VIEWS


def test_whatever_leaves_the_warehouse_has_an_exposure(manifest: Manifest) -> None:
    exposed = {
        name for one in manifest["exposures"].values() for name in one["depends_on"]["nodes"]
    }
    leaving = {node["unique_id"] for node in models(manifest) if layer(node) == "exports"}
    assert leaving == exposed


def test_the_logic_of_models_is_proved_on_rows_of_its_own(embedded_day: Build) -> None:
    results = json.loads((embedded_day.lake.parent / "target" / "run_results.json").read_text())
    unit_tests = [r for r in results["results"] if r["unique_id"].startswith("unit_test.")]
    assert {result["status"] for result in unit_tests} == {"pass"}
    assert len(unit_tests) >= 6


def test_rides_have_an_age_after_which_they_are_old(manifest: Manifest) -> None:
    rides = manifest["sources"]["source.etml.lake.taxi-rides"]
    assert rides["freshness"]["warn_after"]["count"] == 24
