#!/usr/bin/env bats
# The lint of the firmware program finds what it is for: each fault is planted in a copy of the
# image, or in a small program that is linked as the real one is.
bats_require_minimum_version 1.5.0

setup() {
	image=$BATS_TEST_TMPDIR/SWFETCH.EFI
	cp build/SWFETCH.EFI "$image"
	header=$(number 60 4)
	optional=$((header + 24))
	table=$((optional + $(number $((header + 20)) 2)))
}

number() { # OFFSET BYTES
	od -An -v "-tu$2" -j "$1" -N "$2" "$image" | tr -d ' '
}

# put OFFSET BYTES VALUE: little-endian, into the copy.
put() {
	local i escapes=
	for ((i = 0; i < $2; i++)); do
		escapes+=$(printf '\\x%02x' $(($3 >> (8 * i) & 255)))
	done
	# shellcheck disable=SC2059 # the text is made of escapes
	printf "$escapes" | dd of="$image" bs=1 seek="$1" conv=notrunc status=none
}

# section NAME: the offset of its row in the table.
section() {
	local row=$table
	until [ "$(dd if="$image" bs=1 skip="$row" count=8 status=none | tr -d '\0')" = "$1" ]; do
		row=$((row + 40))
		[ $row -lt $((table + 40 * 20)) ]
	done
	echo "$row"
}

# finds PATTERN: the lint fails, and this is the one thing that it complains of.
finds() {
	run tools/check-efi.sh "$image" "${linked-build/SWFETCH.so}"
	echo "$output"
	[ "$status" = 1 ]
	grep -qE -e "$1" <<< "$output"
	[ "$(grep -cvE '^(trend|  )' <<< "$output")" = "${2-1}" ]
}

@test "the program passes, and its size is told" {
	run -0 tools/check-efi.sh build/SWFETCH.EFI build/SWFETCH.so
	echo "$output"
	grep -qxE "trend SWFETCH.EFI: $(stat -c %s build/SWFETCH.EFI) bytes" <<< "$output"
	run ! grep -v '^trend' <<< "$output"
}

@test "no image, or half of one" {
	: > "$image"
	finds 'ends at 0, before its headers'
	head -c 100 build/SWFETCH.EFI > "$image"
	finds 'ends at 100, before its headers'
	head -c 30000 build/SWFETCH.EFI > "$image"
	run tools/check-efi.sh "$image" build/SWFETCH.so
	[ "$status" = 1 ]
	grep -q '.data ends outside the file' <<< "$output"
	head -c 1000 /dev/zero > "$image"
	finds 'no MZ'
	cp build/SWFETCH.EFI "$image"
	put "$header" 4 0
	finds 'no PE header'
}

@test "another kind of image" {
	put $((header + 4)) 2 $((0xaa64))
	finds 'not for x86_64'
	cp build/SWFETCH.EFI "$image"
	put $((optional + 68)) 2 11
	finds 'not an EFI application'
	cp build/SWFETCH.EFI "$image"
	put "$optional" 2 $((0x10b))
	finds 'not PE32[+]'
}

@test "a time of building" {
	put $((header + 8)) 4 1700000000
	finds 'carries a time'
}

@test "a section that is writable and executable: code that is writable, data that is executable" {
	put $(($(section .text) + 36)) 4 $((0xe0000020))
	finds '.text is both writable and executable' 2
	finds 'says NX_COMPAT, which is not true' 2
	cp build/SWFETCH.EFI "$image"
	put $(($(section .data) + 36)) 4 $((0xe0000040))
	finds '.data is both writable and executable' 2
	put $((optional + 70)) 2 0
	finds 'does not say NX_COMPAT' 2
}

