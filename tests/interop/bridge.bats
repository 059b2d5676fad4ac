#!/usr/bin/env bats
# bzz-bridge against clients of go-libp2p, rust-libp2p and our own node, over TCP and QUIC: content whole and in
# parts, what is not there, what is no question, clients that do not read, and many at once.

# shellcheck source=tests/interop/p2p.bash
. tests/interop/p2p.bash

setup_file() {
	tests/interop/kadgo/build.sh
	tests/interop/kadrust/build.sh
}

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	# shellcheck source=tests/store.bash
	. tests/store.bash
	root=$PWD peers=$PWD/build/interop node=$PWD/build/test/p2p_node transport=tcp
	PATH="$PWD/build/bin:$PATH"
	declare -gA fd process address kind_of
	cd "$BATS_TEST_TMPDIR" || return 1
	seq 1 200000 > file # 1288895 bytes
	size=$(stat -c %s file)
	put file
	artifact=$reference
	zeros=$(printf %064d 0)
}

put() { # ARGUMENT...: sets reference
	bzz-put --store store "$@" > put.json
	reference=$(jq -r .reference put.json)
}

# bridge ARGUMENT...: on TCP and QUIC; sets id, and its addresses by transport.
bridge() {
	: > ready
	bzz-bridge --listen /ip4/127.0.0.1/tcp/0 --listen /ip4/127.0.0.1/udp/0/quic-v1 "$@" > ready 2> bridge.err 3>&- &
	process[bridge]=$!
	wait_until grep -q listening ready
	id=$(jq -r .peer ready)
	there_tcp=$(jq -r '.listening[0]' ready)
	there_quic=$(jq -r '.listening[1]' ready)
	address[bridge]=$there_tcp
	[ "$transport" = tcp ] || address[bridge]=$there_quic
}

bridge_ends_well() {
	kill "${process[bridge]}"
	wait "${process[bridge]}"
	unset "process[bridge]"
}

# client KIND [NAME]: kadgo, kadrust or ours, connected with the bridge by the transport; it is who asks from now on.
client() {
	who=${2-theirs}
	local sec=(-sec both)
	[ "$1" != ours ] || sec=()
	start "$who" "$1" "$((${#process[@]} + 1))" 0 "${sec[@]}"
	connect "$who" bridge
	wait_until grep -qE "\"conn\".*$id|$id.*\"conn\"" "$who.out"
}

# fetch LINE [MEMBER...]: what came lies in got: its head in head, what follows in content.
fetch() {
	local line=$1
	shift
	tell "$who" "$(jq -cn --arg line "$line" --arg peer "$id" '{cmd: "fetch", peer: $peer, line: $line, out: "got"}' |
		jq -c ". + {$*}")" > said
	head -n 1 got > ./head
	tail -n +2 got > content
}

asks() { # TYPE HASH [MEMBERS]
	fetch "{\"type\":\"$1\",\"hash\":\"$2\"${3-}}
"
	ok
}

gives() { # TYPE HASH FILE
	asks "$1" "$2"
	[ "$(cat head)" = "{\"ok\":true,\"size\":$(stat -c %s "$3")}" ]
	cmp content "$3"
}

refuses() { # TYPE HASH ERROR
	asks "$1" "$2" "${4-}"
	[ "$(cat head)" = "{\"ok\":false,\"error\":\"$3\"}" ]
	[ ! -s content ]
}

part() { # OFFSET LENGTH MEMBERS: what is asked for by the members are these bytes of the file
	asks artifact "$artifact" "$3"
	[ "$(cat head)" = "{\"ok\":true,\"size\":$2,\"total\":$size}" ]
	cmp content <(tail -c +$(($1 + 1)) file | head -c "$2")
}

# Each that is no question gets one answer, and hurts no other.
no_question() { # ERROR LINE [MEMBER...]
	local error=$1
	shift
	fetch "$@"
	ok
	jq -e --arg error "$error" '.ok == false and (.error | startswith($error))' got
}

