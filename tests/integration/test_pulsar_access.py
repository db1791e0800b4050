"""Access to the broker: TLS, tokens, permissions, topics. Every rejection is an outage with its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from broker.publishers import ids, publishing_to, receipts_of
from broker.server import CLOSED, FOREIGN
from broker.tokens import token
from broker.topic import arrived, new_topic
from dict_rate_limit.adapters.pulsar.connection import BrokerAddress
from dict_rate_limit.apps.local.port import LOOPBACK
from dict_rate_limit.domain.errors import PublishError
from samples.events import CLAIMS, transitions_of
from samples.worker import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from broker.server import Broker
    from dict_rate_limit.adapters.pulsar.publisher import PulsarPublisher
    from dict_rate_limit.domain.alerts.alert import AlertEvent


async def refused(address: BrokerAddress) -> str:
    """Return the error of an attempt to publish, without the destination."""
    async with publishing_to(address) as publisher:
        with pytest.raises(PublishError) as raised:
            await receipts_of(publisher, transitions_of(CLAIMS, 1))
        assert publisher.state == "waiting"
    assert raised.value.retry_helps
    destination, _, cause = str(raised.value).partition(f"{address.topic}: ")
    assert destination.startswith("pulsar")
    return cause


async def test_tls_with_our_authority_and_a_token_is_accepted(pulsar_broker: Broker) -> None:
    topic, story = new_topic(), transitions_of(CLAIMS, 3)
    address = BrokerAddress(url=pulsar_broker.tls_url, topic=topic, token=token(), tls_ca_file=pulsar_broker.authority)

    async with publishing_to(address) as publisher:
        await receipts_of(publisher, story)

    assert [message.event_id for message in arrived(pulsar_broker, topic)] == ids(story)


async def test_a_certificate_of_another_name_is_rejected(pulsar_broker: Broker) -> None:
    address = BrokerAddress(
        url=pulsar_broker.tls_url.replace("localhost", LOOPBACK), topic=new_topic(), tls_ca_file=pulsar_broker.authority
    )

    assert "certificate is not valid for '127.0.0.1'" in await refused(address)


async def test_a_certificate_of_another_authority_is_rejected(pulsar_broker: Broker, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    address = BrokerAddress(url=pulsar_broker.tls_url, topic=new_topic(), tls_ca_file=tmp_path / "ca.pem")

    assert (await refused(address)).startswith("its certificate is not accepted: ")


async def test_without_a_ca_file_the_system_authorities_are_used(pulsar_broker: Broker) -> None:
    address = BrokerAddress(url=pulsar_broker.tls_url, topic=new_topic())

    assert (await refused(address)).startswith("its certificate is not accepted: ")


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), ("no certificate", "TLS: NO_CERTIFICATE")])
async def test_an_unreadable_ca_file_is_named(
    pulsar_broker: Broker, tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    cause = await refused(BrokerAddress(url=pulsar_broker.tls_url, topic=new_topic(), tls_ca_file=file))

    assert cause.startswith(f"{file}: ")
    assert words in cause


async def test_tls_to_a_plain_port_is_reported(pulsar_broker: Broker) -> None:
    url = pulsar_broker.url.replace("pulsar://", "pulsar+ssl://")

    assert await refused(BrokerAddress(url=url, topic=new_topic())) == "the connection was closed"


async def test_a_refused_connection_is_reported_immediately() -> None:
    assert await refused(BrokerAddress(url=f"pulsar://{LOOPBACK}:1", topic=new_topic())) == "Connection refused"


async def test_an_unknown_name_is_reported() -> None:
    cause = await refused(BrokerAddress(url="pulsar://broker.invalid:6650", topic=new_topic()))

    assert "not known" in cause or "resolution" in cause


async def test_one_broker_of_several_is_enough(pulsar_broker: Broker) -> None:
    topic = new_topic()
    url = f"{pulsar_broker.url},{LOOPBACK}:1"

    async with publishing_to(BrokerAddress(url=url, topic=topic)) as publisher:
        assert len(await receipts_of(publisher, transitions_of(CLAIMS, 1))) == 1


async def test_an_expired_token_is_reported_with_its_expiry(pulsar_broker: Broker) -> None:
    stale = token(lasts_sec=-60)

    cause = await refused(BrokerAddress(url=pulsar_broker.url, topic=new_topic(), token=stale))

    assert cause.startswith("our token expired at 20")
    assert stale not in cause


async def test_a_token_with_another_signature_has_no_guessed_cause(pulsar_broker: Broker) -> None:
    forged = token(key=b"somebody else's" * 3)

    cause = await refused(BrokerAddress(url=pulsar_broker.url, topic=new_topic(), token=forged))

    assert cause.startswith("a server answers but does not accept the connection: check the token")
    assert forged not in cause


async def test_a_missing_permission_is_reported(pulsar_broker: Broker) -> None:
    address = BrokerAddress(url=pulsar_broker.url, topic=new_topic(FOREIGN), token=token())

    assert await refused(address) == "our token's role may not do that there (AuthorizationError)"


async def test_a_missing_topic_is_reported(pulsar_broker: Broker) -> None:
    address = BrokerAddress(url=pulsar_broker.url, topic=new_topic(CLOSED), token=token())

    assert (await refused(address)).endswith("no such topic and it makes none by itself (TopicNotFound)")


async def test_a_missing_namespace_is_reported(pulsar_broker: Broker) -> None:
    address = BrokerAddress(url=pulsar_broker.url, topic=new_topic("lb-conn/nowhere"))

    assert (await refused(address)).startswith("there is no such namespace")


async def test_a_topic_created_later_gets_the_pending_transitions(pulsar_broker: Broker) -> None:
    topic, story = new_topic(CLOSED), transitions_of(CLAIMS, 2)
    async with publishing_to(BrokerAddress(url=pulsar_broker.url, topic=topic, token=token())) as publisher:
        with pytest.raises(PublishError):
            await receipts_of(publisher, story)

        pulsar_broker.must("PUT", topic.replace("://", "/"))
        await receipts_of(publisher, story)

    assert [message.event_id for message in arrived(pulsar_broker, topic)] == ids(story)


async def test_a_token_is_read_again_at_each_connection(pulsar_broker: Broker, tmp_path: Path) -> None:
    file, topic, story = tmp_path / "token", new_topic(), transitions_of(CLAIMS, 2)
    file.write_text(token(lasts_sec=-60))
    address = BrokerAddress(url=pulsar_broker.url, topic=topic, token=file.read_text(), token_file=file)
    async with publishing_to(address) as publisher:
        with pytest.raises(PublishError):
            await receipts_of(publisher, story)

        file.write_text(token() + "\n")
        await receipts_of(publisher, story)

    assert [message.event_id for message in arrived(pulsar_broker, topic)] == ids(story)


async def test_an_exhausted_backlog_quota_is_reported(pulsar_broker: Broker) -> None:
    topic, story = new_topic("lb-conn/narrow"), transitions_of(CLAIMS, 2)
    place, quota = topic.replace("://", "/"), {"limitSize": 1, "limitTime": -1, "policy": "producer_exception"}
    pulsar_broker.must("PUT", "namespaces/lb-conn/narrow")
    pulsar_broker.must("POST", "namespaces/lb-conn/narrow/backlogQuota?backlogQuotaType=destination_storage", quota)
    pulsar_broker.must("PUT", place)
    pulsar_broker.must("PUT", f"{place}/subscription/silent")
    address = BrokerAddress(url=pulsar_broker.url, topic=topic)
    async with publishing_to(address) as publisher:
        await receipts_of(publisher, story[:1])

        await eventually(lambda: fails(publisher, story[1:]))
        with pytest.raises(PublishError, match="the backlog quota of the namespace is used up"):
            await receipts_of(publisher, story[1:])


async def fails(publisher: PulsarPublisher, events: Sequence[AlertEvent]) -> bool:
    try:
        await receipts_of(publisher, events)
    except PublishError:
        return True
    return False
