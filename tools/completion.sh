#!/bin/bash
# completion.sh PROGRAM: bash completion, made from its --help.
# shellcheck disable=SC2016  # what is printed expands elsewhere
set -euo pipefail

program=$1
name=$(basename "$program")
function=_${name//-/_}
help=$("$program" --help)
mapfile -t options < <(grep -oE '^  (-., |    )--[a-z][a-z0-9-]*' <<< "$help" | grep -oE -- '-[A-Za-z-][a-z0-9-]*')
[ ${#options[@]} != 0 ] || { echo "completion.sh: $name --help shows no options" >&2; exit 1; }

# with_argument PATTERN: the options, short ones too, whose placeholder matches, as a case pattern.
with_argument() {
	sed -nE "s/^  (-.), (--[a-z0-9-]+) ($1)( .*)?\$/\\1|\\2/p; s/^      (--[a-z0-9-]+) ($1)( .*)?\$/\\1/p" <<< "$help" |
		paste -sd'|'
}
files=$(with_argument '[A-Z_]*(FILE|NAME=FILE|CONFIG)')
folders=$(with_argument '[A-Z_]*(DIR|STORE|FOLDER)')
others=$(with_argument '[A-Z][A-Za-z_=:-]*')

echo "# bash completion of $name, made from its --help"
echo "$function() {"
echo '	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}'
echo '	COMPREPLY=()'
echo '	case $before in'
echo '	--log) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word"); return ;;'
[ -z "$files" ] || echo "	$files) mapfile -t COMPREPLY < <(compgen -f -- \"\$word\"); return ;;"
[ -z "$folders" ] || echo "	$folders) mapfile -t COMPREPLY < <(compgen -d -- \"\$word\"); return ;;"
[ -z "$others" ] || echo "	$others) return ;;"
echo '	esac'
echo '	case $word in'
echo "	-*) mapfile -t COMPREPLY < <(compgen -W '${options[*]}' -- \"\$word\") ;;"
echo '	*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;'
echo '	esac'
echo '}'
echo "complete -o filenames -F $function $name"
