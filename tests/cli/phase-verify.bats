#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2094 # bats sets stderr; cmp only reads
# phase-verify: what it accepts, what it refuses, and with which status.
bats_require_minimum_version 1.5.0

setup() {
	PATH="$PWD/build/bin:$PATH"
	export SOURCE_DATE_EPOCH=1795225600 # 2026-11-21T01:46:40Z
	cd "$BATS_TEST_TMPDIR" || exit 1
	for k in a b c; do phase-sign --new-key $k >$k.id; done
	mkdir -p store/stable/x86_64
	printf kernel >store/stable/x86_64/vmlinuz
	printf initrd >store/stable/x86_64/initrd.img
	release >m.json
	phase-sign --key a.key --key b.key m.json >s.json
	policy a b >p.json
}

# A release; arguments are jq filters.
release() {
	local filter=.
	for f in "$@"; do filter="$filter | $f"; done
	jq -n --arg k "sha256:$(sha256sum <store/stable/x86_64/vmlinuz | cut -c 1-64)" \
		--arg i "sha256:$(sha256sum <store/stable/x86_64/initrd.img | cut -c 1-64)" '{
		manifest_version: 1, version: "1.2.0", release: 42, channel: "stable", arch: "x86_64",
		created_at: "2026-11-20T00:00:00Z", expires_at: "2026-12-20T00:00:00Z", cmdline: "console=ttyS0 quiet",
		artifacts: {kernel: {filename: "vmlinuz", size_bytes: 6, hash: $k},
			initramfs: {filename: "initrd.img", size_bytes: 6, hash: $i}}}' | jq "$filter"
}

# A policy that asks for all of the keys named.
policy() {
	for k in "$@"; do cat "$k.id"; done | jq -Rn '[inputs | {key_id: ., name: "test"}] |
		{policy_version: 1, version: 3, keys: ., threshold: length, channel: "stable"}'
}

verify() {
	run --separate-stderr phase-verify --at 2026-11-21T02:00:00Z "$@"
}

# Refused with this status, nothing on stdout, this in a message.
refused() {
	[ "$status" -eq "$1" ]
	[ -z "$output" ]
	[[ "$stderr" == "phase-verify: "*"$2"* ]]
}

@test "prints what it accepts, byte for byte" {
	phase-verify --policy p.json --at 2026-11-21T02:00:00Z s.json | cmp - s.json
	phase-verify --policy p.json --at 2026-11-21T02:00:00Z <s.json | cmp - s.json
	phase-verify --policy p.json --at 2026-11-21T02:00:00Z - <s.json | cmp - s.json
}

@test "the pipeline of the contract" {
	phase-sign --key a.key <m.json | phase-sign --key b.key |
		phase-verify --policy p.json --at 2026-11-21T02:00:00Z >out.json
	[ "$(jq .release out.json)" = 42 ]
}

@test "threshold: distinct keys, not entries" {
	phase-sign --key a.key m.json >one.json
	verify --policy p.json one.json
	refused 4 "one.json: threshold not met: 1 of 2 keys (have $(cut -c 1-8 a.id)…, missing $(cut -c 1-8 b.id)…)"
	jq '.signatures += .signatures' one.json >twice.json
	verify --policy p.json twice.json
	refused 4 "1 of 2 keys"
	verify --policy p.json m.json
	refused 4 "0 of 2 keys (have none"
	phase-sign --key c.key one.json >other.json
	verify --policy p.json other.json
	refused 4 "1 of 2 keys"
}

@test "keys come from the caller only" {
	jq --arg k "$(cat c.id)" '.keys = [{key_id: $k}] | .threshold = 1' m.json | phase-sign --key c.key >own.json
	verify --policy p.json own.json
	refused 4 "0 of 2 keys"
	verify own.json
	refused 2 "whom to trust"
}

@test "one wrong signature: 1 when it matters, a warning when it does not" {
	jq '.signatures[0].signature |= (if .[0:1] == "0" then "1" else "0" end) + .[1:]' s.json >wrong.json
	verify --policy p.json wrong.json
	refused 1 "a signature by a trusted key is wrong: $(cut -c 1-8 a.id)…"
	verify --key a.pub --key b.pub --threshold 1 wrong.json
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"$(cut -c 1-8 a.id)… is wrong; enough others are right"* ]]
}

