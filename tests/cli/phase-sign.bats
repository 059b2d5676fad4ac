#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
# phase-sign: keys, signatures, and what it refuses.

setup() {
	PATH="$PWD/build/bin:$PATH"
	page=$PWD/man/phase-sign.1
	cd "$BATS_TEST_TMPDIR" || exit 1
	cat >m.json <<-'JSON'
	{ "manifest_version": 1, "release": 42, "channel": "stable", "arch": "x86_64",
	  "created_at": "2026-11-20T00:00:00Z", "expires_at": "2099-12-20T00:00:00Z",
	  "artifacts": {"kernel": {"filename": "vmlinuz", "size_bytes": 3,
	    "hash": "sha256:1111111111111111111111111111111111111111111111111111111111111111"}} }
	JSON
}

hex() { # of stdin
	od -An -v -tx1 | tr -d ' \n'
}

unhex() {
	printf '%b' "$(sed 's/../\\x&/g')"
}

new_keys() {
	local k
	for k in "$@"; do phase-sign --new-key "$k" >"$k.id"; done
}

@test "--new-key makes a pair that openssl reads, and prints the key id" {
	run phase-sign --new-key a
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^[0-9a-f]{64}$ ]]
	[ "$(stat -c %a a.key)" = 600 ]
	openssl pkey -in a.key -noout
	[ "$(openssl pkey -in a.key -pubout)" = "$(cat a.pub)" ]
	[ "$(openssl pkey -pubin -in a.pub -outform DER | tail -c 32 | hex)" = "$output" ]
}

@test "--new-key never replaces anything" {
	new_keys a
	cp a.key kept.key
	run phase-sign --new-key a
	[ "$status" -eq 3 ]
	[[ "$output" == *": a.key exists; nothing is replaced"* ]]
	cmp a.key kept.key
	rm a.pub
	run phase-sign --new-key a
	[ "$status" -eq 3 ]
	cmp a.key kept.key
	[ ! -e a.pub ]
	[ -z "$(find . -name '.*' -type f)" ]
}

@test "--new-key in a folder that is not there leaves nothing" {
	run phase-sign --new-key nowhere/a
	[ "$status" -eq 3 ]
	[ ! -e nowhere ]
}

@test "a secret is 0600 whatever the umask" {
	(umask 000 && phase-sign --new-key open)
	[ "$(stat -c %a open.key)" = 600 ]
}

@test "signs: the rest of the document stays as it is, byte for byte" {
	new_keys a
	phase-sign --key a.key m.json >s.json
	phase-verify --key a.pub s.json | cmp - s.json
	sed 's/,"signatures":\[.*\]//' s.json | cmp - m.json
	[ "$(tail -c 1 s.json | od -An -tx1)" = " 0a" ]
}

@test "openssl accepts our signature over the printed payload" {
	new_keys a
	phase-sign --print-payload m.json >payload
	[ "$(head -1 payload)" = phase-boot-manifest-v1 ]
	[ "$(tail -n +2 payload)" = "$(jq -cSj . m.json)" ]
	phase-sign --key a.key m.json | jq -r '.signatures[0].signature' | unhex >sig
	openssl pkeyutl -verify -rawin -pubin -inkey a.pub -in payload -sigfile sig
}

@test "signs with a key that openssl made, and its signature can be attached" {
	openssl genpkey -algorithm ED25519 -out o.key
	chmod 600 o.key
	openssl pkey -in o.key -pubout -out o.pub
	phase-sign --key o.key m.json | phase-verify --key o.pub >/dev/null
	phase-sign --print-payload m.json >payload
	openssl pkeyutl -sign -rawin -inkey o.key -in payload -out sig
	id=$(openssl pkey -pubin -in o.pub -outform DER | tail -c 32 | hex)
	printf '{"algorithm":"ed25519","key_id":"%s","signature":"%s"}' "$id" "$(hex <sig)" >sig.json
	phase-sign --attach sig.json m.json | phase-verify --key "$id" >/dev/null
}

@test "the EXAMPLES of the page work as they stand there, with nothing between its lines" {
	mandoc -T utf8 -O width=300 "$page" | col -bx >text
	sed -n '/^EXAMPLES/,/^SEE ALSO/p' text |
		awk '/^[^ ]/ || /^ *$/ { on = 0 } /^ *\$ / { sub(/^ *\$ /, ""); on = 1 } on' >examples.sh
	[ "$(grep -c phase-sign examples.sh)" = 6 ]
	grep -q jq examples.sh && grep -q 'od -An' examples.sh
	cp m.json manifest.json
	cat examples.sh
	# each line of signed.json is judged, not the last alone
	awk '{ print } /> signed.json$/ { print "phase-verify --key a.pub signed.json | cmp - signed.json; rm signed.json; echo >>signed" }' \
		examples.sh >all.sh
	bash -euo pipefail all.sh
	[ "$(wc -l <signed)" = 3 ]
}

