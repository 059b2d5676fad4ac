#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # a test is a subshell, and keeps what it sets to itself; bats sets stderr
bats_require_minimum_version 1.5.0
# phase-node: how it begins and ends, what it keeps over restarts, and two of them together. Others than ours:
# tests/interop/phase-node.bats.

setup() {
	snapshot=$PWD/tests/cli/kad_snapshot.py
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	: > nobody
	export PHASE_BOOTSTRAP=$PWD/nobody # what this machine has in /etc takes no part
	tcp=/ip4/127.0.0.1/tcp/0
	declare -gA process address peer # of each node
}

teardown() {
	local one
	for one in "${process[@]}"; do
		kill "$one" 2> /dev/null || true
	done
	wait
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 20 ./*.out ./*.err
}

# start NAME ARGUMENT...: a node, into the background; returns when it has printed its line. Sets ${address[NAME]},
# the first one, and ${peer[NAME]}.
start() {
	local name=$1
	shift
	: > "$name.out"
	phase-node "$@" 3>&- > "$name.out" 2> "$name.err" &
	process[$name]=$!
	wait_until started "$name"
	address[$name]=$(jq -er '.listening[0]' "$name.out")
	peer[$name]=$(jq -er .peer "$name.out")
}

# started NAME: a whole line is there, or nobody who could write one.
started() {
	grep -q . "$1.out" || ! kill -0 "${process[$1]}" 2> /dev/null
}

# end NAME [SIGNAL]: gives its exit status.
end() {
	local pid=${process[$1]}
	unset "process[$1]"
	kill "-${2:-TERM}" "$pid"
	wait "$pid"
}

# publish NODE: a release is served, and announced there.
publish() {
	mkdir -p store/stable/x86_64
	seq 1 1000 > store/stable/x86_64/vmlinuz
	: > provider.out
	phase-serve --no-mdns -b 127.0.0.1 -p 0 store 3>&- > provider.out 2> provider.err &
	process[provider]=$!
	wait_until started provider
	url=$(jq -er .listening provider.out)/stable/x86_64/manifest.json
	phase-announce "${@:2}" --bootstrap "${address[$1]}" "$url" > announced
	jq -se 'length == 2 and all(.peers > 0)' announced
}

# finds NODE: who enters by this node finds what was published.
finds() {
	phase-discover -a x86_64 --dht --bootstrap "${address[$1]}" --first > found 2> found.err
	[ -s found ] && jq -e --arg url "$url" '.manifest_url == $url and .via == "dht"' found
}

# kept STATE TEXT: whether the snapshot has such an entry.
kept() {
	"$snapshot" list "$1/snapshot" > entries 2> entries.err && grep -qF "$2" entries
}

# refused ARGUMENT...: it ends by itself with status 3.
refused() {
	run -3 --separate-stderr timeout 100 phase-node "$@"
	[ -z "$output" ]
	echo "$stderr"
}

@test "ready: one line of JSON; ends with 0 on SIGTERM and SIGINT" {
	local signal
	for signal in TERM INT; do
		start a --listen "$tcp" --listen /ip4/127.0.0.1/udp/0/quic-v1
		[ "$(wc -l < a.out)" = 1 ]
		jq -e --arg pid "${process[a]}" '(keys == ["listening", "peer", "pid"]) and (.pid | tostring) == $pid and
			.peer as $peer | (.listening | length) == 2 and all(.listening[]; endswith("/p2p/" + $peer))' a.out
		jq -e '.listening[0] | test("^/ip4/127\\.0\\.0\\.1/tcp/[1-9][0-9]*/p2p/12D3KooW")' a.out
		jq -e '.listening[1] | test("^/ip4/127\\.0\\.0\\.1/udp/[1-9][0-9]*/quic-v1/p2p/12D3KooW")' a.out
		grep -qx 'phase-node: no peer to enter a network by: this node is one for others, by their --bootstrap' a.err
		end a $signal
		[ "$(wc -l < a.out)" = 1 ] && [ "$(wc -l < a.err)" = 1 ]
	done
}

