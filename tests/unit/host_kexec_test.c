/* What is said when a kernel is not loaded, and the images that would be loaded. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/kexec.h"
#include "host/kexec_image.h"
#include "test.h"

static char folder[] = "build/host_kexec_test.XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[8][512];
	static unsigned which;
	which = (which + 1) % 8;
	(void)snprintf(path[which], sizeof path[which], "%s/%s", folder, name);
	return path[which];
}

static void write_system_file(const char *name, const char *text)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s", in_folder(name));
	*strrchr(path, '/') = 0;
	CHECK(file_make_folders(path) == OK);
	CHECK(file_write(in_folder(name), bytes_text(text), 0666) == OK);
}

static bool explains(int number, const char *part)
{
	char sentence[KEXEC_SENTENCE_MAX];
	return strstr(kexec_explain(number, folder, sentence), part) != NULL;
}

TEST(each_cause_of_a_refusal_has_its_sentence)
{
	write_system_file("proc/sys/kernel/kexec_load_disabled", "0\n");
	write_system_file("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	CHECK(explains(EPERM, "CAP_SYS_BOOT"));
	write_system_file("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	CHECK(explains(EPERM, "locked down"));
	write_system_file("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	CHECK(explains(EPERM, "locked down"));
	write_system_file("proc/sys/kernel/kexec_load_disabled", "1\n");
	CHECK(explains(EPERM, "kexec_load_disabled"));
	CHECK(explains(ENOSYS, "CONFIG_KEXEC_FILE"));
	CHECK(explains(ENOEXEC, "no kernel"));
	CHECK(explains(EKEYREJECTED, "signed kernel"));
	CHECK(explains(ENOMEM, "not enough memory"));
	CHECK(explains(EXDEV, strerror(EXDEV)));
}

static struct kexec_part part(const char *name, const char *text, uint8_t hash[SHA256_BYTES])
{
	CHECK(file_write(in_folder(name), bytes_text(text), 0666) == OK);
	sha256_of(bytes_text(text), hash);
	return (struct kexec_part){in_folder(name), strlen(text), hash};
}

TEST(parts_are_joined_and_padded_to_four_bytes)
{
	uint8_t hash[3][SHA256_BYTES], got[32];
	struct kexec_part parts[3] = {part("a", "12345", hash[0]), part("b", "1234", hash[1]), part("c", "1", hash[2])};
	size_t failed;
	int fd;
	CHECK(kexec_image("test", parts, 3, NULL, &fd, &failed) == OK);
	CHECK(pread(fd, got, sizeof got, 0) == 16);
	CHECK(memcmp(got,
		     "12345\0\0\0"
		     "1234"
		     "1\0\0\0",
		     16) == 0);
	(void)close(fd);
	CHECK(kexec_image("test", parts, 1, NULL, &fd, &failed) == OK);
	CHECK(pread(fd, got, sizeof got, 0) == 5);
	(void)close(fd);
}

TEST(nobody_can_change_an_image)
{
	uint8_t hash[SHA256_BYTES];
	struct kexec_part one = part("a", "12345", hash);
	size_t failed;
	int fd;
	CHECK(kexec_image("test", &one, 1, NULL, &fd, &failed) == OK);
	CHECK(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 4) != 0 && ftruncate(fd, 6) != 0);
	CHECK(file_write(in_folder("a"), BYTES_LITERAL("other"), 0666) == OK);
	char got[6] = {0};
	CHECK(pread(fd, got, 5, 0) == 5 && strcmp(got, "12345") == 0);
	(void)close(fd);
}

TEST(the_part_that_fails_is_named)
{
	uint8_t hash[2][SHA256_BYTES];
	struct kexec_part parts[2] = {part("a", "12345", hash[0]), part("b", "1234", hash[1])};
	size_t failed = 9;
	int fd = -7;
	hash[1][31] ^= 1;
	CHECK(kexec_image("test", parts, 2, NULL, &fd, &failed) == ERR_HASH && failed == 1 && fd == -7);
	parts[0].size++;
	CHECK(kexec_image("test", parts, 2, NULL, &fd, &failed) == ERR_SIZE && failed == 0 && fd == -7);
	parts[0].path = in_folder("none");
	CHECK(kexec_image("test", parts, 2, NULL, &fd, &failed) == ERR_NOT_FOUND && failed == 0 && fd == -7);
	parts[0].path = folder;
	CHECK(kexec_image("test", parts, 2, NULL, &fd, &failed) == ERR_VALUE && failed == 0 && fd == -7);
}

static void clean_up(void)
{
	static const char *const names[] = {"a", "b", "c", "proc/sys/kernel/kexec_load_disabled",
					    "sys/kernel/security/lockdown"};
	static const char *const folders[] = {"proc/sys/kernel", "proc/sys", "proc", "sys/kernel/security",
					      "sys/kernel",      "sys",      ""};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(in_folder(names[i]));
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		(void)rmdir(in_folder(folders[i]));
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	RUN(each_cause_of_a_refusal_has_its_sentence);
	RUN(parts_are_joined_and_padded_to_four_bytes);
	RUN(nobody_can_change_an_image);
	RUN(the_part_that_fails_is_named);
	clean_up();
	return test_end();
}
