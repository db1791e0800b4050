"""What the OpenAPI document says of alerts, silences, drills and the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from litestar.openapi.spec import (
    Example,
    OpenAPIFormat,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)

from dict_rate_limit.apps.api import acting_examples as examples
from dict_rate_limit.apps.api.acting_bodies import EndOfSilence, NewAcknowledgement, NewDrill, NewSilence
from dict_rate_limit.apps.api.acting_explain_payload import Drill, Explanation
from dict_rate_limit.apps.api.acting_payload import Alert, AlertDetail, AlertList
from dict_rate_limit.apps.api.acting_silence_payload import AuditList, Silence, SilenceList
from dict_rate_limit.apps.api.schema import PARTICIPANT, POLICY, answer_spec, problem_spec
from dict_rate_limit.contract.problems import ProblemType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec
    from litestar.openapi.datastructures import ResponseSpec

    Responses = dict[int, ResponseSpec]

BODIES: Final = (NewAcknowledgement, NewSilence, EndOfSilence, NewDrill)

_READ: Final = {
    400: problem_spec(ProblemType.INVALID_PARAMETER, "A parameter is unknown, repeated or not valid"),
    401: problem_spec(ProblemType.UNAUTHORIZED, "No token, or one that does not hold"),
    403: problem_spec(ProblemType.FORBIDDEN, "The role is not enough, or the Host header is another machine's"),
    500: problem_spec(ProblemType.INTERNAL_ERROR, "A mistake of ours"),
    503: problem_spec(ProblemType.STORE_UNAVAILABLE, "The database does not answer now"),
}
_WRITE: Final = {
    **_READ,
    400: problem_spec(ProblemType.INVALID_PARAMETER, "A parameter or field is unknown, missing or not valid"),
    413: problem_spec(ProblemType.BODY_TOO_LARGE, "The body is larger than 16 kB"),
    415: problem_spec(ProblemType.UNSUPPORTED_MEDIA_TYPE, "The body does not call itself application/json"),
}
_NO_ALERT: Final = {404: problem_spec(ProblemType.ALERT_NOT_FOUND, "There is no such alert")}
_NO_SILENCE: Final = {404: problem_spec(ProblemType.SILENCE_NOT_FOUND, "There is no such silence, or it has ended")}
_NO_DRILL: Final = {404: problem_spec(ProblemType.DRILL_NOT_FOUND, "There is no such test alert")}
_NO_POLICY: Final = {404: problem_spec(ProblemType.POLICY_NOT_FOUND, "The monitor's last reading has no such policy")}
_CONFLICT: Final = {409: problem_spec(ProblemType.CONFLICT, "It is resolved, has moved on, or somebody has it")}

ALERTS_RESPONSES: Final = {200: answer_spec(AlertList, "The alerts", examples.ALERTS), **_READ}
ALERT_RESPONSES: Final = {200: answer_spec(AlertDetail, "The alert", examples.ALERT_DETAIL), **_READ, **_NO_ALERT}
ACKNOWLEDGE_RESPONSES: Final = {
    200: answer_spec(Alert, "The alert, taken up", examples.ALERT),
    **_WRITE,
    **_NO_ALERT,
    **_CONFLICT,
}
SILENCES_RESPONSES: Final = {200: answer_spec(SilenceList, "The silences", examples.SILENCES), **_READ}
SILENCE_RESPONSES: Final = {200: answer_spec(Silence, "The silence", examples.SILENCE), **_READ, **_NO_SILENCE}
CREATE_SILENCE_RESPONSES: Final = {201: answer_spec(Silence, "The new silence", examples.SILENCE), **_WRITE}
END_SILENCE_RESPONSES: Final = {
    200: answer_spec(Silence, "The silence, ended", examples.ENDED_SILENCE),
    **_WRITE,
    **_NO_SILENCE,
}
EXPLAIN_RESPONSES: Final = {
    200: answer_spec(Explanation, "The explanation", examples.EXPLANATION),
    **_READ,
    **_NO_POLICY,
}
SEND_DRILL_RESPONSES: Final = {202: answer_spec(Drill, "The test alert is on its way", examples.DRILL), **_WRITE}
DRILL_RESPONSES: Final = {200: answer_spec(Drill, "How far it has come", examples.DRILL), **_READ, **_NO_DRILL}
AUDIT_RESPONSES: Final = {200: answer_spec(AuditList, "The acts", examples.AUDIT), **_READ}


def _id(name: str) -> Parameter:
    schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID)
    return Parameter(name=name, param_in="path", required=True, schema=schema)


def _word(name: str, usual: str, *others: str) -> Parameter:
    schema = Schema(type=OpenAPIType.STRING, enum=[usual, *others], default=usual)
    return Parameter(name=name, param_in="query", schema=schema)


def _limit(usual: int) -> Parameter:
    schema = Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=1000, default=usual)
    return Parameter(name="limit", param_in="query", schema=schema, description="How many at most.")


_OF_ANY: Final = Parameter(
    name="participant",
    param_in="query",
    schema=PARTICIPANT.schema,
    description="ISPB of a participant that is watched here; without it all of them.",
)


@dataclass
class _Described(Operation):
    takes: ClassVar[Sequence[Parameter]] = ()
    body: ClassVar[type[msgspec.Struct] | None] = None
    example: ClassVar[Mapping[str, Any]] = {}

    def __post_init__(self) -> None:
        """Add what the handler reads by itself: parameters and the body."""
        self.parameters = list(self.takes)
        if self.body is not None:
            self.request_body = RequestBody(
                required=True,
                content={
                    "application/json": OpenAPIMediaType(
                        schema=Reference(ref=f"#/components/schemas/{self.body.__name__}"),
                        examples={"body": Example(value=dict(self.example))},
                    )
                },
            )
        for status in ("201", "202"):
            response = (self.responses or {}).get(status)
            if isinstance(response, OpenAPIResponse):
                schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.URI_REFERENCE)
                response.headers = {"Location": OpenAPIHeader(schema=schema, description="Where it is from now on.")}


class AlertsOperation(_Described):
    """The alerts."""

    takes = (_OF_ANY, _word("state", "open", "all"), _limit(100))


class AlertOperation(_Described):
    """One alert."""

    takes = (_id("alert_id"),)


class AcknowledgeOperation(AlertOperation):
    """Taking an alert up."""

    body, example = NewAcknowledgement, examples.ACKNOWLEDGEMENT


class SilencesOperation(_Described):
    """The silences."""

    takes = (_word("ended", "false", "true"), _limit(1000))


class SilenceOperation(_Described):
    """One silence."""

    takes = (_id("silence_id"),)


class CreateSilenceOperation(_Described):
    """A new silence."""

    body, example = NewSilence, examples.SILENCE_BODY


class EndSilenceOperation(SilenceOperation):
    """Ending a silence."""

    body, example = EndOfSilence, examples.END


class ExplainOperation(_Described):
    """The explanation of a policy."""

    takes = (POLICY, PARTICIPANT)


class SendDrillOperation(_Described):
    """A new test alert."""

    body, example = NewDrill, examples.DRILL_BODY


class DrillOperation(AlertOperation):
    """A test alert."""


class AuditOperation(_Described):
    """The audit."""

    takes = (_limit(100),)
