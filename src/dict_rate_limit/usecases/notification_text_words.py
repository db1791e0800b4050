"""The words of notifications in both languages, with gaps. Figures are written as in `domain.sentences`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts import sentences

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words with gaps.

    `matters` name what is wrong, `endings` what it is when it is over, where that is something else. `verbs` tell of
    earlier transitions; when it all began is said elsewhere.
    """

    figures: sentences.Language
    day: str
    months: tuple[str, ...] = ()
    at_once: str
    states: Mapping[str, str]
    lasting: Mapping[str, str]
    beginnings: Mapping[TransitionKind, str]
    matters: Mapping[Kind, str]
    endings: Mapping[Kind, str]
    left: str
    dry: str
    several: str
    more: str
    on: str
    since: str
    since_for: str
    lasted: str
    late: str
    taken_up: str
    verbs: Mapping[TransitionKind, str]
    before: str
    empty: Mapping[str, str]
    usable: str
    full: str
    then_full: str
    span: str
    up_to: str
    blind: str
    room: str
    no_room: str
    consumption: Mapping[str, str]
    antiscan: str
    runbook: str


PT: Final = Words(
    figures=sentences.PT,
    day="{day:02}/{month:02}",
    at_once="menos de 1 s",
    states={"INFO": "AVISO", "WARNING": "ATENÇÃO", "CRITICAL": "CRÍTICO", "EXHAUSTED": "ESGOTADO"},
    lasting={"INFO": "EM AVISO", "WARNING": "EM ATENÇÃO", "CRITICAL": "CRÍTICO", "EXHAUSTED": "ESGOTADO"},
    beginnings={
        TransitionKind.OPENED: "{state}: ",
        TransitionKind.ESCALATED: "PIOROU, {state}: ",
        TransitionKind.DEESCALATED: "MELHOROU para {state}: ",
        TransitionKind.RESOLVED: "RESOLVIDO após {age}: ",
        TransitionKind.ACKNOWLEDGED: "ASSUMIDO por {actor} até {until}: ",
        TransitionKind.REMINDED: "AINDA {lasting} há {age}: ",
        TransitionKind.NOTICED: "{state}: ",
    },
    matters={
        Kind.THRESHOLD: "{policy}{left}",
        Kind.CATEGORY_CHANGED: "categoria no DICT mudou de {previous} para {current}",
        Kind.LIMITS_CHANGED: "BACEN mudou os limites de {policy}",
        Kind.POLICY_APPEARED: "política nova no DICT, {policy}",
        Kind.POLICY_VANISHED: "{policy} sumiu do DICT",
        Kind.SOURCE_UNREACHABLE: "sem leitura do DICT",
        Kind.RATE_LIMITED: "DICT recusa a nossa consulta de limites (429)",
        Kind.DRILL: "TESTE de alerta, nada a fazer",
    },
    endings={
        Kind.SOURCE_UNREACHABLE: "leituras do DICT voltaram",
        Kind.RATE_LIMITED: "DICT aceita a nossa consulta de limites",
        Kind.DRILL: "TESTE de alerta encerrado",
    },
    left=", restam {share}",
    dry=", DICT recusa chamadas",
    several="{count} alertas, o pior: {headline}",
    more="… e mais {count} alertas.",
    on="Em {at}.",
    since="Desde {at}.",
    since_for="Desde {at}, há {age}.",
    lasted="De {start} até {end}.",
    late="ATRASADO: isto era às {at}, há {age}. Veja os níveis de agora antes de agir.",
    taken_up="{matter}: assumido por {actor} até {until}, sem lembretes até lá se não piorar. Motivo: {reason}",
    verbs={
        TransitionKind.ESCALATED: "piorou",
        TransitionKind.DEESCALATED: "melhorou",
        TransitionKind.RESOLVED: "encerrou",
        TransitionKind.ACKNOWLEDGED: "assumido",
        TransitionKind.REMINDED: "lembrete",
        TransitionKind.NOTICED: "aviso",
    },
    before="Antes: {steps}.",
    empty={
        "unknown": "Gasto atual desconhecido: não se sabe quando esvazia.",
        "never": "No ritmo atual não esvazia.",
        "maybe": "No gasto máximo possível esvazia em {span}; no mínimo, não esvazia.",
        "within": "No ritmo atual esvazia em {span}.",
    },
    usable="Sem gasto, o DICT volta a aceitar em {span}.",
    full="Sem gasto, cheio em {span}.",
    then_full="Cheio em {span}.",
    span="{earliest} a {latest}",
    up_to="até {latest}",
    blind="Quando volta, e o que é seguro enviar até lá: não se sabe.",
    room="Pode enviar agora: até {tokens} fichas, depois {pace}.",
    no_room="SEM FOLGA: segure o que puder esperar; o balde repõe {pace}.",
    consumption={"minute": "{tokens}/min", "hour": "{tokens}/h", "day": "{tokens} por dia"},
    antiscan="Cada 404 custa 3 fichas: no pior caso, {calls} consultas agora, depois {pace}.",
    runbook="Runbook: {url}",
)

