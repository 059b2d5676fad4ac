#include "host/kexec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/file.h"

#define SYSTEM_FILE_MAX 4096 /* bytes of a file in /proc or /sys */

int kexec_load(int kernel_fd, int initrd_fd, const char *cmdline)
{
	unsigned long flags = initrd_fd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0;
	/* the length counts the NUL */
	long done = syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(cmdline) + 1, cmdline, flags);
	return done == 0 ? OK : ERR_IO;
}

int kexec_unload(void)
{
	return syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, KEXEC_FILE_UNLOAD) == 0 ? OK : ERR_IO;
}

int kexec_start(void)
{
	sync();
	(void)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	return ERR_IO;
}

static bool says(const char *root, const char *path, const char *text)
{
	char name[SYSTEM_FILE_MAX];
	struct bytes data;
	if (snprintf(name, sizeof name, "%s%s", root, path) >= (int)sizeof name ||
	    file_read(name, SYSTEM_FILE_MAX, &data) != OK)
		return false;
	bool found = strstr((const char *)data.p, text) != NULL; /* a NUL follows the data */
	file_free(data);
	return found;
}

/* EPERM has four causes, and a person must know which. */
static const char *explain_permission(const char *root)
{
	if (says(root, "/proc/sys/kernel/kexec_load_disabled", "1"))
		return "this machine forbids it until it is rebooted (sysctl kernel.kexec_load_disabled is 1)";
	if (says(root, "/sys/kernel/security/lockdown", "[integrity]") ||
	    says(root, "/sys/kernel/security/lockdown", "[confidentiality]"))
		return "the running kernel is locked down (Secure Boot, or lockdown= on its command line): it starts "
		       "only kernels that carry a signature it knows";
	return "not permitted: it needs the capability CAP_SYS_BOOT, which containers take away";
}

const char *kexec_explain(int number, const char *root, char out[static KEXEC_SENTENCE_MAX])
{
	const char *text = NULL;
	switch (number) {
	case EPERM:
		text = explain_permission(root);
		break;
	case ENOSYS:
		text = "the running kernel cannot do it (built without CONFIG_KEXEC_FILE)";
		break;
	case ENOEXEC:
		text = "the file is no kernel that this machine can start (no bzImage or Image, or for another "
		       "architecture)";
		break;
	case EINVAL:
		text = "the kernel refuses it: the command line may be too long for it, or the file damaged";
		break;
	case EKEYREJECTED:
	case ENOKEY:
	case ENODATA:
	case EBADMSG:
		text = "the running kernel wants a signed kernel, and this one has no signature that it knows";
		break;
	case EBUSY:
		text = "another program is loading a kernel at this moment";
		break;
	case ENOMEM:
	case EADDRNOTAVAIL:
		text = "not enough memory for kernel and initial RAM disk beside the running system";
		break;
	default:
		break;
	}
	(void)snprintf(out, KEXEC_SENTENCE_MAX, "%s", text != NULL ? text : strerror(number));
	return out;
}
