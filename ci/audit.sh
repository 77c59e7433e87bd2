#!/usr/bin/env bash
# One scheduled audit, from a clean virtual environment: what .github/workflows/scheduled-audit.yml runs.
#
#   ci/audit.sh PARAMS.yaml OUT_DIR [NAME=VALUE ...]
#
# Writes the report to OUT_DIR and a Markdown summary to OUT_DIR/summary.md (and to $GITHUB_STEP_SUMMARY where set).
# Ends with 0 on PASS, 1 on FAIL, 2 on TROUBLE, each with its own last line.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# < 2)); then
  sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//' >&2
  exit 2
fi
params=$1 out=$2
shift 2
overrides=()
for override in "$@"; do overrides+=(-p "$override"); done

python=${PYTHON:-$(command -v python3.11 || command -v python3)}
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet . || {
  echo "TROUBLE: auditkit could not be installed" >&2
  exit 2
}

mkdir -p "$out"
status=0
"$venv/bin/auditkit" audit "$params" --out "$out" --summary "$out/summary.md" "${overrides[@]}" || status=$?
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -f $out/summary.md ]]; then
  cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
fi

case $status in
0) echo "scheduled audit: PASS" ;;
1) echo "scheduled audit: FAIL, a check failed: read $out/report.html" >&2 ;;
*) echo "scheduled audit: TROUBLE, nobody could tell: look at the lines above and run it again" >&2 && status=2 ;;
esac
exit "$status"
