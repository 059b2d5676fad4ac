# Libraries for the firmware, from their Debian source packages: no archive that was built for the
# host may go there, because it keeps data below the stack pointer, where timer interrupts write.
# Unpacked once to build/deps/ and never asked for again; "make clean" keeps them.

# This lists the files that are used and no more.
SODIUM := build/deps/libsodium
SODIUM_FILES := crypto_sign/ed25519/ref10/open crypto_sign/ed25519/ref10/sign \
	crypto_sign/ed25519/ref10/keypair crypto_core/ed25519/core_ed25519 \
	crypto_core/ed25519/ref10/ed25519_ref10 crypto_hash/sha512/cp/hash_sha512_cp \
	crypto_hash/sha256/cp/hash_sha256_cp crypto_verify/sodium/verify \
	crypto_scalarmult/curve25519/scalarmult_curve25519 crypto_scalarmult/curve25519/ref10/x25519_ref10 \
	crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305 crypto_stream/chacha20/stream_chacha20 \
	crypto_stream/chacha20/ref/chacha20_ref crypto_onetimeauth/poly1305/onetimeauth_poly1305 \
	crypto_onetimeauth/poly1305/donna/poly1305_donna
# HAVE_TI_MODE: 128-bit products. abort is a call for a state that cannot be.
SODIUM_DEFINES := -DCONFIGURED -DNATIVE_LITTLE_ENDIAN -DHAVE_TI_MODE -DSODIUM_STATIC -Dabort=sodium_misuse
SODIUM_INCLUDES := -I$(SODIUM)/src/libsodium/include/sodium -I$(SODIUM)/src/libsodium/include

SECP256K1 := build/deps/libsecp256k1
SECP256K1_FILES := secp256k1 precomputed_ecmult precomputed_ecmult_gen
# Window 8: a table of 8 KiB instead of 1 MiB, and verification is 9 % slower.
SECP256K1_DEFINES := -DENABLE_MODULE_RECOVERY=1 -DECMULT_WINDOW_SIZE=8 -DECMULT_GEN_PREC_BITS=2 \
	-DUSE_EXTERNAL_DEFAULT_CALLBACKS=1 $(if $(SIMD_X86),-DUSE_ASM_X86_64=1) \
	-Dmalloc=secp256k1_never_malloc -Dfree=secp256k1_never_free
SECP256K1_INCLUDES := -I$(SECP256K1) -I$(SECP256K1)/src -I$(SECP256K1)/include

# Verification of ECDSA on P-256, and nothing else.
BEARSSL := build/deps/bearssl
BEARSSL_FILES := ec/ecdsa_i31_vrfy_raw ec/ecdsa_i31_bits ec/ec_p256_m31 ec/ec_secp256r1 ec/ec_secp384r1 \
	ec/ec_secp521r1 int/i31_add int/i31_bitlen int/i31_decmod int/i31_decode int/i31_encode int/i31_fmont \
	int/i31_iszero int/i31_modpow int/i31_montmul int/i31_muladd int/i31_ninv31 int/i31_rshift int/i31_sub \
	int/i31_tmont int/i32_div32 codec/ccopy
# Neither chance nor a clock of the machine's.
BEARSSL_DEFINES := -DBR_RDRAND=0 -DBR_USE_URANDOM=0 -DBR_USE_UNIX_TIME=0
BEARSSL_INCLUDES := -I$(BEARSSL)/src -I$(BEARSSL)/inc

FIRMWARE_ARCHIVES := build/firmware/libsodium.a build/firmware/libsecp256k1.a build/firmware/libbearssl.a
# As system headers: our warnings are for our code.
FIRMWARE_CPPFLAGS += -isystem $(SODIUM)/src/libsodium/include -isystem $(SECP256K1)/include \
	-isystem $(BEARSSL)/inc

# The same code generation as our own firmware objects, without our warnings.
FOREIGN_CFLAGS = -w $(filter -O% -g% -f% -m%,$(FIRMWARE_CFLAGS)) -U_FORTIFY_SOURCE

SODIUM_OBJ := $(SODIUM_FILES:%=build/firmware/libsodium/%.o) build/firmware/lib/crypto/firmware/sodium_support.o
SECP256K1_OBJ := $(SECP256K1_FILES:%=build/firmware/libsecp256k1/%.o) \
	build/firmware/lib/crypto/firmware/secp256k1_support.o
BEARSSL_OBJ := $(BEARSSL_FILES:%=build/firmware/libbearssl/%.o)

# A folder appears complete or not at all; the changelog in it is older than everything here, so
# it is only ever asked whether it exists.
$(SODIUM)/debian/changelog:
	$(Q)tools/debian-source.sh libsodium $(SODIUM)
$(SECP256K1)/debian/changelog:
	$(Q)tools/debian-source.sh libsecp256k1 $(SECP256K1)
$(BEARSSL)/debian/changelog:
	$(Q)tools/debian-source.sh bearssl $(BEARSSL)

build/firmware/libsodium/%.o: | $(SODIUM)/debian/changelog
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu99 $(SODIUM_DEFINES) $(SODIUM_INCLUDES) $(FOREIGN_CFLAGS) -c $(SODIUM)/src/libsodium/$*.c -o $@
build/firmware/libsecp256k1/%.o: | $(SECP256K1)/debian/changelog
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu99 $(SECP256K1_DEFINES) $(SECP256K1_INCLUDES) $(FOREIGN_CFLAGS) -c $(SECP256K1)/src/$*.c -o $@
build/firmware/libbearssl/%.o: | $(BEARSSL)/debian/changelog
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu99 $(BEARSSL_DEFINES) $(BEARSSL_INCLUDES) $(FOREIGN_CFLAGS) -c $(BEARSSL)/src/$*.c -o $@
$(SODIUM_OBJ) $(SECP256K1_OBJ) $(BEARSSL_OBJ): tools/firmware.mk build/flags/firmware
build/firmware/libsodium.a: $(SODIUM_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
build/firmware/libsecp256k1.a: $(SECP256K1_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
build/firmware/libbearssl.a: $(BEARSSL_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Our objects that include their headers.
build/firmware/lib/crypto/ed25519.o build/firmware/lib/crypto/ed25519_sign.o build/firmware/lib/crypto/sha256_firmware.o \
build/firmware/lib/crypto/x25519.o build/firmware/lib/crypto/chacha20poly1305.o \
build/firmware/lib/crypto/firmware/sodium_support.o: | $(SODIUM)/debian/changelog
build/firmware/lib/crypto/secp256k1.o build/firmware/lib/crypto/secp256k1_sign.o: | $(SECP256K1)/debian/changelog
build/firmware/lib/crypto/spki_firmware.o: | $(BEARSSL)/debian/changelog

# What the firmware is linked from must survive interrupts and need nothing that is not there.
.PHONY: check-firmware
check-firmware: build/firmware/libphase.a $(FIRMWARE_ARCHIVES)
	$(Q)tools/check-redzone.sh $^
	$(Q)tools/check-undefined.sh $^
