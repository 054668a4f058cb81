"""The order of the project's nodes, from dbt's manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest

EXPORTS_SCHEMA = "exports"


class Graph:
    """The models of the project, their data tests, and what each of them reads.

    Nodes are named by their unique ids, such as ``model.etml.rides``.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parents = {name: set(node.depends_on_nodes) for name, node in manifest.nodes.items()}
        self._tests = {
            name for name, node in manifest.nodes.items() if node.resource_type == NodeType.Test
        }
        models = {
            name: node
            for name, node in manifest.nodes.items()
            if node.resource_type == NodeType.Model
        }
        self._ids = {node.name: name for name, node in models.items()}
        self.exports = {name for name, node in models.items() if node.schema == EXPORTS_SCHEMA}
        """The models that leave the build: exports to the lake, and the published warehouse."""

    def id_of(self, model: str) -> str:
        """The unique id of a model."""
        return self._ids[model]

    def before(self, node: str) -> set[str]:
        """Return everything that must be built and tested before a node.

        These are its ancestors, and the data tests that `dbt build` runs before it: tests that read
        only its ancestors.
        """
        ancestors = set(self._up_from(node)) - {node}
        tests = {name for name in self._tests if set() < self._parents[name] <= ancestors}
        return (ancestors & self._parents.keys()) | tests

    def after(self, nodes: Iterable[str]) -> set[str]:
        """Return the nodes and everything that reads them, including tests."""
        found = set(nodes)
        while more := {name for name, read in self._parents.items() if read & found} - found:
            found |= more
        return found

    def in_order(self, nodes: Iterable[str]) -> list[str]:
        """Return the nodes in an order in which they can be built."""
        return sorted(nodes, key=lambda node: (len(self.before(node)), node))

    def _up_from(self, node: str) -> Iterator[str]:
        seen, waiting = set(), [node]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                yield name
                waiting.extend(self._parents.get(name, ()))
