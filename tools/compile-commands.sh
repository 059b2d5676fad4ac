#!/bin/bash
# compile-commands.sh COMMAND FILE...: compile_commands.json for editors and clang tools.
set -euo pipefail

command=$1
shift
directory=$(pwd)
escape() {
	local text=${1//\\/\\\\}
	printf '%s' "${text//\"/\\\"}"
}
separator='['
for file; do
	printf '%s\n{"directory":"%s","file":"%s","command":"%s -c %s"}' "$separator" "$(escape "$directory")" \
		"$(escape "$file")" "$(escape "$command")" "$(escape "$file")"
	separator=,
done
printf '\n]\n'
