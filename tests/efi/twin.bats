#!/usr/bin/env bats
# What can go wrong with a machine, its clock, its store and its providers, in the host twin of
# SWFETCH.EFI: it says what, ends as it should, and starts nothing that was not verified.
bats_require_minimum_version 1.5.0

setup_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_store
}

teardown_file() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_store_end
}

setup() {
	# shellcheck source=tests/efi/twin.bash
	. "$BATS_TEST_DIRNAME/twin.bash"
	twin_machine
}

teardown() {
	twin_machine_end
}

# own_store: a copy of the store that this test may change, with a server; its URL in $own.
own_store() {
	cp -r "$dir/store" .
	python3 "$root/tests/interop/hostile_server.py" --log "$PWD/own.log" store > own.port 3>&- &
	echo $! > own.pid
	wait_until test -s own.port
	own=http://127.0.0.1:$(cat own.port)
}

# releases N KEYS [OPTION...]: the manifest of the own store is that of release N, signed by KEYS.
releases() {
	local n=$1 keys=$2 key arguments=()
	shift 2
	for key in $keys; do
		arguments+=(-k "$dir/$key.key")
	done
	makes_manifest "$n" "$@" | phase-sign "${arguments[@]}" > store/stable/x86_64/manifest.json
}

# policy THRESHOLD: keys a and b.
policy() {
	printf '{"policy_version":1,"version":1,"channel":"stable","threshold":%s,"keys":[{"key_id":"%s"},{"key_id":"%s"}],"boot":{"attempts":1}}\n' \
		"$1" "$key_a" "$key_b" > esp/EFI/swfetch/swfetch.json
}

@test "a release is started: said step by step" {
	boots honest
	says '^\[ +[0-9]+\.[0-9]{3}\] swfetch [0-9.]+, built 2026-01-01$'
	says 'policy: 1 of 1 keys, channel stable, x86_64$'
	says 'manifest.json: release 7, accepted: 1 of 1 keys have signed it$'
	says 'vmlinuz: 5\.0 MB, verified, '
	says 'initramfs.img: 4\.0 MB, verified, '
	says 'starting release 7: console=ttyS0 release=7$'
}

@test "one of two providers sends wrong bytes: dropped, and the boot succeeds" {
	boots wrong-start+rate-3000000 honest+rate-3000000
	says 'wrong-start\+rate-3000000/: vmlinuz: sent wrong bytes; dropped'
}

@test "all providers send wrong bytes" {
	refuses 1 wrong-2500000 chunked+wrong-2500000
	says '/wrong-2500000/: vmlinuz: sent wrong bytes; dropped'
	says '/chunked\+wrong-2500000/: vmlinuz: sent wrong bytes; dropped'
	says 'nothing was started: content does not match its hash'
}

@test "wrong bytes without trees are found at the end" {
	refuses 1 wrong-2500000+no-tree
	says 'vmlinuz: nobody has its tree: checked as a whole at the end'
	says 'nothing was started: content does not match its hash'
	boots wrong-end+no-tree honest+no-tree
}

