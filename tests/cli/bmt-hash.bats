#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
# bmt-hash: references as bee computes them, lists, trees, and files that misbehave.

setup() {
	vectors=$PWD/tests/vectors
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
}

reference() {
	bmt-hash "$@" | jq -r .reference
}

# Bytes 0, 1, … 255, 0, …
mod256() {
	local n=$1 i
	[ -s block ] || printf '%b' "$(for ((i = 0; i < 16; i++)); do printf '\\x%02x' {0..255}; done)" >block
	for ((i = 0; i < n; i += 4096)); do
		cat block
	done | head -c "$n"
}

@test "the references of bee, of files and of standard input" {
	local n=0
	while read -r len want; do
		mod256 "$len" >f
		[ "$(reference f)" = "$want" ]
		[ "$(reference <f)" = "$want" ]
		n=$((n + 1))
	done < <(jq -r '.cases[] | select(.pattern == "mod256" and .span == .len) | "\(.len) \(.address)"' "$vectors/swarm-bmt.json")
	[ "$n" -ge 15 ]
}

@test "one line of JSON a file, in the order of the files" {
	printf foo >a
	: >b
	run --separate-stderr bmt-hash b a
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = '{"file":"b","size":0,"reference":"b34ca8c22b9e982354f9c7f50b470d66db428d880c8a904d5fe4ec9713171526"}' ]
	[ "${lines[1]}" = '{"file":"a","size":3,"reference":"2387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea48"}' ]
	[ "${#lines[@]}" = 2 ]
	[ "$(printf foo | bmt-hash | jq -r '.file + " \(.size)"')" = "- 3" ]
	[ "$(printf foo | bmt-hash -)" = "$(printf foo | bmt-hash)" ]
	[ "$(printf foo | bmt-hash --plain)" = "2387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea48  -" ]
}

@test "a pipe that gives little at a time" {
	mod256 9000 >f
	[ "$( (head -c 4095 f; sleep 0.05; tail -c +4096 f | head -c 2; sleep 0.05; tail -c +4098 f) | reference)" = "$(reference f)" ]
}

@test "names with spaces, line feeds, backslashes, a dash in front, bytes that are not UTF-8" {
	local names=('a b' $'line\nfeed' $'return\r' 'back\slash' '-p' '--' $'\xff\xfe' 'ä€𝄞' '"') name
	for name in "${names[@]}"; do printf '%s' "$name" >"./$name"; done
	bmt-hash --plain -- "${names[@]}" >list
	[ "$(wc -l <list)" = "${#names[@]}" ]
	bmt-hash --check list
	# Byte for byte as sha256sum writes them, but for the digits.
	sha256sum -- "${names[@]}" | sed -E 's/^(\\?)[0-9a-f]{64}/\1/' >theirs
	sed -E 's/^(\\?)[0-9a-f]{64}/\1/' list >ours
	cmp theirs ours
	bmt-hash -- "${names[@]}" >json
	jq -se '.[0].file == "a b" and .[1].file == "line\nfeed" and .[2].file == "return\r" and .[3].file == "back\\slash" and .[4].file == "-p"
		and .[6].file == "??" and .[7].file == "ä€𝄞" and .[8].file == "\""' json
}

@test "no name can forge a line of a list" {
	printf x >$'a\nb34ca8c22b9e982354f9c7f50b470d66db428d880c8a904d5fe4ec9713171526  c'
	bmt-hash --plain -- * >../list
	[ "$(wc -l <../list)" = 1 ]
	run bmt-hash -c ../list
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" = 1 ]
}

@test "--check: all right, one changed, one missing, and lines that are none" {
	printf foo >a
	printf bar >b
	bmt-hash --plain a b >list
	run --separate-stderr bmt-hash --check list
	[ "$status" -eq 0 ]
	[ "$output" = $'a: OK\nb: OK' ]
	[ -z "$stderr" ]
	[ "$(bmt-hash -c - <list)" = "$output" ]
	sed 's/  / */; $!s/$/\n/' list >starred # sha256sum's mark for binary, and an empty line
	bmt-hash -c starred

	printf baz >b
	run --separate-stderr bmt-hash --check list
	[ "$status" -eq 1 ]
	[ "$output" = $'a: OK\nb: FAILED' ]
	[[ "$stderr" == "bmt-hash: b: "*"$(reference b)" ]]

	rm a
	run --separate-stderr bmt-hash --check list
	[ "$status" -eq 3 ]
	[ "$output" = $'a: FAILED\nb: FAILED' ]
	[[ "${stderr_lines[0]}" == "bmt-hash: a: No such file or directory" ]]
}