@test "a changed document is 1" {
	sed 's/quiet/quiet init=\/bin\/sh/' s.json >changed.json
	verify --policy p.json changed.json
	refused 1 "signature by a trusted key is wrong"
}

@test "dates" {
	run --separate-stderr phase-verify --policy p.json --at 2026-12-20T00:00:00Z s.json
	refused 4 "expired: found 2026-12-20T00:00:00Z, needed after 2026-12-20T00:00:00Z"
	run --separate-stderr phase-verify --policy p.json --at 2026-11-19T23:00:00Z s.json
	refused 4 "not yet valid"
	run --separate-stderr phase-verify --policy p.json --at 2026-11-19T23:55:00Z s.json
	[ "$status" -eq 0 ]
	jq '.expires_at = "2026-11-21T00:00:00Z"' p.json >expired.json
	verify --policy expired.json s.json
	refused 4 "the policy has expired"
}

@test "channel and architecture" {
	jq '.channel = "testing"' p.json >other.json
	verify --policy other.json s.json
	refused 4 "another channel than the policy's: found stable, needed testing"
	jq '.arch = "arm64"' p.json >other.json
	verify --policy other.json s.json
	refused 4 "another architecture"
	jq '.arch = "amd64"' p.json >alias.json
	verify --policy alias.json s.json
	[ "$status" -eq 0 ]
	verify --key a.pub --channel testing s.json
	refused 4 "another channel"
	verify --key a.pub -a aarch64 s.json
	refused 4 "another architecture"
	verify --policy p.json --channel testing s.json
	refused 4 "the policy is for stable"
	verify --key a.pub -c stable -a amd64 s.json
	[ "$status" -eq 0 ]
}

@test "release floor: the policy's, and the machine's" {
	jq '.min_release = 43' p.json >floor.json
	verify --policy floor.json s.json
	refused 4 "below the release floor: found 42, needed at least 43"
	verify --policy p.json --state state s.json
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.channel, .arch, .release]' state/stable-x86_64.json)" = '["stable","x86_64",42]' ]
	release '.release = 41' | phase-sign --key a.key --key b.key >old.json
	verify --policy p.json --state state old.json
	refused 4 "needed at least 42"
	verify --policy p.json --state state s.json # the same again
	[ "$status" -eq 0 ]
	release '.release = 43' | phase-sign --key a.key --key b.key >new.json
	verify --policy p.json --state state new.json
	[ "$status" -eq 0 ]
	verify --policy p.json --state state s.json
	refused 4 "needed at least 43"
}

@test "a floor holds for its channel and architecture only, in either spelling" {
	verify --key a.pub --state state s.json
	[ "$status" -eq 0 ]
	release '.release = 7' '.channel = "testing"' | phase-sign --key a.key >testing.json
	verify --key a.pub --state state testing.json
	[ "$status" -eq 0 ]
	release '.release = 7' '.arch = "arm64"' | phase-sign --key a.key >arm.json
	verify --key a.pub --state state arm.json
	[ "$status" -eq 0 ]
	release '.release = 7' '.arch = "amd64"' | phase-sign --key a.key >alias.json
	verify --key a.pub --state state alias.json
	refused 4 "needed at least 42"
}

@test "the floor rises for what was accepted and has arrived, and for nothing else" {
	phase-sign --key a.key m.json >one.json
	verify --policy p.json --state state one.json
	refused 4 "threshold"
	verify --policy p.json --state state --explain s.json
	[ "$status" -eq 0 ]
	run bash -c 'phase-verify --at 2026-11-21T02:00:00Z --policy p.json --state state s.json >/dev/full'
	[ "$status" -eq 3 ]
	[ ! -e state/stable-x86_64.json ]
}

@test "a damaged floor is an error that says what to do, never 0" {
	verify --policy p.json --state state s.json
	for damage in '' '{}' '42' '{"channel":"stable","arch":"x86_64","release":1e3,"accepted_at":"2026-11-21T02:00:00Z"}' \
		'{"channel":"testing","arch":"x86_64","release":1,"accepted_at":"2026-11-21T02:00:00Z"}' \
		"$(head -c 3000 /dev/zero | tr '\0' ' ')"; do
		printf '%s' "$damage" >state/stable-x86_64.json
		verify --policy p.json --state state s.json
		refused 3 "state/stable-x86_64.json: the state file is damaged: restore it, or delete it"
		[ "$(cat state/stable-x86_64.json)" = "$damage" ]
	done
}

