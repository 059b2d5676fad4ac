#include "efi/uefi/snp.h"

#include <string.h>

#define BUFFER_BYTES 2048
#define LARGE_BYTES 16384 /* for frames that are only taken to be dropped */
#define PAGES_BYTES (SNP_BUFFERS * BUFFER_BYTES + LARGE_BYTES)
#define ETHERNET 1
#define OURS ((UINT32)(EFI_SIMPLE_NETWORK_RECEIVE_UNICAST | EFI_SIMPLE_NETWORK_RECEIVE_BROADCAST))
#define ALL_FILTERS 0x1fU

static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;

/* Makes the device's filter that of the groups. The exact list first; where the device cannot, all
 * groups; where it cannot do that either, everything: lwIP drops what is not ours. */
static bool filter(struct snp *s)
{
	EFI_MAC_ADDRESS list[SNP_GROUPS_MAX];
	EFI_SIMPLE_NETWORK *d = s->device;
	const UINT32 can = d->Mode->ReceiveFilterMask;
	const UINT32 tries[] = {EFI_SIMPLE_NETWORK_RECEIVE_MULTICAST, EFI_SIMPLE_NETWORK_RECEIVE_PROMISCUOUS_MULTICAST,
				EFI_SIMPLE_NETWORK_RECEIVE_PROMISCUOUS};
	memset(list, 0, sizeof list);
	for (size_t i = 0; i < s->groups_n; i++)
		memcpy(list[i].Addr, s->groups[i].mac, 6);
	if (s->groups_n == 0)
		return uefi_good(s->p, d->ReceiveFilters(d, OURS & can, ALL_FILTERS & ~OURS & can, TRUE, 0, NULL));
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		const UINT32 on = OURS | tries[i];
		const bool exact = i == 0;
		if ((can & tries[i]) == 0 || (exact && s->groups_n > d->Mode->MaxMCastFilterCount))
			continue;
		if (uefi_good(s->p, d->ReceiveFilters(d, on & can, ALL_FILTERS & ~on & can, FALSE,
						      exact ? s->groups_n : 0, exact ? list : NULL)))
			return true;
	}
	return false;
}

static bool start(struct snp *s)
{
	EFI_SIMPLE_NETWORK *d = s->device;
	if (d->Mode->State == EfiSimpleNetworkInitialized && !uefi_good(s->p, d->Shutdown(d)))
		return false;
	if (d->Mode->State == EfiSimpleNetworkStopped && !uefi_good(s->p, d->Start(d)))
		return false;
	return uefi_good(s->p, d->Initialize(d, 0, 0)) && filter(s);
}

int snp_take(struct snp *s, struct platform *p, EFI_HANDLE handle)
{
	memset(s, 0, sizeof *s);
	s->p = p;
	s->handle = handle;
	if (platform_pages(p, PAGES_BYTES, &s->pages) != OK)
		return ERR_NO_MEMORY;
	s->unused = UINT64_MAX;
	if (!uefi_good(p, p->boot->OpenProtocol(handle, &snp_guid, (void **)&s->device, p->image, NULL,
						EFI_OPEN_PROTOCOL_EXCLUSIVE))) {
		platform_give_pages(p, s->pages, PAGES_BYTES);
		s->device = NULL;
		/* Some of its drivers may have been stopped before one refused. */
		(void)p->boot->ConnectController(handle, NULL, NULL, TRUE);
		return ERR_IO;
	}
	if (s->device->Mode->IfType == ETHERNET && start(s))
		return OK;
	const char *error = p->error;
	snp_give_back(s);
	p->error = error;
	return ERR_IO;
}

void snp_give_back(struct snp *s)
{
	EFI_SIMPLE_NETWORK *d = s->device;
	if (d == NULL)
		return;
	/* Nothing can be done about a device that does not stop; what it refuses is left as it is. */
	if (d->Mode->State == EfiSimpleNetworkInitialized)
		(void)d->Shutdown(d);
	if (d->Mode->State == EfiSimpleNetworkStarted)
		(void)d->Stop(d);
	const bool idle = d->Mode->State == EfiSimpleNetworkStopped;
	(void)s->p->boot->CloseProtocol(s->handle, &snp_guid, s->p->image, NULL);
	(void)s->p->boot->ConnectController(s->handle, NULL, NULL, TRUE);
	/* A device that still runs may still read from its buffers: they are lost then. */
	if (idle)
		platform_give_pages(s->p, s->pages, PAGES_BYTES);
	s->device = NULL;
}

