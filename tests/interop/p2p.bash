# shellcheck shell=bash
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # others use what is set here, and set what is used
# p2p.bash: nodes of ours, go-libp2p, rust-libp2p (0.57 and 0.56) and js-libp2p on this machine, each a process with a
# pipe for what it is told. To be sourced by tests, which say over what: transport=tcp or transport=quic.

setup_file() {
	tests/interop/kadgo/build.sh
	tests/interop/kadrust/build.sh
	tests/interop/kadrust/build.sh 56
	tests/interop/kadjs/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	node=$PWD/build/test/p2p_node peers=$PWD/build/interop
	first=12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5 # of the seed 1, which is theirs
	second=12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq
	third=12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba
	mib=1048576 dht=
	declare -gA fd process address kind_of
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	local one
	for one in "${process[@]}"; do
		kill "$one" 2> /dev/null || true
	done
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 20 ./*.out ./*.err
}

# at PORT: the address to listen on.
at() {
	case $transport in
	tcp) echo "/ip4/127.0.0.1/tcp/$1" ;;
	quic) echo "/ip4/127.0.0.1/udp/$1/quic-v1" ;;
	esac
}

# port_of NAME: the port it listens on.
port_of() {
	grep -oE '(tcp|udp)/[0-9]+' <<< "${address[$1]}" | cut -d/ -f2
}

id_of() {
	echo "${address[$1]##*/}"
}

