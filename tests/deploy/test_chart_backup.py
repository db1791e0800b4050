"""The CronJob that backs up the database."""

from __future__ import annotations

from deploy.rendered_chart import release, rendered


def test_backup_retains_its_claim_and_never_runs_concurrently() -> None:
    found = release("production")

    job = found.one("CronJob", "dict-db-backup")["spec"]
    claim = found.one("PersistentVolumeClaim", "dict-db-backup")

    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("15 3 * * *", "Etc/UTC", "Forbid")


def test_the_claim_is_created_once_outside_the_release() -> None:
    notes = release("production").one("PersistentVolumeClaim", "dict-db-backup")["metadata"]["annotations"]

    assert notes["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert notes["helm.sh/hook-delete-policy"] == "hook-failed"  # any other policy, or none, would delete backups


def test_backup_runs_the_products_command_on_the_volume() -> None:
    (container,) = release("production").one("CronJob", "dict-db-backup")["spec"]["jobTemplate"]["spec"]["template"][
        "spec"
    ]["containers"]

    assert [*container["command"], *container["args"]] == [
        *("dict-rate-limit", "backup", "--to", "/backups", "--keep", "14")
    ]
    assert {"name": "backups", "mountPath": "/backups"} in container["volumeMounts"]


def test_backup_uses_an_existing_claim() -> None:
    found = rendered("--set=backup.enabled=true,backup.persistence.existingClaim=vault")

    (volume, _) = found.one("CronJob", "dict-db-backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]

    assert volume["persistentVolumeClaim"] == {"claimName": "vault"}
    assert found.all("PersistentVolumeClaim") == {}
