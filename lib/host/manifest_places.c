#include "host/manifest_places.h"

#include "core/arch.h"
#include "host/machine.h"
#include "phase/manifest.h"

#define PLACES_N 3

void manifest_places_init(struct manifest_places *p, struct bytes channel, struct bytes arch)
{
	const char *machine = machine_arch();
	*p = (struct manifest_places){.folder_first = channel.n > 0 && arch.n > 0};
	p->channel = channel.n > 0 ? channel : BYTES_LITERAL("stable");
	p->arch = arch.n == 0 && machine != NULL ? bytes_text(machine) : arch;
	if (p->arch.n == 0 || !name_is_safe(p->channel)) /* an option may say anything */
		*p = (struct manifest_places){.folder_first = false};
}

bool manifest_places_write(const struct manifest_places *p, unsigned place, struct writer *w)
{
	if (place >= (p->arch.n > 0 ? PLACES_N : 1))
		return false;
	unsigned folder = p->folder_first ? (place + 1) % PLACES_N : place;
	if (folder == 0)
		write_text(w, "manifest.json");
	else
		manifest_write_url(p->channel, folder == 1 ? p->arch : bytes_text(arch_other(p->arch)),
				   BYTES_LITERAL("manifest.json"), w);
	return true;
}
