"""Every word of the pages, in Portuguese and in English."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from dict_rate_limit.apps.api.pages.formats import Formats
from dict_rate_limit.domain.alert import Kind
from dict_rate_limit.domain.errors import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class Language(StrEnum):
    """What operators read; the value is the tag the page is sent with."""

    PT = "pt-BR"
    EN = "en"


class Mark(StrEnum):
    """How a bucket or an alert is shown, worst first; the value names its style and its shape."""

    EXHAUSTED = "exhausted"
    CRITICAL = "critical"
    WARNING = "warning"
    UNKNOWN = "unknown"
    INFO = "info"
    OK = "ok"


Plural = tuple[str, str]
"""For one, for any other number; {n} is the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. {gaps} are filled by the page."""

    language: Language
    formats: Formats
    title: str
    participant: str
    participants: str
    participant_of: str
    category: str
    all_good: str
    nothing_yet: str
    nothing_yet_why: str
    last_poll: str
    some_alerts: Plural
    no_alerts: str
    good_but_alerts: str
    alerts_unknown: str
    alerts: str
    open_for: str
    in_alert: str
    since: str
    tokens_left: str
    of_then: str
    counts: Mapping[Mark, Plural]
    counts_policies: Plural
    levels: Mapping[Mark, str]
    reading: str
    ago: str
    just_now: str
    no_reading: str
    stale: str
    stale_why: str
    rejected: Plural
    policies: str
    level: str
    policy: str
    tokens: str
    left: str
    refill: str
    out_of: str
    unknown_capacity: str
    disabled: str
    negative: str
    over_capacity: str
    own_thresholds: str
    usable_in: str
    to: str
    legend: str
    periods: Mapping[int, str]
    period: str
    kinds: Mapping[Kind, str]
    outcomes: Mapping[Outcome, str]
    refreshes: str
    paused: str
    pause: str
    resume: str
    rendered: str
    other_language: str
    api: str


PT: Final = Words(
    language=Language.PT,
    formats=Formats(thousands=".", decimals=","),
    title="Limites do DICT",
    participant="Participante",
    participants="Participantes",
    participant_of="{participant}, um de {n}",
    category="Categoria",
    all_good="Tudo em ordem",
    nothing_yet="Ainda sem leitura",
    nothing_yet_why="Nenhum balde foi lido até agora. Esta página mostra o primeiro assim que o DICT responder.",
    last_poll="Última consulta: {outcome}.",
    some_alerts=("{n} alerta aberto", "{n} alertas abertos"),
    no_alerts="nenhum alerta aberto",
    good_but_alerts="Níveis em ordem, alertas desconhecidos",
    alerts_unknown="Alertas abertos desconhecidos: o banco de dados não respondeu.",
    alerts="Alertas abertos",
    open_for="há {age}",
    in_alert="em alerta há {age}",
    since="desde {moment}",
    tokens_left="{tokens} de {capacity} fichas ({share})",
    of_then="Sem leitura nova há {age}; antes, {text}",
    counts={
        Mark.EXHAUSTED: ("{n} esgotada", "{n} esgotadas"),
        Mark.CRITICAL: ("{n} crítica", "{n} críticas"),
        Mark.WARNING: ("{n} em atenção", "{n} em atenção"),
        Mark.UNKNOWN: ("{n} sem nível conhecido", "{n} sem nível conhecido"),
        Mark.OK: ("{n} OK", "{n} OK"),
    },
    counts_policies=("{n} política", "{n} políticas"),
    levels={
        Mark.EXHAUSTED: "Esgotada",
        Mark.CRITICAL: "Crítica",
        Mark.WARNING: "Atenção",
        Mark.UNKNOWN: "Desconhecida",
        Mark.INFO: "Informação",
        Mark.OK: "OK",
    },
    reading="Leitura",
    ago="há {age}",
    just_now="agora mesmo",
    no_reading="nenhuma",
    stale="Leitura velha",
    stale_why="Os níveis abaixo são de então; os atuais são desconhecidos.",
    rejected=(
        "{n} item da resposta do DICT não pôde ser lido.",
        "{n} itens da resposta do DICT não puderam ser lidos.",
    ),
    policies="Políticas",
    level="Nível",
    policy="Política",
    tokens="Fichas disponíveis",
    left="Restam",
    refill="Reposição",
    out_of="de",
    unknown_capacity="capacidade 0 na resposta: nível desconhecido",
    disabled="alertas desligados",
    negative="abaixo de zero",
    over_capacity="acima da capacidade",
    own_thresholds="limites próprios: {warning} e {critical}",
    usable_in="sem consumo, próxima ficha em {span}",
    to=" a ",
    legend="Barra cheia = todas as fichas. Traços na barra: atenção até {warning}, crítico até {critical}.",
    periods={60: "/min", 3_600: "/h", 86_400: "/dia"},
    period=" a cada {seconds} s",
    kinds={
        Kind.SOURCE_UNREACHABLE: "Sem leitura nova do DICT: os níveis atuais são desconhecidos",
        Kind.RATE_LIMITED: "O DICT recusou a nossa própria consulta de limites (429): as leituras atrasam",
    },
    outcomes={
        Outcome.OK: "respondida",
        Outcome.EMPTY: "resposta sem políticas",
        Outcome.UNAVAILABLE: "o DICT não está disponível",
        Outcome.DEADLINE_EXCEEDED: "o DICT não respondeu a tempo",
        Outcome.RATE_LIMITED: "o DICT recusou a consulta (429)",
        Outcome.PERMISSION_DENIED: "o certificado não pode consultar este participante (403)",
        Outcome.UNAUTHENTICATED: "o certificado não foi aceito",
        Outcome.INVALID_ARGUMENT: "o DICT não aceitou o participante",
        Outcome.NOT_FOUND: "política não encontrada (404)",
        Outcome.GONE: "este endereço do DICT foi desativado (410)",
        Outcome.INTERNAL: "erro interno no DICT (500)",
        Outcome.MALFORMED: "a resposta não pôde ser lida",
    },
    refreshes="Renova-se a cada {n} s",
    paused="Parada: não se renova",
    pause="parar",
    resume="renovar sozinha",
    rendered="Página das {moment}",
    other_language="English",
    api="API",
)

EN: Final = Words(
    language=Language.EN,
    formats=Formats(thousands=",", decimals="."),
    title="DICT limits",
    participant="Participant",
    participants="Participants",
    participant_of="{participant}, one of {n}",
    category="Category",
    all_good="All good",
    nothing_yet="No reading yet",
    nothing_yet_why="No bucket has been read so far. This page shows the first one as soon as DICT answers.",
    last_poll="Last poll: {outcome}.",
    some_alerts=("{n} open alert", "{n} open alerts"),
    no_alerts="no open alert",
    good_but_alerts="Levels good, alerts unknown",
    alerts_unknown="Open alerts unknown: the database did not answer.",
    alerts="Open alerts",
    open_for="for {age}",
    in_alert="alert for {age}",
    since="since {moment}",
    tokens_left="{tokens} of {capacity} tokens ({share})",
    of_then="No new reading for {age}; before that, {text}",
    counts={
        Mark.EXHAUSTED: ("{n} exhausted", "{n} exhausted"),
        Mark.CRITICAL: ("{n} critical", "{n} critical"),
        Mark.WARNING: ("{n} in warning", "{n} in warning"),
        Mark.UNKNOWN: ("{n} of unknown level", "{n} of unknown level"),
        Mark.OK: ("{n} OK", "{n} OK"),
    },
    counts_policies=("{n} policy", "{n} policies"),
    levels={
        Mark.EXHAUSTED: "Exhausted",
        Mark.CRITICAL: "Critical",
        Mark.WARNING: "Warning",
        Mark.UNKNOWN: "Unknown",
        Mark.INFO: "Info",
        Mark.OK: "OK",
    },
    reading="Reading",
    ago="{age} ago",
    just_now="just now",
    no_reading="none",
    stale="Stale reading",
    stale_why="The levels below are of then; the current ones are unknown.",
    rejected=("{n} item of DICT's answer could not be read.", "{n} items of DICT's answer could not be read."),
    policies="Policies",
    level="Level",
    policy="Policy",
    tokens="Tokens available",
    left="Left",
    refill="Refill",
    out_of="of",
    unknown_capacity="capacity 0 in the answer: level unknown",
    disabled="alerts off",
    negative="below zero",
    over_capacity="above capacity",
    own_thresholds="own thresholds: {warning} and {critical}",
    usable_in="unused, the next token comes in {span}",
    to=" to ",
    legend="A full bar = all tokens. Marks on the bar: warning up to {warning}, critical up to {critical}.",
    periods={60: "/min", 3_600: "/h", 86_400: "/day"},
    period=" every {seconds} s",
    kinds={
        Kind.SOURCE_UNREACHABLE: "No new reading from DICT: the current levels are unknown",
        Kind.RATE_LIMITED: "DICT refused our own query of the limits (429): readings are late",
    },
    outcomes={
        Outcome.OK: "answered",
        Outcome.EMPTY: "an answer without policies",
        Outcome.UNAVAILABLE: "DICT is not available",
        Outcome.DEADLINE_EXCEEDED: "DICT did not answer in time",
        Outcome.RATE_LIMITED: "DICT refused the query (429)",
        Outcome.PERMISSION_DENIED: "the certificate may not ask for this participant (403)",
        Outcome.UNAUTHENTICATED: "the certificate was not accepted",
        Outcome.INVALID_ARGUMENT: "DICT did not accept the participant",
        Outcome.NOT_FOUND: "policy not found (404)",
        Outcome.GONE: "this address of DICT is switched off (410)",
        Outcome.INTERNAL: "internal error in DICT (500)",
        Outcome.MALFORMED: "the answer could not be read",
    },
    refreshes="Refreshes every {n} s",
    paused="Paused: does not refresh",
    pause="pause",
    resume="refresh by itself",
    rendered="Page of {moment}",
    other_language="Português",
    api="API",
)

WORDS: Final = {words.language: words for words in (PT, EN)}


def plural(forms: Plural, number: int) -> str:
    """Say how many."""
    return forms[0 if number == 1 else 1].format(n=number)
