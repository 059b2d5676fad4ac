#!/usr/bin/env bats
# The documents are true: the README's tour runs as it stands there, and every file that a document
# names exists.

setup() {
	root=$PWD
}

# What stands behind the prompts "$ " and "> " between the heading "## A tour" and the next one.
commands() {
	awk '/^## /{ in_tour = $0 == "## A tour" }
		in_tour && sub(/^\$ /, "") { command = 1; print; next }
		in_tour && command && sub(/^> /, "") { print; next }
		{ command = 0 }' README.md
}

# A server needs a moment before the next command finds it, and another to hash what it serves; a
# reader gives it that without thinking.
wait_behind_servers() {
	awk '/X-Artifact-Hash/ { print "until " $0 " > /dev/null; do sleep 0.05; done" }
		{ print } />.*\.json &$/ { print "until grep -q . " $(NF - 1) "; do sleep 0.05; done" }
		/ &( *#.*)?$/ { print "until (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; do sleep 0.05; done" }'
}

@test "the README's tour runs from end to end, as it stands there" {
	commands | wait_behind_servers > "$BATS_TEST_TMPDIR/walk"
	[ "$(grep -c . "$BATS_TEST_TMPDIR/walk")" -ge 15 ]
	mkdir "$BATS_TEST_TMPDIR/home"
	cd "$BATS_TEST_TMPDIR/home"
	# a network of its own: the tour's port is free there, and nothing else can answer
	# shellcheck disable=SC2016 # the inner shell expands it
	PATH=$root/build/bin:$PATH run timeout 300 unshare -n bash -c '
		ip link set lo up
		trap "kill \$(jobs -p) 2>/dev/null; wait" EXIT
		set -euo pipefail
		. ../walk' 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	# what the tour promises: the bytes of the store have arrived, and only whole
	cmp store/stable/x86_64/vmlinuz next/vmlinuz
	[ -z "$(find . -name '*.part')" ]
}

@test "every file that a document names exists" {
	# shellcheck disable=SC2016 # backquotes of Markdown
	missing=$(grep -ohE '`(lib|cmd|tests|tools|docs|man|debian)/[A-Za-z0-9_./-]+`|\]\([a-zA-Z][^):]*\)' \
		README.md docs/*.md CHANGELOG.md | tr -d '`' | sed 's/^](//; s/)$//' | grep -v NAME | sort -u |
		while read -r path; do
			[ -e "$path" ] || echo "$path"
		done)
	# what is planned is said to be so
	for path in $missing; do
		grep -q "^Planned, not in the tree:.*\`$path\`" docs/architecture.md || { echo "missing: $path"; false; }
	done
}
