#!/bin/bash
# deps.sh GROUP...: install those packages of tools/packages that are missing.
# deps.sh --present GROUP...: only say what is missing.
#
# Nothing is downloaded, and no root is needed, when all are there. Services of what is installed
# are not started.
set -euo pipefail
cd "$(dirname "$0")/.."

only_look=
if [ "${1-}" = --present ]; then
	only_look=1
	shift
fi
[ $# != 0 ] || { echo "usage: deps.sh [--present] GROUP..." >&2; exit 2; }
groups=" $* "

missing=()
while read -r group package rest; do
	[[ -z $group || $group = \#* ]] && continue
	[ -z "$rest" ] || { echo "tools/packages: one package a line: $group $package $rest" >&2; exit 2; }
	[[ $groups = *" $group "* ]] || continue
	status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2> /dev/null || true)
	[[ $status = *installed* && $status != *not-installed* ]] || missing+=("$package")
done < tools/packages
[ ${#missing[@]} != 0 ] || exit 0

say() {
	echo "deps: $*" >&2
}
if [ -n "$only_look" ]; then
	say "missing packages: ${missing[*]}"
	say "'make deps' as root installs them"
	exit 1
fi
command -v apt-get > /dev/null || { say "missing: ${missing[*]} (names of Debian bookworm), and this is no Debian"; exit 1; }
if [ "$(id -u)" != 0 ]; then
	say "missing packages, and only root can install them:"
	say "  apt-get install --no-install-recommends ${missing[*]}"
	exit 1
fi

# An archive folder of our own: on machines made from container images another apt may empty the
# common one at any time.
mkdir -p build/apt/archives/partial
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -o "Dir::Cache::archives=$PWD/build/apt/archives" -o DPkg::Lock::Timeout=300
	-o DPkg::Post-Invoke= -o APT::Sandbox::User=root -o Acquire::Retries=3)
log=build/apt/log

update() {
	local try
	for try in 1 2 3 4 5; do # another apt may hold the lock on the lists, and that one is not waited for
		"${apt[@]}" update > "$log" 2>&1 && return
		sleep "$try"
	done
	cat "$log" >&2
	say "apt-get update failed"
	exit 1
}

# No service starts because a test needs its program.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 755 "$policy"
fi

say "installing ${missing[*]}"
"${apt[@]}" -s install --no-install-recommends "${missing[@]}" > "$log" 2>&1 || update
if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" > "$log" 2>&1; then
	update # the lists may be older than the archive
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" > "$log" 2>&1 || {
		cat "$log" >&2
		say "apt-get could not install ${missing[*]}"
		exit 1
	}
fi
rm -f build/apt/archives/*.deb