@test "trees that are wrong are no trees" {
	local tree
	for tree in bad-tree short-tree long-tree html-tree; do
		rm -rf out/* variables/*
		boots "$tree"
		says 'vmlinuz: nobody has its tree: checked as a whole at the end'
	done
	rm -rf out/* variables/*
	boots long-tree
	says 'long-tree/: tree of vmlinuz: content does not have the signed size'
	rm -rf out/* variables/*
	boots bad-tree honest
	run ! says 'nobody has its tree'
}

@test "trees of every redundancy level: wrong bytes are found as they come" {
	local level
	own_store
	for level in 1 4; do
		rm -rf out/* variables/*
		releases 9 a --trees --redundancy "$level"
		from "$own/wrong-start+rate-3000000/" "$own/honest+rate-3000000/"
		ends_twin 0
		handed_over 9
		says 'vmlinuz: sent wrong bytes; dropped'
		run ! says 'has its tree|tree of'
	done
	# one of another level than the signed one is no tree
	bmt-hash --tree store/stable/x86_64/vmlinuz.bmt store/stable/x86_64/vmlinuz > hashed
	rm -rf out/* variables/*
	from "$own/honest/"
	ends_twin 0
	handed_over 9
	says 'vmlinuz: nobody has its tree: checked as a whole at the end'
}

@test "the provider goes away in the middle of the initial RAM disk, and comes back" {
	own_store
	from "$own/rate-700000/"
	wait_until grep -q 'initramfs.img: [1-9].* MB of 4.0 MB' said
	kill "$(cat own.pid)"
	wait_until grep -q 'initramfs.img: no provider answers; trying again in' said
	: > own.log
	python3 "$root/tests/interop/hostile_server.py" --port "$(cat own.port)" --log "$PWD/own.log" store > again.port 3>&- &
	echo $! > own.pid
	ends_twin 0
	handed_over 7
	cat own.log
	run ! grep -E 'initramfs.img 206 0-' own.log # what was there was not asked for again
}

@test "the provider goes away, and another one has the rest" {
	own_store
	from "$own/rate-300000/" rate-300000
	wait_until grep -q 'initramfs.img: .* of 4.0 MB' said
	kill "$(cat own.pid)"
	ends_twin 0
	handed_over 7
}

@test "the highest release is taken, and only from those that have it" {
	own_store
	releases 9 a --trees
	from honest "$own/honest/"
	ends_twin 0
	handed_over 9
	[ ! -s "$dir/log" ]
}

@test "a signed release that nobody delivers: the next attempt takes the one below it, then begins again" {
	own_store
	releases 9 a --trees
	rm store/stable/x86_64/vmlinuz
	configure '"attempts":2,"backoff_seconds":0'
	from honest "$own/honest/"
	ends_twin 0
	handed_over 7
	says 'attempt 1 failed'
	says 'release 9 came to nothing: 7, the highest below it, is tried'
	# the floor holds for that, too, and a release that comes late is still taken
	rm -rf out/*
	jq -c '.release = 8' variables/Floor-stable-x86_64 > floor
	mv floor variables/Floor-stable-x86_64
	configure '"attempts":0,"backoff_seconds":0'
	from honest "$own/honest/"
	wait_until grep -q 'release 9 came to nothing, and nobody has one below it: 9 is tried' said
	says '  release 7, but 8 or higher was accepted before'
	cp "$dir/store/stable/x86_64/vmlinuz" store/stable/x86_64/late
	mv store/stable/x86_64/late store/stable/x86_64/vmlinuz
	ends_twin 0
	handed_over 9
}

@test "the floor: kept over reboots, and an older release is refused" {
	own_store
	releases 9 a
	from "$own/honest/"
	ends_twin 0
	handed_over 9
	rm -rf out/*
	from honest
	ends_twin 4
	says 'below the release floor'
	[ -z "$(ls out)" ] && [ "$(jq .release variables/Floor-stable-x86_64)" = 9 ]
	from "$own/honest/" # the same one again
	ends_twin 0
	handed_over 9
}

@test "a damaged floor is an error and not zero" {
	echo '{"release":' > variables/Floor-stable-x86_64
	from honest
	ends_twin 3
	[ -z "$(ls out)" ]
}

@test "the floor cannot be kept: nothing is started" {
	refuses 3 honest -- --store-full
	says 'the release floor cannot be kept: .*EFI_OUT_OF_RESOURCES'
}

@test "signed by too few, by a stranger, by nobody" {
	own_store
	policy 2
	refuses 4 "$own/honest/"
	says 'threshold not met'
	releases 7 'a b'
	boots "$own/honest/"
	rm -rf out/* variables/*
	configure '"attempts":1'
	releases 7 b
	refuses 4 "$own/honest/"
	makes_manifest 7 > store/stable/x86_64/manifest.json
	refuses 4 "$own/honest/"
	says "0 of the policy's keys have signed it, 1 must"
}

@test "changed after signing: command line, release, hash, size" {
	local change
	own_store
	for change in '.cmdline = "init=/bin/sh"' '.release = 8' '.artifacts.kernel.hash |= .[:-1] + (if endswith("0") then "1" else "0" end)' \
		'.artifacts.initramfs.size_bytes += 1' '.created_at = "2026-01-02T00:00:00Z"'; do
		jq -c "$change" "$store/manifest.json" > store/stable/x86_64/manifest.json
		run ! cmp -s "$store/manifest.json" store/stable/x86_64/manifest.json
		refuses 1 "$own/honest/"
		says 'signature by a trusted key is wrong'
	done
}

@test "another channel, another architecture" {
	own_store
	jq -c '.channel = "beta" | del(.signatures)' "$store/manifest.json" | phase-sign -k "$dir/a.key" > store/stable/x86_64/manifest.json
	refuses 4 "$own/honest/"
	says "another channel than the policy's"
	jq -c '.arch = "aarch64" | del(.signatures)' "$store/manifest.json" | phase-sign -k "$dir/a.key" > store/stable/x86_64/manifest.json
	refuses 4 "$own/honest/"
	says "another architecture than the policy's"
}

@test "clocks: in 1970, in 2069, none" {
	local clock
	for clock in 1970-01-01T00:00:00Z 2069-01-01T00:00:00Z none; do
		rm -rf out/* variables/*
		boots honest -- --rtc "$clock"
	done
}

@test "expired, by a clock that is believed, and by one that is not" {
	own_store
	jq -c '.expires_at = "2027-06-01T00:00:00Z" | del(.signatures)' "$store/manifest.json" |
		phase-sign -k "$dir/a.key" > store/stable/x86_64/manifest.json
	boots "$own/honest/" -- --rtc 2027-05-01T00:00:00Z
	rm -rf out/* variables/*
	refuses 4 "$own/honest/" -- --rtc 2027-07-01T00:00:00Z
	says 'expired'
	# 2069 is not believed: it is as late as the program at least, and that is before the end
	boots "$own/honest/" -- --rtc 2069-01-01T00:00:00Z
	rm -rf out/* variables/*
	# a clock set back does not bring back what had expired when the program was built
	refuses 4 "$own/honest/" -- --rtc 1970-01-01T00:00:00Z --built 1830000000
	says 'expired'
}

@test "expired while it was loaded: a provider may take days for it" {
	own_store
	jq -c '.expires_at = "2027-06-01T00:00:00Z" | del(.signatures)' "$store/manifest.json" |
		phase-sign -k "$dir/a.key" > store/stable/x86_64/manifest.json
	refuses 4 "$own/honest/" -- --rtc 2027-05-31T23:59:59Z --rtc-later 2027-06-01T00:00:00Z
	says 'initramfs.img: .* verified'
	says 'release 7: refused: expires'
	says 'it is 2027-06-01T00:00:00Z by the real-time clock'
	# a clock that fails meanwhile takes nothing back
	boots "$own/honest/" -- --rtc 2027-05-31T23:59:59Z --rtc-later none
}

@test "a kernel that the firmware does not take" {
	own_store
	printf 'no' | dd of=store/stable/x86_64/vmlinuz conv=notrunc status=none
	releases 7 a --trees
	from "$own/honest/"
	ends_twin 3
	says 'vmlinuz cannot be started: EFI_UNSUPPORTED'
	[ -z "$(ls out)" ]
}

@test "more providers have it than can be asked" {
	local modes=() n
	for n in {1..9}; do
		modes+=("honest+$n")
	done
	boots "${modes[@]}"
	says 'honest\+[1-9]/: has the release, but is not asked: 8 others have it'
	[ "$(grep -c 'is not asked' said)" = 1 ]
}

@test "a device tree is signed: an x86_64 kernel takes none, so nothing is started" {
	own_store
	echo tree > store/stable/x86_64/board.dtb
	releases 9 a
	refuses 3 "$own/honest/"
	says 'release 9 has a device tree \(dtb\), and a kernel for x86_64 takes none: sign it without one'
	[ ! -s own.log ] # nothing was fetched for it
}

@test "no memory, each time that some is asked for: told, and nothing is lost" {
	local n=0 status trees=0
	while :; do
		n=$((n + 1))
		rm -rf out/* variables/*
		from honest -- --workers 1 --fail-pages $n
		status=0
		wait "$twin" || status=$?
		rm twin.pid
		! grep -q 'twin: all of the pages asked for were given' said || break
		cat said
		says 'memory'
		if [ "$status" = 0 ]; then
			handed_over 7
			! grep -q 'no memory for its tree .*: checked as a whole at the end' said || trees=$((trees + 1))
		else
			[ "$status" = 3 ]
			nothing_started
		fi
	done
	[ $n -gt 8 ] && [ $trees = 2 ]
	[ "$status" = 0 ]
}

@test "no memory for one provider's tree: the next one's is taken" {
	local n
	for n in {5..60}; do
		rm -rf out/* variables/*
		from honest honest+2 -- --workers 0 --fail-pages "$n"
		wait "$twin" || true
		rm twin.pid
		! grep -q 'tree of vmlinuz: ' said || break
	done
	cat said
	says '/honest/: tree of vmlinuz: '
	run ! says 'no memory for its tree|nobody has its tree'
	handed_over 7
}

@test "not enough memory: told before anything is fetched" {
	refuses 3 honest -- --memory 21000000 # for all but the artifacts
	says '(vmlinuz|initramfs.img) needs [45]\.0 MB of memory, and .* are free EFI_OUT_OF_RESOURCES'
	[ ! -s "$dir/log" ]
	refuses 3 honest -- --memory 12000000
	says 'no memory for manifests: [0-9]+ MiB are needed EFI_OUT_OF_RESOURCES'
	refuses 3 honest -- --memory 4096
	says 'not even .* MiB of memory are free'
}

@test "no network" {
	refuses 3 honest -- --no-network
	says 'no network device: look at the cable'
	says 'nothing was started: not found'
}

@test "no configuration, a broken one, one that says nothing of trust" {
	rm esp/EFI/swfetch/swfetch.json
	refuses 3 honest
	says 'swfetch.json: not found EFI_NOT_FOUND'
	says 'put the policy of this machine there'
	printf '{\n  "threshold": 1,\n  "keys": [}\n' > esp/EFI/swfetch/swfetch.json
	refuses 3 honest
	says 'swfetch.json:3:12: '
	echo '{"boot":{}}' > esp/EFI/swfetch/swfetch.json
	refuses 3 honest
	says 'swfetch.json:.*keys: a required member is missing'
	head -c 2000000 /dev/zero > esp/EFI/swfetch/swfetch.json
	refuses 3 honest
	says 'swfetch.json: larger than the limit'
}

@test "load options: another configuration, nonsense" {
	mkdir esp/elsewhere
	mv esp/EFI/swfetch/swfetch.json esp/elsewhere/machine.json
	starts_twin --options "config=\\elsewhere\\machine.json provider=$(url honest)"
	ends_twin 0
	handed_over 7
	rm -rf out/* variables/*
	starts_twin --options "threshold=0 provider=$(url honest)"
	ends_twin 3
	says 'threshold=0'
	nothing_started
}

@test "what means nothing in the policy is said, and so is that any channel will do" {
	jq -c '.Channel = .channel | del(.channel) | .boot.attempts = 1' esp/EFI/swfetch/swfetch.json > new.json
	mv new.json esp/EFI/swfetch/swfetch.json
	starts_twin --options "provider=$(url honest)stable/x86_64/manifest.json"
	ends_twin 0
	says "'Channel' means nothing in a policy, and restricts nothing$"
	says 'policy: .* keys, any channel, '
}

@test "a release below the policy's min_release is refused, and the policy named as the reason" {
	jq -c '.min_release = 4000 | .boot.attempts = 1' esp/EFI/swfetch/swfetch.json > new.json
	mv new.json esp/EFI/swfetch/swfetch.json
	starts_twin --options "provider=$(url honest)"
	ends_twin 4
	says "but 4000 or higher is the policy's min_release$"
	nothing_started
}

@test "the configuration that is named is the one that messages name; a path that is too long is refused" {
	mkdir esp/elsewhere
	jq -c '.boot = {provider: []}' esp/EFI/swfetch/swfetch.json > esp/elsewhere/machine.json
	starts_twin --options "config=\\elsewhere\\machine.json attempts=1 provider=$(url honest)"
	ends_twin 0
	says '\\elsewhere\\machine.json: .provider. means nothing to this program$'
	rm -rf out/* variables/*
	starts_twin --options "config=\\elsewhere\\$(printf 'x%.0s' {1..245}) provider=$(url honest)"
	ends_twin 3
	says 'load option config=: a path of 256 bytes, and 255 are the most$'
	nothing_started
	starts_twin --options "config=\\elsewhere\\$(printf 'x%.0s' {1..244}) provider=$(url honest)"
	ends_twin 3
	says '\\elsewhere\\x{244}: not found EFI_NOT_FOUND$'
	: > esp/elsewhere/empty.json
	starts_twin --options "config=elsewhere\\empty.json provider=$(url honest)"
	ends_twin 3
	says 'elsewhere\\empty.json:1:1: '
	nothing_started
}

@test "what this build does nothing about is said, and the boot goes on" {
	configure '"attempts":1,"bootnodes":["/ip4/10.0.2.2/udp/1634"],"manifest":"stable.eth"'
	boots honest
	says '\] bootnodes: /ip4/10.0.2.2/udp/1634: no address of a Swarm node, as in /ip4/192.0.2.7/tcp/1634; left out$'
	says "manifest 'stable.eth' is no URL and no address in Swarm \(names are not resolved here: .*\); ignored\$"
}

@test "the self test passes, and says so when Escape has ended it" {
	starts_twin --options selftest
	ends_twin 0
	says 'selftest: 10000 signatures checked, 0 answers wrong'
	says 'selftest: passed$'
	starts_twin --options selftest --escape '/s, BMT '
	ends_twin 3
	says 'selftest: 0 signatures checked, 0 answers wrong'
	says 'selftest: interrupted; nothing was wrong until then$'
	run ! says 'passed|FAILED'
}

@test "no random numbers: said, and no reason to stop" {
	boots honest -- --no-random
	says 'no random number generator: identifiers of questions are mixed from clocks$'
}

@test "load options: tabs and line ends, a program's name, data of the firmware, too many" {
	local long
	starts_twin --options $'fs0:\\SWFETCH.EFI\tverbose=on\r\nprovider='"$(url honest)"$'\n'
	ends_twin 0
	handed_over 7
	says 'load options:  verbose=on  provider=http'
	rm -rf out/* variables/*
	configure "\"attempts\":1,\"providers\":[\"$(url honest)\"]"
	starts_twin --options $'\x01\x02threshold=0'
	ends_twin 0
	handed_over 7
	says "load options: left out, they are not text but the firmware's own data"
	rm -rf out/* variables/*
	long=$(printf 'verbose=on%.0s ' {1..372})
	[ ${#long} = 4092 ]
	starts_twin --options "$long   "
	ends_twin 0
	rm -rf out/* variables/*
	starts_twin --options "$long threshold=0"
	ends_twin 3
	says 'load options: larger than the limit: 4096 bytes'
	nothing_started
}

@test "nothing is known to ask" {
	starts_twin
	ends_twin 3
	says 'no provider is known: the configuration names none'
	nothing_started
}

@test "Escape: nothing is started, at any time" {
	from rate-200000
	wait_until grep -q 'vmlinuz: .* of 5.0 MB' said
	kill -INT "$twin"
	ends_twin 3
	says 'nothing was started: interrupted'
	nothing_started
	local line
	for line in 'policy: ' 'network: ' 'release 7, accepted' 'vmlinuz: 5.0 MB, verified'; do
		refuses 3 honest -- --escape "$line"
		says 'nothing was started: interrupted'
	done
}

@test "Escape between two attempts, and while a tree is asked for" {
	configure '"attempts":0,"backoff_seconds":300'
	from honest/nowhere
	wait_until grep -q 'attempt 1 failed; the next in 300 s' said
	kill -INT "$twin"
	ends_twin 3
	says 'nothing was started: interrupted'
	nothing_started
	from endless-tree
	wait_until grep -q 'manifest.json: release 7, accepted' said
	kill -INT "$twin"
	ends_twin 3
	says 'nothing was started: interrupted'
	run ! says 'tree of|its tree'
	nothing_started
}

@test "attempts: as many as configured, with pauses, and a provider that comes late is found" {
	configure '"attempts":2,"backoff_seconds":1'
	refuses 3 honest/nowhere
	says 'attempt 1 failed; the next in 1 s'
	run ! says 'attempt 2 failed'
	configure '"attempts":0,"backoff_seconds":1'
	own_store
	mv store later
	from "$own/honest/"
	wait_until grep -q 'attempt 1 failed' said
	mv later store
	ends_twin 0
	handed_over 7
}

@test "what was started comes back with an error" {
	from honest -- --kernel-returns
	ends_twin 3
	says 'starting release 7'
	says 'vmlinuz cannot be started: EFI_ABORTED|vmlinuz has come back: EFI_ABORTED'
}

@test "an initial RAM disk of 600 MB" {
	own_store
	truncate -s 600000000 store/stable/x86_64/initramfs.img
	printf end >> store/stable/x86_64/initramfs.img
	releases 9 a --trees
	from "$own/honest/" -- --workers 2
	ends_twin 0
	says 'initramfs.img: 600\.0 MB, verified'
	[ "$(stat -c %s out/initrd)" = 600000004 ]
	[ "$(tail -c 4 out/initrd | tr '\0' x)" = endx ]
}

@test "several initial RAM disks in their order, each padded; other processors check them" {
	own_store
	for n in 10 2; do
		head -c "30000$n" /dev/urandom > "store/stable/x86_64/more$n"
	done
	releases 9 a --trees --role initramfs.10=more10 --role initramfs.2=more2
	for workers in 0 1 7; do
		from "$own/honest/" "$own/honest/" -- --workers $workers
		ends_twin 0
		cmp out/initrd <(cat store/stable/x86_64/initramfs.img; printf '\0\0'; cat store/stable/x86_64/more2
			printf '\0\0'; cat store/stable/x86_64/more10; printf '\0\0')
	done
}

@test "wrong bytes are found by other processors, too" {
	from wrong-2500000 honest -- --workers 3
	ends_twin 0
	handed_over 7
	refuses_later
}
refuses_later() {
	rm -rf out/* variables/*
	refuses 1 wrong-2500000 -- --workers 3
}

@test "another processor that does not come back: its piece is checked here, and what it may use is kept" {
	from honest -- --workers 2 --late-worker
	ends_twin 0
	handed_over 7
	says 'a processor that helped does not come back: the memory it uses stays taken'
	says 'twin: 9[0-9]{6} bytes of pages were not given back'
	rm -rf out/* variables/*
	configure '"attempts":2,"backoff_seconds":0' # the second attempt has none to help
	refuses 1 wrong-2500000 -- --workers 1 --late-worker
	says 'attempt 1 failed'
	[ "$(grep -c 'does not come back' said)" = 1 ]
	says 'nothing was started: content does not match its hash'
}

@test "a unified kernel image: started as it is, with no command line of ours and no initial RAM disk" {
	own_store
	mv store/stable/x86_64/vmlinuz store/stable/x86_64/linux.efi
	rm store/stable/x86_64/initramfs.img
	phase-manifest -a x86_64 --release 9 store 2> /dev/null | phase-sign -k "$dir/a.key" > store/stable/x86_64/manifest.json
	from "$own/honest/"
	ends_twin 0
	cmp out/kernel store/stable/x86_64/linux.efi
	[ ! -e out/cmdline ]
	[ ! -s out/initrd ]
}