@test "a state that cannot be kept is found before anything is accepted" {
	touch file
	verify --policy p.json --state file s.json
	refused 3 "file: "
	verify --policy p.json --state /proc/nowhere s.json
	refused 3 "/proc/nowhere: "
}

@test "two verifiers at once never lower the floor" {
	local n pids=() pid
	for n in $(seq 1 12); do
		release ".release = $n" | phase-sign --key a.key >"$n.json"
	done
	for n in 12 3 7 1 11 2 9 5 10 4 8 6; do
		phase-verify --at 2026-11-21T02:00:00Z --key a.pub --state state "$n.json" >/dev/null 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || true; done
	[ "$(jq .release state/stable-x86_64.json)" = 12 ]
	[ -z "$(find state -name '.stable*')" ]
}

@test "critical members" {
	release '.critical = ["cmdline"]' | phase-sign --key a.key >known.json
	verify --key a.pub known.json
	[ "$status" -eq 0 ]
	release '.critical = ["tpm"] | .tpm = 1' | phase-sign --key a.key >unknown.json
	verify --key a.pub unknown.json
	refused 4 "a critical member is not understood: tpm"
}

@test "malformed is 3 and says where" {
	printf '{"a":1,"a":2}' >bad.json
	verify --policy p.json bad.json
	refused 3 "bad.json: member name: a member name occurs twice (at byte 8)"
	{ cat s.json; echo x; } >bad.json
	verify --policy p.json bad.json
	refused 3 "bytes follow after the end"
	for number in 1e3 -1 9007199254740992 42.0; do
		sed "s/\"release\": 42/\"release\": $number/" s.json >bad.json
		verify --policy p.json bad.json
		refused 3 "not an integer"
	done
	{ cat s.json; head -c 1048576 /dev/zero | tr '\0' ' '; } >bad.json
	verify --policy p.json bad.json
	refused 3 "larger than the limit"
	jq -c '.deep = [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]' s.json >bad.json
	verify --policy p.json bad.json
	refused 3 "nested too deeply"
	: >bad.json
	verify --policy p.json bad.json
	refused 3 "bad.json: is empty, and should be a release manifest"
	verify --policy p.json nowhere.json
	refused 3 "nowhere.json: No such file or directory"
	verify --policy s.json s.json
	refused 3 "s.json: this is a release manifest, not a policy"
	verify --policy p.json p.json
	refused 3 "p.json: this is a policy, not a release manifest"
	phase-sign --new-key kind > kind.id
	verify --policy kind.pub s.json
	refused 3 "kind.pub: this is a public key (PEM), not a policy"
	verify --policy kind.key s.json
	refused 3 "kind.key: this is a SECRET key (PEM), not a policy"
}

@test "names that try to leave the folder are malformed, signed or not" {
	for name in ../vmlinuz a/b .hidden '' '..' 'a\\b' 'a\u0000b' 'a\u001b[2Jb'; do
		jq -c . m.json | awk -v n="$name" '{ gsub(/\\/, "\\\\", n); gsub(/"vmlinuz"/, "\"" n "\""); print }' >bad.json
		verify --policy p.json bad.json
		refused 3 "filename"
	done
}

@test "control characters of a hostile manifest do not reach the terminal" {
	printf '{"manifest_version":1,"a\033[2J":' >bad.json
	verify --policy p.json bad.json
	[ "$status" -eq 3 ]
	[[ "$stderr" != *$'\033'* ]]
}

@test "--key: an id, a PEM file, a file with an id; unusable ones are errors" {
	verify --key "$(cat a.id)" s.json
	[ "$status" -eq 0 ]
	verify --key a.id s.json
	[ "$status" -eq 0 ]
	verify --key a.id --key b.pub --threshold 2 s.json
	[ "$status" -eq 0 ]
	verify --key a.id --key a.pub s.json
	refused 2 "given twice"
	verify --key a.key s.json
	refused 3 "a.key: "
	verify --key nowhere s.json
	refused 3 "nowhere: "
	verify --key 0100000000000000000000000000000000000000000000000000000000000000 s.json
	refused 3 "not an acceptable public key"
}

