#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets stderr
bats_require_minimum_version 1.5.0
# phase-manifest: what a release folder becomes, and the folders that become none.

setup() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	PATH="$PWD/build/bin:$PATH"
	cd "$BATS_TEST_TMPDIR" || exit 1
	export SOURCE_DATE_EPOCH=1790000000
	folder=store/stable/x86_64
	mkdir -p $folder
	printf 'a kernel' >"$folder"/vmlinuz
}

make_it() {
	phase-manifest -a x86_64 --release 42 "$@" store
}

# refused SENTENCE [ARGUMENT...]: exit 3, nothing printed, and that is what is said.
refused() {
	local sentence=$1
	shift
	run --separate-stderr make_it "$@"
	echo "$status: $output$stderr"
	[ "$status" -eq 3 ] && [ -z "$output" ] && [ "$stderr" = "phase-manifest: $sentence" ]
}

@test "a release: every member, and the hashes that others compute" {
	head -c 100000 /dev/urandom >"$folder"/initrd.img
	make_it --version 1.2.0 --cmdline 'console=ttyS0 "quiet"' --expires 12h >m.json
	[ "$(wc -l <m.json)" = 1 ]
	jq -e '.manifest_version == 1 and .version == "1.2.0" and .release == 42 and .channel == "stable"
		and .arch == "x86_64" and .cmdline == "console=ttyS0 \"quiet\"" and .signatures == []
		and (.artifacts | keys) == ["initramfs", "kernel"]' m.json
	[ "$(jq -r .created_at m.json)" = "$(date -u -d @1790000000 +%FT%TZ)" ]
	[ "$(jq -r .expires_at m.json)" = "$(date -u -d @$((1790000000 + 43200)) +%FT%TZ)" ]
	local role file
	for role in kernel initramfs; do
		file=$(jq -r ".artifacts.$role.filename" m.json)
		[ "$(jq -r ".artifacts.$role.hash" m.json)" = "sha256:$(sha256sum <"$folder/$file" | head -c 64)" ]
		[ "$(jq -r ".artifacts.$role.swarm" m.json)" = "$(bmt-hash "$folder/$file" | jq -r .reference)" ]
		[ "$(jq -r ".artifacts.$role.size_bytes" m.json)" = "$(stat -c %s "$folder/$file")" ]
		[ "$(jq -r ".artifacts.$role.download_url" m.json)" = "stable/x86_64/$file" ]
	done
}

