{{- define "parley.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "parley.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "parley.labels" -}}
{{ include "parley.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "parley.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* What can't work is refused here, in a sentence, not found out by the pods. */}}
{{- define "parley.check" -}}
{{- $many := or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) -}}
{{- if and .Values.persistence.enabled $many -}}
{{- fail "persistence.enabled is SQLite, which one process may use: set replicas to 1 and autoscaling.enabled to false, or name a PostgreSQL database in the Secret and set persistence.enabled to false." -}}
{{- end -}}
{{- if and .Values.page.enabled $many -}}
{{- fail "page.enabled needs replicas: 1 without autoscaling: a page is served by the process that has the room." -}}
{{- end -}}
{{- if and .Values.page.enabled (not .Values.settings.PUBLIC_URL) -}}
{{- fail "page.enabled needs settings.PUBLIC_URL: how people reach the page, for example https://parley.example.org." -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas." -}}
{{- end -}}
{{- end -}}
