"""The image and the compose file: linted, and true to the product's settings and commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from api.settings import AccessSettings, WorkerSettings, read_settings
from tests.deploy.products import check_arguments, check_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def tool(name: str) -> str:
    """Return the path of a linter, or skip and say how to have it."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if found is None:
        pytest.skip(f"{name} is not here: pip install --group deploy")
    return found


def instructions(name: str) -> list[str]:
    """Return what follows an instruction, each time, with its continuation lines."""
    whole = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", whole, flags=re.M)


def test_the_dockerfile_is_well_made() -> None:
    done = subprocess.run([tool("hadolint"), DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_yaml_is_well_made() -> None:
    rules = "{extends: relaxed, rules: {line-length: {max: 130}, braces: disable}}"
    files = [DEPLOY / "compose.yaml", DEPLOY / "helm/recupera/values.yaml", DEPLOY / "helm/recupera/Chart.yaml"]
    done = subprocess.run(
        [tool("yamllint"), "--strict", "-d", rules, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_is_copied_is_there_and_not_left_out() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").split()
    sources = [source for line in instructions("COPY") if "--from" not in line for source in line.split()[:-1]]

    assert len(sources) >= 8
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source.rstrip('/')}" in ignored
    assert ignored[0] == "*"
    assert not any(fnmatch("recupera-data/recupera.db", pattern) for pattern in ignored[1:])


def test_nothing_runs_as_root_and_a_stop_is_heard() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert re.findall(r"^USER (.+)$", last, flags=re.M) == ["10001:10001"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("ENTRYPOINT") == ['["recupera"]']
    assert "readyz" in instructions("HEALTHCHECK")[0]


def test_bases_and_servers_are_named_by_their_version() -> None:
    bases = instructions("ARG")[0].partition("=")[2], *(each["image"] for each in COMPOSE["services"].values())

    for base in bases:
        version = base.rpartition(":")[2]
        assert re.match(r"\d+\.\d+", version) or base.startswith("${RECUPERA_IMAGE"), base


@pytest.mark.parametrize("name", ["api", "worker"])
def test_services_can_change_nothing_but_their_data(name: str) -> None:
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].removesuffix("s")) > 30
    check_settings(service["environment"])


def test_the_service_is_started_as_the_product_takes_it() -> None:
    check_arguments(COMPOSE["services"]["api"]["command"])


def test_each_worker_of_several_has_a_name_of_its_own(tmp_path: Path) -> None:
    *shell, line = COMPOSE["services"]["worker"]["entrypoint"]
    assert "command" not in COMPOSE["services"]["worker"], "it would follow the entrypoint, unheard"

    def started(host: str) -> list[str]:
        for name, says in (("hostname", f"echo {host}"), ("recupera", 'printf "%s\\n" "$@"')):
            (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
            (tmp_path / name).chmod(0o755)
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        told = subprocess.run(
            [*shell, line.replace("$$", "$")], env=environment, capture_output=True, text=True, check=True
        )
        return told.stdout.split()

    hosts = ("3f1c9a0b7d52", "a" * 57)
    names = [words[words.index("--executor-id") + 1] for words in map(started, hosts)]

    assert names == [f"worker-{host}" for host in hosts]
    for name in names:
        WorkerSettings(executor_id=name)
    check_arguments(started(hosts[0]))


def test_an_environment_that_could_not_be_made_is_made_again(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ntest "$1" = -c || { mkdir -p .venv/bin && touch .venv/bin/python && exit 1; }\n')
    python.chmod(0o755)

    tries = [
        subprocess.run(
            ["make", ".venv/bin/python", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for _ in range(2)
    ]

    assert [done.returncode for done in tries] == [2, 2]
    assert all("-m venv .venv" in done.stdout for done in tries)


def test_linters_come_with_what_the_tests_need() -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", ".venv/.installed-dev"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"pip install .*--group deploy", told.stdout)


def test_the_service_is_published_on_this_machine_alone() -> None:
    assert COMPOSE["services"]["api"]["ports"] == ["127.0.0.1:${API_PORTS:-8000}:8000"]
    assert all("ports" not in COMPOSE["services"][name] for name in ("worker", "postgres"))


def test_no_password_is_written_down() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name or "DATABASE" in name or "KEY" in name:
                assert value is None or "${" in value


def passed_on(declared: Mapping[str, str | None], given: Mapping[str, str]) -> dict[str, str]:
    """Return what a container is given, as Compose does: what has no value here has that of ``given``, if any."""

    def fill(found: re.Match[str]) -> str:
        name, default = found.groups()
        return given.get(name) or default or ""

    values = {name: given.get(name) if value is None else value for name, value in declared.items()}
    return {
        name: re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", fill, value)
        for name, value in values.items()
        if value is not None
    }


@pytest.mark.parametrize("name", ["api", "worker"])
@pytest.mark.parametrize("key", [None, "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="])
def test_the_password_of_the_database_is_all_that_must_be_set(
    name: str, key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"POSTGRES_PASSWORD": "0f1e"} | ({} if key is None else {"RECUPERA_SECRET_KEY": key})
    for variable, value in passed_on(COMPOSE["services"][name]["environment"], given).items():
        monkeypatch.setenv(variable, value)

    settings = read_settings({})

    assert settings.database_url.password == "0f1e"
    assert (settings.vault is None) == (key is None)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Answer every request on this machine with a status, and yield the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "ended"), [(200, 0), (503, 1)])
def test_health_is_asked_of_the_service_itself_whatever_proxy_and_port(status: int, ended: int) -> None:
    _, python, *arguments = json.loads(f'["CMD", {instructions("HEALTHCHECK")[0].partition("CMD [")[2]}')
    with answering(status) as port:
        environment = {**os.environ, "RECUPERA_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
        done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)

    assert python == "python"
    assert done.returncode == ended, done.stderr


def test_the_image_names_settings_that_exist() -> None:
    named = dict(re.findall(r"(RECUPERA_\w+)=(\S+)", " ".join(instructions("ENV"))))

    check_settings(named)
    assert named["RECUPERA_DATA"] in " ".join(instructions("VOLUME"))


def test_first_steps_in_the_compose_file_are_commands_that_exist() -> None:
    told = re.findall(
        r"^#   docker compose .* exec api (recupera .+)$", (DEPLOY / "compose.yaml").read_text("utf-8"), flags=re.M
    )

    assert told
    for line in told:
        check_arguments(shlex.split(line)[1:])


def test_the_service_believes_what_comes_by_dockers_networks() -> None:
    given = COMPOSE["services"]["api"]["environment"]["RECUPERA_ACCESS_PROXIES"]
    default = re.fullmatch(r"\$\{RECUPERA_ACCESS_PROXIES:-(.+)\}", given)

    assert default
    assert AccessSettings(proxies=default[1]).proxies == ("172.16.0.0/12", "192.168.0.0/16")
    assert "RECUPERA_ACCESS_PROXIES" not in COMPOSE["services"]["worker"]["environment"]
    assert "RECUPERA_DATABASE" in COMPOSE["services"]["api"]["environment"]
