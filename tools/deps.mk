# The libraries of the host, all from Debian: tools/packages has their names and the tools'.
HOST_PKGS := libsodium libsecp256k1 libcrypto libcurl libmicrohttpd avahi-client libcjson lmdb libuv libcares libngtcp2 libngtcp2_crypto_gnutls gnutls
HOST_PKG_CFLAGS := $(shell pkg-config --cflags $(HOST_PKGS) 2>/dev/null)
HOST_PKG_LIBS := $(shell pkg-config --libs $(HOST_PKGS) 2>/dev/null)
FIRMWARE_ARCHIVES :=
