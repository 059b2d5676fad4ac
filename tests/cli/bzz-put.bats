#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and keeps what it sets to itself
bats_require_minimum_version 1.5.0
# bzz-put: content into stores and to a bee node's API.

setup() {
	cli=$PWD/tests/cli
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	seq 1 4000 > file # 18893 bytes: 5 leaves
	stamp=$(printf %064d 7)
}

teardown() {
	local pids
	pids=$(cat ./*.pid 2>/dev/null) || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || true
	wait
}

put() { # ARGUMENT...: prints the reference
	bzz-put --store store "$@" | jq -r .reference
}

listening() {
	grep -q . port || ! kill -0 "$bee" 2> /dev/null
}

# node OPTION...: a node's API with hashes of its own; sets url. It keeps chunks in taken/.
node() {
	mkdir -p taken
	: > port
	python3 "$cli/bee_upload.py" taken "$@" 3>&- > port 2> node.err &
	bee=$!
	echo "$bee" > node.pid
	wait_until listening
	url=http://127.0.0.1:$(grep . port)/api/
}

upload() { # ARGUMENT...
	bzz-put --gateway "$url" --stamp "$stamp" "$@"
}

taken() { # how many chunks the node has
	find taken -type f ! -name log | wc -l
}

@test "the reference is that of bmt-hash, whatever the size" {
	for size in 0 1 4095 4096 4097 524288 524289 600000; do
		head -c "$size" /dev/zero | tr '\0' "$((size % 10))" > sized
		run -0 --separate-stderr bzz-put --store store sized
		[ "$(jq -r .reference <<< "$output")" = "$(bmt-hash sized | jq -r .reference)" ]
		[ "$(jq -r .size <<< "$output")" = "$size" ]
		[ "$(jq -r .file <<< "$output")" = sized ]
	done
	[ "$(put - < file)" = "$(bmt-hash file | jq -r .reference)" ]
}

@test "how many chunks: leaves, parities, the root, its replicas" {
	chunks() {
		bzz-put --store store "$@" file | jq .chunks
	}
	[ "$(chunks)" = 6 ]
	[ "$(chunks -r 1)" = $((5 + 3 + 1 + 2)) ]
	[ "$(chunks -r 2)" = $((5 + 6 + 1 + 4)) ]
	[ "$(chunks -r 3)" = $((5 + 8 + 1 + 8)) ]
	[ "$(chunks -r 4)" = $((5 + 31 + 1 + 16)) ]
	[ "$(chunks -e)" = 6 ]
}

@test "-r takes the names of levels, as bmt-hash and phase-manifest do" {
	local level=0 name
	mkdir -p releases/stable/x86_64
	cp file releases/stable/x86_64/vmlinuz
	for name in none medium strong insane paranoid; do
		[ "$(put -r "$name" file)" = "$(bmt-hash --redundancy "$level" file | jq -r .reference)" ]
		[ "$(bmt-hash --redundancy "$name" file)" = "$(bmt-hash --redundancy "$level" file)" ]
		[ "$(phase-manifest --release 1 --redundancy "$name" releases | jq -r .artifacts.kernel.swarm)" = "$(put -r "$level" file)" ]
		level=$((level + 1))
	done
	run -2 bzz-put --store store -r most file
	[[ $output = *"--redundancy: 'most'"*medium* ]]
}

@test "the same again takes no room" {
	first=$(put file)
	before=$(stat -c %s store/chunks)
	[ "$(put file)" = "$first" ]
	[ "$(stat -c %s store/chunks)" = "$before" ]
	[ "$before" = $((16 + 18893 + 5 * 8 + 8 + 5 * 32)) ]
}

@test "encrypted: another reference each time, with the key; nothing of the content lies on the disk" {
	one=$(put -e file) two=$(put -e file)
	[[ $one =~ ^[0-9a-f]{128}$ && $two =~ ^[0-9a-f]{128}$ ]]
	[ "${one::64}" != "${two::64}" ]
	[ "${one:64}" != "${two:64}" ]
	! grep -q 1234 store/chunks
	put file
	grep -q 1234 store/chunks
}

@test "what is not there or not a file" {
	run -3 --separate-stderr bzz-put --store store nothing
	# shellcheck disable=SC2154 # set by run
	[[ $stderr = *'nothing: No such file or directory'* ]]
	[ -z "$output" ]
	run -3 --separate-stderr bzz-put --store file file
	[[ $stderr = *'file: '* ]]
	run -3 --separate-stderr bzz-put --store store /proc/self/mem
}

@test "usage" {
	url=http://127.0.0.1:1
	for arguments in 'file' '--store s' '--store s file file' "--gateway $url file" "--stamp $stamp file" \
		"--gateway ftp://x --stamp $stamp file" "--gateway $url --stamp 12 file" "--store s -r 5 file" \
		"--gateway $url --stamp $stamp --parallel 0 file" "--gateway localhost:1633 --stamp $stamp file" "--gateway $url --stamp $stamp --parallel 257 file"; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr bzz-put $arguments
		# shellcheck disable=SC2154 # set by run
		[[ ${stderr_lines[-1]} = "Try 'bzz-put --help'." ]]
	done
	[ ! -e s ]
	run -2 --separate-stderr bzz-put --gateway localhost:1633 --stamp "$stamp" file
	[[ $stderr = *"'localhost:1633' lacks http://"* ]]
}

@test "another process writes to the store: an error, and nothing is spoilt" {
	put file
	mkfifo slow
	bzz-put --store store - < slow > out 2>&1 3>&- &
	pid=$!
	exec 4> slow
	echo "$pid" > put.pid
	head -c 200000 /dev/zero >&4 # more than the pipe holds: it reads, so it has the store
	run -3 --separate-stderr bzz-put --store store file
	[[ $stderr = *'another process writes to it'* ]]
	exec 4>&-
	wait "$pid"
	put file
}

@test "killed in the middle: what was put before is whole, and it goes on" {
	reference=$(put file)
	before=$(stat -c %s store/chunks)
	mkfifo slow
	bzz-put --store store - < slow > out 2>&1 3>&- &
	pid=$!
	exec 4> slow
	head -c 20000000 /dev/urandom >&4
	grown() {
		[ "$(stat -c %s store/chunks)" -gt "$before" ]
	}
	wait_until grown
	kill -KILL "$pid"
	wait "$pid" || true
	exec 4>&-
	[ "$(put file)" = "$reference" ]
	[ "$(stat -c %s store/chunks)" = "$before" ]
}

@test "a full disk: exit 3 and says so; with room it goes on" {
	mkdir store
	unshare -m bash -e <<- 'EOF'
		mount -t tmpfs -o size=1m tmpfs store
		head -c 300000 /dev/urandom > small
		head -c 3000000 /dev/urandom > large
		bzz-put --store store small > first
		status=0
		bzz-put --store store large > out 2> err || status=$?
		[ "$status" = 3 ]
		[ ! -s out ]
		grep -q 'No space left on device' err
		bzz-put --store store small | cmp - first
		mount -o remount,size=20m store
		bzz-put --store store large | jq -r .reference > got
		bmt-hash large | jq -r .reference | cmp - got
	EOF
}

@test "standard output that is full" {
	run -3 bash -c 'bzz-put --store store file > /dev/full'
}

@test "a file that changes while it is read" {
	seq 1 900000 > long
	stop_in long bzz-put --store store long
	echo more >> long
	status=0
	go_on || status=$?
	[ "$status" = 3 ]
	grep -q 'long: a file changed while it was read' err
	[ ! -s out ]
}

@test "folders: what takes a file's place while they are read is not published" {
	local what
	echo secret > secret
	mkdir outside
	cp secret outside/b
	for what in link pipe folder; do
		rm -rf folder
		mkdir -p folder/sub
		head -c 2500000 /dev/zero > folder/a
		echo public | tee folder/b > folder/sub/b
		stop_in folder/a bzz-put --store "store-$what" folder
		case $what in
		link) ln -sf ../secret folder/b ;;
		pipe) rm folder/b && mkfifo folder/b ;;
		folder) rm -r folder/sub && ln -s ../outside folder/sub ;;
		esac
		status=0
		go_on || status=$?
		[ "$status" = 3 ]
		[ ! -s out ]
		grep -q "folder/.*b: " err
		run ! grep -q secret "store-$what/chunks"
	done
}

@test "upload: every chunk, its batch, and the reference that the node finds" {
	node
	run -0 --separate-stderr upload file
	reference=$(jq -r .reference <<< "$output")
	[ "$reference" = "$(bmt-hash file | jq -r .reference)" ]
	[ "$(taken)" = 6 ]
	[ "$(tail -c +9 "taken/$reference" | bmt-hash --chunk --span 18893 --plain | cut -d ' ' -f 1)" = "$reference" ]
	[ "$(awk '{ print $2, $3, $4 }' taken/log | sort -u)" = "POST /api/chunks $stamp" ]
}

@test "upload: replicas go to /soc; connections are kept" {
	node
	run -0 --separate-stderr upload --parallel 2 -r 1 file
	[ "$(jq .chunks <<< "$output")" = 11 ]
	[ "$(taken)" = 11 ]
	[ "$(grep -c 'POST /api/soc/dc5b20847f43d67928f49cd4f85d696b5a7617b5/' taken/log)" = 2 ]
	[ "$(awk '{ print $1 }' taken/log | sort -u | wc -l)" -le 2 ]
}

@test "upload and store at once" {
	node
	run -0 --separate-stderr upload --store store -e -r 1 file
	[ "$(taken)" = 12 ]
	for chunk in taken/[0-9a-f]*; do
		python3 - "$chunk" <<- 'EOF'
			import sys
			assert open(sys.argv[1], "rb").read() in open("store/chunks", "rb").read()
		EOF
	done
}

@test "upload: a node that is busy, or cuts connections, is asked again" {
	node busy=4 cut=3
	run -0 upload file
	[ "$(taken)" = 6 ]
	[ "$(wc -l < taken/log)" -ge 13 ]
}

@test "upload: a node that says it took something else: exit 1" {
	node lie
	run -1 --separate-stderr upload file
	[[ $stderr = *"it says it took $(printf %064d 0)"* ]]
	[ -z "$output" ]
}

@test "upload: what the node's refusal means" {
	node status=402
	run -3 --separate-stderr upload file
	[[ $stderr = *'the postage batch is full'*'(status 402: not that one)'* ]]
	[ "$(grep -c . <<< "$stderr")" = 1 ]
	kill "$bee"
	wait "$bee" || true
	node status=404
	run -3 --separate-stderr upload file
	[[ $stderr = *'it has no such postage batch'* ]]
}

@test "upload: nobody is there: exit 3 after some tries" {
	node
	kill "$bee"
	wait "$bee" || true
	echo 1 > tiny
	run -3 --separate-stderr upload tiny
	[[ $stderr = *'tried 6 times'* ]]
}

@test "folders: how many files; what is no file is left out and named" {
	mkdir -p folder/a/b
	echo one > folder/one
	echo two > folder/a/b/two
	ln -s one folder/link
	mkfifo folder/fifo
	run -0 --separate-stderr bzz-put --store store folder
	[ "$(jq -c '[.files, .size]' <<< "$output")" = '[2,8]' ]
	[[ $stderr = *'folder/link: not a regular file: left out'* && $stderr = *'folder/fifo: not a regular file'* ]]
	first=$(jq -r .reference <<< "$output")
	rm folder/link folder/fifo
	[ "$(put folder/)" = "$first" ]
	[ "$(cd folder && bzz-put --store ../store . | jq -r .reference)" = "$first" ]
	[ "$(put --index one folder)" != "$first" ]
	one=$(put -e folder)
	[ "${#one}" = 128 ]
}

@test "a link as the operand is followed, one in a folder is not" {
	mkdir -p folder/sub outside
	echo one > folder/sub/one
	echo two > outside/two
	ln -s folder link
	ln -s folder/sub/one "link to one"
	run -0 --separate-stderr bzz-put --store store link
	[ "$stderr" = '' ]
	[ "$(jq -r .reference <<< "$output")" = "$(put folder)" ]
	[ "$(put link/)" = "$(put folder)" ]
	[ "$(put "link to one")" = "$(put folder/sub/one)" ]
	ln -s ../outside folder/elsewhere
	ln -s outside/two folder/two
	run -0 --separate-stderr bzz-put --store store link
	[ "$(jq -r .files <<< "$output")" = 1 ]
	[[ $stderr = *'link/elsewhere: not a regular file'* && $stderr = *'link/two: not a regular file'* ]]
	ln -s nowhere dangling
	run -3 bzz-put --store store dangling
}

@test "an index or error document that is not in the folder is warned of" {
	mkdir -p folder/sub
	echo one > folder/index.html
	echo two > folder/sub/missing.html
	run -0 --separate-stderr bzz-put --store store --index index.htm --error missing.html folder
	[[ $stderr = *'--index: the folder has no file index.htm'* && $stderr = *'--error: the folder has no file missing.html'* ]]
	run -0 --separate-stderr bzz-put --store store --index index.html --error sub/missing.html folder
	[ "$stderr" = '' ]
}

@test "a store that is a file" {
	run -3 --separate-stderr bzz-put --store file file
	[ "$stderr" = 'bzz-put: file: is no folder; a store is one, and made when it is not there' ]
	[ "$(head -n 1 file)" = 1 ]
	run -3 --separate-stderr bzz-put --store file/store file
	[[ $stderr = *'file/store: Not a directory' ]]
}

@test "folders that cannot be" {
	mkdir empty
	run -3 --separate-stderr bzz-put --store store empty
	[[ $stderr = *'empty: has no files'* ]]
	mkdir bad
	echo x > "$(printf 'bad/\377')"
	run -3 --separate-stderr bzz-put --store store bad
	[[ $stderr = *'bad/?'* || $stderr = *'?: '* ]]
	run -2 bzz-put --store store --index a/b empty
	run -2 bzz-put --store store --index x file
	run -2 bzz-put --store store --manifest -
}

owner_key() { # the key 1: its address is known
	(umask 077 && printf '%064d\n' 1 > owner.key)
	owner=7e5f4552091a69125d5dfcb7b8c2659029395bdf
}

@test "feeds: updates are numbered on, by the store and by the node" {
	owner_key
	for number in 0 1 2; do
		echo "$number" > news
		run -0 --separate-stderr bzz-put --store store --feed news --key owner.key news
		[ "$(jq -r '.feed.owner + " " + (.feed.index | tostring)' <<< "$output")" = "$owner $number" ]
		manifest=$(jq -r .feed.manifest <<< "$output")
		[ "${first:=$manifest}" = "$manifest" ]
	done
	topic=$(jq -r .feed.topic <<< "$output")
	[ "$(bzz-put --store store --feed "$topic" --key owner.key news | jq .feed.index)" = 3 ]
	[ "$(bzz-put --store store --feed other --key owner.key news | jq .feed.index)" = 0 ]
	node feed=77
	[ "$(upload --feed news --key owner.key news | jq .feed.index)" = 77 ]
	grep -q "POST /api/soc/$owner/" taken/log
	[ "$(upload --store store --feed news --key owner.key news | jq .feed.index)" = 77 ]
}

@test "feeds: a node without updates begins at 0; one that cannot say is an error" {
	owner_key
	node
	[ "$(upload --feed news --key owner.key file | jq .feed.index)" = 0 ]
	kill "$bee"
	wait "$bee" || true
	rm -r taken
	node sick
	run -3 --separate-stderr upload --feed news --key owner.key file
	[[ $stderr = *'does not say which update is the newest'* ]]
	! grep -q /soc/ taken/log
}

@test "feeds: keys that are none, or not secret" {
	owner_key
	chmod 644 owner.key
	run -3 --separate-stderr bzz-put --store store --feed news --key owner.key file
	[[ $stderr = *'owner.key: '*'chmod 600'* ]]
	(umask 077 && printf '%064d\n' 0 > zero.key && echo x > x.key)
	run ! bzz-put --store store --feed news --key zero.key file
	run -3 bzz-put --store store --feed news --key x.key file
	run -3 bzz-put --store store --feed news --key nothing file
	run -2 bzz-put --store store --feed news file
	run -2 bzz-put --store store --key owner.key file
	run -2 bzz-put --store store -e --feed news --key owner.key file
}

@test "upload: --whole sends the file in one request, and compares the reference" {
	node
	run -0 --separate-stderr upload --whole file
	reference=$(jq -r .reference <<< "$output")
	cmp file "taken/$reference"
	[ "$(awk '{ print $2, $3, $4 }' taken/log)" = "POST /api/bytes $stamp" ]
	: > empty
	run -0 upload --whole empty
	kill "$bee"
	wait "$bee" || true
	rm -r taken
	manifest=$(bzz-put --store store -m file | jq -r .reference)
	node reference="$manifest"
	run -0 --separate-stderr upload --whole -m file
	[ "$(jq -r .reference <<< "$output")" = "$manifest" ]
	[ "$(awk '{ print $3 }' taken/log)" = '/api/bzz?name=file' ]
	run -1 --separate-stderr upload --whole file
	[[ $stderr = *"it says it took $manifest, not $reference"* ]]
	[ -z "$output" ]
}

@test "upload: --whole that is refused, and where it makes no sense" {
	node status=422
	run -3 --separate-stderr upload --whole file
	[[ $stderr = *'the postage batch is not usable yet'* ]]
	kill "$bee"
	wait "$bee" || true
	run -3 --separate-stderr upload --whole file
	[[ $stderr = *'file: '* ]]
	mkdir folder
	for arguments in '--whole -e file' '--whole folder' '--whole -'; do
		# shellcheck disable=SC2086 # words
		run -2 upload $arguments
	done
	run -2 bzz-put --store store --whole file
}
