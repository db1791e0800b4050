"""Every text in Portuguese, as spoken in Brazil."""

from __future__ import annotations

from typing import Final

from dict_rate_limit.domain.alerts.alert import Kind, TransitionKind
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.notifications.silence import Purpose
from dict_rate_limit.texts.catalog.schema import (
    BySeverity,
    Catalog,
    DisplayStatus,
    KindText,
    MessageTexts,
    NotificationTexts,
    PageTexts,
    Plural,
)

_KINDS: Final = {
    Kind.THRESHOLD: KindText(
        title="{policy}{left}",
        messages={
            TransitionKind.OPENED: "{policy} {state}: {left}{threshold}",
            TransitionKind.ESCALATED: "{policy} piorou, {state}: {left}{threshold}; em alerta há {age}",
            TransitionKind.DEESCALATED: "{policy} melhorou, ainda {state}: {left}{threshold}; em alerta há {age}",
            TransitionKind.REMINDED: "{policy} continua {state} há {age}: {left}{threshold}",
            TransitionKind.ACKNOWLEDGED: "{policy}: reconhecido por {actor} até {until}: {reason}",
            TransitionKind.RESOLVED: "{policy}: alerta encerrado após {age}; {left}",
        },
    ),
    Kind.CATEGORY_CHANGED: KindText(
        title="categoria no DICT mudou de {previous} para {current}",
        messages={TransitionKind.NOTICED: "Categoria do participante no DICT: {previous} → {current}"},
    ),
    Kind.LIMITS_CHANGED: KindText(
        title="BACEN mudou os limites de {policy}",
        messages={TransitionKind.NOTICED: "{policy}: o BACEN mudou os limites: {previous} → {current}"},
    ),
    Kind.POLICY_APPEARED: KindText(
        title="política nova no DICT, {policy}",
        messages={TransitionKind.NOTICED: "{policy}: política nova no DICT; {left}"},
    ),
    Kind.POLICY_VANISHED: KindText(
        title="{policy} sumiu do DICT",
        messages={TransitionKind.NOTICED: "{policy}: a política sumiu das respostas do DICT"},
    ),
    Kind.SOURCE_UNREACHABLE: KindText(
        title="sem leitura do DICT",
        resolved_title="leituras do DICT voltaram",
        messages={
            TransitionKind.OPENED: (
                "Sem leitura nova do DICT: os níveis atuais são desconhecidos; última consulta: {current}"
            ),
            TransitionKind.REMINDED: (
                "Ainda sem leitura nova do DICT, há {age}: os níveis atuais são desconhecidos; "
                "última consulta: {current}"
            ),
            TransitionKind.ACKNOWLEDGED: "Sem leitura nova do DICT: reconhecido por {actor} até {until}: {reason}",
            TransitionKind.RESOLVED: "Leituras do DICT voltaram; alerta encerrado após {age}",
        },
        page="Sem leitura nova do DICT: os níveis atuais são desconhecidos",
    ),
    Kind.RATE_LIMITED: KindText(
        title="DICT recusa a nossa consulta de limites (429)",
        resolved_title="DICT aceita a nossa consulta de limites",
        messages={
            TransitionKind.OPENED: (
                "O DICT recusou a nossa própria consulta de limites (429): leituras atrasam até haver fichas"
            ),
            TransitionKind.REMINDED: (
                "O DICT recusa a nossa própria consulta de limites (429) há {age}: leituras atrasam"
            ),
            TransitionKind.ACKNOWLEDGED: (
                "Consulta de limites recusada (429): reconhecido por {actor} até {until}: {reason}"
            ),
            TransitionKind.RESOLVED: (
                "O DICT voltou a aceitar a nossa consulta de limites; alerta encerrado após {age}"
            ),
        },
        page="O DICT recusou a nossa própria consulta de limites (429): as leituras atrasam",
    ),
    Kind.DRILL: KindText(
        title="TESTE de alerta, nada a fazer",
        resolved_title="TESTE de alerta encerrado",
        messages={
            TransitionKind.OPENED: "TESTE enviado por {actor}: {reason}. Nenhuma ação é necessária",
            TransitionKind.RESOLVED: "TESTE encerrado. Nenhuma ação é necessária",
        },
    ),
}

_MESSAGES: Final = MessageTexts(
    states=BySeverity(
        info="sob observação",
        warning="em atenção",
        critical="em nível crítico",
        exhausted="ESGOTADO, o DICT recusa chamadas",
    ),
    warning_threshold=", limite de atenção {share}",
    critical_threshold=", limite crítico {share}",
    left="restam {tokens} de {capacity} fichas ({share})",
    unknown_left="fichas restantes desconhecidas",
    limits="{capacity} fichas, +{refill} a cada {period} s",
    nothing="(vazio)",
    participant=" [participante {name}]",
)

