#!/bin/bash
# debian-source.sh PACKAGE DIR: unpack a Debian source package, with Debian's patches, to DIR.
#
# The deb-src entries are made from the sources this machine has for binary packages, in a state
# folder of their own: the machine's apt configuration is read and not changed, and no root is
# needed. Nothing but Debian's own archive is asked. DIR appears only when complete.
set -euo pipefail

die() {
	echo "debian-source.sh: $*" >&2
	exit 1
}

[ $# = 2 ] || die "usage: debian-source.sh PACKAGE DIR"
package=$1 dir=$2
[ ! -e "$dir" ] || die "$dir exists already"
for tool in apt-get dpkg dpkg-source awk; do
	command -v "$tool" > /dev/null || die "$tool is missing (packages apt, dpkg-dev, mawk)"
done

# The oldest version that may go into the firmware.
case $package in
libsodium) floor=1.0.18-1+deb12u1 ;; # below: CVE-2025-69277, a point check that lets some pass
libsecp256k1) floor=0.2.0-1 ;;       # below: no static context
bearssl) floor=0.6 ;;                # the one that was read and measured
*) floor=0 ;;
esac

# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial" "$work/source"

# deb lines of a .list file to deb-src, those of Debian's suites only.
list_to_source() {
	awk -v code="$codename" '
		$1 != "deb" && $1 != "deb-src" { next }
		{
			first = 2
			if ($2 ~ /^\[/)
				while (first <= NF && $(first++) !~ /\]$/)
					;
			if ($first ~ /^cdrom:/ || $first !~ /:/)
				next
			suite = $(first + 1)
			if (suite != code && suite != code "-updates" && suite != code "-security")
				next
			options = ""
			for (i = 2; i < first; i++)
				options = options " " $i
			print "deb-src" options, $first, suite, "main"
		}' "$1"
}

# The same for the stanzas of a .sources file (deb822).
stanzas_to_source() {
	awk -v code="$codename" '
		function finish(   i) {
			if (deb && suites != "" && !off) {
				print "Types: deb-src\nSuites:" suites "\nComponents: main"
				for (i = 0; i < n; i++)
					print kept[i]
				print ""
			}
			deb = off = n = 0
			suites = ""
		}
		/^[ \t]*$/ { finish(); next }
		/^#/ { next }
		/^[^ \t]/ { sub(/:[ \t]*/, ": "); field = tolower($1) }
		field == "types:" { if ($0 ~ /deb/) deb = 1; next }
		field == "components:" { next }
		field == "enabled:" { if (tolower($2) ~ /^(no|false|off|0|without|disable)$/) off = 1; next }
		field == "suites:" {
			for (i = 1; i <= NF; i++)
				if ($i == code || $i == code "-updates" || $i == code "-security")
					suites = suites " " $i
			next
		}
		{ kept[n++] = $0 }
		END { finish() }' "$1"
}

shopt -s nullglob
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ ! -f "$list" ] || list_to_source "$list"
done | sort -u > "$work/parts/source.list"
for file in /etc/apt/sources.list.d/*.sources; do
	stanzas_to_source "$file"
	echo
done > "$work/parts/source.sources"

apt=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/parts"
	-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=
	-o Acquire::Languages=none -o Acquire::Retries=3)
grep -q '^[^#]' "$work"/parts/* || die "no Debian $codename source is configured in /etc/apt"
"${apt[@]}" update > "$work/log" 2>&1 || { cat "$work/log" >&2; die "cannot read the lists of source packages"; }

# A stranger's archive may carry the suite's name too: only what signs itself as Debian counts.
# shellcheck disable=SC2016  # these are apt's variables
"${apt[@]}" indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Sources' |
	awk '$1 == "Debian" { print $2 }' | sort -u > "$work/debian"
"${apt[@]}" source --print-uris "$package" 2> "$work/log" |
	awk -F"'" '/^\x27/ { print $2 }' > "$work/uris" || { cat "$work/log" >&2; die "no source package $package"; }
[ -s "$work/uris" ] || { cat "$work/log" >&2; die "no source package $package"; }
while read -r uri; do
	awk -v uri="$uri" 'index(uri, $1) == 1 { found = 1 } END { exit !found }' "$work/debian" ||
		die "the newest $package is not Debian's: $uri"
done < "$work/uris"

(cd "$work/source" && "${apt[@]}" source --download-only "$package") > "$work/log" 2>&1 ||
	{ cat "$work/log" >&2; die "cannot download $package"; }
dsc=("$work"/source/*.dsc)
[ ${#dsc[@]} = 1 ] || die "expected one .dsc, got ${#dsc[@]}"
version=$(awk '$1 == "Version:" { print $2; exit }' "${dsc[0]}")
dpkg --compare-versions "$version" ge "$floor" || die "$package $version is too old, $floor or newer is needed"

mkdir -p "$(dirname "$dir")"
rm -rf "$dir.part"
dpkg-source --no-copy -x "${dsc[0]}" "$dir.part" > "$work/log" 2>&1 || { cat "$work/log" >&2; die "cannot unpack $package"; }
mv "$dir.part" "$dir"
echo "$package $version"