@test "--explain names every rule" {
	verify --policy p.json --explain s.json
	[ "$status" -eq 0 ]
	[ "$(jq -r '[.rules[].rule] | join(" ")' <<<"$output")" = \
		"form signatures threshold channel arch created expires policy-expires floor critical" ]
	jq -e '.accepted and all(.rules[]; .ok) and .release == 42 and all(.keys[]; .signed == "good")' <<<"$output"
	phase-sign --key a.key m.json >one.json
	run --separate-stderr phase-verify --policy p.json --at 2027-01-01T00:00:00Z --explain one.json
	[ "$status" -eq 4 ]
	[ "$(jq -r '[.rules[] | select(.ok | not).rule] | join(" ")' <<<"$output")" = "threshold expires" ]
	[ "$(jq -r '[.keys[].signed] | join(" ")' <<<"$output")" = "good no" ]
	run --separate-stderr phase-verify --policy p.json --explain p.json
	[ "$status" -eq 3 ]
	jq -e '.accepted == false and .rules[0].rule == "form"' <<<"$output"
	jq -e '[to_entries[] | select(.value == null).key] == ["release", "channel", "arch", "version"]' <<<"$output"
}

@test "--artifacts checks the files, in either spelling of the folder" {
	verify --policy p.json --artifacts store s.json
	[ "$status" -eq 0 ]
	mv store/stable/x86_64 store/stable/amd64
	verify --policy p.json --artifacts store s.json
	[ "$status" -eq 0 ]
	verify --policy p.json --artifacts store --explain s.json
	jq -e '.accepted and (.artifacts | length == 2) and all(.artifacts[]; .ok and .found == .needed)' <<<"$output"
}

@test "--artifacts: wrong, short, long, missing, a folder, a link out of the store" {
	local f=store/stable/x86_64/vmlinuz
	printf kernOl >$f
	verify --policy p.json --artifacts store s.json
	refused 1 "stable/x86_64/vmlinuz: content does not match its hash"
	verify --policy p.json --artifacts store --explain s.json
	[ "$status" -eq 1 ]
	jq -e '.accepted == false' <<<"$output"
	printf kerne >$f
	verify --policy p.json --artifacts store s.json
	refused 1 "5 bytes, not 6"
	printf kernels >$f
	verify --policy p.json --artifacts store s.json
	refused 1 "7 bytes, not 6"
	rm $f
	verify --policy p.json --artifacts store s.json
	refused 3 "stable/x86_64/vmlinuz: "
	printf kernel >outside
	ln -s ../../../outside $f
	verify --policy p.json --artifacts store s.json
	refused 3 "stable/x86_64/vmlinuz: "
	ln -sf initrd.img $f
	verify --policy p.json --artifacts store s.json
	refused 1 "does not match"
	rm $f
	mkdir $f
	verify --policy p.json --artifacts store s.json
	refused 3 "stable/x86_64/vmlinuz: "
	rmdir $f
	mkfifo $f
	run --separate-stderr timeout 100 phase-verify --at 2026-11-21T02:00:00Z --policy p.json --artifacts store s.json
	refused 3 "stable/x86_64/vmlinuz: "
	verify --policy p.json --artifacts nowhere s.json
	refused 3 "nowhere: "
}

@test "--artifacts does not raise the floor when a file is wrong" {
	printf kernOl >store/stable/x86_64/vmlinuz
	verify --policy p.json --artifacts store --state state s.json
	refused 1 "vmlinuz"
	[ ! -e state/stable-x86_64.json ]
}