@test "a section that does not begin on a page, lies over another, is shorter in the file, is not readable" {
	local row
	row=$(section .sbat) # the smallest: with 512 bytes more it still ends on its page
	put $((row + 12)) 4 $(($(number $((row + 12)) 4) + 512))
	finds '.sbat lies at [0-9]+, which is no multiple of 4096' 2
	cp build/SWFETCH.EFI "$image"
	row=$(section .data)
	put $((row + 12)) 4 4096
	finds '.data lies over what is before it'
	cp build/SWFETCH.EFI "$image"
	put $((row + 16)) 4 0
	finds '.data is shorter in the file than in memory'
	cp build/SWFETCH.EFI "$image"
	put $((row + 36)) 4 $((0x80000040))
	finds '.data cannot be read'
	cp build/SWFETCH.EFI "$image"
	put $((optional + 56)) 4 8192
	finds 'SizeOfImage is smaller'
}

@test "pages of another size, and no NX_COMPAT" {
	put $((optional + 32)) 4 512
	finds 'SectionAlignment is not 4096'
	cp build/SWFETCH.EFI "$image"
	put $((optional + 70)) 2 0
	finds 'does not say NX_COMPAT'
}

@test "an entry point that is no code" {
	put $((optional + 16)) 4 "$(number $(($(section .rodata) + 12)) 4)"
	finds 'does not begin in executable code'
}

@test "relocations: stripped, no table, a table elsewhere, a broken one" {
	local row
	row=$(section .reloc)
	put $((header + 22)) 2 $(($(number $((header + 22)) 2) | 1))
	finds 'relocations are stripped'
	cp build/SWFETCH.EFI "$image"
	put $((optional + 152)) 4 0
	put $((optional + 156)) 4 0
	finds 'no table of base relocations'
	cp build/SWFETCH.EFI "$image"
	put "$row" 8 $((0x636f6c6572)) # another name
	finds 'base relocations in reloc, not in .reloc'
	cp build/SWFETCH.EFI "$image"
	put $(($(number $((row + 20)) 4) + 4)) 4 0
	finds 'a block of base relocations is 0 bytes long'
	put $(($(number $((row + 20)) 4) + 4)) 4 4096
	finds 'a block of base relocations is 4096 bytes long'
	cp build/SWFETCH.EFI "$image"
	put "$(number $((row + 20)) 4)" 4 $((0xfffff000))
	finds 'base relocations for what lies outside the image'
}

@test ".sbat: missing, another first line, no line of ours, writable" {
	local row at
	row=$(section .sbat)
	at=$(number $((row + 20)) 4)
	put "$row" 8 $((0x746162732e2e)) # another name
	finds 'no section .sbat'
	cp build/SWFETCH.EFI "$image"
	put "$at" 1 $((0x53))
	finds ".sbat begins with 'Sbat,1"
	cp build/SWFETCH.EFI "$image"
	put $((row + 8)) 4 $(($(head -n 1 < <(tail -c +$((at + 1)) "$image") | wc -c)))
	finds ".sbat says '' of us"
	cp build/SWFETCH.EFI "$image"
	put $((row + 36)) 4 $((0xc0000040))
	finds '.sbat is not for reading only'
}

@test "a path of the machine that built it, as bytes and as UTF-16" {
	local at
	at=$(number $(($(section .rodata) + 20)) 4)
	printf '/home/%s/x.c\0' somebody | dd of="$image" bs=1 seek="$at" conv=notrunc status=none
	finds 'names paths of the machine that built it: .home.somebody'
	cp build/SWFETCH.EFI "$image"
	printf '%s/x.c' "$PWD" | iconv -t UTF-16LE | dd of="$image" bs=1 seek="$at" conv=notrunc status=none
	finds 'names paths of the machine that built it'
}

@test "a program that has grown" {
	truncate -s 800K "$image"
	finds '819200 bytes, more than 716800'
}

