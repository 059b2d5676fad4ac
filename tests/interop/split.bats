#!/usr/bin/env bats
# Files split by bee's own packages and by bmt-hash: the same references, for every level and around
# every size at which a tree gets another shape.
bats_require_minimum_version 1.5.0

setup_file() {
	tests/interop/beenet/build.sh
}

# Bytes that differ everywhere, the same in every run.
content() {
	openssl enc -aes-128-ctr -nosalt -pass pass:split -in /dev/zero 2> /dev/null | head -c "$1"
}

# same LEVEL SIZE...: files of these sizes have one reference there and here.
same() {
	local level=$1 size specs=() files=()
	shift
	for size; do
		[ -s "$BATS_FILE_TMPDIR/$size" ] || content "$size" > "$BATS_FILE_TMPDIR/$size"
		specs+=("$BATS_FILE_TMPDIR/$size,r=$level")
		files+=("$BATS_FILE_TMPDIR/$size")
	done
	build/interop/beenet split "${specs[@]}" | jq -r .reference > "$BATS_TEST_TMPDIR/theirs"
	build/bin/bmt-hash --redundancy "$level" "${files[@]}" | jq -r .reference > "$BATS_TEST_TMPDIR/ours"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/theirs")" = $# ]
	diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

# around LEVEL CHILDREN: sizes of one chunk and two levels, full, one less, one more.
around() {
	local level=$1 full=$(($2 * 4096)) square=$(($2 * $2 * 4096))
	same "$level" 1 4095 4096 4097 8192 100000 \
		$((full - 4096)) $((full - 1)) "$full" $((full + 1)) $((full + 4096)) $((full + 4097)) \
		$((2 * full - 1)) $((2 * full + 1)) "$square" $((square + 1)) $((square + full + 1))
}

@test "level 0" {
	same 0 0
	around 0 128
}

@test "level 1, medium: bee's default" {
	same 1 0
	around 1 119
}

@test "level 2, strong" {
	around 2 107
}

@test "level 3, insane" {
	around 3 97
}

@test "level 4, paranoid: three levels of chunks, and what is carried up two" {
	around 4 39
	same 4 $((39 * 39 * 39 * 4096 + 1)) $((39 * 39 * 4096 * 2 + 39 * 4096 + 1))
}