@test "names that no manifest can hold are told, ten of them, cleaned; hidden ones and folders are not" {
	local i
	printf x >"$folder"/$'bad\x1b[2Jname'
	printf x >"$folder"/'back\slash'
	printf x >"$folder"/.hidden
	mkdir "$folder"/$'folder\x1b'
	run --separate-stderr make_it
	[ "$status" -eq 0 ]
	jq -e '.artifacts | keys == ["kernel"]' <<<"$output"
	[ "$stderr" = "phase-manifest: store/stable/x86_64/back\\slash: left out: no manifest can hold this name
phase-manifest: store/stable/x86_64/bad?[2Jname: left out: no manifest can hold this name" ]
	for i in 1 2 3 4 5 6 7 8; do printf x >"$folder/a\\$i"; done
	run --separate-stderr make_it
	[ "$(grep -c 'left out' <<<"$stderr")" = 10 ]
	[[ "$stderr" != *more* ]]
	for i in 1 2 3; do printf x >"$folder/b\\$i"; done
	run --separate-stderr make_it
	[ "$status" -eq 0 ]
	[ "$(grep -c 'left out' <<<"$stderr")" = 10 ]
	[ "$(tail -n 1 <<<"$stderr")" = 'phase-manifest: and 3 more' ]
	[ -z "$(make_it --quiet 2>&1 >/dev/null)" ]
}

@test "what is printed can be signed and verified" {
	phase-sign --new-key a >/dev/null
	unset SOURCE_DATE_EPOCH
	make_it | phase-sign --key a.key | phase-verify --key a.pub --artifacts store | jq -e '.release == 42'
}

@test "the defaults: channel stable, this machine's architecture, 30 days, the number for a version" {
	mkdir -p "store/stable/$(uname -m)"
	printf k >"store/stable/$(uname -m)/kernel"
	rm -f "$folder"/vmlinuz
	phase-manifest -r 7 store >m.json
	jq -e '.version == "7" and .channel == "stable" and (has("cmdline") | not)' m.json
	[ "$(jq -r .expires_at m.json)" = "$(date -u -d @$((1790000000 + 30 * 86400)) +%FT%TZ)" ]
}

@test "without SOURCE_DATE_EPOCH the time is now" {
	unset SOURCE_DATE_EPOCH
	local before after created
	before=$(date +%s)
	created=$(date -d "$(make_it | jq -r .created_at)" +%s)
	after=$(date +%s)
	[ "$created" -ge "$before" ]
	[ "$created" -le "$after" ]
}

@test "with it the same files give the same bytes, whatever their dates" {
	printf i >"$folder"/initrd
	make_it >one
	touch -d '2001-01-01' "$folder"/*
	make_it >two
	cmp one two
}

@test "SOURCE_DATE_EPOCH that is no time" {
	local epoch
	for epoch in x -1 1e9 '' 999999999999999 99999999999999999999; do
		SOURCE_DATE_EPOCH=$epoch run make_it
		[ "$status" -eq 2 ]
		[[ "${lines[0]}" == "phase-manifest: SOURCE_DATE_EPOCH: "* ]]
	done
}

@test "what files are called and what they are" {
	local name role
	while read -r name role; do
		rm -f "$folder"/*
		printf x >"$folder/$name"
		[[ "$role" == kernel || "$role" == uki ]] || printf x >"$folder"/Image
		make_it >m.json
		[ "$(jq -r ".artifacts[\"$role\"].filename" m.json)" = "$name" ]
	done <<-'EOF'
		vmlinuz kernel
		vmlinuz-6.1.0-cloud-amd64 kernel
		bzImage kernel
		Image kernel
		kernel kernel
		linux.efi uki
		initramfs initramfs
		initramfs-6.1.img initramfs
		initrd.img-6.1.0 initramfs
		rootfs rootfs
		rootfs.squashfs rootfs
		board.dtb dtb
		README README
		Image.gz Image.gz
	EOF
}

@test "hidden files, folders, and what lies beside artifacts are no artifacts" {
	printf x | tee "$folder"/.hidden "$folder"/manifest.json "$folder"/vmlinuz.bmt "$folder"/vmlinuz.part \
		"$folder"/vmlinuz.sig "$folder"/vmlinuz.asc "$folder"/vmlinuz.sha256 >/dev/null
	mkdir "$folder"/sub
	[ "$(make_it | jq -c '.artifacts | keys')" = '["kernel"]' ]
}

@test "--role names artifacts; two files for one are refused" {
	printf x >"$folder"/initrd-a
	printf y >"$folder"/initrd-b
	refused "initrd-a and initrd-b would both be 'initramfs': remove one, or say --role NAME=initrd-b"
	make_it --role initramfs.1=initrd-b >m.json
	jq -e '.artifacts.initramfs.filename == "initrd-a" and .artifacts["initramfs.1"].filename == "initrd-b"' m.json
	printf z >"$folder"/vmlinuz-old
	refused "vmlinuz and vmlinuz-old would both be 'kernel': remove one, or say --role NAME=vmlinuz-old" --role x=initrd-b
	refused "initrd-a and vmlinuz-old would both be 'kernel': remove one, or say --role NAME=vmlinuz-old" \
		--role kernel=initrd-a --role old=vmlinuz
	refused "--role a=b: no such artifact in store/stable/x86_64" --role a=b
	refused "--role a=../x: no such artifact in store/stable/x86_64: FILE is a name in that folder, no path" --role a=../x
}

@test "mistakes in the command line name the option, exit 2" {
	local option value sentence n=0
	while IFS='|' read -r option value sentence; do
		run --separate-stderr make_it "$option" "$(printf '%b' "$value")"
		echo "$option $value: $stderr"
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[ "$stderr" = "phase-manifest: $sentence"$'\n'"Try 'phase-manifest --help'." ]
		n=$((n + 1))
	done <<-'EOF'
		--cmdline|a\nb|--cmdline: control characters or invalid UTF-8 in it
		--cmdline|a\xffb|--cmdline: control characters or invalid UTF-8 in it
		--version|1\t|--version: longer than 255 bytes, or with control characters
		--channel|../x|--channel: '../x' is not a name: it is a single folder, and not a hidden one
		--channel|..|--channel: '..' is not a name: it is a single folder, and not a hidden one
		--channel|.x|--channel: '.x' is not a name: it is a single folder, and not a hidden one
		--channel|a/b|--channel: 'a/b' is not a name: it is a single folder, and not a hidden one
		--role|kernel|--role: 'kernel' is not NAME=FILE
		--role|=vmlinuz|--role: '=vmlinuz' is not NAME=FILE
		--role|kernel=|--role: 'kernel=' is not NAME=FILE
	EOF
	[ "$n" = 10 ]
	run make_it --cmdline "$(printf '%*s' 2048 '')"
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "phase-manifest: --cmdline: longer than 2047 bytes"* ]]
	make_it --cmdline "$(printf '%*s' 2047 '')" | jq -e '.cmdline | length == 2047'
	run make_it --version "$(printf '%*s' 256 '')"
	[ "$status" -eq 2 ]
	run make_it --role a=vmlinuz --role b=vmlinuz
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "phase-manifest: --role: 'vmlinuz' is given two names" ]]
	run make_it --role a=vmlinuz --role a=x
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "phase-manifest: --role: 'a' is given two files" ]]
	run phase-manifest store
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "phase-manifest: --release N is required"* ]]
	run phase-manifest -a x86_64 -r 9007199254740992 store
	[ "$status" -eq 2 ]
	run phase-manifest -a riscv64 -r 1 store
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "phase-manifest: --arch: 'riscv64' is none of "* ]]
	run make_it --expires 4000000d
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == "phase-manifest: --expires: "* ]]
}

@test "release 0 is refused: it would mean that there is none" {
	run --separate-stderr phase-manifest -a x86_64 --release 0 store
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ "$stderr" == "phase-manifest: --release 0: "* ]]
}

@test "an empty cmdline cannot be told from a forgotten one" {
	run make_it --cmdline ''
	[ "$status" -eq 2 ]
}

@test "amd64 is x86_64 and aarch64 is arm64, as options and as folders" {
	local folder_arch asked want n=0
	while read -r folder_arch asked want; do
		rm -rf store
		mkdir -p "store/stable/$folder_arch"
		printf k >"store/stable/$folder_arch/kernel"
		phase-manifest -r 1 -a "$asked" store >m.json
		[ "$(jq -r .arch m.json)" = "$want" ]
		[ "$(jq -r .artifacts.kernel.download_url m.json)" = "stable/$folder_arch/kernel" ]
		n=$((n + 1))
	done <<-'EOF'
		x86_64 x86_64 x86_64
		x86_64 amd64 x86_64
		amd64 x86_64 x86_64
		amd64 amd64 x86_64
		arm64 aarch64 arm64
		aarch64 arm64 arm64
	EOF
	[ "$n" = 6 ]
}

@test "no kernel, no folder, no store" {
	mv "$folder"/vmlinuz "$folder"/initrd
	refused "store/stable/x86_64: no kernel: a file named vmlinuz*, bzImage, Image, kernel or *.efi is needed"
	rm "$folder"/initrd
	refused "store/stable/x86_64: no kernel: a file named vmlinuz*, bzImage, Image, kernel or *.efi is needed"
	refused "store/beta/x86_64: No such file or directory; STORE is the folder above CHANNEL/ARCH" -c beta
	run --separate-stderr phase-manifest -a x86_64 --release 42 store/stable
	[ "$status" -eq 3 ]
	[ "$stderr" = "phase-manifest: store/stable/stable/x86_64: No such file or directory; STORE is the folder above CHANNEL/ARCH" ]
	rm -r store
	refused "store: No such file or directory"
	: >store
	refused "store: Not a directory"
}

@test "an empty file" {
	: >"$folder"/initrd
	refused "store/stable/x86_64/initrd: the file is empty"
}

@test "links: inside the store they are followed, out of it never" {
	mkdir store/common
	printf 'shared' >store/common/initrd
	ln -s ../../common/initrd "$folder"/initrd
	[ "$(make_it | jq .artifacts.initramfs.size_bytes)" = 6 ]
	printf secret >secret
	ln -s ../../../secret "$folder"/a
	refused "store/stable/x86_64/a leads out of the store"
	ln -sf "$PWD/secret" "$folder"/a
	refused "store/stable/x86_64/a leads out of the store"
	ln -sf /proc/self/environ "$folder"/a
	refused "store/stable/x86_64/a leads out of the store"
	ln -sf nowhere "$folder"/a
	refused "store/stable/x86_64/a leads to nothing"
	ln -sf a "$folder"/a
	refused "store/stable/x86_64/a leads in circles"
	rm "$folder"/a
	mkdir -p out/x86_64
	printf k >out/x86_64/kernel
	ln -s ../out store/evil
	refused "store/evil/x86_64: leads out of the store" -c evil
}

@test "what is no file: a pipe is refused and not waited for, a socket, a device" {
	mkfifo "$folder"/pipe
	refused "store/stable/x86_64/pipe is no regular file"
	rm "$folder"/pipe
	mknod "$folder"/zero c 1 5
	refused "store/stable/x86_64/zero is no regular file"
}

@test "a file that cannot be read" {
	printf x >"$folder"/initrd
	chmod 0 "$folder"/initrd
	chmod 755 "$BATS_TEST_TMPDIR"
	run --separate-stderr setpriv --bounding-set=-all --inh-caps=-all "$(command -v phase-manifest)" -a x86_64 -r 1 store
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	[[ "$stderr" == "phase-manifest: store/stable/x86_64"*": Permission denied" ]]
}

@test "a file that changes while it is hashed" {
	local status=0
	truncate -s 8M "$folder"/rootfs.img
	touch -d 2026-01-01 "$folder"/rootfs.img
	stop_in "$folder"/rootfs.img phase-manifest -a x86_64 --release 42 store
	printf x >>"$folder"/rootfs.img
	go_on || status=$?
	cat err
	[ "$status" = 3 ]
	[ ! -s out ]
	[ "$(cat err)" = "phase-manifest: store/stable/x86_64/rootfs.img: a file changed while it was read" ]
}

@test "--trees: the tree of each artifact beside it, as bmt-hash makes it" {
	head -c 700000 /dev/urandom >"$folder"/initrd
	make_it --trees >m.json
	bmt-hash --tree want "$folder"/initrd >/dev/null
	cmp want "$folder"/initrd.bmt
	[ -f "$folder"/vmlinuz.bmt ]
	[ ! -s "$folder"/vmlinuz.bmt ]
	make_it --trees | cmp - m.json # they are no artifacts the next time
	[ "$(find store -name '.*')" = "" ]
}

@test "--redundancy: references and trees of that level, as bmt-hash makes them" {
	local level
	head -c 700000 /dev/urandom >"$folder"/initrd
	for level in 0 1 2 3 4; do
		make_it --trees --redundancy "$level" >m.json
		[ "$(jq -r .artifacts.initramfs.swarm m.json)" = "$(bmt-hash --redundancy "$level" --tree want "$folder"/initrd | jq -r .reference)" ]
		cmp want "$folder"/initrd.bmt
		jq -r .artifacts.initramfs.swarm m.json >>all
	done
	[ "$(sort -u all | wc -l)" = 5 ]
	for level in 5 x -1 ''; do
		run -2 make_it --redundancy "$level"
		[[ $output = *"--redundancy"* ]]
	done
}

@test "--trees: a device or link in the place of a tree stays" {
	ln -s /dev/null "$folder"/vmlinuz.bmt
	run -3 --separate-stderr make_it --trees
	[ -z "$output" ]
	[ "$stderr" = "phase-manifest: $folder/vmlinuz.bmt: exists and is not a regular file; nothing is replaced" ]
	[ "$(readlink "$folder"/vmlinuz.bmt)" = /dev/null ]
}

@test "--trees where they cannot be written: exit 3, and none is left half" {
	head -c 700000 /dev/urandom >initrd
	unshare -m bash -e <<-'EOF'
		mount -t tmpfs -o size=704512 tmpfs store/stable/x86_64
		cp initrd store/stable/x86_64/initrd
		printf k >store/stable/x86_64/kernel
		status=0
		phase-manifest -a x86_64 -r 1 --trees store >out 2>err || status=$?
		cat err
		[ "$status" = 3 ]
		[ ! -s out ]
		[ "$(cat err)" = "phase-manifest: store/stable/x86_64/initrd: No space left on device" ]
		[ "$(ls -A store/stable/x86_64)" = $'initrd\nkernel' ]
	EOF
}

@test "file names with spaces, percent signs and letters of all kinds" {
	local name
	for name in 'a b' '100%' 'ä€' 'q?x#y' '"'; do printf '%s' "$name" >"$folder/$name"; done
	make_it >m.json
	jq -e '.artifacts["a b"].download_url == "stable/x86_64/a%20b"
		and .artifacts["100%"].download_url == "stable/x86_64/100%25"
		and .artifacts["ä€"].download_url == "stable/x86_64/%C3%A4%E2%82%AC"
		and .artifacts["q?x#y"].download_url == "stable/x86_64/q%3Fx%23y"
		and .artifacts["\""].filename == "\""' m.json
}

@test "more files than a manifest takes" {
	local i
	for ((i = 1; i <= 64; i++)); do printf x >"$folder/file$i"; done
	refused "store/stable/x86_64 holds 65 files; a manifest takes 64"
	rm "$folder"/file64
	[ "$(make_it | jq '.artifacts | length')" = 64 ]
}

@test "an artifact of 5 GiB, sparse" {
	truncate -s 5G "$folder"/rootfs.img
	make_it >m.json
	jq -e '.artifacts.rootfs.size_bytes == 5368709120' m.json
	[ "$(jq -r .artifacts.rootfs.hash m.json)" = "sha256:7f06c62352aebd8125b2a1841e2b9e1ffcbed602f381c3dcb3200200e383d1d5" ]
}

@test "standard output that is full" {
	run --separate-stderr bash -c 'phase-manifest -a x86_64 -r 1 store >/dev/full'
	[ "$status" -eq 3 ]
	[ "$stderr" = "phase-manifest: write error: No space left on device" ]
}
