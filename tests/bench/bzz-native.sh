#!/bin/bash
# bzz-fetch from 16 bee nodes on this machine that are paid by nobody, against bee's own light client as it is from
# the same ones: what counts is what nodes give on credit, and for how much of it the nearest one is asked. bee's time
# begins when it has its connections, ours with the program. And how much memory both take.
set -euo pipefail
make -s build/bin/bzz-fetch
tests/interop/beenet/build.sh >&2
bin=$PWD/build/bin beenet=$PWD/build/interop/beenet
dir=$(mktemp -d /dev/shm/bench-native.XXXXXX)
cleanup() {
	[ ! -s "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
cd "$dir"

openssl enc -aes-128-ctr -nosalt -pass pass:bench -in /dev/zero 2>/dev/null | head -c 2000000 > file || true
"$beenet" serve -n 16 -port 17800 -place all file > bee.json 2> bee.err &
echo $! > pid
until grep -q '"ready"' bee.json; do sleep 0.1; done
reference=$(jq -r 'select(.event == "file").file.reference' bee.json)
chunks=$(jq -r 'select(.event == "file").file.chunks_put' bee.json)
node=$(jq -r 'select(.event == "node" and .i == 0).underlay[0]' bee.json)

# The most memory that a program had at a time, in MiB, and its seconds; its output goes to said.
run() {
	python3 - "$@" <<-'END'
		import resource, subprocess, sys, time
		began = time.monotonic()
		with open("said", "wb") as said:
		    subprocess.run(sys.argv[1:], stdout=said, check=True)
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, time.monotonic() - began)
	END
}

read -r mib seconds < <(run "$bin/bzz-fetch" -q --network-id 10 --peer "$node" -o got "$reference")
cmp got file
read -r peer_mib _ < <(run "$beenet" get -peer "$node" -ref "$reference" -out theirs -time 300s -want 8)
cmp theirs file
peer=$(jq -r 'select(.event == "done").chunks_s' said)
jq -nc --argjson n "$chunks" --argjson s "$seconds" --argjson peer "$peer" '
	{bench: "bzz-fetch from 16 bee nodes / bee as a light client, chunks/s", chunks_s: ($n / $s | . * 10 | round / 10),
	 peer_chunks_s: ($peer * 10 | round / 10), ratio: ($n / $s / $peer | . * 100 | round / 100), wanted: 1}'
jq -nc --argjson m "$mib" --argjson peer "$peer_mib" \
	'{bench: "bzz-fetch from 16 bee nodes, resident MiB", mib: ($m | round), peer_mib: ($peer | round), wanted: "< 64"}'
