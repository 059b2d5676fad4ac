#!/bin/bash
# run.sh: the whole loop on real parts. Two keys sign a release of Debian's kernel, a provider
# announces it by mDNS on one host, another host finds, fetches and verifies it, and a machine
# (QEMU) boots it and says the release number that stands in its signed command line. Then a machine
# with nothing but firmware and SWFETCH.EFI does all of that by itself: over HTTP; from nodes of Swarm,
# when no server has the files any more (SWARM=bee: nodes made of bee's own packages); and through bzz-bridge.
#
# Hosts are network namespaces of this machine, made and removed here; nothing else is touched.
# Ends with 0 only when everything was as it must be.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/run/network.sh
. tools/run/network.sh

release=$((RANDOM % 900 + 100)) # so that nothing from an earlier run can pass for this one's
cmdline="console=ttyS0 quiet panic=-1 no_timer_check phase.release=$release" # emulated timers are late on a busy machine
export PATH=$PWD/build/bin:$PATH
folder='' provider=''

# step WHO COMMAND: shows the command as somebody types it there, and runs just that.
step() {
	local where=()
	show "$1" "$2"
	[ "$1" != host2 ] || where=(network_on 2)
	(cd "$folder/$1" && "${where[@]}" bash -euo pipefail -c "$2") || fail "this step has failed: $2"
}
show() {
	printf '%5.1f s  %-9s $ %s\n' "$(since)" "$1" "$2"
}
note() {
	printf '%7s  %-9s   %s\n' '' '' "$1"
}
fail() {
	echo "run: $1" >&2
	exit 1
}
since() {
	local now=${EPOCHREALTIME/[.,]/}
	echo "$(((now - began) / 1000000)).$(((now - began) / 100000 % 10))"
}
finish() {
	local status=$?
	trap - EXIT INT TERM HUP
	network_close
	[ -z "$folder" ] || rm -rf "$folder"
	exit "$status"
}

[ "$(uname -m)" = x86_64 ] || fail "the demonstration boots an x86_64 kernel, this machine is $(uname -m)"
[ "$(id -u)" = 0 ] || fail "needs root, for network namespaces: sudo make run"
case ${SWARM-} in
'' | bee) ;;
*) fail "SWARM=$SWARM: bee, or nothing: our own nodes" ;;
esac
began=${EPOCHREALTIME/[.,]/}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
folder=$(mktemp -d -t phase-run.XXXXXX)

# --- the publisher: a machine that needs no network
publish() {
	local release_folder=$folder/publisher/store/stable/x86_64
	mkdir -p "$release_folder"
	cp build/boot/vmlinuz "$release_folder/vmlinuz"
	tools/run/initrd.sh build/boot tools/run/init "$release_folder/initrd.img"
	step publisher "ls store/stable/x86_64 | paste -sd ' '"
	step publisher "phase-sign --new-key alice > alice.id; phase-sign --new-key bob > bob.id"
	step publisher "jq -Rn '{policy_version: 1, version: 1, threshold: 2, channel: \"stable\", keys: [inputs | {key_id: .}]}' alice.id bob.id > policy.json"
	step publisher "phase-manifest --release $release --cmdline '$cmdline' store | phase-sign --key alice.key | phase-sign --key bob.key | phase-verify --policy policy.json > manifest.json"
	step publisher "mv manifest.json store/stable/x86_64/"
}