const uint8_t *snp_mac(const struct snp *s)
{
	return s->device->Mode->CurrentAddress.Addr;
}

bool snp_link(struct snp *s)
{
	EFI_SIMPLE_NETWORK *d = s->device;
	UINT32 interrupts;
	if (!d->Mode->MediaPresentSupported)
		return true;
	(void)d->GetStatus(d, &interrupts, NULL); /* brings MediaPresent up to date */
	return d->Mode->MediaPresent;
}

size_t snp_receive(struct snp *s, uint8_t *data)
{
	EFI_SIMPLE_NETWORK *d = s->device;
	UINTN n = SNP_FRAME_BYTES, header = 0;
	EFI_STATUS status = d->Receive(d, &header, &n, data, NULL, NULL, NULL);
	if (status == EFI_SUCCESS)
		return n <= SNP_FRAME_BYTES ? n : 0;
	/* Such a frame may stay at the head of the queue until it is taken. */
	if (status == EFI_BUFFER_TOO_SMALL) {
		n = LARGE_BYTES;
		(void)d->Receive(d, &header, &n, s->pages + SNP_BUFFERS * BUFFER_BYTES, NULL, NULL, NULL);
	}
	return 0;
}

/* Whatever comes back counts once, and only if it is one of ours. */
static void put_back(struct snp *s, const void *buffer)
{
	const size_t at = (size_t)((uintptr_t)buffer - (uintptr_t)s->pages);
	if (at < SNP_BUFFERS * BUFFER_BYTES)
		s->unused |= UINT64_C(1) << at / BUFFER_BYTES;
}

static void refill(struct snp *s)
{
	EFI_SIMPLE_NETWORK *d = s->device;
	for (size_t i = 0; i < SNP_BUFFERS; i++) {
		void *sent = NULL;
		if (EFI_ERROR(d->GetStatus(d, NULL, &sent)) || sent == NULL)
			return;
		put_back(s, sent);
	}
}

uint8_t *snp_buffer(struct snp *s)
{
	if ((uint32_t)s->unused == 0) /* the lower half is used first */
		refill(s);
	if (s->unused == 0)
		return NULL;
	const size_t i = (size_t)__builtin_ctzll(s->unused);
	s->unused &= ~(UINT64_C(1) << i);
	return s->pages + i * BUFFER_BYTES;
}

bool snp_transmit(struct snp *s, uint8_t *buffer, size_t n)
{
	EFI_SIMPLE_NETWORK *d = s->device;
	EFI_STATUS status = d->Transmit(d, 0, n, buffer, NULL, NULL, NULL);
	if (status == EFI_NOT_READY) { /* its queue is full of what it has sent */
		refill(s);
		status = d->Transmit(d, 0, n, buffer, NULL, NULL, NULL);
	}
	if (status == EFI_SUCCESS)
		return true;
	put_back(s, buffer);
	return false;
}

bool snp_join(struct snp *s, const uint8_t mac[static 6])
{
	for (size_t i = 0; i < s->groups_n; i++) {
		if (memcmp(s->groups[i].mac, mac, 6) == 0) {
			s->groups[i].members_n++;
			return true;
		}
	}
	if (s->groups_n == SNP_GROUPS_MAX)
		return false;
	s->groups[s->groups_n] = (struct snp_group){.members_n = 1};
	memcpy(s->groups[s->groups_n++].mac, mac, 6);
	return filter(s);
}

void snp_leave(struct snp *s, const uint8_t mac[static 6])
{
	for (size_t i = 0; i < s->groups_n; i++) {
		if (memcmp(s->groups[i].mac, mac, 6) != 0 || --s->groups[i].members_n != 0)
			continue;
		s->groups[i] = s->groups[--s->groups_n];
		(void)filter(s); /* what still comes is dropped later */
		return;
	}
}
