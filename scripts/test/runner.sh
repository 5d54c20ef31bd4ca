# shellcheck shell=bash
# Runs suites one after the other, counts their tests and prints a table.

# Exit status of a suite that cannot run on this machine.
SKIP_STATUS=77

# name | quick, full, or long (only with --long, or when it is named) | what it checks
SUITES=(
  'format|quick|Rust sources are formatted'
  'files|quick|lengths of files and lines, executable scripts, line endings, tests named in docs'
  'layers|quick|crates depend on nothing their layer forbids; no import cycle'
  'shell|quick|shell scripts: syntax and shellcheck'
  'style|quick|style sheets: lint, no colour outside the tokens'
  'types|quick|TypeScript: types and lint'
  'clippy-crates|quick|no warning in the crates below crates/, each with its own features'
  'clippy-page|quick|no warning in app and frontend, built for the browser'
  'clippy-app|quick|no warning in app, built for the server'
  'clippy-server|quick|no warning in server and its tests'
  'clippy-bench|quick|no warning in bench'
  'clippy-bindgen|quick|no warning in the tool that generates the JavaScript bindings of the page'
  'unit|quick|tests of protocol and guest; tests of the page that need no browser'
  'licences|full|licences, sources and advisories of every crate'
  'build|full|the self-contained binary builds and contains no path of this machine'
  'budget|full|compressed size of the first page'
  'structure|full|modules of the server: layers, and names that stay inside one folder'
  'drift|full|OpenAPI document, route table and responses agree'
  'server|full|server integration tests with a real engine and both databases'
  'e2e|full|the release binary in a browser'
  'attack|long|one account attacks the release binary while another one works; about two minutes'
)

list_suites() {
  local entry name kind what
  for entry in "${SUITES[@]}"; do
    IFS='|' read -r name kind what <<<"$entry"
    printf '%-16s %-6s %s\n' "$name" "$kind" "$what"
  done
}

skip_suite() {
  printf '\n%s\n' "${_red}${_bold}Suite skipped:${_off} $1" >&2
  exit "$SKIP_STATUS"
}

passed=0 failed=0 skipped=0
TABLE=() SKIP_REASONS=()

# Sums the totals that the known test runners print. A suite without such a line counts as one test.
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
  # A runner that ended before it printed totals has failed as well.
  [ "$status" != 0 ] && [ "$f" = 0 ] && f=1
  COUNTS=("$p" "$f" "$s")
}

# What a suite left out, with the reason where its log has one: the whole suite, a part of it, or single tests.
_left_out() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | sed -nE \
    -e 's/^ *Suite skipped: //p' \
    -e 's/^ *((ADVISORIES NOT CHECKED|Not taken): .*)/\1/p' \
    -e 's/^test (.*) \.\.\. ignored, (.*)$/\1: \2/p' -e 's/^test (.*) \.\.\. ignored$/\1/p' \
    -e 's/^ +- +[0-9]+ (\[.*)/\1/p'
}

# These read sources only, mostly in one thread. They run in parallel with the first suites that compile.
BESIDE=(format files layers shell style types licences)
declare -A SUITE_JOB

# start_suites NAME...: starts those of the suites that run in parallel with the others.
start_suites() {
  local name
  for name in "$@"; do
    [[ " ${BESIDE[*]} " == *" $name "* ]] || continue
    rm -f "$LOGS/$name.status"
    # A process group of its own, which Ctrl-C does not reach.
    set -m
    (
      began="$(now_ms)"
      set +e
      (set -e; "suite_${name//-/_}") >"$LOGS/$name.log" 2>&1 </dev/null
      printf '%s %s\n' "$?" "$(($(now_ms) - began))" >"$LOGS/$name.status"
    ) &
    SUITE_JOB[$name]=$!
    set +m
  done
}

# Ends what runs in parallel, with everything that it started.
stop_background() {
  local name
  for name in "${!SUITE_JOB[@]}"; do
    [ -e "$LOGS/$name.status" ] || stop_group "${SUITE_JOB[$name]}"
  done
  if [ -n "${IMAGES_JOB:-}" ] && [ ! -e "$IMAGES_STATUS" ]; then stop_group "$IMAGES_JOB"; fi
}

run_suite() {
  local name="$1" log="$LOGS/$1.log" began took status verdict reason
  printf '\n%s\n' "${_bold}=== $name ===${_off}"
  if [ -n "${SUITE_JOB[$name]:-}" ]; then
    wait "${SUITE_JOB[$name]}"
    cat "$log"
    read -r status took <"$LOGS/$name.status"
  else
    began="$(now_ms)"
    set +e
    (set -e; "suite_${name//-/_}") 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    set -e
    took=$(($(now_ms) - began))
  fi
  if [ "$status" = "$SKIP_STATUS" ] && [ "${CI:-}" != true ]; then
    COUNTS=(0 0 1) verdict="SKIPPED"
  else
    _count "$log" "$status"
    verdict=ok; [ "$status" = 0 ] && [ "${COUNTS[1]}" = 0 ] || verdict=FAILED
  fi
  while IFS= read -r reason; do SKIP_REASONS+=("$name: $reason"); done < <(_left_out "$log")
  passed=$((passed + COUNTS[0])) failed=$((failed + COUNTS[1])) skipped=$((skipped + COUNTS[2]))
  TABLE+=("$(printf '%-16s %-8s %9s  %s passed, %s failed, %s skipped' \
    "$name" "$verdict" "$(as_seconds "$took")" "${COUNTS[@]}")")
}

# Programs parse the last line, so it has no colours.
summary() {
  printf '\n%s\n' "${_bold}Summary ($(as_seconds $(($(now_ms) - $1))))${_off}"
  printf '%s\n' "${STEP_TIMES[@]/#/  preparing }" "${TABLE[@]/#/  }"
  if [ ${#SKIP_REASONS[@]} -gt 0 ]; then printf '  left out in %s\n' "${SKIP_REASONS[@]}"; fi
  if [ "$failed" -gt 0 ]; then printf '%s\n' "  Logs: $LOGS/<suite>.log"; fi
  printf '\n%d passed, %d failed' "$passed" "$failed"
  if [ "$skipped" -gt 0 ]; then printf ', %d skipped' "$skipped"; fi
  printf '\n'
  [ "$failed" = 0 ]
}
