"""The Helm chart, rendered by Helm's own engine and held to the schemas of Kubernetes."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from api.settings import AccessSettings, Settings
from api.store.database import Store, database_url
from api.store.workflows import SCHEMA
from tests.deploy.products import check_arguments, check_settings

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "recupera"
LEAST: dict[str, Any] = {"database": {"existingSecret": "database"}}
MOST: dict[str, Any] = {
    **LEAST,
    "secretKey": {"existingSecret": "secrets"},
    "settings": {"RECUPERA_LOG_LEVEL": "warning"},
    "worker": {"autoscaling": {"enabled": True}},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
    "image": {"digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": [{"name": "registry"}],
    "podAnnotations": {"prometheus.io/scrape": "false"},
    "networkPolicy": {"internal": [{"ipBlock": {"cidr": "10.1.2.0/24"}}]},
}
OLDEST, NEWEST = "1.28", "1.35"


def engine() -> Any:
    """Return Helm, or skip and say how to have it."""
    try:
        return importlib.import_module("helm_python.chart")
    except ImportError:
        pytest.skip("Helm's engine is not here: pip install --group deploy")


def rendered(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the chart makes of values."""
    with engine().Chart.load(CHART) as chart:
        made = chart.render(values=dict(values), name="shop", namespace="care")
    texts = [text for name, text in made.items() if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def of_kind(made: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in made if each["kind"] == kind]


def pods(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the pods of the service and of its workers."""
    found = [each["spec"]["template"]["spec"] for kind in ("Deployment", "StatefulSet") for each in of_kind(made, kind)]
    assert len(found) == 2
    return found


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_helm_has_nothing_against_it(values: dict[str, Any]) -> None:
    report = engine().lint(CHART, values=values, strict=True)

    assert report["errors"] == []
    assert [each["error"] for each in report["messages"] if each["severity"] > 1] == []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_kubernetes_takes_what_it_makes(values: dict[str, Any], version: str) -> None:
    try:
        validate = importlib.import_module("kubernetes_validate").validate
    except ImportError:
        pytest.skip("the schemas of Kubernetes are not here: pip install --group deploy")
    made = [each for each in rendered(values) if each["kind"] != "ScaledObject"]

    for each in made:
        validate(each, version, strict=True)
    assert len(made) >= 9


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({}, "existingSecret"),
        ({**LEAST, "image": {"tag": "latest"}}, "tag"),
        ({**LEAST, "settings": {"RECUPERA_DATABASE": "postgresql://u:p@h/d"}}, "RECUPERA_DATABASE"),
        ({**LEAST, "api": {"terminationGracePeriodSeconds": 10}}, "terminationGracePeriodSeconds"),
        ({**LEAST, "api": {"host": "127.0.0.1"}}, "host"),
        ({**LEAST, "divine": True}, "divine"),
    ],
)
def test_values_that_would_do_harm_are_refused(values: dict[str, Any], at: str) -> None:
    helm = engine()
    with helm.Chart.load(CHART) as chart, pytest.raises(Exception, match=at):
        chart.validate_schema(chart.merge_values(values))


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_pods_run_as_nobody_and_can_change_nothing(values: dict[str, Any]) -> None:
    for pod in pods(rendered(values)):
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {each["mountPath"] for each in container["volumeMounts"]} == {"/tmp", "/data"}
        assert {"requests", "limits"} <= set(container["resources"])
        assert {"startupProbe", "livenessProbe"} <= set(container)


def test_secrets_are_named_and_never_written() -> None:
    made = rendered(MOST)

    assert of_kind(made, "Secret") == []
    for pod in pods(made):
        environment = {each["name"]: each for each in pod["containers"][0]["env"]}
        for name in ("RECUPERA_DATABASE", "RECUPERA_SECRET_KEY"):
            assert set(environment[name]) == {"name", "valueFrom"}


def test_containers_are_started_as_the_product_takes_it() -> None:
    for pod in pods(rendered(MOST)):
        (container,) = pod["containers"]
        check_arguments([argument.replace("$(POD_NAME)", "shop-recupera-worker-0") for argument in container["args"]])
        check_settings([each["name"] for each in container["env"]])


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_service_listens_where_its_pod_has_an_address(host: str) -> None:
    (deployment,) = of_kind(rendered({**LEAST, "api": {"host": host}}), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]

    check_arguments(container["args"])
    assert container["args"][1:3] == ["--host", host]


def test_a_worker_keeps_its_name_and_is_allowed_to_have_it() -> None:
    (worker,) = of_kind(rendered(LEAST), "StatefulSet")
    name = {each["name"]: each for each in worker["spec"]["template"]["spec"]["containers"][0]["env"]}["POD_NAME"]

    assert name["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    pattern = Settings.model_fields["worker"].annotation.model_fields["executor_id"].metadata[0].pattern  # type: ignore[union-attr]
    assert re.fullmatch(pattern, f"{'a' * 53}-worker-999"), "a release's longest name"


def test_a_stop_leaves_time_to_finish() -> None:
    (api, _) = pods(rendered(LEAST))
    pause = int(api["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])

    assert api["terminationGracePeriodSeconds"] > 30 + pause  # what recupera serve waits for answers at most


def test_one_of_each_may_be_taken_away_at_a_time() -> None:
    made = rendered(LEAST)
    budgets = {each["metadata"]["name"]: each["spec"] for each in of_kind(made, "PodDisruptionBudget")}

    assert set(budgets) == {"shop-recupera-api", "shop-recupera-worker"}
    for kind in ("Deployment", "StatefulSet"):
        (each,) = of_kind(made, kind)
        labels = each["spec"]["template"]["metadata"]["labels"]
        wanted = budgets[each["metadata"]["name"]]["selector"]["matchLabels"]
        assert wanted.items() <= labels.items()
        assert each["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_workers_call_nobody_but_the_database_and_nobody_calls_them() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(rendered(LEAST), "NetworkPolicy")}
    worker, api = policies["shop-recupera-worker"], policies["shop-recupera-api"]

    assert worker["ingress"] == []
    assert [port["port"] for rule in worker["egress"] for port in rule["ports"]] == [53, 53, 5432]
    (public, *_) = api["egress"][2]["to"]
    assert "169.254.0.0/16" in public["ipBlock"]["except"]
    assert api["ingress"][0]["from"] == [{"podSelector": {}}]


@pytest.mark.anyio
async def test_workers_are_scaled_by_what_waits(postgres: str, tmp_path: Path, anyio_backend: str) -> None:
    (scaled,) = of_kind(rendered(MOST), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    assert scaled["spec"]["scaleTargetRef"]["name"] == of_kind(rendered(MOST), "StatefulSet")[0]["metadata"]["name"]
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("CREATE DATABASE scaled")
        address = postgres.replace("/postgres?", "/scaled?")
        await (await Store.open(database_url(address, tmp_path))).close()
        with psycopg.connect(address) as here:
            here.execute(f"CREATE SCHEMA {SCHEMA}")
            here.execute(f"CREATE TABLE {SCHEMA}.workflow_status (status text)")
            here.execute(f"INSERT INTO {SCHEMA}.workflow_status VALUES ('ENQUEUED'), ('ENQUEUED'), ('PENDING')")
            columns = "(id, kind, type, data, created_at, done_at)"
            for name, kind, done in (("a", "workflow", "NULL"), ("b", "event", "NULL"), ("c", "workflow", "now()")):
                here.execute(f"INSERT INTO outbox {columns} VALUES ('{name}', '{kind}', 's', '{{}}', now(), {done})")
            assert here.execute(trigger["metadata"]["query"]).fetchone() == (3,)
        server.execute("DROP DATABASE scaled WITH (FORCE)")
    assert trigger["metadata"]["connectionFromEnv"] == "RECUPERA_DATABASE"


def test_the_service_believes_proxies_of_private_networks_and_workers_need_none() -> None:
    environments = [pod["containers"][0]["env"] for pod in pods(rendered(LEAST))]
    variables = [{each["name"]: each.get("value") for each in environment} for environment in environments]
    named = [each["RECUPERA_ACCESS_PROXIES"] for each in variables if "RECUPERA_ACCESS_PROXIES" in each]

    assert len(named) == 1
    assert AccessSettings(proxies=named[0]).proxies[0] == "10.0.0.0/8"
    bare = str(rendered({**LEAST, "proxies": []}))
    assert "RECUPERA_ACCESS_PROXIES" not in bare
