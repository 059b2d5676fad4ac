#!/usr/bin/env bats
# The disk image: what is in it, what it refuses, and that it can be made again.
bats_require_minimum_version 1.5.0

setup() {
	key=fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025
	config=$BATS_TEST_TMPDIR/config.json
	image=$BATS_TEST_TMPDIR/disk.img
	fat=$image@@1M
	printf '{"policy_version":1,"version":1,"threshold":1,"keys":[{"key_id":"%s"}],"boot":{"providers":["http://10.0.2.2:8080"]}}\n' \
		$key > "$config"
}

# refused CONFIG PATTERN: there is no image, and one line says why.
refused() {
	printf '%s' "$1" > "$config"
	run tools/esp.sh "$config" "$image"
	echo "$output"
	[ "$status" != 0 ]
	grep -qE -e "$2" <<< "$output"
	[ ! -e "$image" ] && [ ! -e "$image.new" ]
}

@test "make esp: the program and the configuration, in a file system without faults" {
	make -s esp CONFIG="$config" IMAGE="$image"
	mcopy -i "$fat" ::/EFI/BOOT/BOOTX64.EFI - | cmp - build/SWFETCH.EFI
	mcopy -i "$fat" ::/EFI/swfetch/swfetch.json - | cmp - "$config"
	tail -c +1048577 "$image" > "$BATS_TEST_TMPDIR/fat"
	fsck.fat -n "$BATS_TEST_TMPDIR/fat"
	# one partition, an EFI system partition, from the first mebibyte to the end of the disk
	run -0 od -An -v -tx1 -j 446 -N 66 "$image"
	echo "$output"
	first=$(od -An -tu4 -j 454 -N 4 "$image") sectors=$(od -An -tu4 -j 458 -N 4 "$image")
	[ "$(od -An -tx1 -j 450 -N 1 "$image")" = ' ef' ]
	[ $((first)) = 2048 ]
	[ $(((first + sectors) * 512)) = "$(stat -c %s "$image")" ]
	[ "$(od -An -v -tx1 -j 462 -N 50 "$image" | tr -d ' 0\n')" = 55aa ]
}

@test "without a configuration make esp says what to say" {
	run make esp
	[ "$status" != 0 ]
	grep -q 'make esp CONFIG=FILE' <<< "$output"
}

@test "the same inputs, in another time zone and later, give the same bytes; another configuration does not" {
	TZ=UTC-5 tools/esp.sh "$config" "$image"
	mv "$image" "$image.1"
	touch -d 2031-01-01 "$config"
	TZ=UTC+7 SOURCE_DATE_EPOCH=0 tools/esp.sh "$config" "$image"
	cmp "$image" "$image.1"
	echo >> "$config"
	tools/esp.sh "$config" "$image"
	run ! cmp -s "$image" "$image.1"
}

@test "a configuration that the program would refuse: no JSON, no keys, twice a member, a typing mistake, too long" {
	cp "$config" "$config.good"
	refused '{"policy_version":1,' 'config.json: .*at byte 20'
	refused '{}' 'config.json: keys: a required member is missing'
	refused "$(sed 's/"version":1/"version":1,"version":2/' "$config.good")" 'occurs twice'
	refused "$(sed 's/\["http.*"\]/"http:"/' "$config.good")" 'providers: a member has the wrong type'
	refused '' 'config.json: '
	head -c 1048577 /dev/zero | tr '\0' ' ' > "$config"
	run tools/esp.sh "$config" "$image"
	[ "$status" != 0 ]
	grep -q 'larger than the limit' <<< "$output"
	run tools/esp.sh "$BATS_TEST_TMPDIR/none" "$image"
	[ "$status" != 0 ]
	grep -q 'none: No such file or directory' <<< "$output"
	[ ! -e "$image" ]
}

@test "a member of boot that says nothing is warned of" {
	sed -i 's/"boot":{/"boot":{"provider":[],/' "$config"
	run -0 tools/esp.sh "$config" "$image"
	echo "$output"
	grep -q 'config.json: provider: a member that is not known here' <<< "$output"
	[ -s "$image" ]
}

@test "an image that could not be made leaves the one before" {
	echo before > "$image"
	run tools/esp.sh --add "$BATS_TEST_TMPDIR/none=EFI/x" "$config" "$image"
	[ "$status" != 0 ]
	[ "$(cat "$image")" = before ]
}

@test "for tests: no configuration, a broken one, further files in folders of their own" {
	tools/esp.sh --unchecked '' "$image"
	run ! mdir -b -i "$fat" ::/EFI/swfetch
	echo '{' > "$config"
	head -c 40000000 /dev/urandom > "$BATS_TEST_TMPDIR/big"
	tools/esp.sh --unchecked --add "$BATS_TEST_TMPDIR/big=EFI/other/big.bin" --add "$config=\\x.json" "$config" "$image"
	mcopy -i "$fat" ::/EFI/swfetch/swfetch.json - | cmp - "$config"
	mcopy -i "$fat" ::/EFI/other/big.bin - | cmp - "$BATS_TEST_TMPDIR/big"
	mcopy -i "$fat" ::/x.json - | cmp - "$config"
}

@test "usage" {
	for words in '' '--add x' '--other a b' 'a' 'a b c'; do
		# shellcheck disable=SC2086 # several words
		run -2 tools/esp.sh $words
		grep -q '^usage: esp.sh' <<< "$output"
	done
}
