#!/usr/bin/env bats
# The checks of the house find what they are for: each is run on a copy of the sources that is
# clean, then on one where the fault was planted.

setup() {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/tests"
	cp -a lib cmd efi tools "$tree"
}

# finds CHECK PATTERN: it fails and names the fault.
finds() {
	run "$tree/tools/$1.sh"
	echo "$output"
	[ "$status" = 1 ] && grep -qE -e "$2" <<< "$output"
}

# A tree with two small modules, for checks that are slow or that others may break for a while.
small_tree() {
	rm -rf "${tree:?}/lib" "$tree/cmd" "$tree/efi"
	mkdir -p "$tree/lib/core" "$tree/lib/crypto" "$tree/lib/host" "$tree/cmd" "$tree/build/bin" "$tree/man" "$tree/tests/cli"
	echo 'int a(void);' > "$tree/lib/core/a.h"
	printf '#include "core/a.h"\n\nint a(void)\n{\n\treturn 1;\n}\n' > "$tree/lib/core/a.c"
}

@test "layers: the sources are clean" {
	"$tree/tools/check-layers.sh"
}

@test "layers: a core that includes the host" {
	echo '#include "host/cli.h"' >> "$tree/lib/core/hex.c"
	finds check-layers 'lib/core/hex.c:[0-9]+: core may not include host/'
}

@test "layers: a room that looks sideways" {
	echo '#include "phase/manifest.h"' >> "$tree/lib/crypto/sha256.h"
	finds check-layers 'lib/crypto/sha256.h:[0-9]+: crypto may not include phase/'
}

@test "layers: a core that includes a header of the system" {
	echo '# include <stdio.h>' >> "$tree/lib/phase/manifest.c"
	finds check-layers 'lib/phase/manifest.c:[0-9]+: a core may not include <stdio.h>'
}

@test "layers: a library's header outside its face" {
	echo '#include <sodium.h>' >> "$tree/lib/phase/manifest.c"
	finds check-layers 'manifest.c:[0-9]+: a core may not include <sodium.h>'
}

@test "layers: intrinsics outside a file of their own" {
	echo '#include <immintrin.h>' >> "$tree/lib/crypto/keccak.c"
	finds check-layers 'keccak.c:[0-9]+: a core may not include <immintrin.h>'
}

@test "layers: a header without its room" {
	echo '#include "hex.h"' >> "$tree/lib/core/bytes.c"
	finds check-layers 'bytes.c:[0-9]+: include by room'
}

@test "layers: efi stands on the cores, not on the host, and its logic knows no firmware" {
	echo '#include "host/cli.h"' >> "$tree/efi/net.c"
	finds check-layers 'efi/net.c:[0-9]+: efi may not include host/'
	echo '#include <stdlib.h>' >> "$tree/efi/uefi/entry.c"
	finds check-layers 'efi/uefi/entry.c:[0-9]+: efi may not include <stdlib.h>'
	echo '#include <efi.h>' >> "$tree/efi/net.h"
	finds check-layers 'efi/net.h:[0-9]+: efi may not include <efi.h>'
	echo '#include "efi/uefi/uefi.h"' >> "$tree/efi/net.h"
	finds check-layers 'efi/net.h:[0-9]+: only efi/uefi/ may know the firmware'
}

@test "layers: a new room" {
	mkdir "$tree/lib/things"
	finds check-layers 'lib/things/: a room that'
}

# compile ROOM TEXT: an object of a core with that source.
compile() {
	mkdir -p "$tree/build/host/lib/$1" "$tree/lib/$1"
	echo "$2" > "$tree/lib/$1/planted.c"
	gcc -c -O2 "$tree/lib/$1/planted.c" -o "$tree/build/host/lib/$1/planted.o"
}

@test "purity: the objects of the cores are clean" {
	OBJECTS=$PWD/build/host/lib tools/check-purity.sh
}

@test "purity: allocation, clock and printing" {
	local call
	for call in 'malloc(1)' 'time(0)' 'printf("")' 'getrandom(0, 0, 0)'; do
		small_tree
		compile core "int planted(void) { extern long ${call%%(*}(); return (int)$call; }"
		finds check-purity "core/planted.o: a core may not need ${call%%(*}"
	done
}

@test "purity: a library's function is for crypto alone" {
	small_tree
	compile crypto 'int sodium_init(void); int planted(void) { return sodium_init(); }'
	"$tree/tools/check-purity.sh"
	compile phase 'int sodium_init(void); int planted_too(void) { return sodium_init(); }'
	finds check-purity 'phase/planted.o: a core may not need sodium_init'
}

@test "purity: no objects are no proof" {
	small_tree
	run "$tree/tools/check-purity.sh"
	[ "$status" = 2 ]
}

