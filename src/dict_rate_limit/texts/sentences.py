"""The sentences of transitions in both languages, with gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Sentences with gaps; `separators` part thousands and decimals."""

    separators: tuple[str, str]
    left: str
    unknown_left: str
    threshold: Mapping[Severity, str]
    limits: str
    nothing: str
    participant: str
    states: Mapping[str, str]
    sentences: Mapping[tuple[Kind, TransitionKind], str]
    other: Mapping[TransitionKind, str]


PT: Final = Language(
    separators=(".", ","),
    left="restam {tokens} de {capacity} fichas ({share})",
    unknown_left="fichas restantes desconhecidas",
    threshold={
        Severity.INFO: "",
        Severity.WARNING: ", limite de atenção {share}",
        Severity.CRITICAL: ", limite crítico {share}",
    },
    limits="{capacity} fichas, +{refill} a cada {period} s",
    nothing="(vazio)",
    participant=" [participante {name}]",
    states={
        "INFO": "sob observação",
        "WARNING": "em atenção",
        "CRITICAL": "em nível crítico",
        "EXHAUSTED": "ESGOTADO, o DICT recusa chamadas",
    },
    sentences={
        (Kind.THRESHOLD, TransitionKind.OPENED): "{policy} {state}: {left}{threshold}",
        (Kind.THRESHOLD, TransitionKind.ESCALATED): "{policy} piorou, {state}: {left}{threshold}; em alerta há {age}",
        (Kind.THRESHOLD, TransitionKind.DEESCALATED): (
            "{policy} melhorou, ainda {state}: {left}{threshold}; em alerta há {age}"
        ),
        (Kind.THRESHOLD, TransitionKind.RESOLVED): "{policy}: alerta encerrado após {age}; {left}",
        (Kind.CATEGORY_CHANGED, TransitionKind.NOTICED): "Categoria do participante no DICT: {previous} → {current}",
        (Kind.LIMITS_CHANGED, TransitionKind.NOTICED): "{policy}: o BACEN mudou os limites: {previous} → {current}",
        (Kind.POLICY_APPEARED, TransitionKind.NOTICED): "{policy}: política nova no DICT; {left}",
        (Kind.POLICY_VANISHED, TransitionKind.NOTICED): "{policy}: a política sumiu das respostas do DICT",
        (Kind.SOURCE_UNREACHABLE, TransitionKind.OPENED): (
            "Sem leitura nova do DICT: os níveis atuais são desconhecidos; última consulta: {current}"
        ),
        (Kind.SOURCE_UNREACHABLE, TransitionKind.RESOLVED): "Leituras do DICT voltaram; alerta encerrado após {age}",
        (Kind.RATE_LIMITED, TransitionKind.OPENED): (
            "O DICT recusou a nossa própria consulta de limites (429): leituras atrasam até haver fichas"
        ),
        (Kind.RATE_LIMITED, TransitionKind.RESOLVED): (
            "O DICT voltou a aceitar a nossa consulta de limites; alerta encerrado após {age}"
        ),
        (Kind.THRESHOLD, TransitionKind.REMINDED): "{policy} continua {state} há {age}: {left}{threshold}",
        (Kind.SOURCE_UNREACHABLE, TransitionKind.REMINDED): (
            "Ainda sem leitura nova do DICT, há {age}: os níveis atuais são desconhecidos; última consulta: {current}"
        ),
        (Kind.RATE_LIMITED, TransitionKind.REMINDED): (
            "O DICT recusa a nossa própria consulta de limites (429) há {age}: leituras atrasam"
        ),
        (Kind.SOURCE_UNREACHABLE, TransitionKind.ACKNOWLEDGED): (
            "Sem leitura nova do DICT: assumido por {actor} até {until}: {reason}"
        ),
        (Kind.RATE_LIMITED, TransitionKind.ACKNOWLEDGED): (
            "Consulta de limites recusada (429): assumido por {actor} até {until}: {reason}"
        ),
        (Kind.DRILL, TransitionKind.OPENED): "TESTE enviado por {actor}: {reason}. Nenhuma ação é necessária",
        (Kind.DRILL, TransitionKind.RESOLVED): "TESTE encerrado. Nenhuma ação é necessária",
    },
    other={
        TransitionKind.OPENED: "{policy}: alerta {kind} aberto, {state}",
        TransitionKind.ESCALATED: "{policy}: alerta {kind} piorou, {state}; aberto há {age}",
        TransitionKind.DEESCALATED: "{policy}: alerta {kind} melhorou, ainda {state}; aberto há {age}",
        TransitionKind.RESOLVED: "{policy}: alerta {kind} encerrado após {age}",
        TransitionKind.NOTICED: "{policy}: aviso {kind}",
        TransitionKind.ACKNOWLEDGED: "{policy}: assumido por {actor} até {until}: {reason}",
        TransitionKind.REMINDED: "{policy}: alerta {kind} continua, {state}; aberto há {age}",
    },
)