@test "--check: each kind of malformed line is named with its number, the rest is checked" {
	printf foo >a
	local good line n=0
	good=$(bmt-hash --plain a)
	while IFS= read -r line; do
		printf '%s\n%b\n%s\n' "$good" "$line" "$good" >list
		run --separate-stderr bmt-hash --check list
		[ "$status" -eq 3 ]
		[ "$output" = $'a: OK\na: OK' ]
		[ "$stderr" = "bmt-hash: list: line 2 is not 'REFERENCE  FILE'" ]
		n=$((n + 1))
	done <<-EOF
		x
		${good%a}
		${good/  / }
		${good/  /-}
		${good:1}
		0$good
		g${good:1}
		 $good
		\\\\\\\\$good\\\\\\\\x
		\\\\\\\\$good\\\\\\\\
	EOF
	[ "$n" = 10 ]
	run bmt-hash -c /dev/null
	[ "$status" -eq 3 ]
	[[ "$output" == *"no line in it" ]]
	printf '%s\0\n' "$good" >list
	run bmt-hash -c list
	[ "$status" -eq 3 ]
	[ "$output" = "bmt-hash: list: a NUL byte is in it" ]
	run bmt-hash -c nowhere
	[ "$status" -eq 3 ]
}

@test "files that cannot be read are named, the others are done, exit 3" {
	printf foo >a
	mkdir folder
	run --separate-stderr bmt-hash folder a nowhere
	[ "$status" -eq 3 ]
	[ "$(jq -r .file <<<"$output")" = a ]
	[ "$stderr" = $'bmt-hash: folder: Is a directory\nbmt-hash: nowhere: No such file or directory' ]
}

@test "a file whose owner lets nobody read it" {
	printf foo >a
	chmod 0 a
	chmod 755 "$BATS_TEST_TMPDIR"
	# root reads everything; without its capabilities it is a user like any other
	run --separate-stderr setpriv --bounding-set=-all --inh-caps=-all "$(command -v bmt-hash)" a
	[ "$status" -eq 3 ]
	[ "$stderr" = "bmt-hash: a: Permission denied" ]
	[ -z "$output" ]
}

# changed_while_read COMMAND: is done to a file that bmt-hash has read some of.
changed_while_read() {
	local status=0
	truncate -s 8M big
	touch -d 2026-01-01 big # so that any change now is at another time, even by a coarse clock
	stop_in big bmt-hash big
	eval "$1"
	go_on || status=$?
	cat err
	[ "$status" = 3 ] && [ ! -s out ] && [ "$(cat err)" = "bmt-hash: big: a file changed while it was read" ]
}

@test "a file that grows while it is read" {
	changed_while_read 'printf x >>big'
}

@test "a file that shrinks while it is read" {
	changed_while_read 'truncate -s 4M big'
}

@test "a file that is written to while it is read" {
	changed_while_read 'printf x | dd of=big conv=notrunc status=none'
}

@test "a sparse file of 5 GiB" {
	truncate -s 5G big
	run --separate-stderr bmt-hash big
	[ "$status" -eq 0 ]
	[ "$(jq .size <<<"$output")" = 5368709120 ]
	# Built from its 5 * 2^18 equal leaves by hand: each level's chunks are equal but for the last.
	[ "$(jq -r .reference <<<"$output")" = "$(zero_root 1310720)" ]
}

repeat() { # TEXT N
	local i
	for ((i = 0; i < $2; i++)); do printf '%s' "$1"; done
}

unhex() {
	sed 's/../\\x&/g' | xargs -0 printf '%b'
}

