#include "fetch/artifact_url.h"
#include "fetch/gateway_url.h"

#include "phase_fixture.h"

static struct manifest m;

static bool is(const struct artifact *a, const char *root, const char *suffix, const char *url)
{
	char text[256];
	struct writer w = writer_of(text, sizeof text);
	artifact_url_write(bytes_text(root), &m, a, suffix, &w);
	return bytes_is(writer_view(&w), url);
}

static const struct artifact *kernel(const char *download_url)
{
	char to[256];
	(void)snprintf(to, sizeof to, "\"download_url\":\"%s\"", download_url);
	char *text = fixture_edit(fixture_manifest, "\"download_url\":\"stable/x86_64/vmlinuz\"", to);
	static char kept[4096];
	(void)snprintf(kept, sizeof kept, "%s", text);
	free(text);
	CHECK(fixture_read(&m, kept, strlen(kept)) == OK);
	return manifest_artifact(&m, "kernel");
}

TEST(relative_to_the_root)
{
	const struct artifact *a = kernel("stable/x86_64/vmlinuz");
	CHECK(!artifact_url_absolute(a) && is(a, "http://a/", "", "http://a/stable/x86_64/vmlinuz"));
	CHECK(is(a, "http://a/b/", ".bmt", "http://a/b/stable/x86_64/vmlinuz.bmt"));
	CHECK(is(kernel("/x/k"), "http://a/", "", "http://a/x/k")); /* a leading slash means the same */
}

TEST(an_absolute_one_is_for_its_own_host)
{
	const struct artifact *a = kernel("https://mirror/k");
	CHECK(artifact_url_absolute(a) && is(a, "http://a/", "", "http://a/stable/x86_64/vmlinuz"));
}

TEST(none_means_the_usual_place)
{
	(void)kernel("x");
	const struct artifact *a = manifest_artifact(&m, "initramfs");
	CHECK(!artifact_url_absolute(a) && is(a, "http://a/", "", "http://a/stable/x86_64/initrd.img"));
}

TEST(a_gateway_has_it_under_its_reference)
{
	char text[256];
	struct artifact a = {.has_swarm = true, .swarm = {0xab, [31] = 0x0c}};
	static const char *const gateways[] = {"http://a:1633", "http://a:1633/", "http://a:1633//"};
	for (size_t i = 0; i < sizeof gateways / sizeof gateways[0]; i++) {
		struct writer w = writer_of(text, sizeof text);
		CHECK(artifact_url_write_gateway(bytes_text(gateways[i]), &a, &w));
		CHECK(bytes_is(writer_view(&w), "http://a:1633/bytes/"
						"ab0000000000000000000000000000000000000000000000000000000000000c"));
	}
	struct writer w = writer_of(text, sizeof text);
	gateway_url_write(bytes_text("http://a/"), "/chunks/", a.swarm, &w);
	CHECK(bytes_is(writer_view(&w), "http://a/chunks/"
					"ab0000000000000000000000000000000000000000000000000000000000000c"));
	w = writer_of(text, sizeof text);
	a.has_swarm = false;
	CHECK(!artifact_url_write_gateway(bytes_text("http://a"), &a, &w) && w.n == 0);
}

int main(void)
{
	RUN(relative_to_the_root);
	RUN(an_absolute_one_is_for_its_own_host);
	RUN(a_gateway_has_it_under_its_reference);
	RUN(none_means_the_usual_place);
	return test_end();
}
