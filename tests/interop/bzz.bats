#!/usr/bin/env bats
# bzz-put and bzz-serve against bee's own packages: the same content has the same reference, and the same
# question the same answer.

setup_file() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	export T=$BATS_FILE_TMPDIR bee=$PWD/build/interop/beenet
	PATH="$PWD/build/bin:$PATH"
	tests/interop/beenet/build.sh
	cd "$T" || return 1
	seq 1 60000 > file
	mkdir -p site/img/small site/img-2 site/deep/er
	echo '<html>front' > site/index.html
	echo '<html>deep' > site/deep/index.html
	head -c 10000 /dev/zero > site/img/a.png
	printf 'a{}' > site/img-2/b.css
	echo y > 'site/img/small/un known'
	echo z > 'site/deep/er/a name that is longer than thirty bytes and has <&> in it.json'
	: > site/empty
	run_both
}

# Both servers over the same content: file, site and a single file with a manifest.
run_both() {
	local port
	port=$(python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
[x.bind(("127.0.0.1", 0)) for x in s]
print(*[x.getsockname()[1] for x in s])')
	"$bee" serve -n 1 -port "${port% *}" -api "127.0.0.1:${port#* }" file file,r=1 file,enc,r=2 \
		site,dir,index=index.html site,dir,enc site/img/a.png,bzz 3>&- > bee.out 2> bee.err &
	echo $! > bee.process
	for arguments in file '-r 1 file' '--index index.html site' '-m site/img/a.png'; do
		# shellcheck disable=SC2086 # words
		bzz-put --store store $arguments
	done | jq -r .reference > ours
	bzz-serve --http 127.0.0.1:0 store 3>&- > serve.out 2> serve.err &
	echo $! > serve.process
	if ! wait_until test -s serve.out || ! wait_until grep -q '"ready"' bee.out; then
		cat bee.err serve.err
		return 1
	fi
	echo "http://127.0.0.1:${port#* }" > bee.url
	jq -r .listening serve.out > serve.url
}

setup() {
	PATH="$PWD/build/bin:$PATH"
	cd "$T" || exit 1
}

teardown_file() {
	kill "$(cat "$T/bee.process")" "$(cat "$T/serve.process")"
	wait
}

# bee_reference SPEC...: what bee's splitter says.
bee_reference() {
	"$bee" split "$@" | jq -r .reference
}

@test "references of files: sizes around every border, every level" {
	for size in 0 1 4096 4097 8192 $((4096 * 119)) $((4096 * 119 + 1)) $((4096 * 128 + 1)) 1234567; do
		head -c "$size" /dev/zero | openssl enc -aes-128-ctr -K 0 -iv 0 2> /dev/null > sized
		for level in 0 1 2 3 4; do
			[ "$(bzz-put --store store2 -r "$level" sized | jq -r .reference)" = "$(bee_reference "sized,r=$level")" ]
		done
	done
}

@test "references of manifests: folders and single files, every level" {
	for level in 0 1 4; do
		put=(bzz-put --store store2 -r "$level")
		[ "$("${put[@]}" site | jq -r .reference)" = "$(bee_reference "site,dir,r=$level")" ]
		[ "$("${put[@]}" --index index.html site | jq -r .reference)" = \
			"$(bee_reference "site,dir,index=index.html,r=$level")" ]
		[ "$("${put[@]}" -m site/img/a.png | jq -r .reference)" = "$(bee_reference "site/img/a.png,bzz,r=$level")" ]
	done
}

# ask WHO PATH CURL-ARGUMENT...: what of an answer a client goes by.
ask() {
	local who=$1 path=$2 status boundary
	shift 2
	curl -gs -m 100 --path-as-is -D "$who.head" -o "$who.body" "$@" "$(cat "$who.url")$path"
	status=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$who.head")
	echo "$status"
	# to HEAD, and with 304 and 416, bee leaves some of them out, which here are there
	[[ $* = *-I* || $status = 304 || $status = 416 ]] ||
		tr -d '\r' < "$who.head" | grep -iE '^(location|etag|content-range|content-disposition|accept-ranges):' |
		sed 's/^[^:]*/\L&/' | sort
	case $status in
	200 | 206)
		boundary=$(tr -d '\r' < "$who.head" | sed -n 's/^Content-Type: multipart\/byteranges; boundary=//p')
		if [ -n "$boundary" ]; then
			tr -d '\r' < "$who.body" | sed "s/^--$boundary/--B/" | grep -av '^$' | sort
		else
			tr -d '\r' < "$who.head" | grep -iE '^content-(type|length):' | sed 's/^[^:]*/\L&/' | sort
			[[ $* = *-I* ]] || sha256sum < "$who.body"
		fi
		;;
	4?? | 5??) [[ $* = *-I* || $status = 416 ]] || jq -c '{code, message}' "$who.body" ;;
	esac
}

same() { # PATH CURL-ARGUMENT...
	ask bee "$@" > bee.said
	ask serve "$@" > serve.said
	diff bee.said serve.said || { echo "asked for $*"; return 1; }
}

@test "the same answers: files, ranges, conditions" {
	{ read -r file; read -r redundant; } < ours
	[ "$file" = "$(jq -r 'select(.event == "file") | .file.reference' bee.out | head -n 1)" ]
	for reference in "$file" "$redundant"; do
		same "/bytes/$reference"
		same "/v1/bytes/$reference"
		# bee tells a negative length of a file with redundancy
		[ "$reference" = "$redundant" ] || same "/bytes/$reference" -I
		for range in 0-0 0-4095 4095-4097 300000- -1 -400000 348893-348893 5-999999; do
			same "/bytes/$reference" -r "$range"
		done
		same "/bytes/$reference" -r 0-1,9-10,-2
		same "/bytes/$reference" -r 348894-
		same "/bytes/$reference" -r 9-3
		same "/bytes/$reference" -H "If-None-Match: \"$reference\""
		same "/bytes/$reference" -H 'If-None-Match: "x"'
		same "/bytes/$reference" -r 0-9 -H "If-Range: \"$reference\""
		same "/bytes/$reference" -r 0-9 -H 'If-Range: "x"'
		same "/chunks/$reference"
	done
}

@test "the same answers: manifests" {
	{ read -r _; read -r _; read -r site; read -r single; } < ours
	for path in '' index.html deep deep/ deep/index.html deep/er deep/er/ img img/ img/a.png img/a.pn img-2/b.css empty \
		'img/small/un%20known' nothing 'deep/er/a%20name%20that%20is%20longer%20than%20thirty%20bytes%20and%20has%20%3C%26%3E%20in%20it.json' \
		INDEX.HTML 'index.html/' 'img/a.png/x'; do
		same "/bzz/$site/$path"
		same "/bzz/$site/$path" -I
	done
	same "/bzz/$site"
	same "/bzz/$site/img?a=b"
	same "/bzz/$site/img/a.png" -r 9990-
	same "/bzz/$single/"
	same "/bzz/$single/a.png"
	same "/bzz/$single/a.png" -r 0-1,4-5
}

@test "the same answers: what is not there" {
	read -r file < ours
	zeros=$(printf %064d 0)
	for path in "/bytes/$zeros" "/bzz/$zeros/" "/bzz/$zeros/x" "/bzz/$file/" "/bzz/$file/x"; do
		same "$path"
	done
}