# compile_module FILE TEXT: a module and its object.
compile_module() {
	mkdir -p "$tree/build/host/$(dirname "$1")" "$tree/$(dirname "$1")"
	echo "$2" > "$tree/$1.c"
	gcc -c -O2 "$tree/$1.c" -o "$tree/build/host/$1.o"
}

@test "exports: the sources show nothing that nobody uses" {
	tools/check-exports.sh
}

@test "exports: a function that nobody else uses; in a core a test counts" {
	small_tree
	rm "$tree/lib/core/a.c"
	compile_module lib/core/a 'int a(void) { return 1; }'
	compile_module lib/host/b 'int b(void) { return 1; }'
	compile_module cmd/probe 'int a(void); int b(void); int main(void) { return a() + b(); }'
	"$tree/tools/check-exports.sh"
	compile_module cmd/probe 'int main(void) { return 0; }'
	mkdir -p "$tree/tests/unit"
	echo 'int main(void) { return a() + b(); }' > "$tree/tests/unit/a_test.c"
	finds check-exports 'lib/host/b.o: nobody else uses b:'
	[[ $output != *lib/core/a.o* ]]
	rm "$tree/tests/unit/a_test.c"
	finds check-exports 'lib/core/a.o: nobody else uses a:'
	rm "$tree/build/host/lib/core/a.o"
	run "$tree/tools/check-exports.sh"
	[ "$status" = 2 ]
}

@test "headers: one that needs another first, one without a guard" {
	small_tree
	"$tree/tools/check-headers.sh"
	echo 'uint8_t b(void);' > "$tree/lib/core/b.h"
	finds check-headers 'lib/core/b.h does not stand alone'
	echo 'struct c { int x; };' > "$tree/lib/core/b.h"
	finds check-headers 'lib/core/b.h does not stand alone'
}

# program OPTION...: a program that has these options, its page that lists --kept, and its test.
program() {
	small_tree
	touch "$tree/cmd/probe.c" "$tree/tests/cli/probe.bats"
	{
		echo '#!/bin/sh'
		printf 'echo "      %s X  text"\n' "$@"
	} > "$tree/build/bin/probe"
	chmod +x "$tree/build/bin/probe"
	cat > "$tree/man/probe.1" <<- 'PAGE'
		.Dd November 21, 2026
		.Dt PROBE 1
		.Os
		.Sh NAME
		.Nm probe
		.Nd test a page
		.Sh SYNOPSIS
		.Nm probe
		.Op Fl -kept Ar X
		.Sh DESCRIPTION
		.Bl -tag -width Ds
		.It Fl k , Fl -kept Ar X
		Text.
		.El
		.Sh EXIT STATUS
		None.
		.Sh EXAMPLES
		None.
		.Sh SEE ALSO
		.Xr cat 1
	PAGE
}

@test "manuals: page and --help agree, both ways" {
	program --kept
	"$tree/tools/check-manuals.sh"
	program --kept --new
	finds check-manuals 'man/probe.1: --new is in --help only'
	program --new
	finds check-manuals 'man/probe.1: --kept is in page only'
}

@test "manuals: what is missing is named" {
	program --kept
	rm "$tree/tests/cli/probe.bats"
	finds check-manuals 'tests/cli/probe.bats is missing'
	program --kept
	sed -i '/EXIT STATUS/,+1d' "$tree/man/probe.1"
	finds check-manuals 'no section EXIT STATUS'
	program --kept
	echo '.Zz unknown' >> "$tree/man/probe.1"
	finds check-manuals 'unknown macro'
	rm "$tree/man/probe.1"
	finds check-manuals 'man/probe.1 is missing'
}

@test "words: paths of a machine, notes to oneself, empty names" {
	small_tree
	"$tree/tools/check-words.sh"
	echo '/* see /work/notes */' > "$tree/lib/core/b.c"
	finds check-words 'lib/core/b.c:1:.*notes'
	echo 'FILE=/tmp/x' > "$tree/lib/core/b.c"
	finds check-words 'lib/core/b.c:1:'
	echo '/* TODO: later */' > "$tree/lib/core/b.c"
	finds check-words 'lib/core/b.c:1:.*later'
	rm "$tree/lib/core/b.c"
	touch "$tree/lib/core/string_utils.c"
	finds check-words 'lib/core/string_utils.c'
}

