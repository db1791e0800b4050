"""A cause suppresses its symptoms, tested on a running Alertmanager with the product's configuration."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from deploy.rule_files import alerts
from dict_rate_limit.apps.local.port import free_port
from tool_box import REPOSITORY, find_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Labels = dict[str, str]

PATIENCE_SEC = 30
SEVERITY = {alert.name: alert.severity for alert in reversed(alerts())}
ONE = {"participant": "11111111", "policy": "KEYS_CHECK"}
OTHER_POLICY = {"participant": "11111111", "policy": "ENTRIES_WRITE"}
OTHER = {"participant": "22222222", "policy": "KEYS_CHECK"}
PARTICIPANT = {"participant": "11111111"}
OTHER = {"participant": "22222222"}
API, WORKER, BOTH = {"job": "dict-api"}, {"job": "orchestration-worker"}, {"job": "dict-rate-limit"}


def fires(alertname: str, labels: Labels | None = None, **more: str) -> Labels:
    """Return the labels of an alert."""
    return {"alertname": alertname, "severity": SEVERITY[alertname], **(labels or {}), **more}


@dataclass(slots=True)
class Alertmanager:
    """A running Alertmanager. Every check has a namespace of its own."""

    url: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def post(self, *labels: Labels) -> None:
        """Send firing alerts."""
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()  # noqa: TID251 -- Alertmanager's clock is the real one
        httpx.post(
            f"{self.url}/api/v2/alerts", json=[{"labels": one, "endsAt": ends} for one in labels]
        ).raise_for_status()

    def shown(self, namespace: str) -> list[Any]:
        """Return the alerts of a namespace."""
        answer = httpx.get(f"{self.url}/api/v2/alerts", params={"filter": f'namespace="{namespace}"'})
        return list(answer.raise_for_status().json())

    def sent(self, *labels: Labels) -> list[str]:
        """Return the names of the alerts that are not suppressed. A later alert shows that all were evaluated."""
        namespace, after = (f"namespace-{next(self.numbers)}" for _ in range(2))
        self.post(*({"namespace": namespace, **one} for one in labels))
        self.post({"namespace": after, **fires("DictBucketExhausted", ONE)})
        self.post({"namespace": after, **fires("DictBucketCritical", ONE)})
        until(lambda: any(alert["status"]["inhibitedBy"] for alert in self.shown(after)))
        found = self.shown(namespace)
        assert len(found) == len(labels)
        return sorted(alert["labels"]["alertname"] for alert in found if not alert["status"]["inhibitedBy"])


def until(true: Callable[[], bool]) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + PATIENCE_SEC
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def healthy(url: str) -> bool:
    """Return whether Alertmanager answers."""
    try:
        return httpx.get(f"{url}/-/ready").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    shutil.copytree(REPOSITORY / "configs/alertmanager", folder / "config")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        find_tool("prometheus-alertmanager"),
        f"--config.file={folder / 'config/alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until(lambda: process.poll() is not None or healthy(url))
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            yield Alertmanager(url)
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("cause", "symptom"),
    [
        (fires("DictSourceUnreachable", PARTICIPANT), fires("DictBucketWarning", ONE)),
        (fires("DictSourceUnreachable", PARTICIPANT), fires("DictBucketEmptySoon", ONE)),
        (fires("DictReadingsStopped", PARTICIPANT), fires("DictBucketCritical", ONE)),
        (fires("DictPollsStopped", PARTICIPANT), fires("DictBucketExhausted", ONE)),
        (fires("DictPollsStopped", PARTICIPANT), fires("DictReadingsStopped", PARTICIPANT)),
        (fires("DictPollsStopped", PARTICIPANT), fires("DictSourceUnreachable", PARTICIPANT)),
        (fires("DictSourceUnreachable", PARTICIPANT), fires("DictCyclesBurn")),
        (fires("DictReadingsStopped", PARTICIPANT), fires("DictFreshnessBurn")),
        (fires("DictStoreDown", WORKER), fires("DictBucketCritical", ONE)),
        (fires("DictStoreDown", WORKER), fires("DictBucketEmptySoon", ONE)),
        (fires("DictStoreDown", WORKER), fires("DictPollsStopped", PARTICIPANT)),
        (fires("DictStoreDown", WORKER), fires("DictMetricsAbsent")),
        (fires("DictStoreDown", WORKER), fires("DictDeliveryLate")),
        (fires("DictStoreDown", API), fires("DictAvailabilityBurn")),
        (fires("DictStoreDown", BOTH), fires("DictReadingsStopped", PARTICIPANT)),
        (fires("DictStoreDown", BOTH), fires("DictHttpErrors")),
        (fires("DictProgramDown", WORKER), fires("DictReadingsStopped", PARTICIPANT)),
        (fires("DictProgramDown", WORKER), fires("DictNotificationsLate", channel="on-call")),
        (fires("DictProgramDown", API), fires("DictLatencyBurn")),
        (fires("DictSchemaMismatch", severity="critical"), fires("DictReplicasMissing", API)),
        (fires("DictBucketExhausted", ONE), fires("DictBucketCritical", ONE)),
        (fires("DictBucketCritical", ONE), fires("DictBucketWarning", ONE)),
        (fires("DictBucketCritical", ONE), fires("DictBucketEmptySoon", ONE)),
        (fires("DictNotificationsLate", channel="on-call"), fires("DictChannelFailing", channel="on-call")),
        (fires("DictAvailabilityBurn", severity="critical"), fires("DictHttpErrors")),
    ],
    ids=lambda labels: labels["alertname"],
)
def test_a_cause_silences_its_symptom(alertmanager: Alertmanager, cause: Labels, symptom: Labels) -> None:
    assert alertmanager.sent(cause, symptom) == [cause["alertname"]]


@pytest.mark.parametrize("alertname", ["DictDeliveryLate", "DictPartitionsMissing", "DictAvailabilityBurn"])
def test_the_more_severe_of_two_alerts_is_sent(alertmanager: Alertmanager, alertname: str) -> None:
    severe, mild = fires(alertname, severity="critical"), fires(alertname, severity="warning")

    assert alertmanager.sent(severe, mild) == [alertname]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (fires("DictSourceUnreachable", OTHER), fires("DictBucketCritical", ONE)),
        (fires("DictBucketExhausted", OTHER), fires("DictBucketCritical", ONE)),
        (fires("DictBucketExhausted", OTHER_POLICY), fires("DictBucketCritical", ONE)),
        (fires("DictReadingsStopped", OTHER), fires("DictBucketEmptySoon", ONE)),
        (fires("DictStoreDown", API), fires("DictBucketCritical", ONE)),
        (fires("DictStoreDown", WORKER), fires("DictHttpErrors")),
        (fires("DictProgramDown", API), fires("DictReadingsStopped", PARTICIPANT)),
        (fires("DictSchemaMismatch", severity="info"), fires("DictPollsStopped", PARTICIPANT)),
        (fires("DictNotificationsLate", channel="on-call"), fires("DictChannelFailing", channel="chat")),
        (fires("DictSourceUnreachable", PARTICIPANT), fires("DictReadingsStopped", PARTICIPANT)),
        (fires("DictStoreDown", WORKER), fires("DictCertificateExpires", certificate="bridge_client")),
        (fires("DictReadingsStopped", PARTICIPANT), fires("DictRateLimited", PARTICIPANT)),
        (
            fires("DictCertificateExpires", certificate="bridge_client", severity="critical"),
            fires("DictDeadLetters"),
        ),
    ],
    ids=lambda labels: labels["alertname"],
)
def test_an_alert_with_another_cause_is_sent(alertmanager: Alertmanager, one: Labels, other: Labels) -> None:
    assert alertmanager.sent(one, other) == sorted([one["alertname"], other["alertname"]])


def test_certificates_do_not_suppress_each_other(alertmanager: Alertmanager) -> None:
    severe = fires("DictCertificateExpires", certificate="bridge_client", severity="critical")
    mild = fires("DictCertificateExpires", certificate="temporal_client", severity="warning")

    assert alertmanager.sent(severe, mild) == ["DictCertificateExpires"] * 2


def test_an_alert_of_another_namespace_is_sent(alertmanager: Alertmanager) -> None:
    alertmanager.post({"namespace": "elsewhere", **fires("DictStoreDown", WORKER)})

    assert alertmanager.sent(fires("DictBucketCritical", ONE)) == ["DictBucketCritical"]