# --- the network: host1 serves, host2 wants to boot
connect() {
	show network "ip netns add …; avahi-daemon …    # two hosts on this machine, each with its own mDNS daemon"
	network_open "$folder/network"
	network_host 1 2
	network_avahi 1 2
	mkdir "$folder/host1" "$folder/host2"
	cp -r "$folder/publisher/store" "$folder/host1"
	cp "$folder/publisher/policy.json" "$folder/host2"
}
serve() {
	show host1 "phase-serve -p 8080 store &"
	network_start 1 phase-serve -p 8080 "$folder/host1/store" > "$folder/serving.json" 2> "$folder/serving.log"
	provider=$network_pid
	network_until 100 grep -q listening "$folder/serving.json" || {
		cat "$folder/serving.log" >&2
		fail "phase-serve is not ready"
	}
}
fetch() {
	local plan=$folder/host2/plan.json published=$folder/publisher/store/stable/x86_64
	step host2 "phase-discover --mdns --first | tee found.json | phase-fetch --policy policy.json -o next > plan.json"
	note "found by $(jq -r '"\(.via): \(.manifest_url)"' "$folder/host2/found.json")"
	step host2 "phase-boot --dry-run --policy policy.json plan.json > boot.json"
	jq -e --argjson release "$release" --arg cmdline "$cmdline" '.release == $release and .cmdline == $cmdline and
		(.initrd | length) == 1' "$plan" > /dev/null || fail "not the release that was signed: $(cat "$plan")"
	(cd "$folder/host2" && cmp "$(jq -r .kernel plan.json)" "$published/vmlinuz" &&
		cmp "$(jq -r '.initrd[0]' plan.json)" "$published/initrd.img") || fail "not the files that were published"
}

# --- the machine: gets exactly what the plan says
start() {
	local log=$folder/console machine
	# shellcheck disable=SC2016 # the inner shell expands it
	show host2 'qemu-system-x86_64 -kernel "$(jq -r .kernel plan.json)" -initrd … -append …    # on metal: phase-boot plan.json'
	(
		cd "$folder/host2"
		exec timeout 300 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 256 -nographic -no-reboot \
			-kernel "$(jq -r .kernel plan.json)" -initrd "$(jq -r '.initrd[0]' plan.json)" \
			-append "$(jq -r .cmdline plan.json)" -netdev user,id=net,restrict=on \
			-device virtio-net-pci,netdev=net
	) < /dev/null > "$log.raw" 2> "$log.qemu" &
	machine=$!
	network_pids+=("$machine") # so that it ends with us; in the background, so that a signal is not kept waiting
	wait "$machine" || { cat "$log.qemu" "$log.raw" >&2; fail "QEMU failed, or took five minutes"; }
	tr -d '\r' < "$log.raw" > "$log"
	grep -ao 'guest: .*' "$log" > "$log.guest" || true
	while read -r line; do
		note "$line"
	done < "$log.guest"
	{ grep -qxF "guest: command line: $cmdline" "$log.guest" &&
		grep -qxF "guest: release $release has started" "$log.guest"; } || {
		cat "$log" >&2
		fail "the guest did not start release $release with the signed command line"
	}
}

# --- the bare machine: firmware, a disk with SWFETCH.EFI and its policy, and no operating system.
# It stands beside host1, which is 10.0.2.2 to it.

# boot_bare WAY BOOT SHOWN: with the member "boot" of its configuration; lines of the console that match SHOWN are shown.
boot_bare() {
	local log=$folder/bare-$1.console machine
	mkdir -p "$folder/bare"
	cp "$folder/publisher/policy.json" /usr/share/OVMF/OVMF_VARS_4M.fd "$folder/bare"
	step bare "jq '.channel = \"stable\" | .boot = $2' policy.json > swfetch.json"
	show bare "make esp CONFIG=swfetch.json    # build/swfetch.img, a disk with SWFETCH.EFI"
	tools/esp.sh "$folder/bare/swfetch.json" build/swfetch.img > /dev/null
	show bare "qemu-system-x86_64 -bios OVMF -drive build/swfetch.img …    # firmware, SWFETCH.EFI, network, kernel"
	network_start 1 timeout 600 qemu-system-x86_64 -machine q35,accel=tcg -cpu max -m 512 -nodefaults -display none \
		-no-reboot -serial "file:$log.raw" -netdev user,id=net -device virtio-net-pci,netdev=net \
		-object rng-random,id=random,filename=/dev/urandom -device virtio-rng-pci,rng=random \
		-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive if=pflash,format=raw,file="$folder/bare/OVMF_VARS_4M.fd" \
		-drive if=virtio,format=raw,readonly=on,file=build/swfetch.img < /dev/null 2> "$log.qemu"
	machine=$network_pid
	wait "$machine" || { cat "$log.qemu" "$log.raw" >&2; fail "QEMU failed, or took ten minutes"; }
	tr -d '\r' < "$log.raw" > "$log"
	grep -aoE "(\\[ +[0-9.]+\\] ($3|starting)|guest: ).*" "$log" > "$log.lines" || true
	while read -r line; do
		note "$line"
	done < "$log.lines"
	{ grep -qxF "guest: command line: $cmdline" "$log.lines" && grep -qxF "guest: release $release has started" "$log.lines"; } || {
		cat "$log" >&2
		fail "the bare machine did not start release $release with the signed command line"
	}
}