# The reference of so many leaves of zeros, a multiple of 128, by single chunks.
zero_root() {
	local n=$1 span=4096 address
	address=$(head -c 4096 /dev/zero | bmt-hash --chunk | jq -r .reference)
	while [ "$n" -ge 128 ] && [ $((n % 128)) = 0 ]; do
		n=$((n / 128)) span=$((span * 128))
		address=$(repeat "$address" 128 | unhex | bmt-hash --chunk --span "$span" | jq -r .reference)
	done
	repeat "$address" "$n" | unhex | bmt-hash --chunk --span $((span * n)) | jq -r .reference
}

@test "--chunk: one chunk, its span given or its length" {
	[ "$(printf foo | reference --chunk)" = 2387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea48 ]
	[ "$(printf foo | reference --chunk --span 3)" = "$(printf foo | reference --chunk)" ]
	[ "$(printf foo | reference --chunk --span 4)" != "$(printf foo | reference --chunk)" ]
	# greaterthanspan: its first eight bytes are the span
	[ "$(printf hanspan | reference --chunk --span "$(printf greatert | od -An -tu8 | tr -d ' ')")" = \
		95022e6af5c6d6a564ee55a67f8455a3e18c511b5697c932d9e44f07f2fb8c53 ]
	head -c 4097 /dev/zero >long
	run bmt-hash --chunk long
	[ "$status" -eq 3 ]
	[ "$output" = "bmt-hash: long: larger than a chunk, 4096 bytes" ]
	printf foo | bmt-hash --chunk --span 18446744073709551614 >/dev/null
}

@test "--tree: the chunks from which the reference follows; nothing for one block" {
	mod256 300000 >f
	bmt-hash --tree f.bmt f >json
	[ "$(stat -c %s f.bmt)" = $((8 + 74 * 32)) ]
	[ "$(head -c 8 f.bmt | od -An -tu8 | tr -d ' ')" = 300000 ]
	[ "$(tail -c +9 f.bmt | reference --chunk --span 300000)" = "$(jq -r .reference json)" ]
	# and its first address is that of the first block
	[ "$(tail -c +9 f.bmt | head -c 32 | od -An -v -tx1 | tr -d ' \n')" = "$(head -c 4096 f | reference)" ]
	head -c 4096 f >one
	bmt-hash -t one.bmt one >/dev/null
	[ -f one.bmt ]
	[ ! -s one.bmt ]
}

@test "--tree of two levels: the root comes first" {
	truncate -s $((129 * 4096)) f
	bmt-hash --tree f.bmt f >json
	[ "$(stat -c %s f.bmt)" = $((8 + 64 + 4104)) ]
	[ "$(tail -c +9 f.bmt | head -c 64 | reference --chunk --span $((129 * 4096)))" = "$(jq -r .reference json)" ]
	[ "$(tail -c +81 f.bmt | reference --chunk --span $((128 * 4096)))" = \
		"$(tail -c +9 f.bmt | head -c 32 | od -An -v -tx1 | tr -d ' \n')" ]
}

@test "--tree needs a regular file, never replaces the file itself, and leaves nothing when it fails" {
	mod256 5000 >f
	run bmt-hash --tree f.bmt - < <(cat f)
	[ "$status" -eq 3 ]
	[ "$output" = "bmt-hash: -: a tree needs a regular file" ]
	run bmt-hash --tree ./f f
	[ "$status" -eq 2 ]
	[[ "$output" == "bmt-hash: --tree: './f' is the file itself"* ]]
	run bmt-hash --tree nowhere/f.bmt f
	[ "$status" -eq 3 ]
	[ "$(stat -c %s f)" = 5000 ]
	rm -f block
	[ "$(find . -type f)" = ./f ]
	bmt-hash --tree f.bmt <f >/dev/null # standard input may be a regular file
	[ -s f.bmt ]
}

@test "--tree replaces nothing that is no regular file" {
	local name
	mod256 5000 >f
	mkdir dev
	mkfifo dev/fifo
	mknod dev/full c 1 7
	ln -s ../precious dev/link
	ln -s nowhere dev/dangling
	echo precious >precious
	find dev -printf '%p %y %i %l %T@\n' | sort >before
	for name in fifo full link dangling; do
		run -3 --separate-stderr bmt-hash --tree "dev/$name" f
		[ -z "$output" ]
		[ "$stderr" = "bmt-hash: --tree dev/$name: exists and is not a regular file; nothing is replaced" ]
	done
	find dev -printf '%p %y %i %l %T@\n' | sort | cmp - before
	[ "$(cat precious)" = precious ]
}

