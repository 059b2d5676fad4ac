# SWFETCH.EFI for x86_64: the cores as firmware objects, the program's logic (efi/*.c) and its UEFI
# side (efi/uefi/*.c), with gnu-efi's headers and start-up code. make efi

EFI := $(F)/efi
EFI_SRC := $(wildcard efi/*.c efi/uefi/*.c)
EFI_OBJ := $(EFI_SRC:%.c=$(F)/%.o)
# Archives of other sources for firmware, wanted by efi/ alone; rules at the end of this file.
EFI_ARCHIVES :=

# efi/*.c know only the seams; the firmware's interfaces are for efi/uefi/*.c.
EFI_CPPFLAGS = $(FIRMWARE_CPPFLAGS) -I. -DVERSION='"$(VERSION)"'
UEFI_CPPFLAGS = $(EFI_CPPFLAGS) -DGNU_EFI_USE_MS_ABI -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
# Without tables for unwinding: nobody reads them.
EFI_CFLAGS = $(FIRMWARE_CFLAGS) -fvisibility=hidden -fno-asynchronous-unwind-tables
# Nothing undefined; no name is resolved outside the image.
EFI_LDFLAGS := -nostdlib -shared -Bsymbolic -z text -z noexecstack --no-undefined --fatal-warnings --build-id=none
EFI_SECTIONS := .text .rodata .sbat .reloc .data .dynamic .rela
# What a clock is measured against. Not the time of this build, or no two builds were the same.
EFI_BUILT_S := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

FLAGS_efi = $(CC) $(UEFI_CPPFLAGS) $(EFI_CFLAGS)
FLAGS_efi-built = $(FLAGS_efi) $(EFI_BUILT_S)
FLAGS_efi-link = $(LD) $(OBJCOPY) $(EFI_LDFLAGS) $(EFI_SECTIONS)
LD ?= ld
OBJCOPY ?= objcopy

.PHONY: efi
efi: build/SWFETCH.EFI

build/deps-efi.ok: tools/deps.sh tools/packages
	@tools/deps.sh --present efi
	@mkdir -p $(@D) && touch $@

$(filter-out $(EFI)/uefi/%,$(EFI_OBJ)): $(F)/%.o: %.c build/flags/efi | build/deps-efi.ok
	@mkdir -p $(@D)
	$(Q)$(CC) $(EFI_CPPFLAGS) $(EFI_CFLAGS) -MMD -MP -c $< -o $@
$(filter $(EFI)/uefi/%,$(EFI_OBJ)): $(F)/%.o: %.c build/flags/efi | build/deps-efi.ok
	@mkdir -p $(@D)
	$(Q)$(CC) $(UEFI_CPPFLAGS) $(EFI_CFLAGS) $(EFI_EXTRA) -MMD -MP -c $< -o $@
# A compiler that sees a memcpy in memcpy's loop would call it for ever. clang looks for none here.
$(EFI)/uefi/memory_functions.o: EFI_EXTRA := $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)
$(EFI)/uefi/built.o: EFI_EXTRA := -DBUILT_S=$(EFI_BUILT_S)
$(EFI)/uefi/built.o: build/flags/efi-built

# --- libraries for efi/ alone ----------------------------------------------------------------
# EFI_ARCHIVES += build/firmware/libNAME.a, and what it needs.
include tools/lwip.mk

# --- the program -------------------------------------------------------------------------------
# An archive: what is not called, such as a part that is still in the making, stays out.
$(EFI)/libefi.a: $(EFI_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
EFI_PARTS := efi/uefi/image.lds build/flags/efi-link tools/mark-nx.sh \
	$(EFI)/uefi/sbat.o $(EFI)/libefi.a $(F)/libphase.a $(FIRMWARE_ARCHIVES) $(EFI_ARCHIVES)
define EFI_LINK
	@mkdir -p $(@D)
	$(Q)$(LD) $(EFI_LDFLAGS) -T efi/uefi/image.lds -Map $(@:.so=.map) -o $@ /usr/lib/crt0-efi-x86_64.o $(filter %.o,$^) \
		--start-group $(filter %.a,$^) /usr/lib/libgnuefi.a --end-group
endef
define EFI_IMAGE
	$(Q)$(OBJCOPY) -O efi-app-x86_64 $(EFI_SECTIONS:%=-j %) --strip-all --file-alignment 512 --section-alignment 4096 $< $@
	$(Q)tools/mark-nx.sh $@
	@echo "$@: $$((($$(stat -c %s $@) + 1023) / 1024)) KiB"
endef
build/SWFETCH.so: $(EFI)/uefi/entry.o $(EFI_PARTS)
	$(EFI_LINK)
build/SWFETCH.EFI: build/SWFETCH.so
	$(EFI_IMAGE)

# Programs for tests in a machine: tests/efi/NAME_image.c has the entry, all else is there.
EFI_TEST_IMAGES := $(patsubst tests/efi/%_image.c,build/test/efi/%.EFI,$(wildcard tests/efi/*_image.c))
.PHONY: efi-images
efi-images: $(EFI_TEST_IMAGES)
$(EFI_TEST_IMAGES:build/test/efi/%.EFI=$(F)/tests/efi/%_image.o): $(F)/%.o: %.c build/flags/efi | build/deps-efi.ok
	@mkdir -p $(@D)
	$(Q)$(CC) $(UEFI_CPPFLAGS) $(EFI_CFLAGS) -MMD -MP -c $< -o $@
$(EFI_TEST_IMAGES:.EFI=.so): build/test/efi/%.so: $(F)/tests/efi/%_image.o $(EFI_PARTS)
	$(EFI_LINK)
$(EFI_TEST_IMAGES): %.EFI: %.so
	$(EFI_IMAGE)

# What is linked must be what the lint takes, and the tests of efi/ ask for it.
.PHONY: check-efi efi-units
check-efi: build/SWFETCH.EFI
	$(Q)tools/check-efi.sh $< build/SWFETCH.so
EFI_UNITS := $(patsubst tests/efi/%.c,build/test/efi/%,$(wildcard tests/efi/*_test.c))
efi-units: $(EFI_UNITS)
# Parts of the program's logic against what a test makes up: each with the objects it needs.
efi_test = $(addprefix $(B)/host/,tests/efi/$1_test.o $2) $(B)/host/libphase.a
$(EFI_UNITS:build/test/efi/%=$(B)/host/tests/efi/%.o): HOST_CPPFLAGS += -I.
build/test/efi/request_test: $(call efi_test,request,$(addprefix efi/,request.o request_bridge.o bridge.o target.o web.o))
build/test/efi/resolve_test: $(call efi_test,resolve,efi/resolve.o efi/net_address.o)
build/test/efi/neighbours_test: $(call efi_test,neighbours,efi/neighbours.o efi/net_address.o)
build/test/efi/net_address_test: $(call efi_test,net_address,efi/net_address.o)
build/test/efi/receive_window_test: $(call efi_test,receive_window,efi/receive_window.o)
build/test/efi/request_test build/test/efi/resolve_test build/test/efi/net_address_test \
build/test/efi/receive_window_test build/test/efi/neighbours_test:
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)
# The firmware's own machine code under other names, because the test needs the C library's, too.
build/test/efi/memory_functions.o: $(EFI)/uefi/memory_functions.o
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) $(foreach f,memcpy memmove memset memcmp memchr,--redefine-sym $f=firmware_$f) $< $@
build/test/efi/memory_functions_test: $(B)/host/tests/efi/memory_functions_test.o build/test/efi/memory_functions.o
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ -lcjson

# clang-tidy reads efi/ with the flags that it is compiled with.
EFI_LINT := $(EFI_SRC:%.c=build/lint/%.ok)
lint: $(EFI_LINT) build/lint/tools/check-config.ok
$(EFI_LINT): build/lint/%.ok: $(F)/%.o .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $*.c -- $(UEFI_CPPFLAGS) -DBUILT_S=0 $(filter -std=% -ffreestanding -fshort-wchar,$(FIRMWARE_CFLAGS)) \
		> $@.log 2>&1 || { grep -E '(error|warning): ' $@.log; exit 1; }
	@mv $@.log $@

# --- the disk image: make esp CONFIG=FILE [IMAGE=FILE] --------------------------------------------
IMAGE ?= build/swfetch.img
.PHONY: esp
esp: build/SWFETCH.EFI build/esp/check-config
	@tools/esp.sh '$(or $(CONFIG),$(error say which configuration: make esp CONFIG=FILE))' '$(IMAGE)'
	@echo "$(IMAGE): a disk with SWFETCH.EFI and $(CONFIG)"
build/esp/check-config: build/host/tools/check-config.o build/host/libphase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ $(HOST_LIBS)
