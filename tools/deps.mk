# Packages and what is built from Debian source packages.
HOST_PKGS := libsodium libcrypto libcurl libmicrohttpd libuv avahi-client libcjson
HOST_PKG_CFLAGS := $(shell pkg-config --cflags $(HOST_PKGS) 2>/dev/null)
HOST_PKG_LIBS := $(shell pkg-config --libs $(HOST_PKGS) 2>/dev/null)
DEPS_DONE :=
FIRMWARE_ARCHIVES :=