# What a client does that is not made by us, with its own libp2p.
talks() { # KIND TRANSPORT
	transport=$2
	bridge store
	client "$1"
	gives artifact "$artifact" file
	gives manifest "$artifact" file
	part 0 "$size" ',"offset":0'
	part 0 5000 ',"length":5000'
	part 131000 200 ',"length":200,"offset":131000'
	part $((size - 10)) 10 ",\"offset\":$((size - 10)),\"length\":1000"
	part "$size" 0 ",\"offset\":$size"
	part 7 0 ',"offset":7,"length":0'
	refuses artifact "$artifact" 'a member has a value that is not allowed: offset is beyond the end' \
		",\"offset\":$((size + 1))"
	refuses artifact "$zeros" 'not found'
	refuses manifest "$zeros" 'not found'

	# with a line feed and no end, and the other way
	fetch "{\"type\":\"artifact\",\"hash\":\"$artifact\"}
" '"open":true'
	ok
	cmp content file
	fetch "{\"type\":\"artifact\",\"hash\":\"$artifact\"}"
	ok
	cmp content file

	no_question 'ends too early' ''
	no_question 'not valid JSON' 'GET / HTTP/1.1
Host: x

'
	no_question 'a required member is missing: type' '{}
'
	no_question 'a member has a value that is not allowed: type' "{\"type\":\"rootfs\",\"hash\":\"$zeros\"}
"
	no_question 'a member has a value that is not allowed: a member that is not known here' \
		"{\"type\":\"artifact\",\"hash\":\"$artifact\",\"lengths\":1}
"
	no_question 'a number is not an integer' "{\"type\":\"artifact\",\"hash\":\"$artifact\",\"offset\":-1}
"
	no_question 'larger than the limit' "$(head -c 50000 /dev/zero | tr '\0' x)"
	gives artifact "$artifact" file
}

@test "go-libp2p asks over TCP" {
	talks kadgo tcp
}

@test "go-libp2p asks over QUIC" {
	talks kadgo quic
}

@test "rust-libp2p asks over TCP" {
	talks kadrust tcp
}

@test "rust-libp2p asks over QUIC" {
	talks kadrust quic
}

@test "our own node asks over TCP" {
	talks ours tcp
}

@test "our own node asks over QUIC" {
	talks ours quic
}

memory() { # of the process itself, in KiB; what is mapped of stores is not its own
	awk '$1 == "RssAnon:" { print $2 }' "/proc/${process[bridge]}/status"
}

# Clients that stop reading cost no other client anything, nor memory by what they asked for.
do_not_read() { # KIND TRANSPORT STREAMS
	transport=$2
	head -c 67108864 /dev/urandom > large
	put large
	bridge store
	client "$1"
	local i
	for ((i = 0; i < $3; i++)); do
		fetch "{\"type\":\"artifact\",\"hash\":\"$reference\"}
" '"stop":70000'
		ok
		cmp <(head -c 60000 content) <(head -c 60000 large)
	done
	client ours another
	gives artifact "$artifact" file
	gives artifact "$reference" large
	[ "$(memory)" -lt 49152 ]
	bridge_ends_well # cuts what is open
}

@test "go-libp2p stops reading, over TCP" {
	do_not_read kadgo tcp 6 # more than are read for at a time
}

@test "go-libp2p stops reading, over QUIC" {
	do_not_read kadgo quic 2 # what it takes unread of a connection is full then: its own next stream would wait
}

@test "rust-libp2p stops reading, over TCP" {
	do_not_read kadrust tcp 6
}

@test "rust-libp2p stops reading, over QUIC" {
	do_not_read kadrust quic 2
}