_NOTIFICATIONS: Final = NotificationTexts(
    day="{day:02}/{month:02}",
    at_once="menos de 1 s",
    states=BySeverity(info="AVISO", warning="ATENÇÃO", critical="CRÍTICO", exhausted="ESGOTADO"),
    lasting=BySeverity(info="EM AVISO", warning="EM ATENÇÃO", critical="CRÍTICO", exhausted="ESGOTADO"),
    beginnings={
        TransitionKind.OPENED: "{state}: ",
        TransitionKind.ESCALATED: "PIOROU, {state}: ",
        TransitionKind.DEESCALATED: "MELHOROU para {state}: ",
        TransitionKind.RESOLVED: "RESOLVIDO após {age}: ",
        TransitionKind.ACKNOWLEDGED: "RECONHECIDO por {actor} até {until}: ",
        TransitionKind.REMINDED: "AINDA {lasting} há {age}: ",
        TransitionKind.NOTICED: "{state}: ",
    },
    left=", restam {share}",
    exhausted=", DICT recusa chamadas",
    several="{count} alertas, o pior: {headline}",
    more="… e mais {count} alertas.",
    on="Em {at}.",
    since="Desde {at}.",
    since_for="Desde {at}, há {age}.",
    lasted="De {start} até {end}.",
    late="ATRASADO: isto era às {at}, há {age}. Verifique os níveis atuais antes de agir.",
    acknowledged="{matter}: reconhecido por {actor} até {until}, sem lembretes até lá se não piorar. Motivo: {reason}",
    verbs={
        TransitionKind.ESCALATED: "piorou",
        TransitionKind.DEESCALATED: "melhorou",
        TransitionKind.RESOLVED: "encerrou",
        TransitionKind.ACKNOWLEDGED: "reconhecido",
        TransitionKind.REMINDED: "lembrete",
        TransitionKind.NOTICED: "aviso",
    },
    before="Antes: {steps}.",
    use_unknown="Gasto atual desconhecido: sem previsão de quando esvazia.",
    not_emptying="No ritmo atual não esvazia.",
    may_empty="No gasto máximo possível esvazia em {span}; no mínimo, não esvazia.",
    emptying="No ritmo atual esvazia em {span}.",
    usable="Sem gasto, o DICT volta a aceitar em {span}.",
    full="Sem gasto, cheio em {span}.",
    then_full="Cheio em {span}.",
    span="{earliest} a {latest}",
    up_to="até {latest}",
    no_data="Quando volta, e o que é seguro enviar até lá: não se sabe.",
    room="Pode enviar agora: até {tokens} fichas, depois {pace}.",
    no_room="SEM FOLGA: segure o que puder esperar; o balde repõe {pace}.",
    per_minute="{tokens}/min",
    per_hour="{tokens}/h",
    per_day="{tokens} por dia",
    antiscan="Cada 404 custa 3 fichas: no pior caso, {calls} consultas agora, depois {pace}.",
    runbook="Runbook: {url}",
)

_PAGE: Final = PageTexts(
    title="Limites do DICT",
    participant="Participante",
    participants="Participantes",
    participant_of="{participant}, um de {n}",
    category="Categoria",
    all_good="Tudo em ordem",
    nothing_yet="Ainda sem leitura",
    nothing_yet_why="Nenhum balde foi lido até agora. Esta página mostra o primeiro assim que o DICT responder.",
    last_poll="Última consulta: {outcome}.",
    some_alerts=Plural("{n} alerta aberto", "{n} alertas abertos"),
    no_alerts="nenhum alerta aberto",
    good_but_alerts="Níveis em ordem, alertas desconhecidos",
    stored_unknown="Alertas abertos, silêncios e entregas desconhecidos: o banco de dados não respondeu.",
    alerts="Alertas abertos",
    acknowledged="reconhecido por {actor} até {moment}",
    held_back={
        Purpose.SILENCE: "silenciado até {moment}",
        Purpose.MAINTENANCE: "manutenção até {moment}: sem notificações",
    },
    active_silences={
        Purpose.SILENCE: Plural("{n} silêncio", "{n} silêncios"),
        Purpose.MAINTENANCE: Plural("{n} janela de manutenção", "{n} janelas de manutenção"),
    },
    active_until="{count} até {moment}",
    late=Plural(
        "{n} transição de alerta ainda não foi publicada, há {age}.",
        "{n} transições de alertas ainda não foram publicadas, a mais antiga há {age}.",
    ),
    dead=Plural(
        "{n} transição de alerta foi recusada pelo broker e abandonada.",
        "{n} transições de alertas foram recusadas pelo broker e abandonadas.",
    ),
    no_broker="As transições de alertas vão só para o log: nenhum broker está configurado.",
    open_for="há {age}",
    in_alert="em alerta há {age}",
    since="desde {moment}",
    tokens_left="{tokens} de {capacity} fichas ({share})",
    of_then="Sem leitura nova há {age}; antes, {text}",
    counts={
        DisplayStatus.EXHAUSTED: Plural("{n} esgotada", "{n} esgotadas"),
        DisplayStatus.CRITICAL: Plural("{n} crítica", "{n} críticas"),
        DisplayStatus.WARNING: Plural("{n} em atenção", "{n} em atenção"),
        DisplayStatus.UNKNOWN: Plural("{n} sem nível conhecido", "{n} sem nível conhecido"),
        DisplayStatus.OK: Plural("{n} OK", "{n} OK"),
    },
    counts_policies=Plural("{n} política", "{n} políticas"),
    levels={
        DisplayStatus.EXHAUSTED: "Esgotada",
        DisplayStatus.CRITICAL: "Crítica",
        DisplayStatus.WARNING: "Atenção",
        DisplayStatus.UNKNOWN: "Desconhecida",
        DisplayStatus.INFO: "Informação",
        DisplayStatus.OK: "OK",
    },
    reading="Leitura",
    ago="há {age}",
    just_now="agora mesmo",
    no_reading="nenhuma",
    stale="Leitura velha",
    stale_why="Os níveis abaixo são de então; os atuais são desconhecidos.",
    rejected=Plural(
        "{n} item da resposta do DICT não pôde ser lido.", "{n} itens da resposta do DICT não puderam ser lidos."
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
    per_minute="/min",
    per_hour="/h",
    per_day="/dia",
    period=" a cada {seconds} s",
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

PT: Final = Catalog(
    language=Language.PT,
    tag="pt-BR",
    thousands=".",
    decimals=",",
    kinds=_KINDS,
    messages=_MESSAGES,
    notifications=_NOTIFICATIONS,
    page=_PAGE,
)
