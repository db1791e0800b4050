{{/* Name of an object: the name in the deployment specification, after fullnameOverride as a prefix. Takes (list $ NAME). */}}
{{- define "dict-rate-limit.name" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.fullnameOverride }}{{ . }}-{{ end }}{{ index . 1 }}
{{- end }}

{{/* Selector labels of the pods of a component. Takes (list $ COMPONENT). */}}
{{- define "dict-rate-limit.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: dict-rate-limit
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of an object. Takes (list $ COMPONENT). */}}
{{- define "dict-rate-limit.labels" -}}
{{- $root := index . 0 -}}
{{ include "dict-rate-limit.selectorLabels" . }}
app.kubernetes.io/part-of: dict-rate-limit
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* Labels of a pod. Takes (list $ COMPONENT IMAGE-VALUES). */}}
{{- define "dict-rate-limit.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "dict-rate-limit.selectorLabels" . }}
app: {{ index . 1 }}
{{- with (index . 2).tag }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- with $root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Image reference with digest or tag. Takes (list $ IMAGE IMAGE-VALUES). */}}
{{- define "dict-rate-limit.image" -}}
{{- $image := printf "%s/%s" (index . 0).Values.image.repository (index . 1) -}}
{{- with index . 2 }}{{ if .digest }}{{ $image }}@{{ .digest }}{{ else }}{{ $image }}:{{ .tag }}{{ end }}{{ end }}
{{- end }}

{{/* Common pod settings. Takes (list $ SERVICE-ACCOUNT). */}}
{{- define "dict-rate-limit.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ index . 1 }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Scheduling of the pods of a Deployment. Takes (list $ COMPONENT). */}}
{{- define "dict-rate-limit.placement" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{ end }}
{{- with $root.Values.affinity -}}
affinity:
  {{- toYaml . | nindent 2 }}
{{ end -}}
topologySpreadConstraints:
{{- $selector := include "dict-rate-limit.selectorLabels" . }}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
{{- end }}
{{- end }}

{{/* Common container settings. Takes $. */}}
{{- define "dict-rate-limit.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
terminationMessagePolicy: FallbackToLogsOnError
{{- end }}

{{/* Probes, with the times of the deployment specification. Takes the port. */}}
{{- define "dict-rate-limit.probes" -}}
livenessProbe:
  httpGet:
    path: /health
    port: {{ . }}
  initialDelaySeconds: 10
  periodSeconds: 30
  timeoutSeconds: 3
readinessProbe:
  httpGet:
    path: /ready
    port: {{ . }}
  initialDelaySeconds: 5
  periodSeconds: 10
  timeoutSeconds: 3
{{- end }}

{{/* Variables from keys of the ConfigMap. The key redis.addr becomes REDIS_ADDR. Takes (list $ KEYS). */}}
{{- define "dict-rate-limit.configEnv" -}}
{{- $name := include "dict-rate-limit.name" (list (index . 0) "dict-config") -}}
{{- range index . 1 }}
- name: {{ . | upper | replace "." "_" }}
  valueFrom:
    configMapKeyRef:
      name: {{ $name }}
      key: {{ . }}
{{- end }}
{{- end }}

{{/* A variable from a key of a Secret, named like the key. Takes (dict "secret" NAME "key" KEY "optional" BOOL). */}}
{{- define "dict-rate-limit.secretEnv" -}}
- name: {{ .key | upper | replace "." "_" }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
      {{- if .optional }}
      optional: true
      {{- end }}
{{- end }}

{{/* Variables of both programs. Takes $. */}}
{{- define "dict-rate-limit.sharedEnv" -}}
- name: HOST
  value: "0.0.0.0"
- name: METRICS_PORT
  value: "9090"
{{ include "dict-rate-limit.configEnv" (list . (list
    "log.level" "redis.addr" "redis.tls" "cache.ttl" "bridge.grpc.address" "participants" "workflow.cron.schedule"
    "list.budget.share" "warning.threshold.pct" "critical.threshold.pct" "hysteresis.margin.pct"
    "unreachable.after.intervals" "remind.every" "retention.months" "pulsar.broker.url" "pulsar.topic"
    "otel.exporter.otlp.endpoint" "otel.traces.sampler.arg")) | trim }}
{{ include "dict-rate-limit.secretEnv" (dict "secret" .Values.existingSecret.name "key" "database.url") }}
{{ include "dict-rate-limit.secretEnv" (dict "secret" .Values.existingSecret.name "key" "redis.password" "optional" true) }}
{{ include "dict-rate-limit.secretEnv" (dict "secret" .Values.existingSecret.name "key" "otel.exporter.otlp.headers" "optional" true) }}
{{- if .Values.tracing.tls.existingSecret }}
- name: OTEL_EXPORTER_OTLP_CERTIFICATE
  value: /collector-certs/ca.crt
{{- end }}
{{- if .Values.bridge.tls.enabled }}
- name: BRIDGE_TLS_CERT_FILE
  value: /certs/client.crt
- name: BRIDGE_TLS_KEY_FILE
  value: /certs/client.key
- name: BRIDGE_TLS_CA_FILE
  value: /certs/ca.crt
{{- end }}
{{- end }}

{{/* Volume mounts of both programs. Takes $. */}}
{{- define "dict-rate-limit.sharedMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.bridge.tls.enabled }}
- name: tls-certs
  mountPath: /certs
  readOnly: true
{{- end }}
{{- if .Values.tracing.tls.existingSecret }}
- name: collector-certs
  mountPath: /collector-certs
  readOnly: true
{{- end }}
{{- end }}

{{/* A writable /tmp, because the root filesystem is read-only. */}}
{{- define "dict-rate-limit.tmpVolume" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- end }}

{{/* Volumes of both programs. Takes $. */}}
{{- define "dict-rate-limit.sharedVolumes" -}}
{{ include "dict-rate-limit.tmpVolume" . }}
{{- if .Values.bridge.tls.enabled }}
- name: tls-certs
  secret:
    secretName: {{ .Values.bridge.tls.existingSecret }}
    defaultMode: 0440
    items:
      - key: tls.crt
        path: client.crt
      - key: tls.key
        path: client.key
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- with .Values.tracing.tls.existingSecret }}
- name: collector-certs
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end }}

{{/* Annotations of the migration hook, which runs before the release. Takes the weight. */}}
{{- define "dict-rate-limit.migrationHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* Secret of the migration. With External Secrets it has its own, because the operator creates the other one later. Takes $. */}}
{{- define "dict-rate-limit.migrationSecret" -}}
{{- if .Values.externalSecret.enabled }}{{ include "dict-rate-limit.name" (list . "dict-db-migration") }}{{ else }}{{ .Values.existingSecret.name }}{{ end }}
{{- end }}

{{/* An egress rule. Takes (dict "to" PEERS "ports" NUMBERS "protocols" LIST). */}}
{{- define "dict-rate-limit.egress" -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    {{- $protocols := .protocols | default (list "TCP") }}
    {{- range $port := .ports }}
    {{- range $protocols }}
    - protocol: {{ . }}
      port: {{ $port }}
    {{- end }}
    {{- end }}
{{- end }}

{{/* Egress to some of the listed targets, names first. Takes (list $ TARGETS). */}}
{{- define "dict-rate-limit.egressTo" -}}
{{- $egress := (index . 0).Values.networkPolicy.egress -}}
{{ include "dict-rate-limit.egress" (merge (dict "protocols" (list "UDP" "TCP")) $egress.dns) }}
{{- range index . 1 }}
{{ include "dict-rate-limit.egress" (index $egress .) }}
{{- end }}
{{- end }}

{{/* Not empty for a cron expression of five fields. Takes (list TEXT LAST-DAY-OF-WEEK), because only some accept 7 for Sunday. */}}
{{- define "dict-rate-limit.isCron" -}}
{{- $fields := regexSplit "\\s+" (upper (index . 0)) -1 -}}
{{- $values := list "[0-5]?[0-9]" "([01]?[0-9]|2[0-3])" "(0?[1-9]|[12][0-9]|3[01])"
      "(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)" (printf "([0-%s]|SUN|MON|TUE|WED|THU|FRI|SAT)" (index . 1)) -}}
{{- $good := eq (len $fields) 5 -}}
{{- range $index, $value := $values -}}
{{- if $good -}}
{{- $item := printf "([*]|%s(-%s)?)(/[1-9][0-9]*)?" $value $value -}}
{{- $good = regexMatch (printf "^%s(,%s)*$" $item $item) (index $fields $index) -}}
{{- end -}}
{{- end -}}
{{- if $good }}yes{{ end -}}
{{- end }}
