#!/usr/bin/env bash
# One scheduled audit, from a clean virtual environment: what .github/workflows/scheduled-audit.yml runs.
#
#   ci/audit.sh PARAMS.yaml OUT_DIR [NAME=VALUE ...]
#
# Writes the report to OUT_DIR and a Markdown summary beside it, to OUT_DIR.summary.md (and to $GITHUB_STEP_SUMMARY
# where set). Ends with 0 on PASS, 1 on FAIL, 2 on TROUBLE, each with its own last line.
set -uo pipefail

trouble() {
  echo "scheduled audit: TROUBLE, $1" >&2
  exit 2
}

cd "$(dirname "$0")/.." || trouble "the checkout cannot be entered"

if (($# < 2)); then
  sed -n '2,7p' ci/audit.sh | sed 's/^# \{0,1\}//' >&2
  exit 2
fi
params=$1 out=$2
shift 2
while [[ $out == */ && $out != / ]]; do out=${out%/}; done
summary=$out.summary.md
overrides=()
for override in "$@"; do overrides+=(-p "$override"); done

# The summary of an earlier run says nothing about this one.
rm -f -- "$summary" || trouble "the old $summary cannot be removed"

# Python takes its programs from the new environment alone: neither from this folder nor from PYTHONPATH.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP
export PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1

python=${PYTHON:-$(command -v python3.11 || command -v python3)}
venv=$(mktemp -d) || trouble "there is no room for a virtual environment"
trap 'rm -rf "$venv"' EXIT
"$python" -I -m venv "$venv" || trouble "no virtual environment could be made"
"$venv/bin/python" -I -m pip install --quiet . || trouble "auditkit could not be installed"

mkdir -p -- "$(dirname -- "$out")" || trouble "there is no folder for the report"
"$venv/bin/auditkit" audit --out "$out" --summary "$summary" ${overrides[@]+"${overrides[@]}"} -- "$params"
status=$?
# A program that could not even start ends with 1 too, and no status counts without the report of this run.
if ((status < 2)) && [[ ! $out/audit.json -nt $venv/pyvenv.cfg ]]; then status=2; fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} && -f $summary ]]; then
  cat -- "$summary" >>"$GITHUB_STEP_SUMMARY" || {
    echo "scheduled audit: the job summary could not be written" >&2
    ((status)) || status=2
  }
fi

case $status in
0) echo "scheduled audit: PASS, with the qualifications told above" || exit 2 ;;
1) echo "scheduled audit: FAIL, a check failed: read $out/report.html" >&2 ;;
*) trouble "nobody could tell: look at the lines above and run it again" ;;
esac
exit "$status"