@test "twenty clients at once, over TCP and QUIC" {
	bridge store
	client kadgo
	local to i
	for to in "$there_tcp" "$there_quic"; do
		rm -f many.*
		tell theirs "$(jq -cn --arg addr "$to" --arg line "{\"type\":\"artifact\",\"hash\":\"$artifact\"}
" '{cmd: "fetch", addr: $addr, line: $line, out: "many", n: 20}')"
		ok
		for i in {0..19}; do
			[ "$(head -n 1 "many.$i")" = "{\"ok\":true,\"size\":$size}" ]
			cmp <(tail -n +2 "many.$i") file
		done
	done
}

@test "the manifest of a release: a file, or what a manifest of Swarm leads to" {
	mkdir -p release
	echo '{"manifest_version":1,"release":7}' > release/manifest.json
	echo kernel > release/vmlinuz
	put release/manifest.json
	plain=$reference
	put --manifest release/manifest.json # as an upload to a bee node's /bzz
	upload=$reference
	put release
	folder=$reference
	put --index vmlinuz release
	other=$reference
	rm release/manifest.json
	put release
	without=$reference
	echo '{"manifest_version":1,"release":7}' > release/manifest.json
	bridge store
	client ours
	gives manifest "$plain" release/manifest.json
	gives manifest "$upload" release/manifest.json
	gives manifest "$folder" release/manifest.json
	gives manifest "$other" release/vmlinuz
	asks manifest "$folder" ',"offset":3,"length":8'
	[ "$(cat head content)" = '{"ok":true,"size":8,"total":35}
anifest_' ]
	refuses manifest "$without" 'not found: neither an index document nor a manifest.json lies at that hash'
	# for an artifact a manifest of Swarm is a file like any other
	asks artifact "$upload"
	bzz-fetch --store store "$upload" | cmp - content
}

@test "the manifest of a release: the newest update of a feed" {
	printf '%064d\n' 1 > owner.key
	chmod 600 owner.key
	for release in 7 8 9; do
		echo "{\"manifest_version\":1,\"release\":$release}" > manifest.json
		put --feed stable --key owner.key manifest.json
	done
	plain=$(jq -r .feed.manifest put.json)
	put --manifest --feed folder --key owner.key manifest.json
	upload=$(jq -r .feed.manifest put.json)
	bridge store
	client ours
	gives manifest "$plain" manifest.json
	gives manifest "$upload" manifest.json
}

@test "chunks, by which every part of a file can be checked" {
	bmt-hash --tree file.bmt file > hashed
	bridge store
	client ours
	asks chunk "$artifact"
	[ "$(cat head)" = "{\"ok\":true,\"size\":$(stat -c %s content)}" ]
	[ "$(head -c 8 content | od -An -t u8 | tr -d ' ')" = "$size" ]
	bmt-hash --chunk --span "$size" <(tail -c +9 content) | jq -e --arg r "$artifact" '.reference == $r'
	cp content root
	asks chunk "$(tail -c +9 root | head -c 32 | xxd -p -c 64)" ',"offset":8,"length":16'
	[ "$(cat head)" = '{"ok":true,"size":16,"total":4104}' ]
	refuses chunk "$zeros" 'not found'
}

# serve STORE: a gateway; sets url
serve() {
	: > served
	bzz-serve --http 127.0.0.1:0 "$1" > served 3>&- &
	process[gateway]=$!
	wait_until grep -q listening served
	url=$(jq -r .listening served)
}

@test "from gateways: whole, in part, one that lies, then none that answers" {
	serve store
	python3 "$root/tests/interop/hostile_gateway.py" "$url" > port 3>&- &
	process[hostile]=$!
	wait_until grep -q . port
	bridge --gateway "http://127.0.0.1:$(cat port)/wrong" --gateway "$url"
	client ours
	gives artifact "$artifact" file
	part 131000 200000 ',"length":200000,"offset":131000'
	refuses artifact "$zeros" 'not found'
	wait_until grep -q 'dropped: sent wrong chunks' bridge.err
	ends_at_once gateway
	ends_at_once hostile
	asks artifact "${artifact:0:63}$(tr 0-9a-f 1-9a-f0 <<< "${artifact:63}")"
	[ "$(cat head)" = '{"ok":false,"error":"timed out"}' ]
}

@test "a gateway that says nothing holds nobody up at the end" {
	serve store
	python3 "$root/tests/interop/hostile_gateway.py" "$url" > port 3>&- &
	process[hostile]=$!
	wait_until grep -q . port
	bridge --verbose --gateway "http://127.0.0.1:$(cat port)/silent" store
	client ours
	gives artifact "$artifact" file # of the store
	jq -cn --arg peer "$id" --arg line "{\"type\":\"artifact\",\"hash\":\"$zeros\"}
" '{cmd: "fetch", peer: $peer, line: $line, out: "never"}' >&"${fd[theirs]}"
	gives artifact "$artifact" file # while another one waits
	bridge_ends_well
	wait_until grep -q '"cmd":"fetch","bytes":0,"ok":false' theirs.out
}

# flood N: so many questions of one client for what nobody has
flood() {
	local i
	for ((i = 0; i < $1; i++)); do
		jq -cn --arg peer "$id" --arg line "{\"type\":\"chunk\",\"hash\":\"$(printf %064x $((i + 1)))\"}
" --arg out "flood.$i" '{cmd: "fetch", peer: $peer, line: $line, out: $out}' >&"${fd[theirs]}"
	done
}

asked_of_gateways() { # N: so many chunks
	[ -f asked ] && [ "$(grep -c '/chunks/' asked)" -ge "$1" ]
}

is_refused() {
	asks artifact "$artifact" && grep -q 'too many requests at once' head
}

@test "who asks for what no gateway answers holds up nobody: neither what stores have nor other addresses" {
	seq 1 300000 > there
	bzz-put --store elsewhere there > there.json
	serve elsewhere
	python3 "$root/tests/interop/hostile_gateway.py" --log asked "$url" > port 3>&- &
	process[hostile]=$!
	wait_until grep -q . port
	bridge --listen /ip6/::1/tcp/0 --verbose --gateway "http://127.0.0.1:$(cat port)/hides" store
	client ours
	flood 60
	wait_until asked_of_gateways 4 # half of the readers
	client ours another
	gives artifact "$artifact" file
	address[bridge]=$(jq -r '.listening[] | select(startswith("/ip6"))' ready)
	client kadgo third
	gives artifact "$(jq -r .reference there.json)" there
	[ "$(grep -c '"cmd":"fetch"' theirs.out)" = 0 ] # it waits on
	flood 4
	who=another
	wait_until is_refused # as one more of that address
	who=third
	gives artifact "$artifact" file
	bridge_ends_well
}

@test "content that is damaged on the way: an error while it can be told, then the stream is reset" {
	bridge store
	client ours
	spoil store/chunks "$(printf '\n200000\n' | xxd -p)" # the last leaf
	fetch "{\"type\":\"artifact\",\"hash\":\"$artifact\"}
"
	jq -e '.ok == false and .error == "the other side closed the connection"' answer
	[ "$(cat head)" = "{\"ok\":true,\"size\":$size}" ]
	cmp content <(head -c "$(stat -c %s content)" file)
	[ "$(stat -c %s content)" -lt "$size" ]
	refuses artifact "$artifact" 'content does not match its hash' ",\"offset\":$((size - 5))"
	part 0 131072 ',"length":131072'
	grep -q "artifact $artifact: content does not match its hash" bridge.err
}

@test "from nodes of Swarm: bee's, and ours; and when nobody is there" {
	"$root/tests/interop/beenet/build.sh" > build.log 2>&1 || { cat build.log; false; }
	head -c 50000 file > part
	"$peers/beenet" serve -n 2 -port 17890 -place all part > bee.json 2> bee.err 3>&- &
	process[bee]=$!
	wait_until grep -q '"ready"' bee.json
	bridge --peer "$(jq -r 'select(.event == "node" and .i == 0).underlay[0]' bee.json)" --network-id 10
	client ours
	put part
	gives artifact "$reference" part
	gives artifact "$reference" part # the connections are kept, or made anew
	refuses artifact "$zeros" "not found"
	bridge_ends_well
	bzz-serve --listen /ip4/127.0.0.1/tcp/0 --credit 1000 store > node.json 2> node.err 3>&- &
	process[node]=$!
	wait_until grep -q addresses node.json
	bridge --peer "$(jq -r '.addresses[0]' node.json)"
	client ours second
	gives artifact "$artifact" file
	kill "${process[node]}"
	wait "${process[node]}"
	unset "process[node]"
	asks artifact "$zeros"
	[[ $(cat head) = '{"ok":false,"error":'* ]]
	bridge_ends_well
}
