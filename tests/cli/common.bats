#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# What every program does alike: one pass over all of them for each promise.

programs() {
	local source
	for source in cmd/*.c; do
		basename "$source" .c
	done
}

# holds FUNCTION: for every program; the ones it does not hold for are named.
holds() {
	local program failed=() n=0
	for program in $(programs); do
		n=$((n + 1))
		"$1" "build/bin/$program" "$program" || failed+=("$program")
	done
	echo "of $n programs, these fail: ${failed[*]-}"
	[ "$n" -gt 0 ] && [ "${#failed[@]}" = 0 ]
}

@test "--help and -h: usage, summary and options on stdout, exit 0" {
	teaches() {
		"$1" --help > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" || return 1
		"$1" -h | cmp - "$BATS_TEST_TMPDIR/out" || return 1
		[ ! -s "$BATS_TEST_TMPDIR/err" ] || return 1
		[[ $(head -n 1 "$BATS_TEST_TMPDIR/out") = "usage: $2 [OPTION]..."* ]] || return 1
		grep -qE '^  -h, --help +[a-z]' "$BATS_TEST_TMPDIR/out" &&
			grep -q '^exit status: 0 done, ' "$BATS_TEST_TMPDIR/out" &&
			! grep -qP '\t|.{100}' "$BATS_TEST_TMPDIR/out"
	}
	holds teaches
}

@test "--version and -V: name and version, exit 0" {
	version() {
		# A program may have a --version of its own; -V is the same everywhere.
		[[ $("$1" -V) =~ ^$2\ [0-9]+\.[0-9]+\.[0-9]+$ ]] && [ "$("$1" -V)" = "$("$1" --version)" ]
	}
	holds version
}

# refuses SENTENCE PROGRAM ARGUMENT...: exit 2, nothing on stdout, that sentence, then where to look.
refuses() {
	local sentence=$1 program=$2 status=0 name
	shift 2
	name=$(basename "$program")
	"$program" "$@" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" < /dev/null || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ "$status" = 2 ] && [ ! -s "$BATS_TEST_TMPDIR/out" ] &&
		printf "%s: %s\nTry '%s --help'.\n" "$name" "$sentence" "$name" | cmp - "$BATS_TEST_TMPDIR/err"
}

@test "unknown options are named, exit 2" {
	unknown() {
		refuses "unknown option '--no-such-option'" "$1" --no-such-option &&
			refuses "unknown option '-%'" "$1" -% &&
			refuses "option '--help=x' takes no value" "$1" --help=x &&
			refuses "--log: 'xml' is neither text nor json" "$1" --log xml
	}
	holds unknown
}

@test "options that take a value refuse an empty one, and want one" {
	empty() {
		local option n=0
		for option in $("$1" --help | grep -oE '^  (-., |    )--[a-z0-9-]+ [A-Z]' | grep -oE -e '--[a-z0-9-]+'); do
			refuses "$option: the value is empty" "$1" "$option=" || return 1
			n=$((n + 1))
			[ "$option" != --version ] || continue
			refuses "option '$option' needs a value" "$1" "$option" || return 1
		done
		[ "$n" -gt 0 ]
	}
	holds empty
}

@test "durations and numbers: a bad one is named, a repeated one is refused" {
	values() {
		local option
		for option in $("$1" --help | grep -oE -e '--[a-z0-9-]+ (N|PORT|DURATION)( |$)' | grep -oE -e '--[a-z0-9-]+'); do
			"$1" "$option" '1e3' < /dev/null 2> "$BATS_TEST_TMPDIR/err" && return 1
			grep -q -e "$option" "$BATS_TEST_TMPDIR/err" || return 1
		done
		refuses "--log is given twice" "$1" --log text --log json
	}
	holds values
}

@test "--log json: messages are JSON lines" {
	json() {
		"$1" --log json --no-such-option 2> "$BATS_TEST_TMPDIR/err" && return 1
		[ "$(jq -r '.program + " " + .level + " " + .message' "$BATS_TEST_TMPDIR/err")" = "$2 error unknown option '--no-such-option'" ]
	}
	holds json
}

@test "output that cannot be written is an error that says why, exit 3" {
	full() {
		local status=0
		"$1" --help > /dev/full 2> "$BATS_TEST_TMPDIR/err" || status=$?
		[ "$status" = 3 ] && [ "$(cat "$BATS_TEST_TMPDIR/err")" = "$2: write error: No space left on device" ]
	}
	holds full
}

@test "without standard input, output or error no other file gets in its place" {
	says() {
		local status=0
		"$1" --help >&- 2> "$BATS_TEST_TMPDIR/said" || status=$?
		[ "$status" = 3 ] && grep -q 'write error' "$BATS_TEST_TMPDIR/said" && "$1" --help <&- 2>&- > /dev/null
	}
	holds says
	# the first files that are opened: a lock, an input
	cd "$BATS_TEST_TMPDIR"
	local status=0
	timeout 60 "$OLDPWD/build/bin/phase-node" --state state --listen /ip4/127.0.0.1/tcp/0 >&- 2> /dev/null || status=$?
	[ "$status" = 3 ]
	[[ $(cat state/lock) =~ ^[0-9]+$ ]]
	echo text > file
	"$OLDPWD/build/bin/bmt-hash" file <&- 2>&- > read.json
	[ "$(jq -r .size read.json)" = 5 ]
	[ "$(cat file)" = text ]
}

@test "control characters in arguments do not reach the terminal" {
	clean() {
		"$1" $'--evil\033[2J\r' 2> "$BATS_TEST_TMPDIR/err" && return 1
		! grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/err"
	}
	holds clean
}

@test "completion offers the options of --help" {
	completes() {
		local script=$BATS_TEST_TMPDIR/completion
		tools/completion.sh "$1" > "$script"
		# shellcheck source=/dev/null
		. "$script"
		COMP_WORDS=("$2" --ver) COMP_CWORD=1 COMPREPLY=()
		"_${2//-/_}"
		[[ " ${COMPREPLY[*]} " = *" --version "* && " ${COMPREPLY[*]} " = *" --verbose "* ]] || return 1
		COMP_WORDS=("$2" --log j) COMP_CWORD=2 COMPREPLY=()
		"_${2//-/_}"
		[ "${COMPREPLY[*]}" = json ]
	}
	holds completes
}

# Commands as help and man pages show them, one a line, what is continued joined.
examples() {
	local program page
	{
		for program in $(programs); do
			"build/bin/$program" --help | grep -E '^  (phase|bmt|bzz)-|^      [^-]'
		done
		for page in man/*.[18]; do
			sed -n '/^\.Sh EXAMPLES/,/^\.Sh [^E]/p' "$page" |
				sed -nE 's/\\e$/\\/; s/^\.Dl [$#] //p; t; s/^[$#] //p; t; /^    /p'
		done
	} | sed -E ':more; /(\\|\||&&)$/{ N; s/\\?\n +/ /; b more }'
}

@test "examples lose nothing: what is live is replaced only when the step before has succeeded" {
	examples >"$BATS_TEST_TMPDIR/examples"
	grep -qE '> ?next && mv next policy\.json$' "$BATS_TEST_TMPDIR/examples"
	grep -qE '> ?next && +mv next store/.*/manifest\.json$' "$BATS_TEST_TMPDIR/examples"
	run ! grep -nE '^mv |; *mv |> ?[^ ]*(policy|/manifest)\.json' "$BATS_TEST_TMPDIR/examples"
}

@test "examples are safe: a policy to fetch and to boot, and a floor against older releases" {
	local part
	examples | grep -oE 'phase-(fetch|boot) [^|&>]*' >"$BATS_TEST_TMPDIR/examples"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/examples")" -ge 15 ]
	for part in --policy --state; do
		run ! grep -nv -e "$part " "$BATS_TEST_TMPDIR/examples"
	done
	run ! grep -n 'phase-boot$' <(examples)
}