# start NAME KIND SEED PORT [ARGUMENT...]: a node of the kind ours, kadgo, kadrust, kadrust56 or kadjs on that port (0:
# any), which may have been started before and killed. Where it listens is ${address[NAME]}.
start() {
	local name=$1 kind=$2 seed=$3 port=$4 command handle
	shift 4
	case $kind in
	ours) command=("$node" "$@" "$seed" "$(at "$port")") ;;
	kadrust*) command=("$peers/$kind" --seed "$seed" --listen "$(at "$port")" "${@/#-/--}") ;;
	*) command=("$peers/$kind" -seed "$seed" -listen "$(at "$port")" "$@") ;;
	esac
	if [ ! -p "$name.in" ]; then
		mkfifo "$name.in"
		exec {handle}<> "$name.in"
		fd[$name]=$handle
	fi
	kind_of[$name]=$kind
	: > "$name.out" # of a process before it; appended to, so that tests may empty it
	"${command[@]}" < "$name.in" >> "$name.out" 2> "$name.err" 3>&- &
	process[$name]=$!
	wait_until grep -qE '"addrs":\["/ip4|"event":"listen"' "$name.out"
	address[$name]=$(jq -r '.addr // .addrs[0] // empty' "$name.out" | head -n 1)
	[[ ${address[$name]} = $(at "$(port_of "$name")")/p2p/* ]]
}

# ends_at_once NAME: as if its machine had lost its power.
ends_at_once() {
	kill -KILL "${process[$1]}"
	wait "${process[$1]}" || true
	unset "process[$1]"
}

# ends_well NAME: one of ours.
ends_well() {
	echo '{"cmd":"exit"}' >&"${fd[$1]}"
	wait "${process[$1]}"
	[ "$(tail -n 1 "$1.out")" = '{"event":"end"}' ]
	unset "process[$1]"
}

has_answered() {
	grep "\"tag\":${tag}[,}]" "$1.out" > answer
}

# tell NAME JSON: has it carried out; what is answered is in the file answer.
tell() {
	tag=$((${tag:-0} + 1))
	echo "${2%\}}, \"tag\": $tag}" >&"${fd[$1]}"
	wait_until has_answered "$1"
	echo "$(< answer)"
}

ok() {
	jq -e '.ok' answer > /dev/null
}

# said NAME TEXT: waits until it has.
said() {
	wait_until grep -qF "$2" "$1.out"
}

connect() { # NAME OTHER
	tell "$1" "{\"cmd\":\"connect\",\"addr\":\"${address[$2]}\"}"
	ok
}

# What each asks the other for on a connection that stands, whoever began it.
each_asks_the_other() {
	said ours "\"identified\",\"peer\":\"$first\""
	jq -se 'map(select(.event == "identified"))[0].protocols | index("/ipfs/kad/1.0.0") != null' ours.out
	tell ours "{\"cmd\":\"ping\",\"id\":\"$first\"}"
	ok
	if [[ ${kind_of[theirs]} = kadrust* ]]; then # pings by itself
		said theirs "\"ping\",\"ok\":true,\"peer\":\"$second\""
	else
		tell theirs "{\"cmd\":\"ping\",\"id\":\"$second\"}"
		ok
	fi
	local up down
	for up in 0 $mib; do
		for down in 0 $mib; do
			tell ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":$up,\"down\":$down}"
			jq -e ".ok and .down == $down" answer
			tell theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":$up,\"down\":$down}"
			jq -e ".ok and .down == $down" answer
		done
	done
	# 64 MiB, through windows that grow; and one that is reset in the middle hurts no other
	tell ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":67108864,\"down\":67108864}"
	ok
	tell ours "{\"cmd\":\"perf\",\"peer\":\"$first\",\"up\":0,\"down\":67108864,\"cut\":$mib}"
	jq -e '.error == "interrupted"' answer
	if [ "$transport" = quic ] || [[ ${kind_of[theirs]} != kadrust* ]]; then # whose yamux drops half a stream without a word
		tell theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":0,\"down\":67108864,\"cut\":$mib}"
		jq -e '.error == "cut"' answer
		said ours '"served","got":8,"error":"the other side closed the connection"'
	fi
	tell theirs "{\"cmd\":\"perf\",\"peer\":\"$second\",\"up\":$mib,\"down\":$mib}"
	ok
	tell ours "{\"cmd\":\"ask\",\"peer\":\"$first\",\"text\":\"is that spoken?\"}"
	jq -e '.error == "not found"' answer
	tell ours "{\"cmd\":\"ping\",\"id\":\"$first\"}"
	ok
}

# Theirs with the security protocols $2 and other arguments, and ours, with dht=-dht or without the DHT: go and js
# look for it for two seconds, and dial again by themselves who has it.
start_both() {
	start theirs "$1" 1 0 -sec "${@:2}"
	[ "$(id_of theirs)" = "$first" ]
	start ours ours 2 0 ${dht:+"$dht"}
	[ "$(id_of ours)" = "$second" ]
}

ours_dials() {
	start_both "$1" both
	connect ours theirs
	said theirs "\"peer\":\"$second\""
	each_asks_the_other
	tell ours '{"cmd":"peers"}'
	jq -e ".peers == [{\"id\":\"$first\"}]" answer
	ends_well ours
	said theirs "\"disconn\",\"peer\":\"$second\""
}

theirs_dials() { # and offers TLS first
	start_both "$1" both
	connect theirs ours
	said theirs '"phase-test"'
	said theirs '"/ipfs/ping/1.0.0"'
	each_asks_the_other
	tell ours "{\"cmd\":\"disconnect\",\"id\":\"$first\"}"
	said theirs "\"disconn\",\"peer\":\"$second\""
	tell ours '{"cmd":"peers"}'
	jq -e '.peers == []' answer
	ends_well ours
}

another_than_was_meant() {
	start_both "$1" noise
	tell ours "{\"cmd\":\"connect\",\"addr\":\"${address[theirs]%/*}/$third\"}"
	jq -e '.error == "not an acceptable public key"' answer
	[ "$(grep -c '"conn"' ours.out)" = 0 ]
	tell theirs "{\"cmd\":\"connect\",\"addr\":\"${address[ours]%/*}/$third\"}"
	# Of rust's this command only begins it.
	if [[ ${kind_of[theirs]} = kadrust* ]]; then
		said theirs 'Unexpected peer ID'
	else
		jq -e '.ok | not' answer
	fi
	ends_well ours
}

# --- the DHT ---

key_of() { # CHANNEL
	echo "/phase/$1/x86_64/manifest"
}

# record CHANNEL [SECONDS]: where its manifest is, as of now, for so long.
record() {
	jq -nc --arg channel "$1" --argjson ttl "${2:-3600}" '{$channel, arch: "x86_64", http_addr: "127.0.0.1:8000",
		manifest_url: "http://127.0.0.1:8000/\($channel).json", manifest_version: "0.1.0",
		created_at: (now | strftime("%Y-%m-%dT%H:%M:%SZ")), ttl_secs: $ttl}'
}

# put NAME CHANNEL VALUE [MEMBERS]: whether it was; with other members of the command.
put() {
	tell "$1" "$(jq -nc --arg key "$(key_of "$2")" --arg value "$3" --argjson more "${4:-{\}}" \
		'{cmd: "put", $key, $value} + $more')"
	ok
}

# gets NAME CHANNEL VALUE: whether it finds it.
gets() {
	tell "$1" "{\"cmd\":\"get\",\"key\":\"$(key_of "$2")\"}"
	jq -e --arg value "$3" '[.value, .results[]?.record.value, .values[]?.value] | index($value) != null' answer
}

# finds NAME THING OTHER: whether it finds that the other provides it.
finds() {
	tell "$1" "{\"cmd\":\"find-providers\",\"key\":\"$2\"}"
	ok && grep -qF "$(id_of "$3")" answer
}

# knows NAME OTHER: whether it has it in its table.
knows() {
	tell "$1" '{"cmd":"peers"}'
	jq -c .table answer | grep -qF "$(id_of "$2")"
}
