/* Other processors: PI 1.7, volume 2, section 13.3, EFI_MP_SERVICES_PROTOCOL. */
#include <string.h>

#include "efi/uefi/uefi.h"

#define JOIN_MS 2000 /* the firmware looks at its processors ten times a second */

static const EFI_GUID mp_guid = {0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}};

struct mp_info {
	UINT64 id;
	UINT32 flags, package, core, thread, more[6];
};
enum { MP_BOOT_PROCESSOR = 1, MP_ENABLED = 2, MP_HEALTHY = 4 };

typedef void(EFIAPI *mp_procedure)(void *context);
struct mp_services {
	EFI_STATUS(EFIAPI *count)(struct mp_services *mp, UINTN *all, UINTN *enabled);
	EFI_STATUS(EFIAPI *info)(struct mp_services *mp, UINTN number, struct mp_info *info);
	void *start_all;
	EFI_STATUS(EFIAPI *start)
	(struct mp_services *mp, mp_procedure procedure, UINTN number, EFI_EVENT done, UINTN limit_us, void *context,
	 BOOLEAN *finished);
};

/* The firmware's calling convention is not ours. */
static void EFIAPI on_processor(void *context)
{
	struct uefi_worker *w = context;
	w->run(w->context);
}

unsigned platform_workers(struct platform *p)
{
	struct mp_services *mp = uefi_protocol(p, &mp_guid);
	UINTN all = 0, enabled = 0;
	if (p->worker_lost)
		return 0;
	p->workers_n = 0;
	if (mp == NULL || !uefi_good(p, mp->count(mp, &all, &enabled)))
		return 0;
	for (UINTN i = 0; i < all && p->workers_n < PLATFORM_WORKERS_MAX; i++) {
		struct mp_info info;
		memset(&info, 0, sizeof info);
		if (mp->info(mp, i, &info) == EFI_SUCCESS && (info.flags & MP_BOOT_PROCESSOR) == 0 &&
		    (info.flags & MP_ENABLED) != 0 && (info.flags & MP_HEALTHY) != 0)
			p->workers[p->workers_n++] = (struct uefi_worker){.processor = i};
	}
	return p->workers_n;
}

bool platform_worker_start(struct platform *p, unsigned i, void (*run)(void *context), void *context)
{
	struct mp_services *mp = uefi_protocol(p, &mp_guid);
	struct uefi_worker *w = &p->workers[i];
	if (mp == NULL || !uefi_good(p, p->boot->CreateEvent(0, 0, NULL, NULL, &w->done)))
		return false;
	w->run = run;
	w->context = context;
	if (uefi_good(p, mp->start(mp, on_processor, w->processor, w->done, 0, w, NULL)))
		return true;
	(void)p->boot->CloseEvent(w->done); /* nothing was begun */
	return false;
}

bool platform_worker_join(struct platform *p, unsigned i)
{
	struct uefi_worker *w = &p->workers[i];
	uint64_t end = platform_now_ms(p) + JOIN_MS;
	while (p->boot->CheckEvent(w->done) == EFI_NOT_READY) {
		if (platform_now_ms(p) >= end) { /* the firmware will still signal the event: it stays, too */
			p->worker_lost = true;
			return false;
		}
		(void)p->boot->Stall(1000); /* cannot fail */
	}
	(void)p->boot->CloseEvent(w->done);
	return true;
}
