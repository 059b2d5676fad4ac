#!/bin/bash
# coverage.sh: lines and branches that the unit and command-line tests reach, for each file.
set -euo pipefail
cd "$(dirname "$0")/.."

make --no-print-directory -j"$(nproc)" COV=1 programs host-units
find build/coverage -name '*.gcda' -delete
for source in tests/unit/*_test.c; do
	"build/coverage/test/host/$(basename "$source" .c)" > /dev/null || echo "coverage: $source failed" >&2
done
# The programs' tests, in a copy of the tree where build/bin holds the programs that count.
tree=build/coverage/tree
rm -rf "$tree"
mkdir -p "$tree/build"
cp -a Makefile README.md lib cmd efi tests tools man docs "$tree" 2> /dev/null || true
ln -s "$PWD/build/coverage/bin" "$tree/build/bin"
rm -f "$tree/tests/cli/house.bats"
(cd "$tree" && bats --tap tests/cli > ../cli.tap 2>&1) || echo "coverage: some command-line tests failed" >&2
gcovr --root . --object-directory build/coverage --filter 'lib/' --filter 'cmd/' --sort-uncovered \
	--gcov-ignore-parse-errors --txt build/coverage/lines.txt --html-details build/coverage/index.html
cat build/coverage/lines.txt
gcovr --root . --object-directory build/coverage --filter 'lib/' --filter 'cmd/' --branches \
	--gcov-ignore-parse-errors | tail -n 3
