"""Configuration and contents of the built images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from containers import compressed_bytes, configuration, ended

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = ("dict-api", "orchestration-worker", "dict-migrations")
TITLE = "org.opencontainers.image.title"
SECOND_NS = 1_000_000_000
PROGRAMS_OF_BUILDERS = (
    *("cc", "gcc", "c99", "ld", "as", "make", "go", "git"),
    *("pip", "pip3", "apt", "apt-get", "dpkg", "perl", "curl", "wget"),
)


pytestmark = pytest.mark.usefixtures("images")


@pytest.fixture(scope="module", params=IMAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def variables(config: dict[str, Any]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in config["Env"])


def shell(name: str, script: str) -> str:
    done = ended(name, "/bin/sh", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_image_runs_as_user_1000(name: str) -> None:
    assert configuration(name)["User"] == "1000:1000"
    assert shell(name, "id") == "uid=1000(appuser) gid=1000(appuser) groups=1000(appuser)\n"


def test_the_image_has_labels(name: str) -> None:
    labels = configuration(name)["Labels"]

    assert labels[TITLE] == name
    assert len(labels["org.opencontainers.image.revision"]) == 40
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {"source", "version", "created", "description", "vendor"} <= {key.rpartition(".")[2] for key in labels}


def test_the_version_label_matches_the_installed_package(name: str) -> None:
    label = configuration(name)["Labels"]["org.opencontainers.image.version"]

    assert shell(name, "dict-rate-limit --version") == f"dict-rate-limit {label}\n"


def test_the_api_has_the_specified_health_check_ports_and_entrypoint() -> None:
    config = configuration("dict-api")

    check = config["Healthcheck"]
    assert (check["Interval"], check["Timeout"]) == (30 * SECOND_NS, 3 * SECOND_NS)
    assert (check["StartPeriod"], check["Retries"]) == (5 * SECOND_NS, 3)
    assert check["Test"][1].startswith("dict-rate-limit health ")
    assert set(config["ExposedPorts"]) == {"8080/tcp", "9090/tcp"}
    assert config["Entrypoint"] == ["/app/dict-api"]
    assert config["WorkingDir"] == "/app"


def test_the_worker_has_the_specified_entrypoint() -> None:
    assert configuration("orchestration-worker")["Entrypoint"] == ["/app/orchestration-worker"]


@pytest.mark.parametrize("server", ["dict-api", "orchestration-worker"])
def test_servers_listen_on_every_address_and_write_no_bytecode(server: str) -> None:
    found = variables(configuration(server))

    assert found["HOST"] == "0.0.0.0"  # noqa: S104 -- of its own network
    assert found["GRPC_VERBOSITY"] == "NONE"
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_api_image_is_small(tmp_path: Path) -> None:
    assert compressed_bytes("dict-api", tmp_path / "image") < 150_000_000


def test_the_image_has_no_build_or_install_tools(name: str) -> None:
    found = shell(name, f"for program in {' '.join(PROGRAMS_OF_BUILDERS)}; do command -v $program || :; done")
    modules = shell(
        name,
        "for module in pip ensurepip setuptools; do python3 -c import\\ $module 2>/dev/null && echo $module || :; done",
    )

    assert (found, modules) == ("", "")


def test_the_image_has_no_programs_that_raise_privileges(name: str) -> None:
    assert shell(name, "set -e; find --version >/dev/null; find / -xdev -type f -perm /6000 2>/dev/null || :") == ""


def test_the_image_does_not_contain_the_work_tree(name: str) -> None:
    assert shell(name, "cd /; ls -d build src tests requirements .git app/src etc/pip.conf 2>/dev/null || :") == ""


def test_the_image_contains_no_secrets(name: str) -> None:
    look = "grep -rlsE --exclude-dir=site-packages 'BEGIN [A-Z ]*PRIVATE KEY'"
    keys = shell(name, f"set -e; grep --version >/dev/null; {look} /app /etc /home /root /usr/local /var || :")
    secrets = [key for key in variables(configuration(name)) if key.endswith(("_TOKEN", "_PASSWORD", "_URL"))]

    assert (keys, secrets) == ("", [])


def test_only_tmp_is_writable(name: str) -> None:
    folders = "/ /app /etc /usr /var /run /tmp"
    script = f"for folder in {folders}; do touch $folder/here 2>/dev/null && echo $folder || :; done"

    assert shell(name, script).split() == folders.split()[-1:]


def test_the_image_starts_without_compiling(name: str) -> None:
    script = "import dict_rate_limit.settings as own, json.decoder as base; print(*(m.__cached__ for m in (own, base)))"

    for path in shell(name, f"python3 -c '{script}'").split():
        shell(name, f"test -f {path}")
