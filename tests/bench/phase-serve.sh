#!/bin/bash
# phase-serve against nginx: one worker each on one core, wrk on the other, in turn, so that what
# else the machine does hits both. One JSON line for each figure: medians, and the median ratio, by
# the clock and by the processor time that the server took (which others disturb less).
set -euo pipefail
pairs=${PAIRS:-7} seconds=${SECONDS_EACH:-1}
make -s build/bin/phase-serve

t=$(mktemp -d)
trap 'kill $(cat "$t"/*.process) 2>/dev/null; wait; rm -rf "$t"' EXIT
mkdir -p "$t/store/stable/x86_64" "$t/logs"
head -c 67108864 /dev/urandom > "$t/store/stable/x86_64/vmlinuz"
head -c 2870 /dev/zero | tr '\0' m > "$t/store/stable/x86_64/manifest.json"

port() { # one that is free now
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
nginx_port=$(port)
cat > "$t/nginx.conf" <<CONF
$([ "$(id -u)" != 0 ] || echo 'user root;') daemon off; master_process off; pid $t/nginx.pid; error_log $t/logs/error.log crit;
events { worker_connections 4096; }
http {
	access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
	default_type application/octet-stream;
	client_body_temp_path $t/logs/1; proxy_temp_path $t/logs/2; fastcgi_temp_path $t/logs/3;
	uwsgi_temp_path $t/logs/4; scgi_temp_path $t/logs/5;
	server { listen 127.0.0.1:$nginx_port backlog=4096; root $t/store; }
}
CONF
taskset -c 0 nginx -p "$t" -c "$t/nginx.conf" > "$t/nginx.out" 2>&1 &
echo $! > "$t/nginx.process"
taskset -c 0 build/bin/phase-serve --no-mdns -b 127.0.0.1 -p 0 "$t/store" > "$t/serve.out" 2> "$t/serve.err" &
echo $! > "$t/serve.process"
until [ -s "$t/serve.out" ] && [ -s "$t/nginx.pid" ]; do sleep 0.05; done
nginx_url=http://127.0.0.1:$nginx_port serve_url=$(jq -r .listening "$t/serve.out")
cmp <(curl -s "$nginx_url/stable/x86_64/manifest.json") <(curl -s "$serve_url/stable/x86_64/manifest.json")

ticks() { # of a process, 1/100 s
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# load serve|nginx PATH CONNECTIONS requests|bytes: by the clock, and by the server's processor
# time. Anything but 200 is no measurement.
load() {
	local process url=${1}_url before after
	process=$(cat "$t/$1.process")
	before=$(ticks "$process")
	set -- "${!url}$2" "$3" "$4"
	taskset -c 1 wrk -t1 -c"$2" -d"$seconds"s -s "$t/report.lua" "$1" > "$t/wrk.out"
	! grep -q '^Non-2xx' "$t/wrk.out" || { cat "$t/wrk.out" >&2; return 1; }
	after=$(ticks "$process")
	sed -n "s/^$3 //p" "$t/wrk.out" | awk -v ticks=$((after - before)) -v s="$seconds" \
		'{ printf "%s %.1f\n", $1, $1 * s / (ticks > 0 ? ticks : 1) * 100 }'
}
cat > "$t/report.lua" <<'LUA'
done = function(summary)
	io.write(string.format("requests %.1f\n", summary.requests / summary.duration * 1e6))
	io.write(string.format("bytes %.1f\n", summary.bytes / summary.duration * 1e6))
end
LUA

# compare FIGURE UNIT PATH CONNECTIONS requests|bytes SCALE WANTED
compare() {
	local i ours theirs
	: > "$t/pairs"
	for ((i = 0; i < pairs; i++)); do
		if ((i % 2)); then
			ours=$(load serve "$3" "$4" "$5") theirs=$(load nginx "$3" "$4" "$5")
		else
			theirs=$(load nginx "$3" "$4" "$5") ours=$(load serve "$3" "$4" "$5")
		fi
		echo "$ours $theirs" >> "$t/pairs"
	done
	jq -Rsc --arg figure "$1" --arg unit "$2" --argjson scale "$6" --argjson wanted "$7" '
		def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
		def cents: . * 100 | round / 100;
		[split("\n")[] | select(. != "") | split(" ") | map(tonumber)]
		| (map(.[0] / .[2])) as $ratios
		| {figure: $figure, ours: (map(.[0] / $scale) | median | round),
		   peer: (map(.[2] / $scale) | median | round), unit: $unit, ratio: ($ratios | median | cents),
		   wanted: $wanted, ratio_min: ($ratios | min | cents), ratio_max: ($ratios | max | cents),
		   ratio_cpu: (map(.[1] / .[3]) | median | cents), pairs: length}' "$t/pairs"
}

load serve /stable/x86_64/manifest.json 64 requests > "$t/warm"
load nginx /stable/x86_64/manifest.json 64 requests > "$t/warm"
compare 'phase-serve / nginx, manifest of 2.8 KB' requests/s /stable/x86_64/manifest.json 64 requests 1 1.2
compare 'phase-serve / nginx, artifact of 64 MiB' MB/s /stable/x86_64/vmlinuz 4 bytes 1000000 0.98

# 1,000 connections that have asked once and are kept.
idle() { # URL PROCESS
	python3 - "$1" "$2" <<'PY'
import re, resource, socket, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
port = int(sys.argv[1].rsplit(":", 1)[1])
kept = []
for _ in range(1000):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"GET /stable/x86_64/manifest.json HTTP/1.1\r\nHost: x\r\n\r\n")
    while len(s.recv(65536)) > 0:
        break
    kept.append(s)
print(re.search(r"VmRSS:\s+(\d+)", open("/proc/%s/status" % sys.argv[2]).read()).group(1))
PY
}
ours=$(idle "$serve_url" "$(cat "$t/serve.process")")
theirs=$(idle "$nginx_url" "$(cat "$t/nginx.process")")
# Here less is better, and the bound is our own.
jq -nc --argjson ours "$ours" --argjson theirs "$theirs" \
	'{figure: "phase-serve / nginx, resident with 1,000 idle connections", ours: $ours, peer: $theirs, unit: "KiB",
	  ratio: ($ours / $theirs * 100 | round / 100), wanted: null, ours_max: 16384}'