@test "two keys in a pipeline; one of them again replaces its own entry" {
	new_keys a b
	phase-sign --key a.key <m.json | phase-sign --key b.key | phase-sign -k a.key >s.json
	[ "$(jq '.signatures | length' s.json)" = 2 ]
	[ "$(jq -r '.signatures[].key_id' s.json)" = "$(cat a.id b.id)" ]
	phase-verify --key a.pub --key b.pub --threshold 2 s.json >/dev/null
	phase-sign --key a.key --key b.key m.json | phase-verify --key a.pub --key b.pub --threshold 2 >/dev/null
}

@test "air gap: --detached there, --attach here" {
	new_keys a b
	phase-sign --detached --key a.key m.json >a.json
	phase-sign --detached --key b.key m.json >b.json
	[ "$(wc -l <a.json)" = 1 ]
	phase-sign --attach a.json --attach b.json m.json | phase-verify --key a.pub --key b.pub --threshold 2 >/dev/null
}

@test "--attach refuses a signature of another document, and prints nothing" {
	new_keys a
	sed 's/42/43/' m.json | phase-sign --detached --key a.key >a.json
	run --separate-stderr phase-sign --attach a.json m.json
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ "$stderr" == *"a.json: made for another document"* ]]
	echo '{"algorithm":"rsa"}' >r.json
	run phase-sign --attach r.json m.json
	[ "$status" -eq 3 ]
}

@test "SOURCE_DATE_EPOCH makes it reproducible" {
	new_keys a
	SOURCE_DATE_EPOCH=0 phase-sign --key a.key m.json >1.json
	now=$EPOCHSECONDS
	until [ "$EPOCHSECONDS" != "$now" ]; do sleep 0.02; done # else the clock would give the same
	SOURCE_DATE_EPOCH=0 phase-sign --key a.key m.json >2.json
	cmp 1.json 2.json
	[ "$(jq -r '.signatures[0].signed_at' 1.json)" = 1970-01-01T00:00:00Z ]
	SOURCE_DATE_EPOCH=soon run phase-sign --key a.key m.json
	[ "$status" -eq 2 ]
	SOURCE_DATE_EPOCH=99999999999999 run phase-sign --key a.key m.json
	[ "$status" -eq 2 ]
}

@test "signs policies, which are not releases" {
	new_keys a
	printf '{"policy_version":1,"version":1,"keys":[{"key_id":"%s"}],"threshold":1}' "$(cat a.id)" >p.json
	phase-sign --print-payload p.json | head -1 | grep -qx phase-policy-v1
	phase-sign --key a.key p.json >signed.json
	jq -e '.signatures | length == 1' signed.json
	run phase-verify --key a.pub signed.json
	[ "$status" -eq 3 ]
	[[ "$output" == *"this is a policy, not a release manifest"* ]]
	run -3 phase-sign --key a.key a.pub
	[[ "$output" == *"a.pub: this is a public key (PEM), not a release manifest or a policy"* ]]
}

@test "secrets that others may read are refused" {
	new_keys a
	for mode in 640 604 660 644 620 601; do
		chmod "$mode" a.key
		run --separate-stderr phase-sign --key a.key m.json
		[ "$status" -eq 3 ]
		[ -z "$output" ]
		[[ "$stderr" == *"chmod 600"* ]]
	done
	chmod 400 a.key
	phase-sign --key a.key m.json >/dev/null
}

