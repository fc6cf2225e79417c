#!/usr/bin/env bash
# Stands in for kubectl: writes down how it was called, a line each, and answers as an empty cluster would.
if [[ $1 == --context ]]; then shift 2; fi
line="$*"
printf '%s\n' "${line//$'\n'/ }" >>"$KUBECTL_LOG"
if [[ " $* " == *" -f - "* ]]; then cat >>"$KUBECTL_LOG.stdin"; fi
case "$*" in
  'config current-context') echo kwok-test ;;
  'get nodes -o jsonpath='*annotations*) printf '%s\n' "${KUBECTL_NODES:-}" ;;
  *'{.spec.replicas}'*) echo "${KUBECTL_REPLICAS:-0}" ;;
  *pods*PodScheduled*) printf '%b' "${KUBECTL_PODS:-}" ;;
esac
exit "${KUBECTL_CODE:-0}"
