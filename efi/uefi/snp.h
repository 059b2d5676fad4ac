/* One network device as frames in and out: the firmware's simple network protocol (UEFI 2.10,
 * section 24.1), taken from the drivers that the firmware has stacked upon it, and given back. */
#ifndef EFI_UEFI_SNP_H
#define EFI_UEFI_SNP_H

#include "efi/uefi/uefi.h"

#define SNP_FRAME_BYTES 1518 /* a frame with a VLAN tag, without its check sum */
#define SNP_BUFFERS 64       /* for frames that the device has not sent yet: a bit of unused each */
#define SNP_GROUPS_MAX 16

struct snp {
	struct platform *p;
	EFI_HANDLE handle;
	EFI_SIMPLE_NETWORK *device; /* NULL: not taken */
	uint8_t *pages;
	uint64_t unused;
	struct snp_group {
		uint8_t mac[6];
		unsigned members_n; /* groups of several addresses that share it */
	} groups[SNP_GROUPS_MAX];
	size_t groups_n;
};

/* Takes the device: its drivers are stopped, it listens for its own address and for broadcasts.
 * ERR_IO with platform_error; ERR_NO_MEMORY; s is not taken then, and all is as it was. */
MUST_CHECK int snp_take(struct snp *s, struct platform *p, EFI_HANDLE handle);
/* Gives it back and connects its drivers again. Not taken: nothing is done. */
void snp_give_back(struct snp *s);

const uint8_t *snp_mac(const struct snp *s); /* 6 bytes, as long as s is taken */
/* Whether there is a carrier; true where the device cannot tell. */
bool snp_link(struct snp *s);
/* The next frame that has arrived, straight into data, which has room for SNP_FRAME_BYTES. 0: none;
 * frames that are larger are dropped. */
size_t snp_receive(struct snp *s, uint8_t *data);
/* Room for one frame of SNP_FRAME_BYTES to send; NULL: the device is behind with sending. It must
 * go to snp_transmit. */
uint8_t *snp_buffer(struct snp *s);
/* Sends the first n bytes of a buffer. False: the device took it not; the buffer is back with s. */
bool snp_transmit(struct snp *s, uint8_t *buffer, size_t n);
/* Listens for frames to that group, or no longer. False: the device can do no such thing. */
bool snp_join(struct snp *s, const uint8_t mac[static 6]);
void snp_leave(struct snp *s, const uint8_t mac[static 6]);

#endif
