# The way in.  make run: the whole loop on real parts.  make check: everything a change must pass.
#
# Everything built lies in build/: host/ and firmware/ hold the same cores under two flag sets,
# bin/ the programs. SAN=1 (sanitizers) and COV=1 (coverage) build into folders of their own.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

VERSION := 0.1.0
B       := build$(if $(SAN),/san)$(if $(COV),/coverage)
F       := build/firmware
T       ?= 60

include tools/flags.mk
include tools/deps.mk
-include tools/firmware.mk

# Core rooms: no I/O, built twice.  host: everything POSIX.
CORES    := core crypto http p2p kad swarm phase fetch
CORE_SRC := $(foreach r,$(CORES),$(wildcard lib/$(r)/*.c))
HOST_SRC := $(wildcard lib/host/*.c)
CMDS     := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
TESTS    := $(patsubst tests/unit/%_test.c,%,$(wildcard tests/unit/*_test.c))
FUZZERS  := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))

# What differs between the two: files named *_host.c and *_firmware.c.
CORE_HOST_SRC     := $(filter-out %_firmware.c,$(CORE_SRC))
CORE_FIRMWARE_SRC := $(filter-out %_host.c,$(CORE_SRC))
HOST_OBJ     := $(CORE_HOST_SRC:%.c=$(B)/host/%.o) $(HOST_SRC:%.c=$(B)/host/%.o)
FIRMWARE_OBJ := $(CORE_FIRMWARE_SRC:%.c=$(F)/%.o)
FUZZ_OBJ     := $(CORE_HOST_SRC:%.c=build/fuzz/%.o) $(HOST_SRC:%.c=build/fuzz/%.o)

# Tests of what needs the host run on host objects only.
HOST_UNITS     := $(TESTS:%=$(B)/test/host/%_test)
FIRMWARE_UNITS := $(patsubst %,build/test/firmware/%_test,$(filter-out host_%,$(TESTS)))
FUZZ_PROGRAMS  := $(FUZZERS:%=build/fuzz/%_fuzz)

.PHONY: all programs deps run check bench fuzz sim tidy unit cli coverage fresh install clean FORCE
.PHONY: host-units firmware-units fuzz-programs firmware lint lint-checks
all: programs $(if $(SAN)$(COV),,build/compile_commands.json)
programs: $(CMDS:%=$(B)/bin/%)
firmware: $(F)/libphase.a
host-units: $(HOST_UNITS)
firmware-units: $(FIRMWARE_UNITS)
fuzz-programs: $(FUZZ_PROGRAMS)

# --- what others call ----------------------------------------------------------------------
# What deps installs changes what this file reads (pkg-config), so the work is done by a new make.
deps:
	@tools/deps.sh build efi run check
run:
	@tools/deps.sh build efi run
	+@$(MAKE) --no-print-directory programs efi build/esp/check-config
	@tools/run.sh
check:
	$(if $(SAN)$(COV),$(error make check builds with sanitizers by itself: leave SAN and COV out))
	@tools/deps.sh build efi run check
	+@tools/check.sh
# The parts of check, for use while working.
tidy unit cli:
	+@tools/check.sh $@
bench:
	@tools/deps.sh build efi run check bench
	+@$(MAKE) --no-print-directory programs
	@tools/bench.sh
sim: $(B)/test/kad_sim
	@$< --long
fuzz: fuzz-programs
	@tools/fuzz.sh $(T) $(FUZZERS)
coverage:
	@tools/deps.sh build check
	+@tools/coverage.sh
fresh:
	@tools/fresh.sh
clean:
	@rm -rf $(filter-out build/deps build/apt,$(wildcard build/*))

# --- objects -------------------------------------------------------------------------------
# Flags are a prerequisite like any other: a file that changes when they change.
build/flags/%: FORCE
	@mkdir -p $(@D)
	@echo '$(call quoted,$(FLAGS_$*))' | cmp -s - $@ || echo '$(call quoted,$(FLAGS_$*))' > $@
quoted = $(subst ','\'',$1)
FLAGS_host     = $(CC) $(VERSION) $(HOST_CPPFLAGS) $(HOST_CFLAGS)
FLAGS_san      = $(FLAGS_host)
FLAGS_coverage = $(FLAGS_host)
FLAGS_firmware = $(CC) $(FIRMWARE_CPPFLAGS) $(FIRMWARE_CFLAGS)
FLAGS_fuzz     = $(CLANG) $(HOST_CPPFLAGS) $(FUZZ_CFLAGS)
HOST_FLAGS    := build/flags/$(if $(SAN),san,$(if $(COV),coverage,host))

build/deps.ok: tools/deps.sh tools/packages
	@tools/deps.sh --present build
	@mkdir -p $(@D) && touch $@

$(B)/host/%.o: %.c $(HOST_FLAGS) | build/deps.ok
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(call simd,$<) -MMD -MP -c $< -o $@
$(F)/%.o: %.c build/flags/firmware | build/deps.ok
	@mkdir -p $(@D)
	$(Q)$(CC) $(FIRMWARE_CPPFLAGS) $(FIRMWARE_CFLAGS) $(call simd,$<) -MMD -MP -c $< -o $@
build/fuzz/%.o: %.c build/flags/fuzz | build/deps.ok
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_CPPFLAGS) $(FUZZ_CFLAGS) $(call simd,$<) -MMD -MP -c $< -o $@

$(B)/host/libphase.a: $(HOST_OBJ)
$(F)/libphase.a: $(FIRMWARE_OBJ)
build/fuzz/libphase.a: $(FUZZ_OBJ)
$(B)/host/libphase.a $(F)/libphase.a build/fuzz/libphase.a:
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/bin/%: $(B)/host/cmd/%.o $(B)/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)

# Measurements in C; tests/bench/NAME.sh builds and runs what it needs of them.
$(B)/bench/%_bench: $(B)/host/tests/bench/%_bench.o $(B)/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)

# Unit tests, once on host objects and once on firmware objects.
$(B)/test/host/%_test: $(B)/host/tests/unit/%_test.o $(B)/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)
build/test/firmware/%_test: build/host/tests/unit/%_test.o $(F)/libphase.a $(FIRMWARE_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ -lcjson

# The host twin of SWFETCH.EFI: its logic against a process instead of a firmware.
TWIN_SRC := $(wildcard efi/*.c tests/efi/twin/*.c)
$(TWIN_SRC:%.c=$(B)/host/%.o): HOST_CPPFLAGS += -I.
$(B)/test/swfetch-twin: $(TWIN_SRC:%.c=$(B)/host/%.o) $(B)/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)

# A node of lib/host, and Swarm peers with the cores alone, against others.
P2P_NODE_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tests/interop/p2p_node*.c))
$(B)/test/p2p_node: $(P2P_NODE_OBJ) $(B)/host/libphase.a
$(B)/test/swarm_peer $(B)/test/swarm_client $(B)/test/swarm_crowd: $(B)/test/%: $(B)/host/tests/interop/%.o $(B)/host/libphase.a
$(B)/test/p2p_node $(B)/test/swarm_peer $(B)/test/swarm_client $(B)/test/swarm_crowd:
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)

# Cores on virtual time.
KAD_SIM_OBJ := $(patsubst %.c,$(B)/host/%.o,$(wildcard tests/sim/kad_*.c))
$(B)/test/kad_sim: $(KAD_SIM_OBJ) $(B)/host/libphase.a
$(B)/test/swarm_sim: $(B)/host/tests/sim/swarm_sim.o $(B)/host/libphase.a
$(B)/test/kad_sim $(B)/test/swarm_sim:
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)

build/fuzz/%_fuzz: build/fuzz/tests/fuzz/%_fuzz.o build/fuzz/libphase.a
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(HOST_LIBS)

# --- for tools -----------------------------------------------------------------------------
ALL_SRC := $(CORE_HOST_SRC) $(HOST_SRC) $(wildcard cmd/*.c tests/unit/*.c tests/fuzz/*.c)
build/compile_commands.json: $(HOST_FLAGS) tools/compile-commands.sh $(ALL_SRC)
	@tools/compile-commands.sh '$(call quoted,$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS))' $(ALL_SRC) > $@

# clang-tidy only for what changed: the object knows the headers that its source includes.
LINT_SRC := $(CORE_HOST_SRC) $(HOST_SRC) $(wildcard cmd/*.c tests/unit/*.c)
lint: $(LINT_SRC:%.c=build/lint/%.ok)
build/lint/%.ok: build/host/%.o .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $*.c -- $(HOST_CPPFLAGS) $(filter -std=%,$(COMMON)) $(call simd,$*.c) \
		> $@.log 2>&1 || { grep -E '(error|warning): ' $@.log; exit 1; }
	@mv $@.log $@

build/completions/%: build/bin/% tools/completion.sh
	@mkdir -p $(@D)
	$(Q)tools/completion.sh $< > $@

# --- installation --------------------------------------------------------------------------
DESTDIR ?=
prefix  ?= /usr/local
UNITS   ?= $(wildcard debian/*.service debian/*.timer)
install: programs $(CMDS:%=build/completions/%)
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/share/bash-completion/completions \
		$(foreach s,$(MAN_SECTIONS),$(DESTDIR)$(prefix)/share/man/man$(s)) $(if $(UNITS),$(DESTDIR)$(prefix)/lib/systemd/system)
	install -m 755 $(CMDS:%=build/bin/%) $(DESTDIR)$(prefix)/bin
	install -m 644 $(CMDS:%=build/completions/%) $(DESTDIR)$(prefix)/share/bash-completion/completions
	for page in $(wildcard man/*.[0-9]); do \
		install -m 644 $$page $(DESTDIR)$(prefix)/share/man/man$${page##*.}/ || exit 1; done
	for unit in $(UNITS); do \
		to=$(DESTDIR)$(prefix)/lib/systemd/system/$${unit#debian/phase-tools.}; \
		sed 's|/usr/bin/|$(prefix)/bin/|' $$unit > $$to && chmod 644 $$to || exit 1; done
MAN_SECTIONS := $(sort $(patsubst .%,%,$(suffix $(wildcard man/*.[0-9]))))

include tools/efi.mk

-include $(shell find $(wildcard $(B)/host $(F) build/fuzz) -name '*.d' 2>/dev/null)
