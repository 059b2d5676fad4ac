#!/usr/bin/env bats
# The two checks that stand between a wrong compiler flag and a firmware that crashes now and then.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	tools=$BATS_TEST_DIRNAME/../../tools
	echo 'int f(int a) { volatile int x[4] = {a, a, a, a}; return x[1]; }' > leaf.c
}

@test "code that keeps data below the stack pointer is refused, in objects and in archives" {
	gcc -O2 -c leaf.c -o leaf.o
	run "$tools/check-redzone.sh" leaf.o
	[ "$status" = 1 ]
	[[ $output == *"leaf.o: "*"below the stack pointer"*"<f>"* ]]
	ar rcs leaf.a leaf.o
	run "$tools/check-redzone.sh" leaf.a
	[ "$status" = 1 ]
}

@test "the same code compiled for firmware passes" {
	gcc -O2 -mno-red-zone -c leaf.c -o leaf.o
	run "$tools/check-redzone.sh" leaf.o
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "one bad file among good ones is found" {
	gcc -O2 -mno-red-zone -c leaf.c -o good.o
	gcc -O2 -c leaf.c -o bad.o
	run "$tools/check-redzone.sh" good.o bad.o good.o
	[ "$status" = 1 ]
	[[ $output == *bad.o* && $output != *good.o* ]]
}

@test "lea is arithmetic; indexed accesses count where no frame is made" {
	printf 'lea -8(%%rsp),%%rax\nret\n' | as -o lea.o
	run "$tools/check-redzone.sh" lea.o
	[ "$status" = 0 ]
	# shellcheck disable=SC2016  # $ marks a number in assembly
	printf 'f: movl $1,-64(%%rsp,%%rdi,4)\nret\n' | as -o indexed.o
	run "$tools/check-redzone.sh" indexed.o
	[ "$status" = 1 ]
	# shellcheck disable=SC2016
	printf 'f: sub $64,%%rsp\nmovl $1,-8(%%rsp,%%rdi,8)\nadd $64,%%rsp\nret\n' | as -o framed.o
	run "$tools/check-redzone.sh" framed.o
	[ "$status" = 0 ]
}

@test "what is no code proves nothing" {
	echo text > text
	run "$tools/check-redzone.sh" text
	[ "$status" != 0 ]
	run "$tools/check-redzone.sh" missing
	[ "$status" != 0 ]
}

@test "undefined symbols other than mem* are refused, and named with their user" {
	echo 'void *malloc(unsigned long); void *g(void) { return malloc(1); }' > wants.c
	gcc -O2 -fno-builtin -c wants.c -o wants.o
	run "$tools/check-undefined.sh" wants.o
	[ "$status" = 1 ]
	[[ $output == *malloc*wants.o* ]]
	echo 'void *malloc(unsigned long n) { (void)n; return 0; }' > has.c
	gcc -O2 -fno-builtin -c has.c -o has.o
	run "$tools/check-undefined.sh" wants.o has.o
	[ "$status" = 0 ]
	echo 'void *memcpy(void *, const void *, unsigned long); void *h(void *a, void *b) { return memcpy(a, b, 9999); }' > mem.c
	gcc -O2 -fno-builtin -c mem.c -o mem.o
	run "$tools/check-undefined.sh" mem.o
	[ "$status" = 0 ]
}