@test "--tree on a full disk: exit 3, nothing under the name" {
	mod256 5000 >f
	unshare -m bash -e <<-'EOF'
		mkdir small
		mount -t tmpfs -o size=16k tmpfs small
		head -c 16384 /dev/zero >small/fill || true
		status=0
		bmt-hash --tree small/f.bmt f 2>err || status=$?
		[ "$status" = 3 ]
		grep -q 'No space left on device' err
		[ "$(ls -A small)" = fill ]
	EOF
}

@test "--redundancy: the references that bee 2.8.1 gives" {
	local size level want n=0
	while read -r size level want; do
		mod256 "$size" >"f$size"
		[ "$(reference --redundancy "$level" "f$size")" = "$want" ]
		[ "$(reference --redundancy "$level" <"f$size")" = "$want" ]
		n=$((n + 1))
	done <<-'EOF'
		4097 1 052473dfa0b6a1a7accfb125c2a9f0e7941754f862c197343e17ca5292958f6d
		4097 2 137ef1104ed3c4abde7542cbdf087ca5ec7f4223c1f7dab755d5bea5d139d785
		4097 3 412aaa90c3905dffcb36f516d637c1382a8ff97615ec057d633eb43613989331
		4097 4 75a4c02cc707c843d5119e324dfd256ce03e4909568d3b5b64a3c5c00f330221
		300000 1 c39ab5ab46bbecf199d7172107ee7ad31f26f007bb380c1e10e4f25d960e3bb0
		300000 2 f2bf6a5cfe8d8fe42f8f3104d9d0b5f8b17418561b88528d8eac151dbce64154
		300000 3 fe38de04abcfdab44ec58706e14669a6c1533713ed5ccf47100d3524b645acd3
		300000 4 a721c28f21ca2b928c379f733e5ee22dab7a9e5803c47c976ab63d7e898e3637
		5000000 1 fc9118b324fdc193060e046ff56a20b4c7b56798af23f1834be666bf5be3ec2f
		5000000 2 b1488a1f3295730b8abcfe47498efb0e9004cc6be914abcff5a2502e55d8115c
		5000000 3 5077a31f96a6c10c2ffb74a898d2c3faa7e9cab9d4d0488425240fcb8614c581
		5000000 4 ca0b025c8efacee605bc89273d5cbd24c833a4491869ffa76d7f32c57c2c9274
	EOF
	[ "$n" = 12 ]
	[ "$(reference --redundancy 0 f300000)" = "$(reference f300000)" ]
	head -c 4096 f4097 >one
	[ "$(reference --redundancy 4 one)" = "$(reference one)" ]
	bmt-hash --redundancy 2 --plain f* >list
	bmt-hash --redundancy 2 --check list
	run bmt-hash --redundancy 1 --check list
	[ "$status" -eq 1 ]
}

@test "--redundancy --tree: the level in the span, the parities' addresses behind those of the blocks" {
	mod256 300000 >f
	bmt-hash --redundancy 3 --tree f.bmt f >json
	[ "$(stat -c %s f.bmt)" = $((8 + (74 + 27) * 32)) ]
	[ "$(od -An -tx1 -N 8 f.bmt)" = " e0 93 04 00 00 00 00 83" ]
	[ "$(tail -c +9 f.bmt | reference --chunk --span "$(od -An -tu8 -N 8 f.bmt | tr -d ' ')")" = "$(jq -r .reference json)" ]
	[ "$(tail -c +9 f.bmt | head -c 32 | od -An -v -tx1 | tr -d ' \n')" = "$(head -c 4096 f | reference)" ]
	bmt-hash --redundancy 4 --tree f.bmt f >/dev/null # two levels: 39 and 35 blocks
	[ "$(stat -c %s f.bmt)" = $((8 + (2 + 23) * 32 + 4104 + 8 + (35 + 86) * 32)) ]
}

