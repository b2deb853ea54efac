"""Classify a folder on a cluster of two raylets and kill one of them: ``python -m tests.classifier.folders.cluster``.

A process of its own: Ray's leave their traces in whoever starts them. Prints what became of each file as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import ray
from ray.cluster_utils import Cluster

from classifier.bulk import Wanted
from classifier.folders.files import Done, FolderJob
from classifier.folders.places import Place, files_of
from classifier.folders.ray_pool import on_a_cluster
from classifier.records import Columns

MEMORY = 80 * 1024 * 1024


def classify_and_kill(source: str, output: str, kill_after: int) -> list[Done]:
    """Kill the second raylet once so many files are done."""
    cluster = Cluster()
    patiently(lambda: cluster.add_node(num_cpus=1, object_store_memory=MEMORY, include_dashboard=False))
    ray.init(address=cluster.address, log_to_driver=False)
    second = patiently(lambda: cluster.add_node(num_cpus=1, object_store_memory=MEMORY))
    job = FolderJob(source, output, Columns(), Wanted(evidence=False, facts=False), threads=1)
    found: list[Done] = []
    for done in on_a_cluster(job, files_of(Place.of(source)), workers=2):
        found.append(done)
        if len(found) == kill_after:
            cluster.remove_node(second, allow_graceful=False)
    ray.shutdown()
    cluster.shutdown()
    return found


def patiently(start: Callable[[], Any], tries: int = 3) -> Any:
    """Start a node; a machine that is very busy may be too slow for Ray's own patience."""
    for left in reversed(range(tries)):
        try:
            return start()
        except Exception as error:  # Ray raises nothing narrower
            if left == 0 or "timed out during startup" not in str(error):
                raise
    return None


if __name__ == "__main__":
    results = classify_and_kill(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.stdout.write("\n" + json.dumps([asdict(done) for done in results]) + "\n")