@test "hardened: a program built without it" {
	small_tree
	echo 'int main(void) { return 0; }' > "$tree/cmd/probe.c"
	finds check-hardened 'build/bin/probe: is not built'
	gcc -no-pie -Wl,-z,norelro,-z,execstack,-z,lazy -fno-stack-protector -Wl,-rpath,/opt -g \
		"$tree/cmd/probe.c" -o "$tree/build/bin/probe"
	for fault in 'not position independent' 'no read-only relocations' 'binds lazily' 'stack may be executed' \
		'no stack protector' 'looks for libraries' 'where it was built'; do
		finds check-hardened "build/bin/probe: .*$fault"
	done
}

@test "spelling: a wrong word in a comment" {
	small_tree
	"$tree/tools/check-spelling.sh"
	printf '/* we rec%sve it */\n' ie > "$tree/lib/core/b.c"
	run "$tree/tools/check-spelling.sh"
	[ "$status" != 0 ]
	[[ $output = *lib/core/b.c:1* ]]
}

@test "cppcheck: a read past the end" {
	small_tree
	printf 'int b(void)\n{\n\tint x[2] = {0};\n\treturn x[2];\n}\n' > "$tree/lib/core/b.c"
	finds check-cppcheck 'lib/core/b.c:4:.*out of bounds'
}

@test "sizes: a file that is too long, and the trend" {
	small_tree
	run "$tree/tools/check-sizes.sh"
	[ "$status" = 0 ]
	[[ $output = *'trend longest functions: 1 lib/core/a.c: a'* ]]
	[[ $output = *'without a unit test of their own: core/a'* ]]
	yes '/* a */' | head -n 801 >> "$tree/lib/core/a.c"
	finds check-sizes 'lib/core/a.c: 80[0-9] lines'
}

@test "banned functions do not compile" {
	local call
	for call in 'strcpy(a, a)' 'sprintf(a, "x")' 'atoi(a)' 'strtok(a, a)' 'gmtime(0)' 'strtol(a, 0, 0)' 'strncpy(a, a, 1)'; do
		printf '#include <stdio.h>\n#include <string.h>\n#include <time.h>\nvoid f(char *a)\n{\n\t(void)%s;\n}\n' "$call" \
			> "$BATS_TEST_TMPDIR/b.c"
		run gcc -Ilib -include lib/core/banned.h -fsyntax-only "$BATS_TEST_TMPDIR/b.c"
		echo "$output"
		[ "$status" != 0 ]
		[[ $output = *poisoned* ]]
	done
}

# --- the summing up ----------------------------------------------------------------------------

# sums_up TAP: tools/check.sh over one suite with one test program that says this.
sums_up() {
	small_tree
	printf 'programs:\n' > "$tree/Makefile"
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncat <<"END"\n%s\nEND\nexit %s\n' "$1" "${2:-0}" > "$BATS_TEST_TMPDIR/bin/bats"
	chmod +x "$BATS_TEST_TMPDIR/bin/bats"
	touch "$tree/tests/cli/probe.bats"
	MAKEFLAGS='' PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$tree/tools/check.sh" cli
	echo "$output"
}

@test "check: good tests and the build that came before are counted" {
	sums_up $'1..2\nok 1 a\nok 2 b'
	[ "$status" = 0 ]
	[ "${lines[-1]}" = '3 passed, 0 failed' ]
}

@test "check: a failing test is shown in full" {
	sums_up $'1..2\nok 1 a\nnot ok 2 b\n# because of c' 1
	[ "$status" != 0 ]
	[ "${lines[-1]}" = '2 passed, 1 failed' ]
	[[ $output = *'not ok 2 b'*'# because of c'* ]]
	[[ $output != *'ok 1 a'* ]]
}

@test "check: tests that never ran, death, skips and silence are failures" {
	sums_up $'1..3\nok 1 a\nok 2 b'
	[ "$status" != 0 ] && [ "${lines[-1]}" = '3 passed, 1 failed' ]
	sums_up $'1..1\nok 1 a' 139
	[ "$status" != 0 ] && [ "${lines[-1]}" = '2 passed, 1 failed' ]
	sums_up $'1..2\nok 1 a\nok 2 b # skip no network'
	[ "$status" != 0 ] && [ "${lines[-1]}" = '2 passed, 1 failed' ]
	sums_up ''
	[ "$status" != 0 ] && [ "${lines[-1]}" = '1 passed, 1 failed' ]
	sums_up '1..0'
	[ "$status" != 0 ] && [ "${lines[-1]}" = '1 passed, 1 failed' ]
}

@test "check: a build that fails is a failure" {
	small_tree
	printf 'programs:\n\tfalse\n' > "$tree/Makefile"
	MAKEFLAGS='' run "$tree/tools/check.sh" cli
	[ "$status" != 0 ]
	[ "${lines[-1]}" = '0 passed, 1 failed' ]
}

# --- set-up -------------------------------------------------------------------------------------