# link FLAGS SOURCE [LD-FLAGS]: a small program, linked by the real script.
link() {
	linked=$BATS_TEST_TMPDIR/small.so
	printf '%s\n' "$2" > "$BATS_TEST_TMPDIR/small.c"
	# shellcheck disable=SC2086 # several flags
	gcc -std=c11 -O2 -ffreestanding -fpic -mno-red-zone -fno-stack-protector -fno-builtin -fvisibility=hidden \
		-fno-asynchronous-unwind-tables $1 -c "$BATS_TEST_TMPDIR/small.c" -o "$BATS_TEST_TMPDIR/small.o"
	# shellcheck disable=SC2086
	ld -nostdlib -shared -Bsymbolic -T efi/uefi/image.lds ${3-} -o "$linked" /usr/lib/crt0-efi-x86_64.o \
		"$BATS_TEST_TMPDIR/small.o" /usr/lib/libgnuefi.a
}
main='long efi_main(void *image, void *system);
extern int outside(volatile char *p);
long efi_main(void *image, void *system) { return (long)image + (long)system'

@test "a small program passes" {
	link '' "$main; }"
	tools/check-efi.sh "$image" "$linked"
	link '' "int one; int *table[] = {&one}; $main + *table[(long)image & 1]; }"
	tools/check-efi.sh "$image" "$linked"
}

@test "memory below the stack pointer" {
	link '-mred-zone' "$main + ((volatile long[2]){(long)image, 1})[1]; }"
	finds 'accesses below the stack pointer'
}

@test "a symbol that nobody defines" {
	link '' "$main + outside(0); }"
	finds 'undefined: outside' 3 # and all that a call of it brings
	finds 'a relocation that the start-up code does not know: R_X86_64_JUMP_SLOT' 3
}

@test "the linker itself refuses that, with the flags of the build" {
	link '' "$main; }"
	# shellcheck disable=SC2016 # make expands it
	run link '' "$main + outside(0); }" "$(make -s --eval 'show: ; @echo $(EFI_LDFLAGS)' show)"
	echo "$output"
	[ "$status" != 0 ]
	grep -q 'undefined reference to .outside' <<< "$output"
}

@test "a section that would not come into the image: constructors, data of threads" {
	link '' "static int n; __attribute__((constructor)) static void first(void) { n = 1; } $main + n; }"
	finds 'the section .init_array does not come into the image' 2 # and a relocation in it
	link '-ftls-model=initial-exec' "_Thread_local volatile int n = 1; $main + n; }"
	run tools/check-efi.sh "$image" "$linked"
	[ "$status" = 1 ]
	grep -q 'the section .tdata does not come into the image' <<< "$output"
}

@test "a stack protector, as in archives that were built for the host" {
	link '-fstack-protector-all' "void __stack_chk_fail(void); void __stack_chk_fail(void) { } $main; }"
	finds 'only an operating system sets up: %fs:0x28'
}

@test "wide registers in code that is not named for them" {
	link '-mavx2' "typedef long v __attribute__((vector_size(32))); v x, y; void sum(void); void sum(void) { x += y; } $main; }"
	finds 'AVX outside of functions named for it: sum$'
	link '-mavx2' "typedef long v __attribute__((vector_size(32))); v x, y; void sum_avx2(void);
		void sum_avx2(void) { x += y; } $main; }"
	tools/check-efi.sh "$image" "$linked"
}

@test "a memset that calls itself" {
	link '-ftree-loop-distribute-patterns' "void *memset(void *to, int c, unsigned long n);
		__attribute__((noinline)) static void move_up(char *p, int c, unsigned long n) { while (n-- != 0) *p++ = (char)c; }
		void *memset(void *to, int c, unsigned long n) { move_up(to, c, n); return to; } $main; }"
	finds 'calls itself for ever: <move_up> (call|jmp) <memset>'
}

@test "a function that needs much stack" {
	link '' "__attribute__((noinline)) static long large(volatile char *p) { char all[20000]; for (long i = 0; i < 20000; i++) all[i] = p[i];
		volatile char *q = all; return q[p[0]]; } $main + large(image); }"
	finds 'large has 2[0-9]{4} bytes on the stack'
}