@test "who it is: the key of --identity, or of the state, or another one each time" {
	local first
	start a --listen "$tcp" --quiet
	start b --listen "$tcp" --quiet
	[ "${peer[a]}" != "${peer[b]}" ] && [ ! -s a.err ]
	start c --listen "$tcp" --identity key
	[ "$(stat -c %a key)" = 600 ]
	first=${peer[c]}
	end c
	start c --listen "$tcp" --identity key --state state
	[ "${peer[c]}" = "$first" ] && [ ! -e state/identity.key ]
	end c
	start c --listen "$tcp" --state state
	[ "${peer[c]}" != "$first" ]
	first=${peer[c]}
	end c
	start c --listen "$tcp" --state state
	[ "${peer[c]}" = "$first" ]
	end c
	[ "$(stat -c '%a %n' state state/*)" = "700 state
600 state/identity.key
600 state/lock
600 state/snapshot" ]
	chmod 644 key
	refused --listen "$tcp" --identity key
	[ "$stderr" = 'phase-node: key: others may read or change this secret: chmod 600' ]
}

@test "nodes find each other, and what one is told the others give, also when it is gone" {
	start a --listen "$tcp" --state a --save-every 1s
	start b --listen "$tcp" --state b --save-every 1s --bootstrap "${address[a]}"
	start c --listen "$tcp" --state c --save-every 1s --bootstrap "${address[a]}"
	wait_until kept a "contact ${peer[b]}"
	wait_until kept a "contact ${peer[c]}"
	wait_until kept b "contact ${peer[c]}"
	wait_until kept c "contact ${peer[b]}"
	publish a
	local one
	for one in a b c; do
		wait_until kept "$one" 'value /phase/stable/x86_64/manifest'
		finds "$one"
	done
	end a
	finds b
	end b KILL || true
	finds c
}

@test "QUIC: a network without TCP" {
	local quic=/ip4/127.0.0.1/udp/0/quic-v1
	start a --listen $quic --state a --save-every 1s
	start b --listen $quic --bootstrap "${address[a]}"
	wait_until kept a "contact ${peer[b]}"
	publish a
	finds b
}

@test "another network's protocol: who speaks it is served, others are not" {
	start a --listen "$tcp" --state a --save-every 1s --protocol /test/kad/1.0.0 --protocol /ipfs/kad/1.0.0
	start b --listen "$tcp" --protocol /ipfs/kad/1.0.0 --bootstrap "${address[a]}"
	wait_until kept a "contact ${peer[b]}"
	run -3 --separate-stderr phase-discover -a x86_64 --dht --bootstrap "${address[a]}" --timeout 60s
	run -3 --separate-stderr phase-discover -a x86_64 --dht --bootstrap "${address[a]}" --timeout 60s --protocol /ipfs/kad/1.0.0
	[ -z "$output" ]
}

@test "records and peers outlive SIGTERM, and SIGKILL once they are written" {
	local signal
	start a --listen "$tcp" --state a --save-every 1s
	start b --listen "$tcp" --state b --save-every 1s --bootstrap "${address[a]}"
	publish a
	for signal in TERM KILL; do
		wait_until kept a "contact ${peer[b]}"
		wait_until kept a 'value /phase/stable/x86_64/manifest'
		wait_until kept a 'value /phase/stable/amd64/manifest'
		end a $signal || [ $signal = KILL ]
		end b $signal || [ $signal = KILL ]
		# Both come back where they were, and nobody tells them of each other.
		start b --listen "${address[b]%/p2p/*}" --state b --save-every 1s
		[ ! -s b.err ]
		start a --listen "${address[a]%/p2p/*}" --state a --save-every 1s --verbose
		grep -q 'taken up: 1 peers to ask, 2 values, 0 providers; 0 records left out' a.err
		wait_until grep -q "connected to ${peer[b]}" a.err
		finds a
	done
}

@test "lives go on while nobody runs; a clock that is behind makes none longer" {
	start a --listen "$tcp" --state a
	publish a
	end a
	kept a 'value /phase/stable/x86_64/manifest 3'
	cp a/snapshot snapshot
	"$snapshot" older a/snapshot 1000
	start a --listen "$tcp" --state a
	finds a
	end a
	kept a 'value /phase/stable/x86_64/manifest 2'
	cp snapshot a/snapshot
	"$snapshot" older a/snapshot 3600
	start a --listen "$tcp" --state a --verbose
	grep -q 'taken up: 0 peers to ask, 0 values, 0 providers; 2 records left out' a.err
	end a
	cp snapshot a/snapshot
	"$snapshot" older a/snapshot -1000
	start a --listen "$tcp" --state a --save-every 1s
	grep -qx 'phase-node: a/snapshot: the clock stands before the time it was written: 2 records wait for it to be set' a.err
	run ! finds a
	end a
	kept a 'value /phase/stable/x86_64/manifest 3'
}

# wrong_clock SECONDS: from then on what is started by "off" has a clock that is so wrong; again: one that is set.
wrong_clock() {
	[ -e clock.so ] || cc -shared -fPIC -o clock.so "$BATS_TEST_DIRNAME/clock.c"
	echo "$1" > clock.new
	mv clock.new off
}

off() {
	# a sanitizer would come first
	CLOCK_OFF=$PWD/off LD_PRELOAD=$PWD/clock.so ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 "$@"
}

@test "a machine that starts in the past keeps what it has, and takes it up when its clock is set" {
	start a --listen "$tcp" --state a
	publish a
	end a
	wrong_clock -86400
	off start a --listen "$tcp" --state a --save-every 1s --verbose
	grep -qx 'phase-node: a/snapshot: the clock stands before the time it was written: 2 records wait for it to be set' a.err
	end a
	kept a 'value /phase/stable/x86_64/manifest 3'
	off start a --listen "$tcp" --state a --save-every 1s --verbose
	wrong_clock 0
	wait_until grep -q 'taken up: 0 peers to ask, 2 values, 0 providers; 0 records left out' a.err
	finds a
}

@test "a clock that is wrong is named by who has it, and the node says what it refuses" {
	start a --listen "$tcp" --verbose
	publish a
	wrong_clock 86400
	off run -3 --separate-stderr phase-announce --bootstrap "${address[a]}" "$url"
	[[ $stderr = *"$url: not announced: 1 peer was asked to keep the record, and does not: this machine's clock says 2"*": is it right? "* ]]
	grep -q 'refused what 12D3KooW.* sends: a record that is from the future; the clock here says 2' a.err
	off run -3 --separate-stderr phase-discover -a x86_64 --dht --bootstrap "${address[a]}" --verbose
	[[ $stderr = *"a record from the DHT is left out: $url: expired"* ]]
	[[ $stderr = *"the DHT has records of these, but 1 expired and 0 from the future by this machine's clock, which says 2"*": is it right?"* ]]
	wrong_clock -86400
	off run -3 --separate-stderr phase-discover -a x86_64 --dht --bootstrap "${address[a]}"
	[[ $stderr = *"0 expired and 1 from the future by this machine's clock"* ]]
}

@test "an announcement is taken back by a short one of the same announcer" {
	start a --listen "$tcp" --verbose
	# On one machine everybody has the same address: the identity tells who it is.
	publish a --identity who
	finds a
	phase-announce --identity who --ttl 2s --bootstrap "${address[a]}" "$url" > announced
	jq -se 'length == 2 and all(.peers == 1 and .record.ttl_secs == 2)' announced
	gone() { ! finds a; }
	wait_until gone
	grep -q 'does phase-announce run?' found.err
}

@test "a damaged snapshot is a warning, and replaced" {
	local damage why
	start a --listen "$tcp" --state a
	publish a
	end a
	cp a/snapshot snapshot
	while IFS='!' read -r damage why; do
		cp snapshot a/snapshot
		(cd a && eval "$damage")
		start a --listen "$tcp" --state a
		grep -qx "phase-node: a/snapshot: $why: it is left out" a.err
		end a
		"$snapshot" list a/snapshot
	done <<- 'END'
		: > snapshot!ends too early
		truncate -s -1 snapshot!ends too early
		echo >> snapshot!bytes follow after the end
		printf X | dd of=snapshot bs=1 seek=100 conv=notrunc status=none!content does not match its hash
		printf X | dd of=snapshot bs=1 conv=notrunc status=none!a member has the wrong type
		printf '\001' | dd of=snapshot bs=1 seek=19 conv=notrunc status=none!a format version that is not known here
		truncate -s 5M snapshot!larger than the limit
	END
}

@test "a snapshot that cannot be read or written is a warning; who it is stays" {
	local first
	mkdir -p a/snapshot
	start a --listen "$tcp" --state a --save-every 1s
	first=${peer[a]}
	grep -qx 'phase-node: a/snapshot: Is a directory: it is left out' a.err
	wait_until grep -qx 'phase-node: a/snapshot: cannot be kept: exists and is not a regular file; nothing is replaced' a.err
	end a
	[ -d a/snapshot ]
	rmdir a/snapshot
	mkfifo a/snapshot # must not wait for a writer
	start a --listen "$tcp" --state a
	grep -qx 'phase-node: a/snapshot: exists and is not a regular file; nothing is replaced: it is left out' a.err
	end a
	rm a/snapshot
	start a --listen "$tcp" --state a
	[ "${peer[a]}" = "$first" ]
	end a
	# shellcheck disable=SC2016
	unshare -m bash -euc '
		mount -t tmpfs -o size=16k none a
		phase-node --listen "$1" --state a > b.out 2> b.err & node=$!
		until grep -q . b.out || ! kill -0 $node; do sleep 0.02; done
		until ! echo "some more" >> a/more; do :; done 2> more.err
		kill $node
		wait $node
		ls -A a' - "$tcp" > left
	grep -qx 'phase-node: a/snapshot: cannot be kept: No space left on device' b.err
	printf '%s\n' identity.key lock more | cmp - left
}

@test "a folder for the state: made, one process at a time, or why not" {
	start a --listen "$tcp" --state made/here/
	[ "$(stat -c %a made/here)" = 700 ]
	refused --listen "$tcp" --state made/here
	[ "$stderr" = "phase-node: made/here: in use by process ${process[a]}" ]
	end a KILL || true
	start a --listen "$tcp" --state made/here
	end a
	: > file
	refused --state file
	[ "$stderr" = 'phase-node: file: cannot make the folder: Not a directory' ]
	refused --state file/folder
	[ "$stderr" = 'phase-node: file/folder: cannot make the folder: Not a directory' ]
	mkdir closed
	# shellcheck disable=SC2016
	run -3 --separate-stderr unshare -m bash -euc 'mount -t tmpfs -o ro none closed; phase-node --listen "$1" --state closed' - "$tcp"
	[ "$stderr" = 'phase-node: closed: lock: Read-only file system' ]
	mkdir damaged
	echo no key > damaged/identity.key
	chmod 600 damaged/identity.key
	refused --listen "$tcp" --state damaged
	[ "$stderr" = 'phase-node: damaged/identity.key: not a secret key' ]
}

@test "calls of the system that fail: it says which, and leaves no half file" {
	local call expected sentence status
	mkdir folders
	while IFS='!' read -r call expected sentence; do
		rm -rf folders/state
		: > a.out
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o calls -e trace="$call" -e inject="$call:error=EIO:when=1" \
			phase-node --listen "$tcp" --state folders/state 3>&- > a.out 2> a.err &
		process[a]=$!
		wait_until started a
		[ ! -s a.out ] || kill "$(jq .pid a.out)" # strace is gone when what it looks at is
		status=0
		wait "${process[a]}" || status=$?
		echo "$call: $status, expected $expected"
		[ "$status" = "$expected" ]
		grep -qxE "phase-node: $sentence" a.err
		[ "$(grep -vc 'no peer to enter a network by' a.err)" = 1 ]
		[ -z "$(find folders -name '.*.*')" ]
	done <<- 'END'
		mkdir!3!folders/state: cannot make the folder: Input/output error
		flock!3!folders/state: lock: Input/output error
		fsync!3!folders/state/identity\.key: .*Input/output error.*
		rename!0!folders/state/snapshot: cannot be kept: Input/output error
		signalfd4!3!no descriptor for signals: i/o error
		listen!3!cannot listen on /ip4/127\.0\.0\.1/tcp/0: Input/output error
	END
}

@test "an address that is in use, or of another machine, is named" {
	local taken
	start a --listen "$tcp" --listen /ip4/127.0.0.1/udp/0/quic-v1
	for taken in $(jq -r '.listening[]' a.out); do
		refused --listen "${taken%/p2p/*}"
		[ "$stderr" = "phase-node: cannot listen on ${taken%/p2p/*}: Address already in use" ]
	done
	refused --listen /ip4/192.0.2.99/tcp/4001
	[ "$stderr" = 'phase-node: cannot listen on /ip4/192.0.2.99/tcp/4001: Cannot assign requested address' ]
}

someone=12D3KooWENTLiCwwoVwYNbKFEfmNdyHG1jxNn9oPB29JeeZXWjAb

# usage SENTENCE ARGUMENT...
usage() {
	local sentence=$1
	shift
	run -2 --separate-stderr phase-node "$@"
	[ -z "$output" ] && [ "$stderr" = "phase-node: $sentence"$'\n'"Try 'phase-node --help'." ]
}

@test "wrong usage" {
	local many=()
	while [ ${#many[@]} -lt 18 ]; do
		many+=(--listen "$tcp")
	done
	usage "unexpected operand 'x'" x
	usage "--listen: '127.0.0.1:4001' is no multiaddr such as /ip4/0.0.0.0/tcp/4001" --listen 127.0.0.1:4001
	usage "--listen: more than 8" "${many[@]}"
	local wrong no_port=': neither /tcp/PORT nor /udp/PORT/quic-v1 follows'
	for wrong in /ip4/127.0.0.1/tcp/0/ws /ip4/127.0.0.1 /ip4/127.0.0.1/udp/4001; do
		usage "--listen: '$wrong' is no address to listen on$no_port" --listen $wrong
	done
	usage "--listen: '/dns4/node.example/tcp/4001' is no address to listen on: it begins with /ip4/ADDRESS or /ip6/ADDRESS, not with a name" \
		--listen /dns4/node.example/tcp/4001
	for wrong in listen advertise; do
		usage "--$wrong: '/ip4/192.0.2.1/tcp/4001/p2p/$someone' ends with /p2p/ID: leave that away, the id is that of --identity" \
			--$wrong "/ip4/192.0.2.1/tcp/4001/p2p/$someone"
	done
	usage "--bootstrap: '/ip4/192.0.2.1/tcp/4001' lacks /p2p/ID at its end, as in /ip4/192.0.2.1/tcp/4001/p2p/12D3..." \
		--bootstrap /ip4/192.0.2.1/tcp/4001
	usage "--bootstrap: '192.0.2.1:4001' is no multiaddr such as /ip4/192.0.2.1/tcp/4001/p2p/12D3..." \
		--bootstrap 192.0.2.1:4001
	usage "--advertise: '/ip4/192.0.2.1/udp/4001' is no multiaddr such as /ip4/192.0.2.1/tcp/4001" \
		--advertise /ip4/192.0.2.1/udp/4001
	usage "--protocol: 'kad' is no id of a protocol such as /phase/kad/1.0.0" --protocol kad
	usage "--protocol: more than 2" --protocol /a --protocol /b --protocol /c
	usage "--connections: 1 to 65536" --connections 0
	usage "--per-client: 1 to the number of --connections" --connections 10 --per-client 11
}

@test "the list of peers of all machines may have this one in it; one that is wrong is named" {
	start a --listen "$tcp" --identity key
	address[first]=${address[a]}
	end a
	echo "${address[a]}" > all
	export PHASE_BOOTSTRAP=$PWD/all
	start a --listen "${address[a]%/p2p/*}" --identity key --state a --save-every 1s --verbose
	start b --listen "$tcp"
	wait_until kept a "contact ${peer[b]}"
	run ! grep -F "${peer[a]}" a.err
	# What is wrong in it is left out; the others are enough.
	{
		echo /ip4/127.0.0.1/tcp/1
		echo "${address[a]}"
		printf "/ip4/127.0.0.1/tcp/1/p2p/$someone\n%.0s" {1..16}
	} > all
	start c --listen "$tcp"
	grep -qx "phase-node: $PHASE_BOOTSTRAP: line 1: left out: '/ip4/127.0.0.1/tcp/1' is no multiaddr such as .*" c.err
	grep -qx "phase-node: $PHASE_BOOTSTRAP: line 18: left out, and all behind it: more than 16 peers" c.err
	wait_until kept a "contact ${peer[c]}"
	# An empty name of it is none.
	PHASE_BOOTSTRAP='' start d --listen "$tcp" --identity other
	end d
	PHASE_BOOTSTRAP=nothing refused --listen "$tcp"
	[ "$stderr" = 'phase-node: nothing: not found' ]
}

@test "a node that is told to enter by itself alone says so: a copied disk" {
	start a --listen "$tcp" --identity key
	cp key copy
	start b --listen "$tcp" --identity copy --bootstrap "${address[a]}"
	[ "${peer[a]}" = "${peer[b]}" ]
	grep -q "${address[a]}: this is us, and no other peer is named" b.err
	start c --listen "$tcp" --identity copy --bootstrap "${address[a]}" --bootstrap "/ip4/127.0.0.1/tcp/1/p2p/$someone"
	run ! grep 'this is us' c.err
}

@test "a peer to enter by that comes later is entered by then, which is said" {
	start a --listen "$tcp" --identity key
	end a
	start b --listen "$tcp" --bootstrap "${address[a]}" --state b --save-every 1s
	wait_until grep -q "the DHT cannot be entered by ${address[a]}: the connection was refused" b.err
	start a --listen "${address[a]%/p2p/*}" --identity key
	wait_until grep -qx "phase-node: the DHT is entered by ${address[a]} now" b.err
	wait_until kept b "contact ${peer[a]}"
}

@test "an address in front of a NAT is told, too" {
	start a --listen "$tcp" --advertise /ip4/198.51.100.7/tcp/4001 --advertise /dns4/node.example/tcp/4001
	jq -e --arg peer "${peer[a]}" '.listening | length == 3 and index("/ip4/198.51.100.7/tcp/4001/p2p/" + $peer) != null and
		index("/dns4/node.example/tcp/4001/p2p/" + $peer) != null' a.out
}

@test "the line that cannot be printed is an error" {
	# shellcheck disable=SC2016
	run -3 --separate-stderr bash -c 'phase-node --quiet --listen "$1" > /dev/full' - "$tcp"
	[ "$stderr" = 'phase-node: write error: No space left on device' ]
}

# alone NODE-ARGUMENT...: in a network of its own, which the command in $before may change; its output is in out, its
# messages in err.
alone() {
	# shellcheck disable=SC2016
	unshare -n bash -euc 'eval "$0"; "$@" > out 2> err & node=$!
		until grep -q . out || ! kill -0 $node; do sleep 0.02; done
		# strace is gone when what it looks at is
		[ ! -s out ] || kill "$(jq .pid out)"
		wait $node' "$before" "$@"
}

@test "defaults: TCP and QUIC on port 4001, of IPv4 and IPv6, or of what the machine has" {
	local ports='[.listening[] | sub("/p2p/.*"; "")]' first
	before='ip link set lo up' alone phase-node
	jq -e "$ports"' == ["/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/udp/4001/quic-v1", "/ip6/::1/tcp/4001",
		"/ip6/::1/udp/4001/quic-v1"]' out
	before=: alone phase-node
	jq -e '.listening == []' out
	grep -qx 'phase-node: no address that others could reach: this machine has none yet' err
	# A kernel without IPv6.
	export ASAN_OPTIONS=detect_leaks=0
	before='ip link set lo up' alone strace -f -qq -o calls -e trace=socket phase-node
	first=$(grep 'socket(' calls | grep -n 'socket(AF_INET6, SOCK_STREAM' | head -n 1 | cut -d: -f1)
	before='ip link set lo up' alone strace -f -qq -o calls -e trace=socket \
		-e inject=socket:error=EAFNOSUPPORT:when="$first..$((first + 1))" phase-node
	jq -e "$ports"' == ["/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/udp/4001/quic-v1"]' out
	grep -qx 'phase-node: not listening on /ip6/::/tcp/4001: Address family not supported by protocol' err
	grep -qx 'phase-node: not listening on /ip6/::/udp/4001/quic-v1: Address family not supported by protocol' err
	# Who asks for it must have it.
	before='ip link set lo up' run -3 alone strace -f -qq -o calls -e trace=socket \
		-e inject=socket:error=EAFNOSUPPORT:when="$first" phase-node --listen /ip4/0.0.0.0/tcp/0 \
		--listen /ip4/0.0.0.0/udp/0/quic-v1 --listen /ip6/::1/tcp/0
	[ "$(cat err)" = 'phase-node: cannot listen on /ip6/::1/tcp/0: Address family not supported by protocol' ]
}
