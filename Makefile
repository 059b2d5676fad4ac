# The way in.  make run: the whole loop on real parts.  make check: everything a change must pass.
# Objects lie in build/: host/ and firmware/ are the same cores under two flag sets.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

include tools/flags.mk
include tools/deps.mk
-include tools/firmware.mk

B        := build
VERSION  := 0.1.0

# Core rooms: no I/O, built twice.  host: everything POSIX.
CORES    := core crypto http swarm phase fetch
CORE_SRC := $(foreach r,$(CORES),$(wildcard lib/$(r)/*.c))
HOST_SRC := $(wildcard lib/host/*.c)
CMDS     := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
UNITS    := $(patsubst tests/unit/%_test.c,%,$(wildcard tests/unit/*_test.c))
FUZZERS  := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))

# What differs between the two: files named *_host.c and *_firmware.c.
CORE_HOST_SRC     := $(filter-out %_firmware.c,$(CORE_SRC))
CORE_FIRMWARE_SRC := $(filter-out %_host.c,$(CORE_SRC))

HOST_OBJ     := $(CORE_HOST_SRC:%.c=$(B)/host/%.o) $(HOST_SRC:%.c=$(B)/host/%.o)
FIRMWARE_OBJ := $(CORE_FIRMWARE_SRC:%.c=$(B)/firmware/%.o)

.PHONY: all run check bench fuzz tidy coverage fresh install deps clean unit cli interop programs
all: programs
programs: $(CMDS:%=$(B)/bin/%)

# --- objects -------------------------------------------------------------------------------
$(B)/host/%.o: %.c | $(DEPS_DONE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(call simd,$<) -MMD -MP -c $< -o $@
$(B)/firmware/%.o: %.c | $(DEPS_DONE)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FIRMWARE_CPPFLAGS) $(FIRMWARE_CFLAGS) $(call simd,$<) -MMD -MP -c $< -o $@
$(B)/host/libphase.a: $(HOST_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/firmware/libphase.a: $(FIRMWARE_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(B)/bin/%: $(B)/host/cmd/%.o $(B)/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)

# --- unit tests, once on host objects and once on firmware objects ---------------------------
$(B)/test/host/%_test: $(B)/host/tests/unit/%_test.o $(B)/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)
$(B)/test/firmware/%_test: $(B)/host/tests/unit/%_test.o $(B)/firmware/libphase.a $(FIRMWARE_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ -lcjson

-include $(shell test -d $(B) && find $(B) -name '*.d')
