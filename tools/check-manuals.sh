#!/bin/bash
# check-manuals.sh: every program has a page, a test and a completion; the options of --help are
# those of the page; the pages are clean mdoc, and references to them name the right section.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
complain() {
	echo "$1"
	status=1
}

# Long options that a page lists: .It Fl k , Fl -key Ar FILE
page_options() {
	sed -n 's/\\-/-/g; s/^\.It //p' "$1" | awk '{
		for (i = 1; i < NF; i++) {
			if ($i == "Fl" && $(i + 1) == "Fl" && i + 2 <= NF)
				print "--" $(i + 2)
			else if ($i == "Fl" && $(i + 1) ~ /^-[a-z]/)
				print "-" $(i + 1)
		}
	}' | sort -u
}

for source in cmd/*.c; do
	name=$(basename "$source" .c)
	program=build/bin/$name
	page=man/$name.1
	[ ! -f "man/$name.8" ] || page=man/$name.8
	[ -f "tests/cli/$name.bats" ] || complain "tests/cli/$name.bats is missing"
	[ -f "$page" ] || { complain "$page is missing"; continue; }
	[ -x "$program" ] || { complain "$program is not built"; continue; }
	options=$("$program" --help | grep -oE '^  (-., |    )--[a-z][a-z0-9-]*' | grep -oE -e '--.*' | sort -u)
	[ -n "$options" ] || complain "$name --help shows no options"
	listed=$(page_options "$page")
	while read -r sign option; do
		[ -z "$sign" ] || complain "$page: $option is in $sign only"
	done < <(comm -23 <(echo "$options") <(echo "$listed") | sed 's/^/--help /'
		comm -13 <(echo "$options") <(echo "$listed") | grep . | sed 's/^/page /')
	for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
		grep -qE "^\\.Sh \"?$section\"?\$" "$page" || complain "$page: no section $section"
	done
	tools/completion.sh "$program" | bash -n || complain "completion of $name is no valid shell"
done
# References as FILE:NAME(SECTION): .Xr NAME SECTION in pages, NAME(SECTION) in packaging and texts.
references() {
	awk '$1 == ".Xr" { print FILENAME ":" $2 "(" $3 ")" }' man/*.[0-9]
	grep -roHE '[a-z][a-z0-9.-]*\([1-9]\)' debian README.md docs
}
names=$(printf '%s\n' man/*.[0-9] cmd/*.c | sed 's|.*/||; s|\.[0-9c]$||' | sort -u)
found=$(references)
[ -n "$found" ] || complain "no reference to any page was found: is this check still right?"
while IFS=: read -r file reference; do
	name=${reference%(*} section=${reference##*(}
	if grep -qxF -e "$name" <<< "$names" && [ ! -f "man/$name.${section%)}" ]; then
		complain "$file: $reference: there is no man/$name.${section%)}"
	fi
done <<< "$found"
for page in man/*.[0-9]; do
	[ ! -f "$page" ] || mandoc -T lint -W warning "$page" || status=1
done
exit $status