EN: Final = Language(
    separators=(",", "."),
    left="{tokens} of {capacity} tokens left ({share})",
    unknown_left="tokens left unknown",
    threshold={
        Severity.INFO: "",
        Severity.WARNING: ", warning threshold {share}",
        Severity.CRITICAL: ", critical threshold {share}",
    },
    limits="{capacity} tokens, +{refill} every {period} s",
    nothing="(empty)",
    participant=" [participant {name}]",
    states={
        "INFO": "under watch",
        "WARNING": "in warning",
        "CRITICAL": "critical",
        "EXHAUSTED": "EXHAUSTED, DICT refuses calls",
    },
    sentences={
        (Kind.THRESHOLD, TransitionKind.OPENED): "{policy} {state}: {left}{threshold}",
        (Kind.THRESHOLD, TransitionKind.ESCALATED): "{policy} got worse, {state}: {left}{threshold}; open for {age}",
        (Kind.THRESHOLD, TransitionKind.DEESCALATED): (
            "{policy} got better, still {state}: {left}{threshold}; open for {age}"
        ),
        (Kind.THRESHOLD, TransitionKind.RESOLVED): "{policy}: alert closed after {age}; {left}",
        (Kind.CATEGORY_CHANGED, TransitionKind.NOTICED): "Category of the participant in DICT: {previous} → {current}",
        (Kind.LIMITS_CHANGED, TransitionKind.NOTICED): "{policy}: BACEN changed the limits: {previous} → {current}",
        (Kind.POLICY_APPEARED, TransitionKind.NOTICED): "{policy}: new policy in DICT; {left}",
        (Kind.POLICY_VANISHED, TransitionKind.NOTICED): "{policy}: the policy is gone from DICT's answers",
        (Kind.SOURCE_UNREACHABLE, TransitionKind.OPENED): (
            "No new reading from DICT: the current levels are unknown; last poll: {current}"
        ),
        (Kind.SOURCE_UNREACHABLE, TransitionKind.RESOLVED): "Readings from DICT are back; alert closed after {age}",
        (Kind.RATE_LIMITED, TransitionKind.OPENED): (
            "DICT refused our own query of the limits (429): readings are late until tokens are back"
        ),
        (Kind.RATE_LIMITED, TransitionKind.RESOLVED): (
            "DICT accepts our query of the limits again; alert closed after {age}"
        ),
        (Kind.THRESHOLD, TransitionKind.REMINDED): "{policy} still {state} for {age}: {left}{threshold}",
        (Kind.SOURCE_UNREACHABLE, TransitionKind.REMINDED): (
            "Still no new reading from DICT, for {age}: the current levels are unknown; last poll: {current}"
        ),
        (Kind.RATE_LIMITED, TransitionKind.REMINDED): (
            "DICT has refused our own query of the limits (429) for {age}: readings are late"
        ),
        (Kind.SOURCE_UNREACHABLE, TransitionKind.ACKNOWLEDGED): (
            "No new reading from DICT: acknowledged by {actor} until {until}: {reason}"
        ),
        (Kind.RATE_LIMITED, TransitionKind.ACKNOWLEDGED): (
            "Query of the limits refused (429): acknowledged by {actor} until {until}: {reason}"
        ),
        (Kind.DRILL, TransitionKind.OPENED): "TEST sent by {actor}: {reason}. Nothing needs to be done",
        (Kind.DRILL, TransitionKind.RESOLVED): "TEST over. Nothing needs to be done",
    },
    other={
        TransitionKind.OPENED: "{policy}: alert {kind} opened, {state}",
        TransitionKind.ESCALATED: "{policy}: alert {kind} got worse, {state}; open for {age}",
        TransitionKind.DEESCALATED: "{policy}: alert {kind} got better, still {state}; open for {age}",
        TransitionKind.RESOLVED: "{policy}: alert {kind} closed after {age}",
        TransitionKind.NOTICED: "{policy}: notice {kind}",
        TransitionKind.ACKNOWLEDGED: "{policy}: acknowledged by {actor} until {until}: {reason}",
        TransitionKind.REMINDED: "{policy}: alert {kind} goes on, {state}; open for {age}",
    },
)