EN: Final = Words(
    figures=sentences.EN,
    day="{day} {name}",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    at_once="less than 1 s",
    states={"INFO": "NOTICE", "WARNING": "WARNING", "CRITICAL": "CRITICAL", "EXHAUSTED": "EXHAUSTED"},
    lasting={"INFO": "UNDER NOTICE", "WARNING": "IN WARNING", "CRITICAL": "CRITICAL", "EXHAUSTED": "EXHAUSTED"},
    beginnings={
        TransitionKind.OPENED: "{state}: ",
        TransitionKind.ESCALATED: "WORSE, {state}: ",
        TransitionKind.DEESCALATED: "BETTER, now {state}: ",
        TransitionKind.RESOLVED: "RESOLVED after {age}: ",
        TransitionKind.ACKNOWLEDGED: "ACKNOWLEDGED by {actor} until {until}: ",
        TransitionKind.REMINDED: "STILL {lasting} for {age}: ",
        TransitionKind.NOTICED: "{state}: ",
    },
    matters={
        Kind.THRESHOLD: "{policy}{left}",
        Kind.CATEGORY_CHANGED: "category in DICT changed from {previous} to {current}",
        Kind.LIMITS_CHANGED: "BACEN changed the limits of {policy}",
        Kind.POLICY_APPEARED: "new policy in DICT, {policy}",
        Kind.POLICY_VANISHED: "{policy} is gone from DICT",
        Kind.SOURCE_UNREACHABLE: "no reading from DICT",
        Kind.RATE_LIMITED: "DICT refuses our query of the limits (429)",
        Kind.DRILL: "TEST alert, nothing to do",
    },
    endings={
        Kind.SOURCE_UNREACHABLE: "readings from DICT are back",
        Kind.RATE_LIMITED: "DICT accepts our query of the limits",
        Kind.DRILL: "TEST alert over",
    },
    left=", {share} left",
    dry=", DICT refuses calls",
    several="{count} alerts, the worst: {headline}",
    more="… and {count} more alerts.",
    on="On {at}.",
    since="Since {at}.",
    since_for="Since {at}, for {age}.",
    lasted="From {start} to {end}.",
    late="LATE: this was at {at}, {age} ago. Look at the levels of now before you act.",
    taken_up="{matter}: acknowledged by {actor} until {until}, no reminders until then unless it gets worse: {reason}",
    verbs={
        TransitionKind.ESCALATED: "got worse",
        TransitionKind.DEESCALATED: "got better",
        TransitionKind.RESOLVED: "closed",
        TransitionKind.ACKNOWLEDGED: "acknowledged",
        TransitionKind.REMINDED: "reminder",
        TransitionKind.NOTICED: "notice",
    },
    before="Before: {steps}.",
    empty={
        "unknown": "Current use unknown: nobody can say when it empties.",
        "never": "At the current pace it does not empty.",
        "maybe": "At the highest possible use it empties in {span}; at the lowest it does not.",
        "within": "At the current pace it empties in {span}.",
    },
    usable="Without use, DICT accepts calls again in {span}.",
    full="Without use, full in {span}.",
    then_full="Full in {span}.",
    span="{earliest} to {latest}",
    up_to="at most {latest}",
    blind="When it recovers, and what is safe to send until then: unknown.",
    room="Safe to send now: up to {tokens} tokens, then {pace}.",
    no_room="NO ROOM: hold back what can wait; the bucket regains {pace}.",
    consumption={"minute": "{tokens}/min", "hour": "{tokens}/h", "day": "{tokens} a day"},
    antiscan="Each 404 costs 3 tokens: at worst {calls} look-ups now, then {pace}.",
    runbook="Runbook: {url}",
)

WORDS: Final[Mapping[Language, Words]] = {Language.PT: PT, Language.EN: EN}
