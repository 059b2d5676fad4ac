/* The configuration of SWFETCH.EFI, swfetch.json, and its load options. Contract: swfetch(8).
 *
 * A policy (phase/policy.h) with one more member, "boot", an object: where to look for the release,
 * and how to get onto the network. Trust is the policy's alone: load options can say where to look
 * and how, never whom to believe. */
#ifndef FETCH_BOOT_CONFIG_H
#define FETCH_BOOT_CONFIG_H

#include "phase/policy.h"

#define BOOT_CONFIG_BYTES_MAX POLICY_BYTES_MAX
#define BOOT_CONFIG_ARENA_BYTES (POLICY_ARENA_BYTES + 2 * BOOT_CONFIG_BYTES_MAX)
#define BOOT_OPTIONS_BYTES_MAX 4096
#define BOOT_TEXTS_MAX 16      /* of each kind; enough for a list by hand */
#define BOOT_ATTEMPTS 5        /* when nothing is said */
#define BOOT_BACKOFF_S 2       /* after the first attempt, doubled by each further one */
#define BOOT_BACKOFF_S_MAX 300 /* that "backoff_seconds" may say, and that doubling leads to */

struct boot_texts {
	struct bytes v[BOOT_TEXTS_MAX];
	size_t n;
};

/* "stack": which network to use. */
enum boot_stack { BOOT_STACK_ANY, BOOT_STACK_LWIP, BOOT_STACK_TCP4 };

/* All views lead into what was read or into the arena it was read with. */
struct boot_config {
	struct policy policy;
	struct bytes manifest;              /* a URL (url_ok) or another word; empty: ask the providers */
	struct boot_texts providers;        /* http or https URLs: roots, or of manifests */
	struct boot_texts gateways;         /* the same: of gateways to Swarm */
	struct boot_texts bridges;          /* multiaddrs */
	struct boot_texts peers, bootnodes; /* the same: of Swarm nodes that give chunks; that only know others */
	uint64_t network_id;                /* Swarm's; 1, the main network, when nothing is said */
	bool native, http, bridge;          /* modes that may be used; all, when nothing is said */
	bool native_first;                  /* "native" is said before "http" */
	bool mdns;                          /* look for providers on the LAN, too */
	uint64_t attempts;                  /* 0: for ever */
	uint64_t backoff_s;
	enum boot_stack stack;
	struct bytes address; /* "10.0.0.7/24"; empty: DHCP */
	struct bytes gateway; /* "10.0.0.1"; empty: none */
	struct boot_texts resolvers;
	struct bytes mac; /* of the device to take, "52:54:00:12:34:56"; empty: the first with link */
	bool verbose;
	struct bytes unknown; /* the first member of "boot" or "network" that says nothing here, to warn of it */
};

/* On failure c is untouched, and why says which member, where. Text and arena must outlive c. */
MUST_CHECK int boot_config_read(struct boot_config *c, struct bytes text, struct arena *a, struct why *why);

/* The pause after the next attempt: twice as long, up to BOOT_BACKOFF_S_MAX. */
uint64_t boot_backoff_next_s(uint64_t pause_s);

/* Load options: words with blanks between, NAME=VALUE or NAME. */
struct boot_options {
	struct bytes config; /* "config": the file to read instead of swfetch.json; empty: none said */
	bool selftest;
	struct bytes text; /* all of them, for boot_config_override */
};

/* Finds what must be known before the configuration is read; words that mean nothing are passed over
 * until boot_config_override. ERR_LIMIT: too long. */
MUST_CHECK int boot_options_read(struct boot_options *o, struct bytes text, struct why *why);
/* Puts the options over what the configuration says. A list's first word replaces the list, further
 * ones add to it. ERR_VALUE: why->id is the word that means nothing; those before it have been put
 * over, so c is of no use then. The text must outlive c. */
MUST_CHECK int boot_config_override(struct boot_config *c, const struct boot_options *o, struct why *why);

#endif