@test "deps: what is missing is named, and only root installs" {
	small_tree
	echo 'build no-such-package-anywhere' > "$tree/tools/packages"
	run "$tree/tools/deps.sh" --present build
	[ "$status" = 1 ]
	[[ $output = *no-such-package-anywhere* ]]
	"$tree/tools/deps.sh" --present check
	# From a folder that somebody else can enter, too.
	local folder as=()
	folder=$(mktemp -d)
	cp -r "$tree/tools" "$folder"
	chmod -R a+rX "$folder"
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	run "${as[@]}" "$folder/tools/deps.sh" build
	rm -rf "$folder"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output = *'only root can install'*no-such-package-anywhere* ]]
}

@test "deps: nothing is done when all is there" {
	small_tree
	echo 'build bash' > "$tree/tools/packages"
	local alone=(unshare -n) # a root in a changed root may make no user namespace
	[ "$(id -u)" = 0 ] || alone=(unshare -rn)
	run "${alone[@]}" "$tree/tools/deps.sh" build
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "install: programs, pages, completions and units where DESTDIR and prefix say" {
	local to=$BATS_TEST_TMPDIR/to name unit word command
	MAKEFLAGS='' make -s install DESTDIR="$to" prefix=/opt/phase
	for name in cmd/*.c; do
		name=$(basename "$name" .c)
		[ "$(stat -c %a "$to/opt/phase/bin/$name")" = 755 ]
		bash -n "$to/opt/phase/share/bash-completion/completions/$name"
	done
	cmp man/phase-verify.1 "$to/opt/phase/share/man/man1/phase-verify.1"
	[ "$(find "$to/opt/phase/share/man" -type f | wc -l)" = "$(find man -name '*.[0-9]' | wc -l)" ]
	grep -q '^ExecStart=/opt/phase/bin/phase-serve ' "$to/opt/phase/lib/systemd/system/phase-serve.service"
	grep -q '^ExecStart=/opt/phase/bin/phase-announce ' "$to/opt/phase/lib/systemd/system/phase-announce@.service"
	for unit in "$to"/opt/phase/lib/systemd/system/*.service; do # what it starts is there, and knows its options
		read -ra command <<< "$(sed -n 's/^ExecStart=//p' "$unit")"
		"$to${command[0]}" --help > "$to.help"
		for word in "${command[@]:1}"; do
			[[ $word != --* ]] || grep -qe "$word " "$to.help"
		done
	done
	cmp debian/phase-tools.phase-announce@.timer "$to/opt/phase/lib/systemd/system/phase-announce@.timer"
	[ -z "$(find "$to" -path "$to/opt" -prune -o -type f -print)" ]
}

@test "objects: rebuilt when a header or the flags change, and not otherwise" {
	small_tree
	cp Makefile "$tree"
	mkdir -p "$tree/build"
	touch "$tree/build/deps.ok"
	cp -r lib/core/banned.h "$tree/lib/core"
	cd "$tree"
	export MAKEFLAGS='-r'
	local object=build/host/lib/core/a.o first
	first=$(make "$object" && stat -c %y "$object")
	[ "${first##*$'\n'}" = "$(make -s "$object" && stat -c %y "$object")" ]
	echo >> lib/core/a.h
	make -s "$object"
	[ "${first##*$'\n'}" != "$(stat -c %y "$object")" ]
	first=$(stat -c %y "$object")
	make -s CFLAGS=-DOTHER "$object"
	[ "$first" != "$(stat -c %y "$object")" ]
	first=$(stat -c %y "$object")
	make -s SAN=1 build/san/host/lib/core/a.o # beside it, not in its place
	make -s CFLAGS=-DOTHER "$object"
	[ "$first" = "$(stat -c %y "$object")" ]
}

@test "toolchains: one that is missing or too old is named with what is needed" {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho go1.19.8\n' > "$BATS_TEST_TMPDIR/bin/go"
	chmod +x "$BATS_TEST_TMPDIR/bin/go"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run tools/toolchain.sh go 1.26 'the peer'
	[ "$status" = 1 ]
	[ "$output" = 'the peer needs go 1.26 or newer in PATH, and this is 1.19.8' ]
	PATH=$BATS_TEST_TMPDIR/bin:$PATH tools/toolchain.sh go 1.9 'the peer'
	ln -s "$(command -v bash)" "$BATS_TEST_TMPDIR/bin/bash"
	rm "$BATS_TEST_TMPDIR/bin/go"
	PATH=$BATS_TEST_TMPDIR/bin run tools/toolchain.sh go 1.26 'the peer'
	[ "$status" = 1 ]
	[ "$output" = 'the peer needs go 1.26 or newer in PATH, and there is none' ]
}