@test "--encrypt: fresh each time, or the same again from a key file" {
	local level first again
	mod256 300000 >f
	(umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >key && tr 0-9 1-90 <key >other)
	for level in 0 1 4; do
		[[ $(reference --encrypt --redundancy "$level" f) =~ ^[0-9a-f]{128}$ ]]
		[ "$(reference --encrypt --redundancy "$level" f)" != "$(reference --encrypt --redundancy "$level" f)" ]
		first=$(reference --encrypt --key-file key --redundancy "$level" f)
		again=$(reference --encrypt --key-file key --redundancy "$level" <f)
		[[ $first =~ ^[0-9a-f]{128}$ ]]
		[ "$first" = "$again" ]
		[ "$first" != "$(reference --encrypt --key-file other --redundancy "$level" f)" ]
		echo "$first" >>all
	done
	[ "$(sort -u all | wc -l)" = 3 ]
	run ! grep -F "$(cat key)" all
	[ "$(bmt-hash --encrypt --key-file key --plain f f | uniq | wc -l)" = 1 ]
	[ "$(bmt-hash --encrypt --plain f f | uniq | wc -l)" = 2 ]
	# one byte, and nothing of address or key is as it was
	printf x | dd of=f bs=1 seek=299999 conv=notrunc status=none
	again=$(reference --encrypt --key-file key f)
	[ "${again:0:64}" != "$(head -n 1 all | cut -c 1-64)" ]
	[ "${again:64}" != "$(head -n 1 all | cut -c 65-)" ]
	[[ $(reference --encrypt <"/dev/null") =~ ^[0-9a-f]{128}$ ]]
}

@test "--key-file: what is no secret is refused" {
	local text
	printf foo >f
	(umask 077 && printf '%064d\n' 7 >key)
	bmt-hash --encrypt --key-file key f >/dev/null
	chmod 640 key
	run -3 --separate-stderr bmt-hash --encrypt --key-file key f
	[ -z "$output" ]
	[[ $stderr = "bmt-hash: key: "*"chmod 600"* ]]
	for text in '' 7 "$(printf '%063d' 7)" "$(printf '%065d' 7)" "$(printf '%064d' 7 | tr 7 g)"; do
		(umask 077 && printf '%s' "$text" >bad)
		run -3 --separate-stderr bmt-hash --encrypt --key-file bad f
		[[ $stderr = "bmt-hash: bad: "*"64 lower-case hex digits"* ]]
	done
	run -3 --separate-stderr bmt-hash --encrypt --key-file nowhere f
	[[ $stderr = "bmt-hash: nowhere: "* ]]
}

@test "standard output that is full" {
	printf foo >a
	run --separate-stderr bash -c 'bmt-hash a >/dev/full'
	[ "$status" -eq 3 ]
	[ "$stderr" = "bmt-hash: write error: No space left on device" ]
	bmt-hash --plain a >list
	run bash -c 'bmt-hash -c list >/dev/full'
	[ "$status" -eq 3 ]
}

@test "options that do not go together" {
	printf foo >a
	local line n=0
	while read -r line; do
		# shellcheck disable=SC2086 # words
		run bmt-hash $line
		[ "$status" -eq 2 ]
		[[ "$output" == "bmt-hash: --"*"Try 'bmt-hash --help'." ]]
		n=$((n + 1))
	done <<-'EOF'
		--check list a
		--check list --chunk
		--check list --tree t
		--tree t a a
		--tree t --chunk a
		--span 3 a
		--chunk --span -1 a
		--chunk --span 18446744073709551616 a
		--redundancy 5 a
		--redundancy -1 a
		--redundancy x a
		--redundancy 1 --chunk a
		--encrypt --chunk a
		--encrypt --tree t a
		--encrypt --check list
		--key-file k a
	EOF
	[ "$n" = 16 ]
}

@test "a terminal is told that it is read from" {
	python3 - >said <<-'PY'
	import os, pty
	child, terminal = pty.fork()
	if child == 0:
	    os.execlp("bmt-hash", "bmt-hash")
	said = b""
	def listen():
	    try:
	        return os.read(terminal, 4096)
	    except OSError: # the other end was closed
	        return b""
	while b"end with ^D" not in said and (more := listen()):
	    said += more
	os.write(terminal, b"foo\n\x04\x04")
	while more := listen():
	    said += more
	print(said.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
	PY
	grep -q "^bmt-hash: reading data from the terminal, end with ^D" said
	grep -qF "$(printf 'foo\n' | reference)" said
	[ "$(tail -n 1 said)" = " 0" ]
}
