#!/usr/bin/env bash
# What the GitHub Action runs (action.yml): one check, shown in the log as annotations, and its reports.
# In:  KUBOUND the program; PATHS, OPTIONS separated by spaces; SARIF, COMMENT files or nothing; ALLOW_UNKNOWN
# Out: exit-code in $GITHUB_OUTPUT; ends with it, or with 0 where undecided is allowed
set -uo pipefail

read -r -a paths <<<"$PATHS"
read -r -a options <<<"${OPTIONS:-}"
reports=()
if [ -n "${SARIF:-}" ]; then reports+=("$SARIF"); fi
if [ -n "${COMMENT:-}" ]; then reports+=("$COMMENT"); fi

code=0
"$KUBOUND" check "${paths[@]}" "${options[@]}" --format github || code=$?
echo "exit-code=$code" >>"${GITHUB_OUTPUT:-/dev/null}"
if [ "$code" -ne 2 ]; then
    # The same check again, for each report: answers do not depend on the format.
    for report in "${reports[@]+"${reports[@]}"}"; do
        format=sarif
        if [ "$report" = "${COMMENT:-}" ]; then format=markdown; fi
        "$KUBOUND" check "${paths[@]}" "${options[@]}" --quiet --format "$format" --output "$report"
    done
fi
if [ "$code" -eq 3 ] && [ "${ALLOW_UNKNOWN:-false}" = true ]; then
    echo "::warning::undecided, which this workflow allows"
    exit 0
fi
exit "$code"
