/* The contents that the vectors of files speak of, by their names. */
#ifndef UNIT_PATTERN_H
#define UNIT_PATTERN_H

#include <stdlib.h>
#include <string.h>

#include "crypto/keccak.h"

static uint8_t pattern_byte(const char *name, size_t i)
{
	static const char corpus[] = "hello test world";
	if (strcmp(name, "mod255") == 0)
		return (uint8_t)(i % 255);
	if (strcmp(name, "corpus") == 0)
		return (uint8_t)corpus[i % (sizeof corpus - 1)];
	return strcmp(name, "zero") == 0 ? 0 : (uint8_t)(i % 256);
}

/* keccak256("kstream" || LE64(0)), of 1, 2, … */
static void fill_kstream(uint8_t *data, size_t n)
{
	uint8_t seed[15] = "kstream", hash[32];
	for (size_t i = 0; i < n; i += 32) {
		store_le64(seed + 7, i / 32);
		keccak256_of(bytes_of(seed, sizeof seed), hash);
		memcpy(data + i, hash, n - i < 32 ? n - i : 32);
	}
}

/* n bytes for the caller to free. */
static uint8_t *pattern(const char *name, size_t n)
{
	uint8_t *data = malloc(n + 1);
	if (data == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		data[i] = pattern_byte(name, i);
	if (strcmp(name, "kstream") == 0)
		fill_kstream(data, n);
	return data;
}

#endif
