#!/usr/bin/env bats
# SWFETCH.EFI and bridges, in its host twin: the manifest and the files come from bzz-bridge over libp2p, and what it
# sends is believed as little as what anybody else does.
bats_require_minimum_version 1.5.0

setup_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_store
	local file
	for file in vmlinuz initramfs.img; do
		bzz-put --quiet --store chunks "store/stable/x86_64/$file" > /dev/null
	done
	bzz-put --store chunks store/stable/x86_64/manifest.json | jq -r .reference > reference
	bzz-put --store chunks --manifest store/stable/x86_64/manifest.json | jq -r .reference > upload
	bzz-bridge --listen /ip4/127.0.0.1/tcp/0 --connections 1000 --per-client 1000 chunks > bridge.ready 3>&- &
	echo $! > bridge.pid
	wait_until test -s bridge.ready
	# what a bridge says that believes in a folder
	mkdir folder
	jq -r '.artifacts[] | .swarm + " " + .filename' store/stable/x86_64/manifest.json |
		while read -r hash name; do
			cp "store/stable/x86_64/$name" "folder/$hash"
		done
	cp store/stable/x86_64/manifest.json "folder/$(cat reference)"
}

teardown_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	kill "$(cat "$BATS_FILE_TMPDIR/bridge.pid")"
	twin_store_end
}

