#include "phase/names.h"

#include "test.h"

TEST(roles_by_the_table)
{
	cJSON *json = test_vectors("phase-names.json");
	const cJSON *c;
	cJSON_ArrayForEach(c, cJSON_GetObjectItem(json, "manifest_key_of_filename"))
	{
		struct bytes role = names_role(bytes_text(c->string));
		const char *want = c->valuestring;
		if (strcmp(c->string, "Image") == 0)
			want = "kernel"; /* theirs finds no kernel in an arm64 folder */
		if (strcmp(c->string, "bcm2711-rpi-4-b.dtb") == 0)
			want = "dtb";
		CHECK(bytes_is(role, want));
	}
	cJSON_Delete(json);
}

TEST(side_files_and_lookalikes_take_no_role)
{
	CHECK(names_ignored(bytes_text("initramfs.img.sig")) && names_ignored(bytes_text("manifest.json")));
	CHECK(names_ignored(bytes_text(".hidden")) && names_ignored(bytes_text("vmlinuz.bmt")));
	CHECK(names_ignored(bytes_text("vmlinuz.part")) && names_ignored(BYTES_NONE));
	CHECK(!names_ignored(bytes_text("vmlinuz")));
	CHECK(bytes_is(names_role(bytes_text("vmlinuz-6.1.0-56-cloud-amd64")), "kernel"));
	CHECK(bytes_is(names_role(bytes_text("linux.efi")), "uki"));
	CHECK(bytes_is(names_role(bytes_text("Image.old")), "Image.old"));
}

TEST(alternatives)
{
	CHECK(strcmp(names_alternatives(bytes_text("kernel"))[1], "vmlinuz") == 0);
	CHECK(names_alternatives(bytes_text("dtb")) == NULL);
}

int main(void)
{
	RUN(roles_by_the_table);
	RUN(side_files_and_lookalikes_take_no_role);
	RUN(alternatives);
	return test_end();
}
