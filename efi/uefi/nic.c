#include "efi/uefi/nic.h"

#include <efipciio.h>
#include <string.h>

#include "core/hex.h"

#define CLASS_AT 0x0b /* in a PCI device's configuration space */
#define CLASS_NETWORK 2

static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;
static EFI_GUID pci_guid = EFI_PCI_IO_PROTOCOL_GUID;
static EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static EFI_GUID tcp4_guid = EFI_TCP4_SERVICE_BINDING_PROTOCOL;

static void *protocol(struct platform *p, EFI_HANDLE handle, EFI_GUID *guid)
{
	void *interface = NULL;
	return EFI_ERROR(p->boot->HandleProtocol(handle, guid, &interface)) ? NULL : interface;
}

/* The handles that have a protocol; FreePool is the caller's. NULL: none. */
static EFI_HANDLE *handles(struct platform *p, EFI_GUID *guid, size_t *n)
{
	EFI_HANDLE *found = NULL;
	UINTN found_n = 0;
	*n = 0;
	if (EFI_ERROR(p->boot->LocateHandleBuffer(ByProtocol, guid, NULL, &found_n, &found)))
		return NULL;
	*n = found_n;
	return found;
}

static void name_pci(EFI_PCI_IO_PROTOCOL *pci, struct nic *nic)
{
	struct writer w = writer_of(nic->name, sizeof nic->name - 1);
	UINTN segment = 0, bus = 0, device = 0, function = 0;
	UINT16 ids[2] = {0};
	(void)pci->GetLocation(pci, &segment, &bus, &device, &function); /* zeros, when it does not know */
	(void)pci->Pci.Read(pci, EfiPciIoWidthUint16, 0, 2, ids);
	if (segment != 0) {
		hex_write(&w, segment, 4);
		write_u8(&w, ':');
	}
	hex_write(&w, bus, 2);
	write_u8(&w, ':');
	hex_write(&w, device, 2);
	write_u8(&w, '.');
	hex_write(&w, function, 1);
	write_text(&w, " (");
	hex_write(&w, ids[0], 4);
	write_u8(&w, ':');
	hex_write(&w, ids[1], 4);
	write_u8(&w, ')');
	nic->name[w.n] = 0;
}

/* A card's own handle lies below that of its PCI function, with nothing in between but its MAC:
 * below a USB controller there is more. */
static void name_it(struct platform *p, struct nic *nic)
{
	EFI_DEVICE_PATH *path = protocol(p, nic->handle, &path_guid);
	EFI_HANDLE parent = NULL;
	EFI_PCI_IO_PROTOCOL *pci;
	memcpy(nic->name, "network device", sizeof "network device");
	if (path == NULL || EFI_ERROR(p->boot->LocateDevicePath(&pci_guid, &path, &parent)))
		return;
	if (path->Type != MESSAGING_DEVICE_PATH || path->SubType != MSG_MAC_ADDR_DP)
		return;
	if ((pci = protocol(p, parent, &pci_guid)) != NULL)
		name_pci(pci, nic);
}

/* Whether there is a network interface below that PCI function already. */
static bool has_driver(struct platform *p, EFI_HANDLE function, const EFI_HANDLE *snps, size_t snps_n)
{
	for (size_t i = 0; i < snps_n; i++) {
		EFI_DEVICE_PATH *path = protocol(p, snps[i], &path_guid);
		EFI_HANDLE parent = NULL;
		if (path != NULL && !EFI_ERROR(p->boot->LocateDevicePath(&pci_guid, &path, &parent)) &&
		    parent == function)
			return true;
	}
	return false;
}

static void say_device(const struct net_say *say, const char *before, const struct nic *nic, const char *after)
{
	char line[160];
	struct writer w = writer_of(line, sizeof line - 1);
	write_text(&w, before);
	write_text(&w, nic->name);
	write_text(&w, after);
	line[w.n] = 0;
	net_tell(say, line);
}

static void connect_drivers(struct platform *p, const struct net_say *say)
{
	const uint64_t end = platform_now_ms(p) + NET_WAIT_MS;
	size_t functions_n, snps_n;
	EFI_HANDLE *functions = handles(p, &pci_guid, &functions_n), *snps = handles(p, &snp_guid, &snps_n);
	for (size_t i = 0; i < functions_n; i++) {
		EFI_PCI_IO_PROTOCOL *pci = protocol(p, functions[i], &pci_guid);
		UINT8 class = 0;
		struct nic nic = {.handle = functions[i]};
		if (pci == NULL || EFI_ERROR(pci->Pci.Read(pci, EfiPciIoWidthUint8, CLASS_AT, 1, &class)))
			continue;
		if (class != CLASS_NETWORK || has_driver(p, functions[i], snps, snps_n))
			continue;
		name_pci(pci, &nic);
		if (platform_now_ms(p) > end) {
			say_device(say, "left alone, the others took too long: network card ", &nic, "");
			continue;
		}
		say_device(say, "connecting the driver of network card ", &nic, "");
		if (!uefi_good(p, p->boot->ConnectController(functions[i], NULL, NULL, TRUE)))
			say_device(say, "this firmware has no driver for network card ", &nic, "");
	}
	if (functions != NULL)
		(void)p->boot->FreePool(functions);
	if (snps != NULL)
		(void)p->boot->FreePool(snps);
}

/* The boot entries of a card have handles with the same interface: the one to take is that upon
 * which the firmware's own network is stacked. */
static bool add(struct platform *p, struct nic *out, size_t n, EFI_HANDLE handle)
{
	void *snp = protocol(p, handle, &snp_guid);
	if (snp == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (protocol(p, out[i].handle, &snp_guid) != snp)
			continue;
		if (protocol(p, handle, &tcp4_guid) != NULL)
			out[i].handle = handle;
		return false;
	}
	if (n == NICS_MAX)
		return false;
	out[n].handle = handle;
	return true;
}

size_t nic_find(struct platform *p, const struct net_say *say, struct nic out[static NICS_MAX])
{
	size_t n = 0, snps_n;
	connect_drivers(p, say);
	EFI_HANDLE *snps = handles(p, &snp_guid, &snps_n);
	for (size_t i = 0; i < snps_n; i++)
		n += add(p, out, n, snps[i]);
	for (size_t i = 0; i < n; i++)
		name_it(p, &out[i]);
	if (snps != NULL)
		(void)p->boot->FreePool(snps);
	return n;
}

size_t nic_find_tcp4(struct platform *p, const struct net_say *say, struct nic out[static NICS_MAX])
{
	size_t n = 0, found_n;
	connect_drivers(p, say);
	EFI_HANDLE *found = handles(p, &tcp4_guid, &found_n);
	for (; n < found_n && n < NICS_MAX; n++) {
		out[n].handle = found[n];
		name_it(p, &out[n]);
	}
	if (found != NULL)
		(void)p->boot->FreePool(found);
	return n;
}

bool nic_is_wanted(const struct net_options *o, const uint8_t mac[static 6])
{
	static const uint8_t any[6];
	return memcmp(o->mac, any, 6) == 0 || memcmp(o->mac, mac, 6) == 0;
}

int nic_none(struct platform *p, size_t n, const char *missing, bool refused, const char *refusal, struct why *why)
{
	if (n == 0)
		return why_not(why, ERR_NOT_FOUND, missing, WHY_NOWHERE, BYTES_NONE);
	if (refused)
		return why_not(why, ERR_IO, refusal, WHY_NOWHERE, bytes_text(platform_error(p)));
	return why_not(why, ERR_NOT_FOUND, "no network card has the MAC address of the configuration", WHY_NOWHERE,
		       BYTES_NONE);
}
