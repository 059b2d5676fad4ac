# shellcheck shell=bash
# wait.bash: tests wait for conditions, never for times. To be sourced.

# wait_until COMMAND...: repeats it until it succeeds. The limit is no measure of anything: it ends
# tests whose condition never comes.
wait_until() {
	local end=$((SECONDS + 120))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "never: $*" >&2; return 1; }
		sleep 0.02
	done
}

# stop_in FILE COMMAND...: starts the command and stops it when it has read some of FILE, which has
# to be larger than what it reads at once. The kernel does so at that very call: no machine is too
# fast or too slow for it. Output is in the files out and err.
stop_in() {
	local file=$1
	shift
	rm -f calls
	# leaks cannot be looked for under strace
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o calls -P "$(realpath "$file")" -e trace=read -e inject=read:signal=STOP:when=2 \
		"$@" > out 2> err 3>&- &
	stopped=$!
	wait_until grep -q 'stopped by SIGSTOP' calls && return
	kill -KILL "$(pgrep -P "$stopped")"
	return 1
}

# go_on: lets it go on, and gives its exit status.
go_on() {
	kill -CONT "$(pgrep -P "$stopped")"
	wait "$stopped"
}
