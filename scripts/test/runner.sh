# shellcheck shell=bash
# Runs suites one after the other, counts what they ran, and says it in a table.

CANNOT_RUN=77

# name | quick or full | what it proves
SUITES=(
  'format|quick|Rust sources are formatted'
  'files|quick|no file is too long, scripts can be run, lines end well'
  'shell|quick|shell scripts parse and pass shellcheck'
  'style|quick|style sheets: lint, and no colour outside the tokens'
  'types|quick|TypeScript: types and lint'
  'clippy-protocol|quick|no warning in protocol'
  'clippy-guest|quick|no warning in guest'
  'clippy-page|quick|no warning in app and frontend as the browser gets them'
  'clippy-app|quick|no warning in app as the server renders it'
  'clippy-server|quick|no warning in server and its tests'
  'clippy-bench|quick|no warning in bench'
  'clippy-bindgen|quick|no warning in the tool that makes the glue of the page'
  'unit|quick|protocol, guest, and what of the page needs no browser'
  'licences|full|licences, sources and advisories of every crate'
  'build|full|the self-contained binary, with no path of this machine inside'
  'budget|full|the first page is small enough'
  'layers|full|no crate or module knows what it must not; files, functions and docstrings within bounds'
  'drift|full|the OpenAPI document, the route table and the answers say the same'
  'server|full|server stories with a real engine and both databases'
  'e2e|full|the real binary in a real browser'
)

list_suites() {
  local entry name kind what
  for entry in "${SUITES[@]}"; do
    IFS='|' read -r name kind what <<<"$entry"
    printf '%-16s %-6s %s\n' "$name" "$kind" "$what"
  done
}

cannot_run() {
  printf '\n%s\n' "${_red}${_bold}This suite cannot run:${_off} $1" >&2
  exit "$CANNOT_RUN"
}

passed=0 failed=0 skipped=0
TABLE=()

# Sums what the known runners print about themselves. A suite with no such line is one test.
_count() {
  local log="$1" status="$2" p f s
  read -r p f s < <(sed 's/\x1b\[[0-9;]*m//g' "$log" | awk '
    /^test result: /            { p += $4; f += $6; s += $8; next }
    /^ *[0-9]+ passed \(/       { p += $1 }
    /^ *[0-9]+ failed$/         { f += $1 }
    /^ *[0-9]+ skipped$/        { s += $1 }
    /^ *[0-9]+ did not run$/    { f += $1 }
    END { print p + 0, f + 0, s + 0 }')
  if [ $((p + f + s)) = 0 ]; then
    if [ "$status" = 0 ]; then p=1; else f=1; fi
  fi
  # A runner that died before it could count has failed all the same.
  [ "$status" != 0 ] && [ "$f" = 0 ] && f=1
  COUNTS=("$p" "$f" "$s")
}

run_suite() {
  local name="$1" log="$LOGS/$1.log" began took status verdict
  mkdir -p "$LOGS"
  printf '\n%s\n' "${_bold}=== $name ===${_off}"
  began="$(now_ms)"
  set +e
  (set -e; "suite_${name//-/_}") 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  set -e
  took=$(($(now_ms) - began))
  if [ "$status" = "$CANNOT_RUN" ] && [ "${CI:-}" != true ]; then
    COUNTS=(0 0 1) verdict="SKIPPED"
  else
    _count "$log" "$status"
    verdict=ok; [ "$status" = 0 ] && [ "${COUNTS[1]}" = 0 ] || verdict=FAILED
  fi
  passed=$((passed + COUNTS[0])) failed=$((failed + COUNTS[1])) skipped=$((skipped + COUNTS[2]))
  TABLE+=("$(printf '%-16s %-8s %9s  %s passed, %s failed, %s skipped' "$name" "$verdict" "$(as_seconds "$took")" "${COUNTS[@]}")")
}

# The last line is plain on purpose: programs read it.
summary() {
  printf '\n%s\n' "${_bold}Summary ($(as_seconds $(($(now_ms) - $1))))${_off}"
  printf '%s\n' "${STEP_TIMES[@]/#/  preparing }" "${TABLE[@]/#/  }"
  if [ "$failed" -gt 0 ]; then printf '%s\n' "  Logs: $LOGS/<suite>.log"; fi
  printf '\n%d passed, %d failed' "$passed" "$failed"
  if [ "$skipped" -gt 0 ]; then printf ', %d skipped' "$skipped"; fi
  printf '\n'
  [ "$failed" = 0 ]
}
