# shellcheck shell=bash
# qemu.sh: virtual machines with UEFI firmware (OVMF under QEMU), to be sourced. One at a time; what
# the machine says on its serial line is what a test judges.
#
#	vm_start FOLDER [NAME=VALUE]... [-- QEMU-ARGUMENT...]   starts one; returns at once
#	vm_until SECONDS PATTERN    waits until a line matches (extended, whole words are not needed)
#	vm_ends SECONDS             waits until the machine has switched itself off
#	vm_text                     what it has said: lines, without the terminal's control sequences
#	vm_says PATTERN             whether a line of that matches
#	vm_monitor COMMAND          to QEMU's monitor: "set_link net off", "system_reset"
#	vm_stop                     ends it; nothing to end is no failure. For every way out
#	vm_sign PROGRAM OUT         for machines with secure=yes
#	vm_payload FOLDER           FOLDER/vmlinuz and FOLDER/initrd.img: Debian's kernel, and the guest
#	                            that says "guest: release N has started" for phase.release=N
#
# FOLDER keeps vars.fd (the machine's non-volatile store), serial (raw) and qemu.log. Names:
#
#	image=FILE        the disk; the machine cannot change it
#	boot=disk         the disk is the only entry, and the firmware connects nothing else: no network
#	                  driver runs when the program starts. Otherwise it connects everything
#	vars=keep         the store as the last machine in FOLDER left it, for tests that reboot
#	secure=yes        Secure Boot, with Debian's test key (vm_sign) as the only one
#	card=e1000        network card: virtio-net-pci, another that QEMU knows, or none. QEMU gives cards
#	                  an option ROM with iPXE's driver, which for virtio sees no link go down;
#	                  virtio-net-pci,romfile= is the firmware's own driver
#	network=user      the other end: "user" (the host is 10.0.2.2, DHCP answers), or as for -netdev;
#	                  hubport,hubid=0 is a network where nobody answers
#	link=off          the cable is not plugged in
#	rng=none          no device that gives random numbers
#	memory=512        MiB
#	rtc=2069-01-01T00:00:00   what the clock says at first (UTC); otherwise the host's
#	reboot=yes        a reset starts it again; otherwise it ends
#	limit=300         seconds after which it is ended, whatever it does
#	capture=FILE      frames, as pcap

vm_firmware=/usr/share/OVMF
vm_pid='' vm_folder=''

vm_start() {
	local folder=$1 image='' boot='' vars=fresh card=virtio-net-pci network=user link=on rng=yes memory=512 \
		rtc=utc reboot=no limit=300 capture='' secure=no name arguments machine=q35,accel=tcg code=OVMF_CODE_4M.fd \
		store=OVMF_VARS_4M.fd
	shift
	while [ $# != 0 ] && [ "$1" != -- ]; do
		name=${1%%=*}
		case $name in
		image | boot | vars | card | network | link | rng | memory | rtc | reboot | limit | capture | secure) ;;
		*) echo "vm_start: no '$1'" >&2; return 2 ;;
		esac
		local "$name=${1#*=}"
		shift
	done
	[ $# = 0 ] || shift
	[ -z "$vm_pid" ] || { echo "vm_start: one is running" >&2; return 2; }
	mkdir -p "$folder"
	[ "$vars" != keep ] || [ ! -f "$folder/vars.fd" ] || vars=kept
	if [ "$secure" = yes ]; then
		machine+=,smm=on code=OVMF_CODE_4M.secboot.fd store=OVMF_VARS_4M.snakeoil.fd
	fi
	[ "$vars" = kept ] || cp "$vm_firmware/$store" "$folder/vars.fd"
	# shellcheck disable=SC2054 # these commas are QEMU's
	arguments=(-machine "$machine" -cpu max -m "$memory" -nodefaults -display none
		-chardev "file,id=serial,path=$folder/serial" -serial chardev:serial -rtc "base=$rtc"
		-drive "if=pflash,format=raw,readonly=on,file=$vm_firmware/$code"
		-drive "if=pflash,format=raw,file=$folder/vars.fd"
		-chardev "pipe,id=monitor,path=$folder/monitor" -mon chardev=monitor,mode=control)
	# shellcheck disable=SC2054
	[ "$secure" = no ] || arguments+=(-global driver=cfi.pflash01,property=secure,value=on)
	[ "$reboot" = yes ] || arguments+=(-no-reboot)
	[ -z "$image" ] || arguments+=(-drive "if=none,id=disk,format=raw,snapshot=on,file=$image"
		-device "virtio-blk-pci,drive=disk${boot:+,bootindex=0}")
	[ "$rng" = none ] || arguments+=(-device virtio-rng-pci)
	[ "$card" = none ] || arguments+=(-netdev "$network,id=net" -device "$card,netdev=net,id=card,mac=52:54:00:12:34:56")
	[ -z "$capture" ] || arguments+=(-object "filter-dump,id=capture,netdev=net,file=$capture")
	[ "$link" = on ] || arguments+=(-S) # the card is there before the link can be taken away
	rm -f "$folder"/{monitor.in,monitor.out,serial}
	: > "$folder/serial"
	mkfifo "$folder/monitor.in" "$folder/monitor.out"
	# Descriptor 3 is how bats sees that a test has ended: nothing that outlives it may hold it.
	timeout -k 5 "$limit" qemu-system-x86_64 "${arguments[@]}" "$@" \
		< /dev/null > "$folder/qemu.log" 2>&1 3>&- &
	vm_pid=$! vm_folder=$folder
	# Both ends are held open: QEMU waits for them at its start, and an end closed is an end of file.
	exec {vm_monitor_in}<> "$folder/monitor.in" {vm_monitor_out}<> "$folder/monitor.out"
	vm_monitor_begin || { vm_stop; return 1; }
	[ "$link" = on ] || { vm_monitor 'set_link card off' && vm_monitor cont; }
}