@test "keys that are none" {
	new_keys a
	openssl genpkey -algorithm X25519 -out x.key
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.key
	openssl pkey -in a.key -aes256 -passout pass:x -out locked.key
	: >empty.key
	head -c 100000 /dev/zero >big.key
	cp a.pub public.key
	chmod 600 ./*.key
	for key in x p256 locked empty big public; do
		# no terminal, no prompt: an encrypted key is refused at once
		run --separate-stderr timeout 100 setsid phase-sign --key $key.key m.json </dev/null
		[ "$status" -eq 3 ]
		[ -z "$output" ]
	done
	run phase-sign --key locked.key m.json
	[[ "$output" == *"decrypt it first"* ]]
	run phase-sign --key nowhere.key m.json
	[ "$status" -eq 3 ]
	[[ "$output" == *"nowhere.key"*"No such file"* ]]
}

@test "what a verifier would refuse is not signed" {
	new_keys a
	check() {
		run --separate-stderr phase-sign --key a.key <"$1"
		[ "$status" -eq 3 ]
		[ -z "$output" ]
		[[ "$stderr" == "phase-sign: stdin: "* ]]
	}
	sed 's/"vmlinuz"/"..\/vmlinuz"/' m.json >bad; check bad
	sed 's/"kernel"/"colonel"/' m.json >bad; check bad
	sed 's/"release": 42/"release": 42, "release": 43/' m.json >bad; check bad
	sed 's/2099/2019/' m.json >bad; check bad
	{ cat m.json; echo x; } >bad; check bad
	: >bad; check bad
	head -c 1048577 /dev/zero | tr '\0' ' ' >bad; check bad
}

@test "warns of a release that has expired already" {
	new_keys a
	sed 's/2099/2026/; s/2026-11-20/2026-11-19/; s/2026-12-20/2026-11-20/' m.json >old.json
	SOURCE_DATE_EPOCH=2000000000 run --separate-stderr phase-sign --key a.key old.json
	[ "$status" -eq 0 ]
	[ "$stderr" = "phase-sign: old.json: warning: this release has expired already" ]
}

@test "nothing is added over 64 signatures or 1 MiB" {
	new_keys a
	jq -c '.signatures = [range(64) | {}]' m.json >full.json
	run --separate-stderr phase-sign --key a.key full.json
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	{ cat m.json; head -c $((1048576 - $(wc -c <m.json))) /dev/zero | tr '\0' ' '; } >big.json
	run --separate-stderr phase-sign --key a.key big.json
	[ "$status" -eq 3 ]
	[ -z "$output" ]
}

@test "a full disk is an error" {
	new_keys a
	run bash -c 'phase-sign --key a.key m.json >/dev/full'
	[ "$status" -eq 3 ]
	run bash -c 'phase-sign --print-payload m.json >/dev/full'
	[ "$status" -eq 3 ]
}

@test "the examples of the manual do what they say" {
	cp m.json manifest.json
	sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../../man/phase-sign.1" >examples
	[ "$(wc -l <examples)" -ge 6 ]
	while read -r example; do
		rm -f signed.json
		bash -eo pipefail -c "$example" </dev/null
		[[ "$example" != *signed.json* ]] || phase-verify --key a.pub signed.json >/dev/null
	done <examples
	openssl pkeyutl -verify -rawin -pubin -inkey a.pub -in payload -sigfile a.sig
}

@test "the examples of the format pages are well-formed" {
	for page in manifest policy; do
		sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./!p}' "$BATS_TEST_DIRNAME/../../man/phase-$page.5" >example.json
		phase-sign --print-payload example.json >payload
		head -1 payload | grep -qE '^phase-(boot-manifest|policy)-v1$'
	done
}

@test "--new-key: each call that can fail is failed once, and no half of a key is left" {
	local call n
	for call in write fsync link,linkat,rename,renameat,renameat2; do
		for ((n = 1; n < 20; n++)); do
			ASAN_OPTIONS=detect_leaks=0 run strace -f -qq -o trace -e trace=$call \
				-e inject=$call:error=EIO:when=$n phase-sign --new-key k
			grep -q INJECTED trace || break
			[ "$status" -eq 3 ]
			[[ "$output" == *"phase-sign: "*"Input/output error"* ]]
			# the last write is that of the key id: then the pair is there, and whole
			if [ -e k.key ]; then
				[ "$call" = write ]
				openssl pkey -in k.key -pubout | cmp - k.pub
				rm k.key k.pub
			fi
			[ -z "$(find . -name '*k.*')" ]
		done
		[ "$status" -eq 0 ]
		[ "$n" -gt 2 ]
		rm k.key k.pub
	done
}

@test "usage errors name what is wrong and exit 2" {
	new_keys a
	for args in "" "m.json" "--print-payload --key a.key" "--detached" "--new-key x --key a.key" "--new-key x m.json" \
		"--key a.key m.json m.json" "--no-such" "--key" "--detached --key a.key --attach m.json"; do
		# shellcheck disable=SC2086
		run --separate-stderr phase-sign $args </dev/null
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ "$stderr" == *"Try 'phase-sign --help'."* ]]
	done
	[ ! -e x.key ]
}

@test "the secret is not in what it prints" {
	new_keys a
	secret=$(openssl pkey -in a.key -outform DER | tail -c 32 | hex)
	run phase-sign -v --key a.key m.json
	[[ "$output" != *"$secret"* ]]
}
