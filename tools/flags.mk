# Compiler flags: one set of warnings, two sets of code generation. CFLAGS, CPPFLAGS and LDFLAGS of
# whoever builds come last, for the host only.
CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
CLANG    ?= clang
Q        := $(if $(V),,@)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wswitch-enum \
	-Wimplicit-fallthrough -Wnull-dereference -Walloca
# Errors for us and for CI, not for a user's compiler: make WERROR=
WERROR   ?= $(if $(wildcard .git),-Werror)

COMMON   := -std=c11 -O2 -g $(WARNINGS) $(WERROR) -include lib/core/banned.h -ffile-prefix-map=$(CURDIR)=.
HOST_CPPFLAGS := -Ilib -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(HOST_PKG_CFLAGS) $(CPPFLAGS)
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HOST_CFLAGS  := $(COMMON) $(if $(SAN),$(SANITIZE) -fPIE,$(if $(COV),--coverage -O0 -fPIE,$(HARDEN))) $(CFLAGS)
# The programs and all tests under clang, as libFuzzer wants them.
FUZZ_CFLAGS  := $(COMMON) $(SANITIZE) -fsanitize=fuzzer-no-link
HOST_LDFLAGS := -pie -Wl,--as-needed -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)
HOST_LIBS     = $(HOST_PKG_LIBS) -lpthread

# Firmware: timer interrupts overwrite what lies below the stack pointer, wchar_t has 16 bits,
# nothing sets up a canary.
FIRMWARE_CPPFLAGS := -Ilib -DFIRMWARE $(FIRMWARE_PKG_CFLAGS)
FIRMWARE_CFLAGS := $(COMMON) -ffreestanding -fshort-wchar -fpic -mno-red-zone -fno-stack-protector \
	-fno-strict-aliasing -fno-builtin

# Intrinsics stand in files of their own: lib/*/NAME_sse2.c, _avx2.c, _avx512.c, _gfni.c
SIMD_X86 := $(findstring x86_64,$(shell $(CC) -dumpmachine 2>/dev/null))
simd = $(if $(SIMD_X86),$(if $(findstring _gfni.,$1),-mavx512bw -mgfni,$(if $(findstring _avx512.,$1),-mavx512f -mavx512vl,$(if $(findstring _avx2.,$1),-mavx2,$(if $(findstring _sse2.,$1),-msse2)))))
