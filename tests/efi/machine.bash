# shellcheck shell=bash disable=SC2034,SC2119,SC2120 # variables and arguments are the tests'
# machine.bash: a machine that boots a signed release by SWFETCH.EFI, for tests. To be sourced.
#
#	machine_setup, machine_teardown   in setup and teardown: release 7 is published and served
#	publish RELEASE [OPTION...]       signs what lies in the store
#	serve [PORT]                      the provider; $port and $t/serve.pid are its own
#	disk [JQ-FILTER]                  $image, with a configuration that names the provider
#	started RELEASE                   the payload of that release runs
#	refused PATTERN                   nothing was started, and the next boot entry has its turn

# shellcheck source=tests/efi/qemu.sh
. tests/efi/qemu.sh

machine_setup() {
	PATH=$PWD/build/bin:$PATH
	t=$BATS_TEST_TMPDIR
	vm=$t/vm image=$t/disk.img release=$t/store/stable/x86_64
	mkdir -p "$release"
	vm_payload "$release"
	phase-sign --new-key "$t/a" > "$t/a.id"
	publish 7
	serve
}
machine_teardown() {
	vm_stop
	local pids
	pids=$(cat "$t"/*.pid 2> /dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2> /dev/null || true
}

publish() {
	phase-manifest --release "$1" --trees --cmdline "console=ttyS0 quiet panic=-1 no_timer_check phase.release=$1" "${@:2}" "$t/store" |
		phase-sign --key "$t/a.key" > "$t/m.json"
	mv "$t/m.json" "$release/manifest.json"
}
serve() {
	: > "$t/ready"
	phase-serve -q --no-mdns -b 127.0.0.1 -p "${1:-0}" "$t/store" > "$t/ready" 3>&- &
	echo $! > "$t/serve.pid"
	until [ -s "$t/ready" ]; do sleep 0.05; done
	port=$(jq -r .listening "$t/ready" | sed 's/.*://')
}
disk() {
	jq -Rn --arg url "http://10.0.2.2:$port/" "{threshold: 1, channel: \"stable\", keys: [inputs | {key_id: .}],
		boot: {providers: [\$url], attempts: 1}} | ${1:-.}" "$t/a.id" > "$t/swfetch.json"
	tools/esp.sh "$t/swfetch.json" "$image"
}
started() {
	vm_until 240 "guest: release $1 has started"
}
refused() {
	vm_until 240 "$1"
	vm_until 120 'BdsDxe: failed to start Boot'
	run ! vm_says 'starting release|guest:'
}
