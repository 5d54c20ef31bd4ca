# shellcheck shell=bash
# Jobs that run in parallel. Each writes to a log of its own; while they run, one line reports elapsed time and
# the number of crates that each has reached. The caller defines the jobs.

JOB_LOGS="$LOCAL_CACHE/jobs"
JOBS=()
declare -A JOB_PID JOB_BEGAN JOB_CRATES
JOBS_BEGAN=''

# start_job NAME COMMAND...: runs the command in the background, in a process group of its own, without standard input.
start_job() {
  local name="$1"; shift
  mkdir -p "$JOB_LOGS"
  rm -f "$JOB_LOGS/$name.status"
  : "${JOBS_BEGAN:=$(now_ms)}"
  JOB_BEGAN[$name]="$(now_ms)"
  # Not in a condition: `set -e` would be off inside the command.
  set -m
  (
    set +e
    (set -e; "$@")
    printf '%s %s\n' "$?" "$(now_ms)" >"$JOB_LOGS/$name.status"
  ) >"$JOB_LOGS/$name.log" 2>&1 </dev/null &
  JOB_PID[$name]=$!
  set +m
  JOBS+=("$name")
  trap stop_jobs EXIT
}

# The caller sets the trap, because it can be interrupted before the first job.
interrupted() {
  printf '\n%s\n' "Interrupted. Finished steps are kept; the next run continues after them." >&2
  exit 130
}

# expect_crates NAME COUNT: how many crates the job compiles when nothing is built yet.
expect_crates() { JOB_CRATES[$1]="$2"; }

# Ends the jobs that still run, with everything that they started.
stop_jobs() {
  local name
  for name in "${JOBS[@]}"; do
    if [ ! -e "$JOB_LOGS/$name.status" ]; then stop_group "${JOB_PID[$name]}"; fi
  done
  JOBS=()
}

_crates_of() { grep -c '^ *Compiling ' "$JOB_LOGS/$1.log" || true; }

# One line about every job that runs: "  40 s  page: crate 120 of 180; images: debootstrap".
_progress_line() {
  local name last line='' what
  for name in "${JOBS[@]}"; do
    [ -e "$JOB_LOGS/$name.status" ] && continue
    # A step, a line of `say`, or what cargo compiles, whichever came last.
    last="$(grep -E '^(==>|  [^ ]| +Compiling )' "$JOB_LOGS/$name.log" | tail -n 1 || true)"
    case "$last" in
      *' Compiling '*) what="crate $(_crates_of "$name")${JOB_CRATES[$name]:+ of ${JOB_CRATES[$name]}}" ;;
      *) what="$(sed 's/^[=> ]*//' <<<"$last")" ;;
    esac
    line+="${line:+; }$name: ${what:-started}"
  done
  printf '%5d s  %s' "$((($(now_ms) - JOBS_BEGAN) / 1000))" "$line"
}

_report_failed_job() {
  local name="$1" log="$JOB_LOGS/$1.log"
  stop_jobs
  printf '\n' >&2
  tail -n 40 "$log" >&2
  die "The job '$name' failed" "Its last lines are above; the full log is $log." \
    "Correct the cause and run again: $RUN_AGAIN"
}

# _reap_jobs: reports each job that has ended and fails with the first that failed.
_reap_jobs() {
  local name status ended running=()
  for name in "${JOBS[@]}"; do
    if [ ! -e "$JOB_LOGS/$name.status" ]; then
      if kill -0 "${JOB_PID[$name]}" 2>/dev/null; then running+=("$name"); continue; fi
      # Killed before it could write its status, unless it wrote it between the two checks.
      [ -e "$JOB_LOGS/$name.status" ] || _report_failed_job "$name"
    fi
    read -r status ended <"$JOB_LOGS/$name.status"
    [ "$status" = 0 ] || _report_failed_job "$name"
    step_took "$((ended - JOB_BEGAN[$name]))" "$name"
  done
  JOBS=("${running[@]}")
}

# Waits for every job. On a terminal the line is rewritten in place, else there is a new one every ten seconds.
wait_for_jobs() {
  local next=$((SECONDS + 10))
  while [ ${#JOBS[@]} -gt 0 ]; do
    if [ -t 1 ]; then printf '\r\e[K%.*s' "$(($(tput cols 2>/dev/null || echo 80) - 1))" "$(_progress_line)"; fi
    if [ ! -t 1 ] && [ $SECONDS -ge $next ]; then _progress_line; printf '\n'; next=$((SECONDS + 10)); fi
    sleep 0.5
    if [ -t 1 ]; then printf '\r\e[K'; fi
    _reap_jobs
  done
  JOBS_BEGAN=''
}
