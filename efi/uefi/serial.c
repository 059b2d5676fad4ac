#include "efi/uefi/serial.h"

#include "efi/uefi/uefi.h"

#define PATHS_BYTES_MAX 1024 /* of the devices that are the console */

static EFI_GUID serial_guid = EFI_SERIAL_IO_PROTOCOL_GUID;
static EFI_GUID path_guid = DEVICE_PATH_PROTOCOL;
static EFI_GUID global_guid = EFI_GLOBAL_VARIABLE;

/* One node off the front; false: there are no more. UEFI 2.10, section 10.3.1. */
static bool next_node(struct bytes *path, struct bytes *node)
{
	size_t n = path->n < 4 ? 0 : path->p[2] | (size_t)path->p[3] << 8;
	if (n < 4 || n > path->n)
		return false;
	*node = bytes_of(path->p, n);
	*path = bytes_skip(*path, n);
	return true;
}

static bool is_end(struct bytes node)
{
	return (node.p[0] & 0x7f) == END_DEVICE_PATH_TYPE; /* old firmware has 0xff */
}

/* A path in memory, which is as long as it says itself. */
static struct bytes whole_path(const void *path)
{
	struct bytes left = bytes_of(path, PATHS_BYTES_MAX), node;
	while (next_node(&left, &node))
		if (is_end(node) && node.p[1] == END_ENTIRE_DEVICE_PATH_SUBTYPE)
			return bytes_of(path, (size_t)(left.p - (const uint8_t *)path));
	return BYTES_NONE;
}

/* What stands for the device: not the end, nor the speed of a UART, which may have been changed. */
static struct bytes without_mode(struct bytes path)
{
	struct bytes left = path, node;
	size_t n = 0;
	while (next_node(&left, &node) && !is_end(node) &&
	       !(node.p[0] == MESSAGING_DEVICE_PATH && node.p[1] == MSG_UART_DP))
		n += node.n;
	return bytes_of(path.p, n);
}

/* Whether one of several paths, with ends between them, leads through that device. */
static bool leads_through(struct bytes paths, struct bytes device)
{
	struct bytes node;
	bool first = true;
	do {
		if (first && paths.n >= device.n && bytes_equal(bytes_of(paths.p, device.n), device))
			return true;
		if (!next_node(&paths, &node))
			return false;
		first = is_end(node);
	} while (true);
}

/* The devices that are the console: as the firmware's settings have it, or the one that it is. */
static struct bytes console_paths(struct platform *p, uint8_t room[static PATHS_BYTES_MAX])
{
	CHAR16 name[] = {'C', 'o', 'n', 'O', 'u', 't', 0};
	UINTN n = PATHS_BYTES_MAX;
	void *path = NULL;
	if (!EFI_ERROR(p->system->RuntimeServices->GetVariable(name, &global_guid, NULL, &n, room)))
		return bytes_of(room, n);
	if (p->system->ConsoleOutHandle == NULL ||
	    EFI_ERROR(p->boot->HandleProtocol(p->system->ConsoleOutHandle, &path_guid, &path)))
		return BYTES_NONE;
	return whole_path(path);
}

EFI_SERIAL_IO_PROTOCOL *serial_beside_console(struct platform *p)
{
	uint8_t room[PATHS_BYTES_MAX];
	const struct bytes paths = console_paths(p, room);
	EFI_SERIAL_IO_PROTOCOL *line = NULL;
	EFI_HANDLE *handles = NULL;
	UINTN n = 0;
	if (paths.n == 0 || EFI_ERROR(p->boot->LocateHandleBuffer(ByProtocol, &serial_guid, NULL, &n, &handles)))
		return NULL;
	for (UINTN i = n; i-- > 0;) {
		void *path = NULL, *found = NULL;
		if (EFI_ERROR(p->boot->HandleProtocol(handles[i], &path_guid, &path)) ||
		    EFI_ERROR(p->boot->HandleProtocol(handles[i], &serial_guid, &found)))
			continue;
		const struct bytes device = without_mode(whole_path(path));
		if (device.n == 0)
			continue; /* where it is cannot be told */
		line = found;
		if (leads_through(paths, device)) {
			line = NULL;
			break;
		}
	}
	(void)p->boot->FreePool(handles);
	return line;
}

bool serial_print(EFI_SERIAL_IO_PROTOCOL *line, struct bytes text)
{
	while (text.n > 0) {
		uint8_t piece[64];
		struct writer w = writer_of(piece, sizeof piece);
		for (; text.n > 0 && w.n + 2 <= sizeof piece; text = bytes_skip(text, 1)) {
			const uint8_t c = text.p[0];
			if (c == '\n')
				write_u8(&w, '\r');
			write_u8(&w, c == '\n' || (c >= ' ' && c != 0x7f) ? c : '?');
		}
		UINTN n = w.n;
		if (EFI_ERROR(line->Write(line, &n, piece)) || n != w.n)
			return false;
	}
	return true;
}