setup() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_machine
	bridge=$(jq -r '.listening[0]' "$dir/bridge.ready")
	anybody=${bridge%/p2p/*}
	reference=$(cat "$dir/reference")
	kernel=$(jq -r .artifacts.kernel.swarm "$store/manifest.json")
}

teardown() {
	[ ! -f folder1.pid ] || kill -CONT "$(cat folder1.pid)" # one that is stopped would not end
	twin_machine_end
}

# bridges MANIFEST BRIDGE...: the configuration names them.
bridges() {
	local manifest=$1 list
	shift
	list=$(jq -nc '$ARGS.positional' --args "$@")
	configure "\"attempts\":1,\"verbose\":true,\"manifest\":\"$manifest\",\"bridge\":$list"
}

# nothing is left of what has been before.
afresh() {
	rm -rf out/* variables/*
}

# folder_bridge SEED [MEMBER]: one that believes in the test's own folder; its address is in $other.
folder_bridge() {
	[ -d folder ] || cp -r "$dir/folder" .
	mkfifo "in.$1"
	"$root/build/test/p2p_node" "$1" /ip4/127.0.0.1/tcp/0 < "in.$1" > "said.$1" 2>&1 3>&- &
	echo $! > "folder$1.pid"
	exec {pipe}> "in.$1"
	echo "{\"cmd\":\"bridge\",\"folder\":\"$PWD/folder\",\"tag\":1${2-}}" >&"$pipe"
	wait_until grep -q '"tag":1' "said.$1"
	other=$(jq -r 'select(.event == "ready").addrs[0]' "said.$1")
}

# started FROM-BRIDGE: a twin without providers starts release 7.
starts() {
	starts_twin "$@"
	ends_twin 0
	handed_over 7
}

@test "all of a release comes from a bridge" {
	bridges "$reference" "$bridge"
	starts
	says "$bridge/bzz/$reference: release 7, accepted: 1 of 1 keys have signed it\$"
	says 'vmlinuz: its tree comes as 11 chunks'
	says 'vmlinuz: 5\.0 MB, verified, '
	says "  5\.0 MB from $bridge\$"
	says 'initramfs.img: 4\.0 MB, verified, '
	run ! says 'not in this build|providers\?'
}

@test "a manifest of Swarm leads to that of the release; whoever answers there will do; load options name bridges" {
	bridges "$(cat "$dir/upload")/" "$anybody"
	starts
	afresh
	bridges "$reference" /ip4/127.0.0.1/tcp/1
	starts --options "bridge=$anybody"
	run ! says '127\.0\.0\.1/tcp/1'
}

@test "providers have the manifest, and a bridge the files" {
	configure "\"attempts\":1,\"verbose\":true,\"bridge\":[\"$bridge\"]"
	boots status-404
	says 'bridge: asked for files only: "manifest" is no reference of 64 hex digits$'
	says "  5\.0 MB from $bridge\$"
}

@test "modes without bridge: it is not asked" {
	configure "\"attempts\":1,\"manifest\":\"$reference\",\"bridge\":[\"$bridge\"],\"modes\":[\"http\"]"
	starts_twin
	ends_twin 3
	nothing_started
	run ! says "$bridge"
}

@test "another bridge: one that knows no parts, and no chunks" {
	folder_bridge 1 ',"whole":true'
	bridges "$reference" "$other"
	starts
	says "  5\.0 MB from $other\$"
	run ! says 'its tree comes'
}

@test "a bridge that lies is dropped, and the boot succeeds from another" {
	folder_bridge 1
	printf 'lie' | dd of="folder/$kernel" bs=1 seek=2500000 conv=notrunc status=none
	bridges "$reference" "$other" "$bridge"
	starts
	says "$other: vmlinuz: sent wrong bytes; dropped\$"
	run ! says 'loading it again'
}

@test "only a bridge that lies: nothing is started" {
	folder_bridge 1
	printf 'lie' | dd of="folder/$kernel" bs=1 seek=2500000 conv=notrunc status=none
	bridges "$reference" "$other"
	starts_twin
	ends_twin 1
	nothing_started
	says 'nothing was started: content does not match its hash$'
	# nor what nobody has signed
	afresh
	sed -i 's/"release": *7/"release":8/' "folder/$reference"
	starts_twin
	ends_twin 1
	nothing_started
	says "$other/bzz/$reference: refused: signatures: "
	# nor a manifest that never ends
	head -c 2000000 /dev/zero > "folder/$reference"
	starts_twin
	ends_twin 3
	says "$other/bzz/$reference: refused: manifest: larger than the limit\$"
	nothing_started
}

@test "chunks that are wrong: the liar is named, and the tree comes from another" {
	folder_bridge 1
	head -c 4104 /dev/urandom > "folder/$kernel.chunk"
	bridges "$reference" "$other" "$bridge"
	starts
	says "$other: sent wrong chunks of vmlinuz\$"
	says 'vmlinuz: its tree comes as 11 chunks'
}

@test "files of another size, and none" {
	folder_bridge 1
	head -c 4000000 "$store/vmlinuz" > "folder/$kernel"
	bridges "$reference" "$other" "$bridge"
	starts
	says "$other: vmlinuz: has something of another size\$"
	afresh
	rm "folder/$kernel"
	starts
	says "$other: vmlinuz: does not have it\$"
}

@test "nobody there, somebody else, no bridge, no address: said, and nothing is started" {
	bridges "$reference" /ip4/127.0.0.1/tcp/1
	starts_twin
	ends_twin 3
	says "/ip4/127.0.0.1/tcp/1/bzz/$reference: refused: "
	nothing_started
	bridges "$reference" "$anybody/p2p/12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba"
	starts_twin
	ends_twin 1
	says "/bzz/$reference: handshake: not an acceptable public key\$"
	nothing_started
	bridges "$reference" "/ip4/127.0.0.1/tcp/$port"
	starts_twin
	ends_twin 3
	says "/bzz/$reference: handshake: "
	nothing_started
	bridges "$reference" /ip4/127.0.0.1/udp/4001/quic-v1
	starts_twin
	ends_twin 3
	says ": no address of a bridge, as in /ip4/10.0.2.2/tcp/4001: "
	nothing_started
	bridges "${reference:0:62}00" "$bridge"
	starts_twin
	ends_twin 3
	says "$bridge/bzz/${reference:0:62}00: answer: not found\$"
	nothing_started
}

@test "a bridge that takes connections and says nothing: another one gives all" {
	folder_bridge 1
	bridges "$reference" "$other" "$bridge"
	kill -STOP "$(cat folder1.pid)"
	starts
	kill -CONT "$(cat folder1.pid)"
}