@test "--update-policy: rotation" {
	policy b c | jq '.version = 4' >new.json
	verify --policy p.json --update-policy new.json
	refused 4 "new.json: threshold not met for the keys of the policy in force: 0 of 2 (have none, missing $(cut -c 1-8 a.id)…, $(cut -c 1-8 b.id)…)"
	phase-sign --key b.key new.json >one.json
	verify --policy p.json --update-policy one.json
	refused 4 "one.json: threshold not met for the keys of the policy in force: 1 of 2 (have $(cut -c 1-8 b.id)…, missing $(cut -c 1-8 a.id)…)"
	[[ "$stderr" == *"one.json: threshold not met for the new policy's own keys: 1 of 2 (have $(cut -c 1-8 b.id)…, missing $(cut -c 1-8 c.id)…)"* ]]
	phase-sign --key a.key --key b.key new.json >half.json
	verify --policy p.json --update-policy half.json
	refused 4 "half.json: threshold not met for the new policy's own keys: 1 of 2 (have $(cut -c 1-8 b.id)…, missing $(cut -c 1-8 c.id)…)"
	[[ "$stderr" != *"in force"* ]]
	phase-sign --key c.key half.json >full.json
	phase-verify --policy p.json --update-policy full.json | cmp - full.json
	jq '.version = 3' new.json | phase-sign -k a.key -k b.key -k c.key >same.json
	verify --policy p.json --update-policy same.json
	refused 4 "not newer than the policy in force: version 3, in force is 3"
	verify --policy full.json --update-policy p.json
	refused 4 "not newer"
	jq '.threshold = 1' full.json >changed.json
	verify --policy p.json --update-policy changed.json
	refused 1 "wrong"
	# what the old policy's keys have signed is not for the new one
	verify --policy full.json s.json
	refused 4 "1 of 2 keys"
}

@test "opens no socket" {
	unshare -n phase-verify --policy p.json --at 2026-11-21T02:00:00Z --artifacts store --state state s.json | cmp - s.json
	# a leak check cannot run while it is traced
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=%network -o trace phase-verify --policy p.json --at 2026-11-21T02:00:00Z --artifacts store s.json >out
	cmp out s.json
	run ! grep -qE 'socket|connect|sendto|bind' trace
}

@test "keys of a policy: none, and the same one twice" {
	jq '.keys = []' p.json >bad.json
	verify --policy bad.json s.json
	refused 3 "bad.json: keys: at least one is needed"
	jq '.keys[1] = .keys[0]' p.json >bad.json
	verify --policy bad.json s.json
	refused 3 "bad.json: keys: the same key twice"
}

@test "a misspelt member of a policy is told, wherever a policy is read; SWFETCH.EFI's is known" {
	jq '.channels = .channel | del(.channel) | .boot = {mdns: true}' p.json >typo.json
	local warning="typo.json: warning: member 'channels' is not known and has no effect"
	verify --policy typo.json s.json
	[ "$status" -eq 0 ]
	[ "$stderr" = "phase-verify: $warning" ]
	verify --quiet --policy typo.json s.json
	[ -z "$stderr" ]
	run --separate-stderr phase-sign --key a.key typo.json
	[ "$status" -eq 0 ]
	[ "$stderr" = "phase-sign: $warning" ]
	run --separate-stderr phase-boot --dry-run --policy typo.json nowhere.json
	[[ "$stderr" == "phase-boot: $warning"* ]]
	run --separate-stderr phase-fetch --policy typo.json --timeout 1s http://127.0.0.1:1/
	[[ "$stderr" == "phase-fetch: $warning"* ]]
	run --separate-stderr phase-serve --no-mdns --policy typo.json nowhere
	[[ "$stderr" == "phase-serve: $warning"* ]]
	jq '. + ([range(12) | {key: "x\(.)\u001b", value: 1}] | from_entries)' p.json >many.json
	verify --policy many.json s.json
	[ "$(grep -c 'has no effect' <<<"$stderr")" -eq 10 ]
	[[ "$stderr" == *"warning: and 2 more" ]]
	[[ "$stderr" != *$'\033'* ]]
}

@test "a full disk is an error" {
	run bash -c 'phase-verify --at 2026-11-21T02:00:00Z --policy p.json s.json >/dev/full'
	[ "$status" -eq 3 ]
	[ "$output" = "phase-verify: write error: No space left on device" ]
	run bash -c 'phase-verify --at 2026-11-21T02:00:00Z --policy p.json --explain s.json >/dev/full'
	[ "$status" -eq 3 ]
}

