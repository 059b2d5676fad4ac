/* phase-boot: starts the release that a boot plan describes. */
#include <errno.h>
#include <unistd.h>

#include "host/cli_json.h"
#include "host/kexec.h"
#include "host/kexec_plan.h"

struct options {
	struct trust_options trust;
	bool dry_run, load;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{'n', "dry-run", CLI_FLAG, FIELD(dry_run), NULL, "check everything and print what would be started"},
	{'l', "load", CLI_FLAG, FIELD(load), NULL, "load it and return; 'systemctl kexec' starts it"},
	TRUST_OPTIONS(struct options),
};
static const struct cli_program program = {
	.name = "phase-boot",
	.operands = "[PLAN]",
	.summary = "check the files of a boot plan once more, and start its kernel by kexec",
	.text = "Reads the plan that phase-fetch prints, from standard input when no PLAN is given.\n"
		"With --policy or --key the manifest is verified again. Services are not stopped: on a running\n"
		"system use --load.\n"
		"\n"
		"  phase-discover --first |\n"
		"      phase-fetch --policy policy.json --state floor -o next |\n"
		"      phase-boot --policy policy.json --state floor\n"
		"  phase-boot --dry-run --policy policy.json --state floor plan.json | jq -r .cmdline\n"
		"  phase-boot --load --policy policy.json --state floor plan.json && systemctl kexec\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 1,
};

static int start(struct cli *cli, const struct kexec_plan *k, bool load_only)
{
	char sentence[KEXEC_SENTENCE_MAX];
	const char *cmdline = k->plan.cmdline.n == 0 ? "" : (const char *)k->plan.cmdline.p;
	int err = kexec_load(k->kernel_fd, k->initrd_fd, cmdline);
	if (err != OK) {
		cli_error(cli, err, "%s: kexec: %s", (const char *)k->plan.kernel.p,
			  kexec_explain(errno, "", sentence));
		return err;
	}
	if (load_only) {
		cli_info(cli, "release %llu is loaded; 'systemctl kexec' starts it",
			 (unsigned long long)k->manifest.release);
		return OK;
	}
	cli_info(cli, "starting release %llu", (unsigned long long)k->manifest.release);
	err = kexec_start();
	cli_error(cli, err, "reboot: %s; the release stays unstarted", strerror(errno));
	if (kexec_unload() != OK)
		cli_warn(cli, "and it stays loaded: %s", strerror(errno));
	return err;
}

/* Nothing says that the manifest is one that was verified. */
static int refuse_unbound(struct cli *cli)
{
	cli_error(cli, ERR_MISSING,
		  "the plan has no manifest_sha256, so its manifest proves nothing: give --policy or --key");
	return ERR_MISSING;
}

static int run(struct cli *cli, const struct options *o, struct kexec_plan *k, struct trust *trust)
{
	bool judged = o->trust.policy != NULL || o->trust.keys.n > 0;
	int err = OK;
	if (!o->dry_run && geteuid() != 0) {
		cli_error(cli, ERR_IO, "only root can start another kernel (--dry-run needs no root)");
		return ERR_IO;
	}
	if (judged && (err = trust_read(cli, &o->trust, trust)) != OK)
		return err;
	err = kexec_plan_read(cli, cli->operands.n > 0 ? cli->operands.v[0] : "-", k);
	if (err == OK && judged)
		err = kexec_plan_judge(cli, k, trust, o->trust.state);
	else if (err == OK && !k->plan.has_manifest_sha256)
		err = refuse_unbound(cli);
	if (err == OK)
		err = kexec_plan_check_files(cli, k);
	if (err != OK)
		return err;
	return o->dry_run ? cli_json_print(kexec_plan_json(k, judged)) : start(cli, k, o->load);
}

int main(int argc, char **argv)
{
	struct options o = {.trust.threshold = TRUST_NO_THRESHOLD};
	struct kexec_plan plan = {.kernel_fd = -1, .initrd_fd = -1};
	struct trust trust = {.memory = NULL};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	if (o.trust.policy != NULL || o.trust.keys.n > 0)
		trust_check_usage(&cli, &o.trust);
	else if (o.trust.state != NULL || o.trust.threshold != TRUST_NO_THRESHOLD)
		cli_usage(&cli, "--state and --threshold go with --policy or --key");
	if (o.dry_run && o.load)
		cli_usage(&cli, "either --dry-run or --load, not both");
	int err = run(&cli, &o, &plan, &trust);
	kexec_plan_free(&plan);
	trust_free(&trust);
	return cli_end(&cli, err);
}
