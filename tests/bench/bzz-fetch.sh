#!/bin/bash
# bzz-fetch of 1 GiB from a bzz-serve on this machine, against curl from nginx with one core that hashes
# what comes (openssl dgst); from a store, against the hashing alone; and how much memory they take. One
# JSON line for each figure; ratios are medians of those of runs in pairs.
set -euo pipefail
make -s build/bin/bzz-fetch build/bin/bzz-serve build/bin/bzz-put build/bin/bmt-hash
bin=$PWD/build/bin
runs=${RUNS:-3} size=$((${MEBIBYTES:-1024} << 20))
dir=$(mktemp -d /dev/shm/bench-bzz.XXXXXX)
cleanup() {
	local pid
	for pid in "$dir"/*.pid; do
		[ ! -s "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true
	done
	rm -rf "$dir"
}
trap cleanup EXIT
chmod 755 "$dir" # nginx reads as a user of its own
cd "$dir"
unset http_proxy https_proxy

openssl enc -aes-128-ctr -nosalt -pass pass:bench -in /dev/zero 2>/dev/null | head -c "$size" > file || true
reference=$("$bin/bzz-put" -q --store chunks file | jq -r .reference)
"$bin/bzz-serve" -q --http 127.0.0.1:0 chunks > serve.out &
echo $! > serve.pid
until [ -s serve.out ]; do sleep 0.05; done
gateway=$(jq -r .listening serve.out)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > nginx.conf <<-CONF
	worker_processes 1;
	pid $dir/nginx.pid;
	error_log $dir/nginx.log;
	events { worker_connections 256; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		client_body_temp_path $dir/body;
		proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi;
		uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		server { listen 127.0.0.1:$port; root $dir; }
	}
CONF
nginx -p "$dir" -c "$dir/nginx.conf" 2> nginx.err

by_gateway() { "$bin/bzz-fetch" -g "$gateway" "$reference" > /dev/null; }
by_store() { "$bin/bzz-fetch" -s chunks "$reference" > /dev/null; }
by_curl() { curl -sf "http://127.0.0.1:$port/file" | openssl dgst -sha256 > said; }
by_hash() { taskset -c 1 "$bin/bmt-hash" file > said; }

# seconds COMMAND: how long it took.
seconds() {
	local began=$EPOCHREALTIME
	"$1"
	awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }'
}

compare() { # NAME WANTED OURS THEIRS
	local i a b
	: > pairs
	for ((i = 0; i < runs; i++)); do
		a=$(seconds "$3")
		b=$(seconds "$4")
		awk -v n="$size" -v a="$a" -v b="$b" 'BEGIN { print n / a / 1e6, n / b / 1e6, b / a }' >> pairs
	done
	sort -n -k 3 pairs | sed -n "$(((runs + 1) / 2))p" | jq -Rc --arg bench "$1" --argjson wanted "$2" '
		split(" ") | map(tonumber) | {bench: $bench, mb_s: (.[0] | round), peer_mb_s: (.[1] | round),
			ratio: (.[2] * 1000 | round / 1000), wanted: $wanted}'
}

memory() { # NAME COMMAND...: the most that it had at a time
	python3 - "$@" <<-'END'
		import json, resource, subprocess, sys
		subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, check=True)
		kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print(json.dumps({"bench": sys.argv[1] + ", resident MiB", "mib": round(kib / 1024, 1), "wanted": "< 64"}))
	END
}

compare "bzz-fetch from bzz-serve / curl from nginx and openssl dgst, $((size >> 20)) MiB" 0.8 by_gateway by_curl
compare "bzz-fetch from a store / bmt-hash on one core, $((size >> 20)) MiB" 1 by_store by_hash
memory "bzz-fetch --gateway" "$bin/bzz-fetch" -q -g "$gateway" -o copy "$reference"
memory "bzz-fetch --store" "$bin/bzz-fetch" -q -s chunks -o copy "$reference"
memory "bzz-put --store" "$bin/bzz-put" -q --store again file
jq -nc --argjson kb "$(awk '/VmHWM/ { print $2 }' "/proc/$(cat serve.pid)/status")" \
	'{bench: "bzz-serve, resident MiB", mib: ($kb / 102.4 | round / 10), wanted: "< 64"}'
