#!/bin/bash
# phase-fetch against curl, from nginx on this machine: as fast as it goes, and over links that are
# limited. Each figure is the median ratio of the speeds of runs made in pairs, one after the other.
set -euo pipefail
make -s build/bin/phase-fetch build/bin/phase-manifest build/bin/phase-sign
bin=$PWD/build/bin
runs=${RUNS:-5}
dir=$(mktemp -d /dev/shm/bench-fetch.XXXXXX)
id=pf$$
cleanup() {
	local pid name
	for pid in "$dir"/*.pid; do
		[ ! -s "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true
	done
	for name in "$id" "${id}a" "${id}b"; do
		ip netns del "$name" 2>/dev/null || true
	done
	rm -rf "$dir"
}
trap cleanup EXIT
chmod 755 "$dir" # nginx reads as a user of its own
cd "$dir"

# provider NAME ADDRESS:PORT [NETNS]: nginx with one worker that serves the store.
provider() {
	local within=()
	cat > "$1.conf" <<-CONF
		worker_processes 1;
		pid $dir/$1.pid;
		error_log $dir/$1.log;
		events { worker_connections 256; }
		http {
			access_log off;
			sendfile on;
			tcp_nopush on;
			client_body_temp_path $dir/body.$1;
			proxy_temp_path $dir/proxy.$1;
			fastcgi_temp_path $dir/fastcgi.$1;
			uwsgi_temp_path $dir/uwsgi.$1;
			scgi_temp_path $dir/scgi.$1;
			server { listen $2; root $dir/store; }
		}
	CONF
	[ -z "${3-}" ] || within=(ip netns exec "$3")
	"${within[@]}" nginx -p "$dir" -c "$dir/$1.conf" 2> "$1.err"
}

# release MEBIBYTES [OPTION]: a store with one artifact of that size.
release() {
	rm -rf store
	mkdir -p store/stable/x86_64
	openssl enc -aes-128-ctr -nosalt -pass pass:bench -in /dev/zero 2>/dev/null | head -c "$(($1 << 20))" \
		> store/stable/x86_64/vmlinuz || true
	"$bin/phase-manifest" -q -a x86_64 --release 1 "${@:2}" store | "$bin/phase-sign" -q -k key.key > store/manifest.json
}

# seconds FILE COMMAND...: how long it took; a run that fails, or gives another FILE, ends it all.
seconds() {
	local began=$EPOCHREALTIME ended
	"${@:2}" > said 2>&1 || { cat said >&2; return 1; }
	ended=$EPOCHREALTIME
	cmp "$1" store/stable/x86_64/vmlinuz >&2 || return 1
	awk -v a="$began" -v b="$ended" 'BEGIN { print b - a }'
}

fetch() { # NAMESPACE ROOT...
	local within=()
	[ -z "$1" ] || within=(ip netns exec "$1")
	rm -rf out
	printf '%s/\n' "${@:2}" | "${within[@]}" "$bin/phase-fetch" -k key.pub -o out
}

curl_hash() {
	rm -f copy
	curl -sf -o copy "$1/stable/x86_64/vmlinuz"
	openssl dgst -sha256 copy
}

curl_plain() { # NAMESPACE ROOT
	rm -f copy
	ip netns exec "$1" curl -sf -o copy "$2/stable/x86_64/vmlinuz"
}

# compare NAME WANTED BYTES PARTS OURS... -- THEIRS...: both commands in turn; their speed counts
# PARTS times. WANTED may be null.
compare() {
	local name=$1 wanted=$2 bytes=$3 parts=$4 ours=() i a b
	shift 4
	while [ "$1" != -- ]; do
		ours+=("$1")
		shift
	done
	shift
	: > pairs
	for ((i = 0; i < runs; i++)); do
		rm -rf out copy
		a=$(seconds out/vmlinuz "${ours[@]}")
		b=$(seconds copy "$@")
		awk -v n="$bytes" -v a="$a" -v b="$b" -v p="$parts" \
			'BEGIN { print n / a / 1e6, p * n / b / 1e6, b / a / p }' >> pairs
	done
	sort -n -k 3 pairs | sed -n "$(((runs + 1) / 2))p" | jq -Rc --arg bench "$name" --argjson wanted "$wanted" '
		split(" ") | map(tonumber) | {bench: $bench, mb_s: (.[0] | round), peer_mb_s: (.[1] | round),
			ratio: (.[2] * 1000 | round / 1000)} + if $wanted == null then {} else {wanted: $wanted} end'
}

# link NAME MB_PER_S ADDRESS: a namespace that sends at most so fast, its address on a veth pair.
link() {
	ip netns add "$1"
	ip link add "e$1" netns "$id" type veth peer name "p$1" netns "$1"
	ip -n "$1" addr add "$3.1/24" dev "p$1"
	ip -n "$id" addr add "$3.2/24" dev "e$1"
	ip -n "$1" link set "p$1" up
	ip -n "$id" link set "e$1" up
	tc -n "$1" qdisc add dev "p$1" root tbf rate "$(($2 * 8))mbit" burst 256kb latency 50ms
}

unset http_proxy https_proxy
"$bin/phase-sign" -q --new-key key > key.id
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
local=http://127.0.0.1:$port
provider local "127.0.0.1:$port"

release 1024
compare "phase-fetch / curl and openssl dgst, 1 GiB" 1.2 $((1 << 30)) 1 fetch "" "$local" -- curl_hash "$local"
release 1024 --trees
compare "phase-fetch with the tree / curl and openssl dgst, 1 GiB" null $((1 << 30)) 1 \
	fetch "" "$local" -- curl_hash "$local"

release 256
ip netns add "$id"
link "${id}a" 117 10.77.1
provider gigabit 10.77.1.1:80 "${id}a"
compare "phase-fetch / curl, 256 MiB over 117 MB/s" 0.98 $((256 << 20)) 1 \
	fetch "$id" http://10.77.1.1 -- curl_plain "$id" http://10.77.1.1

# Twice what curl gets from one of them is what the two can give.
tc -n "${id}a" qdisc change dev "p${id}a" root tbf rate $((58 * 8))mbit burst 256kb latency 50ms
link "${id}b" 58 10.77.2
provider second 10.77.2.1:80 "${id}b"
compare "phase-fetch from two of 58 MB/s / twice curl from one, 256 MiB" 0.95 $((256 << 20)) 2 \
	fetch "$id" http://10.77.1.1 http://10.77.2.1 -- curl_plain "$id" http://10.77.1.1
