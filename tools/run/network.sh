# shellcheck shell=bash
# network.sh: several hosts on this machine, to be sourced. Each is a network namespace with its
# own avahi-daemon and D-Bus; one bridge joins them. Needs root.
#
#	network_open FOLDER           a bridge; FOLDER keeps sockets and logs
#	network_host N...             hosts: 10.77.0.N and fd77::N; without avahi
#	network_avahi N...            avahi-daemon and D-Bus there; returns when all of them answer
#	network_on N COMMAND...       runs a command on host N
#	network_start N COMMAND...    starts one in the background; its process id is network_pid
#	network_stop PID [SIGNAL]     ends one of those, and waits for it
#	network_close                 ends all that was started, removes all that was made; for every way out
#
# Names carry the process id, so that any number of networks exist side by side; and a letter when that
# name is taken: in a container with process ids of its own, or by one that was killed.

network_prefix='' network_hosts=() network_pids=()

network_open() {
	[ "$(id -u)" = 0 ] || { echo "network namespaces need root" >&2; return 1; }
	network_folder=$1
	declare -gA network_avahi_pid=()
	mkdir -p "$network_folder"
	network_bridge || return
	ip link set "${network_prefix}b" up
}
network_bridge() {
	local letter
	for letter in '' {g..z}; do
		# Snooping needs a querier, which no bridge of ours has.
		! ip link add "ph$BASHPID${letter}b" type bridge mcast_snooping 0 2> "$network_folder/bridge.log" || {
			network_prefix=ph$BASHPID$letter
			return
		}
	done
	cat "$network_folder/bridge.log" >&2
	return 1
}

network_host() {
	local n space
	for n; do
		space=$network_prefix-$n
		network_hosts+=("$n")
		ip netns add "$space"
		ip link add "${network_prefix}v$n" type veth peer name eth0 netns "$space"
		ip link set "${network_prefix}v$n" master "${network_prefix}b" up
		ip -n "$space" link set lo up
		ip -n "$space" addr add "10.77.0.$n/24" dev eth0
		ip -n "$space" addr add "fd77::$n/64" dev eth0 nodad 2> /dev/null || echo "network: no IPv6 here" >&2
		ip -n "$space" link set eth0 up
		mkdir -p "$network_folder/$n"
	done
}

# The variable alone decides to which avahi a program speaks.
network_on() {
	local n=$1
	shift
	ip netns exec "$network_prefix-$n" env "DBUS_SYSTEM_BUS_ADDRESS=unix:path=$network_folder/$n/bus" "$@"
}

# ip and env hand their process over to the command. Descriptor 3 is how bats sees that a test
# has ended: nothing that outlives the test may hold it.
network_start() {
	local n=$1
	shift
	ip netns exec "$network_prefix-$n" \
		env "DBUS_SYSTEM_BUS_ADDRESS=unix:path=$network_folder/$n/bus" "$@" 3>&- &
	network_pid=$!
	network_pids+=("$network_pid")
}

network_stop() {
	local pid rest=()
	kill -s "${2-TERM}" "$1" 2> /dev/null || true
	wait "$1" 2> /dev/null || true
	for pid in "${network_pids[@]}"; do
		[ "$pid" = "$1" ] || rest+=("$pid")
	done
	network_pids=("${rest[@]}")
}

# network_until SECONDS COMMAND...: repeats it until it succeeds.
network_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited in vain: $*" >&2; return 1; }
		sleep 0.05
	done
}

network_configure() {
	local n=$1 folder=$network_folder/$1
	cat > "$folder/bus.conf" << END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=$folder/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow own="*"/><allow user="*"/>
<allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>
END
	cat > "$folder/avahi.conf" << END
[server]
host-name=host$n
use-ipv4=yes
use-ipv6=yes
allow-interfaces=eth0
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
END
}

network_avahi_runs() {
	network_on "$1" dbus-send --system --print-reply=literal --dest=org.freedesktop.Avahi / \
		org.freedesktop.Avahi.Server.GetState 2> /dev/null | grep -q 'int32 2'
}

network_avahi() {
	local n folder
	for n; do
		folder=$network_folder/$n
		network_configure "$n"
		rm -f "$folder/bus"
		network_start "$n" dbus-daemon --config-file="$folder/bus.conf" --nofork --nopidfile > "$folder/bus.log" 2>&1
	done
	for n; do
		folder=$network_folder/$n
		network_until 100 test -S "$folder/bus" || return
		# The path of the pid file is fixed; ip netns exec gives a mount namespace of its own.
		# shellcheck disable=SC2016 # the inner shell expands it
		network_start "$n" sh -c 'mkdir -p /run/avahi-daemon; mount -t tmpfs tmpfs /run/avahi-daemon
			exec avahi-daemon -f "$1" --no-drop-root --no-chroot --no-rlimits --no-proc-title' \
			sh "$folder/avahi.conf" > "$folder/avahi.log" 2>&1
		# shellcheck disable=SC2034 # for the caller
		network_avahi_pid[$n]=$network_pid
	done
	for n; do
		network_until 100 network_avahi_runs "$n" || { cat "$network_folder/$n/avahi.log" >&2; return 1; }
	done
}

network_close() {
	local pid n
	[ -n "$network_prefix" ] || return 0
	for pid in "${network_pids[@]}"; do
		kill "$pid" 2> /dev/null || true
	done
	for pid in "${network_pids[@]}"; do
		network_until 3 network_gone "$pid" 2> /dev/null || kill -s KILL "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
	network_pids=()
	for n in "${network_hosts[@]}"; do
		ip netns del "$network_prefix-$n" 2> /dev/null || true
		ip link del "${network_prefix}v$n" 2> /dev/null || true # when the namespace is slow to go
	done
	network_hosts=()
	ip link del "${network_prefix}b" 2> /dev/null || true
}
network_gone() {
	! kill -0 "$1" 2> /dev/null
}
