#!/usr/bin/env bats
# One DHT of twelve servers, three each of ours, go-libp2p, rust-libp2p and js-libp2p: what one of each kind puts or
# provides is found from every node, before and after a third of them is killed.

setup_file() {
	tests/interop/kadgo/build.sh
	tests/interop/kadrust/build.sh
	tests/interop/kadjs/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	ours=$PWD/build/test/p2p_node peers=$PWD/build/interop
	kinds=(ours kadgo kadrust kadjs)
	processes=() fds=()
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	local process
	for process in "${processes[@]}"; do
		kill "$process" 2> /dev/null || true
	done
}

show() {
	tail -n 5 out.*
	return 1
}

# start KIND NUMBER: a server of this kind, whose address is in the file address.NUMBER.
start() {
	local listen=/ip4/127.0.0.1/tcp/0 seed=$(($2 + 10)) fd
	mkfifo "in.$2"
	exec {fd}<> "in.$2"
	fds[$2]=$fd
	case $1 in
	ours) set -- "$2" "$ours" -dht "$seed" "$listen" ;;
	kadrust) set -- "$2" "$peers/$1" --seed "$seed" --listen "$listen" --sec noise ;;
	*) set -- "$2" "$peers/$1" -seed "$seed" -listen "$listen" -sec noise ;;
	esac
	"${@:2}" < "in.$1" > "out.$1" 2> "err.$1" 3>&- &
	processes[$1]=$!
	wait_until grep -qE '"addrs":\["/ip4|"event":"listen"' "out.$1" || { cat "err.$1"; show; }
	jq -r '.addr // .addrs[0] // empty' "out.$1" | head -n 1 > "address.$1"
}

# tell NUMBER JSON: has it carried out; the answer is in the file answer.
tell() {
	tag=$((tag + 1))
	jq -c ". + {tag: $tag}" <<< "$2" >&"${fds[$1]}"
	wait_until grep -q "\"tag\":${tag}[,}]" "out.$1" || show
	grep "\"tag\":${tag}[,}]" "out.$1" > answer
}

# record CHANNEL PORT: where its manifest is, as of now.
record() {
	jq -nc --arg channel "$1" --arg at "127.0.0.1:$2" --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{channel: $channel,
		arch: "x86_64", manifest_url: "http://\($at)/\($channel).json", http_addr: $at,
		manifest_version: "0.1.0", created_at: $now, ttl_secs: 3600}'
}

# found NUMBER TEXT COMMAND: the node's answer has the text. A busy machine may make it ask again.
found() {
	tell "$1" "$3"
	grep -qF "$2" answer
}

# Everything that was put and provided, from all nodes that live.
all_is_found() {
	local i kind
	for i in "${!processes[@]}"; do
		for kind in "${kinds[@]}"; do
			wait_until found "$i" "/$kind.json" "{\"cmd\":\"get\",\"key\":\"/phase/$kind/x86_64/manifest\"}" ||
				{ echo "node $i, record of $kind"; cat answer; return 1; }
			wait_until found "$i" "$(cat "provider.$kind")" "{\"cmd\":\"find-providers\",\"key\":\"thing of $kind\"}" ||
				{ echo "node $i, provider $kind"; cat answer; return 1; }
		done
	done
}

@test "every record is found from every node, before and after a third of them is killed" {
	local i n=0 kind port=8000
	for i in 0 1 2; do
		for kind in "${kinds[@]}"; do
			start "$kind" $n
			n=$((n + 1))
		done
	done
	# All enter by one of ours and by one of go's.
	for ((i = 1; i < n; i++)); do
		tell $i "{\"cmd\":\"connect\",\"addr\":\"$(cat address.0)\"}"
		[ $i = 1 ] || tell $i "{\"cmd\":\"connect\",\"addr\":\"$(cat address.1)\"}"
	done
	wait_until found 0 "\"n\":$((n - 1))," '{"cmd":"table"}'
	i=0
	for kind in "${kinds[@]}"; do
		port=$((port + 1))
		tell $i "$(jq -nc --arg key "/phase/$kind/x86_64/manifest" --arg value "$(record "$kind" $port)" \
			'{cmd: "put", key: $key, value: $value}')"
		jq -e .ok answer || { cat answer; show; }
		tell $i "{\"cmd\":\"provide\",\"key\":\"thing of $kind\"}"
		jq -e .ok answer || { cat answer; show; }
		grep -oE '[^/]*$' "address.$i" > "provider.$kind"
		i=$((i + 1))
	done
	all_is_found
	for i in 8 9 10 11; do # one of each kind, and none of those that have put or are known to all
		kill -KILL "${processes[$i]}"
		wait "${processes[$i]}" || true
		unset "processes[$i]"
	done
	all_is_found
	for i in 0 4; do
		tell $i '{"cmd":"table"}'
		echo '{"cmd":"exit"}' >&"${fds[$i]}"
		wait "${processes[$i]}"
	done
}

@test "what is no record is refused by ours, whoever sends it" {
	start ours 0
	start kadgo 1
	start kadjs 2
	for i in 1 2; do
		tell $i "{\"cmd\":\"connect\",\"addr\":\"$(cat address.0)\"}"
		tell $i '{"cmd":"put","key":"/phase/stable/x86_64/manifest","value":"no record"}'
	done
	tell 0 '{"cmd":"get","key":"/phase/stable/x86_64/manifest"}'
	jq -e '.ok and .values == []' answer
	tell 0 '{"cmd":"put","key":"/phase/stable/x86_64/manifest","value":"no record"}'
	jq -e '.error == "not valid JSON"' answer
}