@test "the examples of the manual do what they say" {
	sed -i 's/2026-12-20/2099-12-20/' m.json
	phase-sign --key a.key --key b.key m.json >signed.json
	mv signed.json m.json
	mv p.json policy.json
	policy b c | jq '.version = 4' | phase-sign -k a.key -k b.key -k c.key >new.json
	cp new.json wanted.json
	sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../../man/phase-verify.1" >examples
	[ "$(wc -l <examples)" -ge 5 ]
	while read -r example; do
		rm -f ok.json
		bash -eo pipefail -c "$example" </dev/null
		[[ "$example" != *ok.json* ]] || cmp ok.json m.json
	done <examples
	cmp policy.json wanted.json
}

# Runs a command with the n-th call of a kind failing, for all n; after each, what is left is
# checked by the function "whole". -P FILE limits the calls to those on a file.
fail_each() {
	local call=$1 n limit=()
	shift
	while [ "$1" = -P ]; do limit+=(-P "$2"); shift 2; done
	for ((n = 1; n < 20; n++)); do
		ASAN_OPTIONS=detect_leaks=0 run --separate-stderr strace -f -qq -o trace "${limit[@]}" -e trace="$call" \
			-e inject="$call:error=EIO:when=$n" "$@"
		grep -q INJECTED trace || break
		[ "$status" -eq 3 ] || { echo "$call no. $n: status $status"; return 1; }
		[[ "$stderr" == *"phase-verify: "*"Input/output error"* ]] || { echo "$call no. $n: $stderr"; return 1; }
		whole || { echo "$call no. $n: something is left"; return 1; }
	done
	[ "$n" -gt 1 ] || { echo "$call was never called"; return 1; }
	[ "$status" -eq 0 ]
}

@test "each call that can fail is failed once: it says so, and the floor is whole" {
	phase-verify --key c.pub --state state s.json || true # makes the folder
	whole() { [ -z "$(find state -name '.stable*')" ] && { [ ! -e state/stable-x86_64.json ] ||
		{ [ "$(jq .release state/stable-x86_64.json)" = 42 ] && rm state/stable-x86_64.json; }; }; }
	local try=(phase-verify --policy p.json --at 2026-11-21T02:00:00Z --artifacts store --state state s.json) f call
	for call in write fsync flock; do
		fail_each $call "${try[@]}"
		rm -f state/stable-x86_64.json
	done
	fail_each rename,renameat,renameat2 "${try[@]}"
	for f in p.json s.json state/.lock store/stable/x86_64/vmlinuz; do
		fail_each openat,openat2 -P "$PWD/$f" -P "$f" -P "${f##*/}" -P "${f#store/}" "${try[@]}"
		[ $f = state/.lock ] || fail_each read -P "$PWD/$f" "${try[@]}"
	done
	fail_each mkdir,mkdirat phase-verify --policy p.json --at 2026-11-21T02:00:00Z --state deep/state s.json
}

@test "usage errors name what is wrong and exit 2" {
	local line
	while read -r line; do
		# shellcheck disable=SC2086
		run --separate-stderr phase-verify $line </dev/null
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ "$stderr" == *"Try 'phase-verify --help'."* ]]
	done <<-'END'
	s.json
	--policy p.json --key a.pub s.json
	--policy p.json --threshold 1 s.json
	--key a.pub --threshold 0 s.json
	--key a.pub --threshold 2 s.json
	--key a.pub --threshold x s.json
	--key a.pub --at yesterday s.json
	--key a.pub --arch mips s.json
	--key a.pub --update-policy p.json
	--policy p.json --update-policy p.json s.json
	--policy p.json --update-policy p.json --state state
	--policy p.json s.json s.json
	--no-such
	END
}

@test "releases that another implementation signed" {
	local v="$BATS_TEST_DIRNAME/../vectors/phase-release.json" n i want
	n=$(jq '.verdicts | length' "$v")
	for ((i = 0; i < n; i += 7)); do
		jq -j ".verdicts[$i].manifest" "$v" >v.json
		jq -j ".verdicts[$i].policy" "$v" >vp.json
		[ "$(jq -r ".verdicts[$i].floor" "$v")" = 0 ] || continue
		[ -n "$(jq -r ".verdicts[$i].now" "$v")" ] || continue
		case $(jq -r ".verdicts[$i].err" "$v") in
		OK) want=0 ;;
		SIGNATURE) want=1 ;;
		*) want=4 ;;
		esac
		run phase-verify --policy vp.json --at "$(jq -r ".verdicts[$i].now" "$v")" v.json
		[ "$status" -eq "$want" ]
	done
}
