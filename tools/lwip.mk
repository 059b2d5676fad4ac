# lwIP for SWFETCH.EFI, from its Debian source package: the TCP/IP of the network back "lwIP".

LWIP := build/deps/lwip
# TCP and UDP over IPv4 and IPv6 on Ethernet, by the raw interface: no threads, sockets or resolver.
LWIP_FILES := $(addprefix core/,inet_chksum init ip mem memp netif pbuf tcp tcp_in tcp_out timeouts udp) \
	$(addprefix core/ipv4/,dhcp etharp icmp ip4 ip4_addr) \
	$(addprefix core/ipv6/,ethip6 icmp6 ip6 ip6_addr mld6 nd6) netif/ethernet
LWIP_INCLUDES := -Iefi/uefi/lwip -I$(LWIP)/src/include
# What it takes from the C library beyond mem*: lwip_port.c has them.
LWIP_DEFINES := -Datoi=lwip_atoi -Dstrlen=lwip_strlen -D__NO_INLINE__
LWIP_OBJ := $(LWIP_FILES:%=build/firmware/lwip/%.o)

EFI_ARCHIVES += build/firmware/liblwip.a
# For our side of it, as system headers: our warnings are for our code.
UEFI_CPPFLAGS += -Iefi/uefi/lwip -isystem $(LWIP)/src/include

$(LWIP)/debian/changelog:
	$(Q)tools/debian-source.sh lwip $(LWIP)
build/firmware/lwip/%.o: | $(LWIP)/debian/changelog
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(LWIP_DEFINES) $(LWIP_INCLUDES) $(FOREIGN_CFLAGS) -c $(LWIP)/src/$*.c -o $@
$(LWIP_OBJ): tools/lwip.mk efi/uefi/lwip/lwipopts.h efi/uefi/lwip/arch/cc.h build/flags/firmware
build/firmware/liblwip.a: $(LWIP_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
# Our objects that include its headers.
$(EFI)/uefi/lwip_port.o $(EFI)/uefi/lwip_tcp.o $(EFI)/uefi/lwip_udp.o $(EFI)/uefi/net_lwip.o: | $(LWIP)/debian/changelog