# --- Swarm: nodes on host1 hold the release, and nobody has it as files
reference='' peers='' network=1
put() {
	step host1 "bzz-put --store chunks store/stable/x86_64 | jq -r .reference > reference"
	reference=$(cat "$folder/host1/reference")
}
swarm_ours() {
	local port
	for port in 1634 1635 1636; do
		show host1 "bzz-serve --listen /ip4/127.0.0.1/tcp/$port --credit 1000 chunks &"
		network_start 1 bzz-serve --listen "/ip4/127.0.0.1/tcp/$port" --credit 1000 "$folder/host1/chunks" \
			> "$folder/swarm.$port.json" 2> "$folder/swarm.log"
		network_until 100 grep -q addresses "$folder/swarm.$port.json" || {
			cat "$folder/swarm.log" >&2
			fail "bzz-serve is not ready"
		}
		peers+=${peers:+, }\"/ip4/10.0.2.2/tcp/$port\"
	done
}
# Those of bee itself, which give a stranger no more than some chunks a second.
swarm_bee() {
	local port nodes=16
	show host1 "beenet serve -n $nodes store/stable/x86_64 &    # bee's own packages, without a chain"
	tests/interop/beenet/build.sh > "$folder/swarm.log" 2>&1 || { cat "$folder/swarm.log" >&2; fail "bee cannot be built"; }
	network_start 1 build/interop/beenet serve -n "$nodes" -port 1634 -place all "$folder/host1/store/stable/x86_64,dir" \
		> "$folder/swarm.json" 2> "$folder/swarm.log"
	network_until 600 grep -q '"ready"' "$folder/swarm.json" || {
		cat "$folder/swarm.log" >&2
		fail "bee is not ready"
	}
	network=10 reference=$(jq -r 'select(.event == "file").file.reference' "$folder/swarm.json")
	for ((port = 1634; port < 1634 + nodes; port++)); do
		peers+=${peers:+, }\"/ip4/10.0.2.2/tcp/$port\"
	done
}

# --- the development bridge: firmware that speaks libp2p need not know Swarm yet
bridge() {
	step host1 "bzz-put --store chunks store/stable/x86_64/manifest.json | jq -r .reference > reference"
	show host1 "bzz-bridge chunks &"
	network_start 1 bzz-bridge "$folder/host1/chunks" > "$folder/bridge.json" 2> "$folder/bridge.log"
	network_until 100 grep -q listening "$folder/bridge.json" || {
		cat "$folder/bridge.log" >&2
		fail "bzz-bridge is not ready"
	}
}

echo "Debian's kernel, downloaded once to build/boot, not installed"
tools/run/kernel.sh build/boot
began=${EPOCHREALTIME/[.,]/}
publish
connect
serve
fetch
start
boot_bare http '{providers: ["http://10.0.2.2:8080/"]}' 'network: lwIP|http|vmlinuz: .*verified|initrd.img: .*verified'
network_stop "$provider"
put
case ${SWARM-} in
'') swarm_ours ;;
bee) swarm_bee ;;
esac
boot_bare swarm "{manifest: \"$reference/manifest.json\", peers: [$peers], network_id: $network, modes: [\"native\"]}" \
	'network: lwIP|Swarm: [0-9]+ chunks|[^ ]+: release|vmlinuz: .*verified|initrd.img: .*verified'
bridge
boot_bare bridge "{manifest: \"$(cat "$folder/host1/reference")\", bridge: [\"/ip4/10.0.2.2/tcp/4001\"], modes: [\"bridge\"]}" \
	'network: lwIP|[^ ]+: release|vmlinuz: .*verified|initrd.img: .*verified'
echo "run: release $release, signed by two keys, was found, fetched, verified and started in $(since) s: by a"
echo "run: running system, and by bare machines over HTTP, from nodes of Swarm, and through a bridge"
