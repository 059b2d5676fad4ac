# shellcheck shell=bash
# twin.bash: the host twin for tests: a store, its provider, a machine's volume. To be sourced.
#
#	twin_store            in setup_file: a signed release 7 in store/, keys a and b, and a server for it
#	twin_machine          in setup: a machine in the test's own folder: esp/, variables/, out/
#	configure MEMBERS     its configuration: key a, channel stable, and MEMBERS (JSON) of "boot"
#	boots MODE... [-- OPTION...]           release 7 is started from providers in these modes
#	refuses STATUS MODE... [-- OPTION...]  nothing is; exit STATUS
#	starts_twin OPTION...                  in the background; $twin is its process
#	says PATTERN          whether a line of what it said matches
#	handed_over RELEASE   what was started is what was signed, byte for byte
#	nothing_started       nothing was, and no floor was raised
#
# The server's modes are those of tests/interop/hostile_server.py.

TWIN_BUILT=1767225600 # 2026-01-01: when the program was built, as far as it knows

# wait_until COMMAND...: until it succeeds. Gives up in the end, so that a test can fail.
wait_until() {
	for _ in {1..9000}; do
		! "$@" || return 0
		sleep 0.01
	done
	echo "never: $*"
	return 1
}

# makes_manifest RELEASE [OPTION...]: unsigned, to stdout.
makes_manifest() {
	local release=$1
	shift
	phase-manifest -a x86_64 --release "$release" --cmdline "console=ttyS0 release=$release" "$@" store 2> /dev/null
}

twin_store() {
	local root=$PWD
	PATH="$root/build/bin:$PATH"
	cd "$BATS_FILE_TMPDIR" || return
	mkdir -p store/stable/x86_64
	{
		printf 'MZ'
		openssl enc -aes-128-ctr -nosalt -pass pass:kernel -in /dev/zero 2> /dev/null | head -c 5000001
	} > store/stable/x86_64/vmlinuz
	openssl enc -aes-128-ctr -nosalt -pass pass:initrd -in /dev/zero 2> /dev/null |
		head -c 4000002 > store/stable/x86_64/initramfs.img
	phase-sign --new-key a > /dev/null
	phase-sign --new-key b > /dev/null
	makes_manifest 7 --trees | phase-sign -k a.key > store/stable/x86_64/manifest.json
	key_a=$(jq -r '.signatures[0].key_id' store/stable/x86_64/manifest.json)
	key_b=$(phase-sign -k b.key < store/stable/x86_64/manifest.json | jq -r '.signatures[1].key_id')
	printf '%s %s\n' "$key_a" "$key_b" > keys
	mkdir store/bytes # what a gateway has; the server's modes are good for that, too
	jq -r '.artifacts[] | .swarm + " " + .filename' store/stable/x86_64/manifest.json |
		while read -r reference name; do
			ln -s "../stable/x86_64/$name" "store/bytes/$reference"
		done
	: > log
	: > connections
	python3 "$root/tests/interop/hostile_server.py" --log "$PWD/log" --connections "$PWD/connections" store > port 3>&- &
	echo $! > pid
	wait_until test -s port
}

twin_store_end() {
	kill "$(cat "$BATS_FILE_TMPDIR/pid")"
}

twin_machine() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH="$root/build/bin:$PATH"
	program=$root/build/san/test/swfetch-twin
	dir=$BATS_FILE_TMPDIR
	store=$dir/store/stable/x86_64
	port=$(cat "$dir/port")
	read -r key_a key_b < "$dir/keys"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p esp/EFI/swfetch variables out
	configure '"attempts":1,"verbose":true'
	: > "$dir/log"
	: > "$dir/connections"
}

# Ends what a test has started and not ended itself.
twin_machine_end() {
	local pids
	pids=$(cat ./*.pid 2> /dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2> /dev/null || true
}

configure() {
	printf '{"policy_version":1,"version":1,"channel":"stable","threshold":1,"keys":[{"key_id":"%s"}],"boot":{%s}}\n' \
		"$key_a" "$1" > esp/EFI/swfetch/swfetch.json
}

url() {
	echo "http://127.0.0.1:$port/$1/"
}

starts_twin() {
	"$program" --esp esp --variables variables --hand-over out --built $TWIN_BUILT "$@" > said 2>&1 3>&- &
	twin=$!
	echo $twin > twin.pid
}

ends_twin() {
	local status=0
	wait "$twin" || status=$?
	rm twin.pid
	cat said
	[ "$status" = "$1" ]
}

# from MODE... [-- OPTION...]: the program with these providers.
from() {
	local options=
	while [ $# != 0 ] && [ "$1" != -- ]; do
		[[ $1 = http* ]] && options+="provider=$1 " || options+="provider=$(url "$1") "
		shift
	done
	[ $# = 0 ] || shift
	starts_twin --options "$options" "$@"
}

boots() {
	from "$@"
	ends_twin 0
	handed_over 7
}

refuses() {
	local status=$1
	shift
	from "$@"
	ends_twin "$status"
	nothing_started
}

says() {
	grep -qE -e "$1" said || { echo "it does not say: $1"; return 1; }
}

handed_over() {
	local release=$1
	cmp out/kernel "$store/vmlinuz" || return
	# as the kernel reads it: padded to 4 bytes
	{ cat "$store/initramfs.img" && printf '\0\0'; } | cmp - out/initrd || return
	[ "$(cat out/cmdline)" = "console=ttyS0 release=$release" ] &&
		[ "$(jq .release variables/Floor-stable-x86_64)" = "$release" ]
}

nothing_started() {
	[ -z "$(ls out)" ] && [ ! -e variables/Floor-stable-x86_64 ] && ! grep -q 'starting release' said
}