vm_text() {
	LC_ALL=C tr -d '\r\0' < "$vm_folder/serial" |
		LC_ALL=C sed -E $'s/\x1b\\[[0-9]+;[0-9]+H/\\n/g; s/\x1b\\[[0-9;=?]*[A-Za-z]//g'
}

vm_says() {
	grep -qaE -e "$1" <<< "$(vm_text)"
}

vm_runs() {
	[ -n "$vm_pid" ] && kill -0 "$vm_pid" 2> /dev/null
}

# vm_complain WHAT: and what the machine has said, for whoever reads the test's output.
vm_complain() {
	echo "vm: $1; the last lines:" >&2
	vm_text | tail -n 40 >&2
	cat "$vm_folder/qemu.log" >&2
}

vm_until() {
	local end=$((SECONDS + $1 + 1))
	until vm_says "$2"; do
		if ! vm_runs; then
			! vm_says "$2" || return 0 # it said so and ended
			vm_complain "the machine has ended, and nothing matched '$2'"
			return 1
		fi
		[ "$SECONDS" -lt "$end" ] || { vm_complain "waited $1 s for '$2'"; return 1; }
		sleep 0.1
	done
}

vm_ends() {
	local end=$((SECONDS + $1 + 1))
	while vm_runs; do
		[ "$SECONDS" -lt "$end" ] || { vm_complain "still running after $1 s"; return 1; }
		sleep 0.1
	done
	vm_closed
}

# vm_monitor COMMAND: prints what QEMU answers.
vm_monitor() {
	local line
	jq -nc --arg c "$1" '{execute: "human-monitor-command", arguments: {"command-line": $c}}' >&"$vm_monitor_in"
	while IFS= read -r -t 60 -u "$vm_monitor_out" line; do
		case $line in # events come in between
		'{"return": '*) jq -rj '.return' <<< "$line"; return ;;
		'{"error": '*) echo "vm_monitor: $1: $line" >&2; return 1 ;;
		esac
	done
	vm_complain "no answer from QEMU's monitor to '$1'"
	return 1
}
# The greeting is answered once; until then nothing is listened to.
vm_monitor_begin() {
	local line
	echo '{"execute": "qmp_capabilities"}' >&"$vm_monitor_in"
	while IFS= read -r -t 60 -u "$vm_monitor_out" line; do
		[[ $line != '{"return": '* ]] || return 0
	done
	vm_complain "QEMU has not started"
	return 1
}

vm_stop() {
	[ -n "$vm_pid" ] || return 0
	kill "$vm_pid" 2> /dev/null || true
	vm_closed
}
# Takes what is left of a machine that has ended.
vm_closed() {
	wait "$vm_pid" || true
	vm_pid=''
	exec {vm_monitor_in}>&- {vm_monitor_out}>&-
	return 0
}

vm_payload() {
	tools/run/kernel.sh build/boot
	mkdir -p "$1"
	cp build/boot/vmlinuz "$1/vmlinuz"
	tools/run/initrd.sh build/boot tools/run/init "$1/initrd.img"
}

# The key's secret is no secret: Debian ships it, with its passphrase.
vm_sign() {
	local key=/usr/share/ovmf/PkKek-1-snakeoil
	openssl rsa -in "$key.key" -passin pass:snakeoil -out "$2.key" 2> /dev/null
	sbsign --key "$2.key" --cert "$key.pem" --output "$2" "$1" 2> /dev/null
	rm -f "$2.key"
}
