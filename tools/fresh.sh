#!/bin/bash
# fresh.sh [TARGET...]: the proof that set-up is complete. Makes a minimal Debian bookworm, clones
# the last commit into it, and runs there what the README says: make run, then make check.
#
# The archive is the one this machine uses. Toolchains that Debian has not new enough are lent
# read-only. All mounts are in a namespace of their own, so that nothing outside can be removed
# with the folder, whatever happens.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
[ ${#targets[@]} != 0 ] || targets=(run check)
release=bookworm
root=$PWD/build/fresh/root

die() {
	echo "fresh: $*" >&2
	exit 1
}

# --- inside: in mount, process and host name namespaces of our own ---------------------------
lend() { # a folder or file of this machine, read-only, at the same place
	[ -e "$1" ] || return 0
	if [ -d "$1" ]; then
		mkdir -p "$root$1"
	else
		mkdir -p "$root$(dirname "$1")"
		: > "$root$1"
	fi
	mount --bind "$1" "$root$1"
	mount -o remount,bind,ro "$root$1"
}

if [ "${1-}" = --inside ]; then
	shift
	mount --bind "$root" "$root" # a root must be a mount point for programs that change mounts
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	toolchains=/usr/local/go/bin
	lend /usr/local/go
	lend "${RUSTUP_HOME:-$HOME/.rustup}"
	lend "${CARGO_HOME:-$HOME/.cargo}/bin"
	[ ! -d "$root${CARGO_HOME:-$HOME/.cargo}/bin" ] || toolchains+=:${CARGO_HOME:-$HOME/.cargo}/bin
	if node=$(command -v node); then
		node_home=$(dirname "$(dirname "$(readlink -f "$node")")")
		lend "$(readlink -f "$node")"
		lend "$node_home/lib/node_modules/npm"
		ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root$node_home/bin/npm"
	fi
	keep=()
	for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY GOPROXY GOSUMDB GOFLAGS \
		RUSTUP_HOME RUSTUP_TOOLCHAIN; do
		[ -z "${!name-}" ] || keep+=("$name=${!name}")
	done
	for target; do
		echo "fresh: make $target"
		env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 "${keep[@]}" \
			PATH="$toolchains:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
			chroot "$root" make --no-print-directory -C /srv/tree "$target" < /dev/null ||
			die "make $target failed"
	done
	exit 0
fi

# --- outside -------------------------------------------------------------------------------------
[ "$(id -u)" = 0 ] || die "makes a root of its own and needs to be root"
for tool in debootstrap unshare chroot git apt-get; do
	command -v "$tool" > /dev/null || die "$tool is missing (packages debootstrap, util-linux, git, apt)"
done
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "fresh: changes that are not committed are left out" >&2

# What lies below is on this file system: there is no mount to remove by accident.
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT TERM HUP
rm -rf --one-file-system "$root"
mkdir -p "$root"

# shellcheck disable=SC2016  # these are apt's variables
mirror=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
	awk -v release="$release" '$1 == "Debian" && $2 == release { print $3; exit }')
[ -n "$mirror" ] || die "no Debian $release among the sources of this machine, or no lists (apt-get update)"
began=$SECONDS
debootstrap --variant=minbase --include=make,ca-certificates "$release" "$root" "$mirror" > build/fresh/log 2>&1 ||
	{ tail -n 20 build/fresh/log >&2; die "debootstrap failed"; }
echo "fresh: a new Debian $release in $((SECONDS - began)) s"

# The archive and how to reach it are this machine's; nothing else is.
rm -f "$root/etc/apt/sources.list"
for item in sources.list sources.list.d preferences.d keyrings apt.conf apt.conf.d; do
	[ ! -e "/etc/apt/$item" ] || cp -aT "/etc/apt/$item" "$root/etc/apt/$item"
done
rm -f "$root"/etc/apt/apt.conf.d/docker-*
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
if compgen -G '/usr/local/share/ca-certificates/*.crt' > /dev/null; then
	cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
	chroot "$root" update-ca-certificates > /dev/null 2>&1
fi
chroot "$root" apt-get -q update > build/fresh/log 2>&1 || { cat build/fresh/log >&2; die "apt-get update failed"; }
git clone -q --no-hardlinks . "$root/srv/tree"

# When the shell in there ends, so does every process it started.
unshare --mount --propagation private --pid --fork --kill-child --uts --ipc \
	tools/fresh.sh --inside "${targets[@]}"
echo "fresh: make ${targets[*]}: done in $((SECONDS - began)) s"
