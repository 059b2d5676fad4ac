#include "swarm/redundancy.h"

#include <assert.h>

#include "core/decimal.h"
#include "swarm/bmt.h"

#define LEVEL_MARK 0x80U

/* From so many children on, so many parities. */
struct step {
	uint8_t children, parities;
};

static const struct step plain1[] = {{1, 2}, {2, 3}, {6, 4}, {15, 5}, {29, 6}, {47, 7}, {69, 8}, {95, 9}};
static const struct step encrypted1[] = {{1, 3}, {3, 4}, {7, 5}, {14, 6}, {23, 7}, {34, 8}, {47, 9}};
static const struct step plain2[] = {{1, 4},   {2, 5},   {4, 6},   {7, 7},   {11, 8},  {16, 9},
				     {21, 10}, {27, 11}, {33, 12}, {40, 13}, {47, 14}, {54, 15},
				     {62, 16}, {70, 17}, {78, 18}, {87, 19}, {96, 20}, {105, 21}};
static const struct step encrypted2[] = {{1, 5},   {2, 6},   {3, 7},   {5, 8},   {8, 9},   {10, 10},
					 {13, 11}, {16, 12}, {20, 13}, {23, 14}, {27, 15}, {31, 16},
					 {35, 17}, {39, 18}, {43, 19}, {48, 20}, {52, 21}};
static const struct step plain3[] = {{1, 5},   {2, 6},   {3, 7},   {4, 8},   {6, 9},   {9, 10},  {11, 11},
				     {14, 12}, {17, 13}, {20, 14}, {23, 15}, {27, 16}, {30, 17}, {34, 18},
				     {38, 19}, {42, 20}, {46, 21}, {51, 22}, {55, 23}, {60, 24}, {64, 25},
				     {69, 26}, {74, 27}, {78, 28}, {83, 29}, {88, 30}, {93, 31}};
static const struct step encrypted3[] = {{1, 6},   {2, 8},   {3, 9},   {4, 10},  {5, 11},  {7, 12},  {8, 13},
					 {10, 14}, {11, 15}, {13, 16}, {15, 17}, {17, 18}, {19, 19}, {21, 20},
					 {23, 21}, {25, 22}, {27, 23}, {30, 24}, {32, 25}, {34, 26}, {37, 27},
					 {39, 28}, {41, 29}, {44, 30}, {46, 31}};
static const struct step plain4[] = {{1, 19},  {2, 23},  {3, 26},  {4, 29},  {5, 31},  {6, 34},  {7, 36},  {8, 38},
				     {9, 40},  {10, 43}, {11, 45}, {12, 47}, {13, 48}, {14, 50}, {15, 52}, {16, 54},
				     {17, 56}, {18, 58}, {19, 59}, {20, 61}, {21, 63}, {22, 65}, {23, 66}, {24, 68},
				     {25, 70}, {26, 71}, {27, 73}, {28, 75}, {29, 76}, {30, 78}, {31, 80}, {32, 81},
				     {33, 83}, {34, 84}, {35, 86}, {36, 87}, {37, 89}};
static const struct step encrypted4[] = {{1, 23},  {2, 29},  {3, 34},  {4, 38},  {5, 43},  {6, 47},
					 {7, 50},  {8, 54},  {9, 58},  {10, 61}, {11, 65}, {12, 68},
					 {13, 71}, {14, 75}, {15, 78}, {16, 81}, {17, 84}, {18, 87}};

#define STEPS(table) table, sizeof(table) / sizeof((table)[0])
static const struct {
	unsigned children_max;
	const struct step *steps;
	size_t steps_n;
} tables[REDUNDANCY_LEVEL_MAX + 1][2] = {
	{{128, NULL, 0}, {64, NULL, 0}},
	{{119, STEPS(plain1)}, {59, STEPS(encrypted1)}},
	{{107, STEPS(plain2)}, {53, STEPS(encrypted2)}},
	{{97, STEPS(plain3)}, {48, STEPS(encrypted3)}},
	{{39, STEPS(plain4)}, {20, STEPS(encrypted4)}},
};

unsigned redundancy_children_max(unsigned level, bool encrypted)
{
	assert(level <= REDUNDANCY_LEVEL_MAX);
	return tables[level][encrypted].children_max;
}

unsigned redundancy_parities(unsigned level, bool encrypted, unsigned children_n)
{
	assert(level <= REDUNDANCY_LEVEL_MAX && children_n <= tables[level][encrypted].children_max);
	unsigned parities = 0;
	for (size_t i = 0; i < tables[level][encrypted].steps_n; i++) {
		if (tables[level][encrypted].steps[i].children > children_n)
			break;
		parities = tables[level][encrypted].steps[i].parities;
	}
	return parities;
}

int redundancy_level_read(struct bytes text, uint64_t *level)
{
	static const char *const names[] = {"none", "medium", "strong", "insane", "paranoid"};
	uint64_t n = 0;
	while (n <= REDUNDANCY_LEVEL_MAX && !bytes_is(text, names[n]))
		n++;
	if (n > REDUNDANCY_LEVEL_MAX && (decimal_read(text, &n) != OK || n > REDUNDANCY_LEVEL_MAX))
		return ERR_VALUE;
	*level = n;
	return OK;
}

int redundancy_span_read(const uint8_t span[static 8], struct redundancy_span *out)
{
	struct redundancy_span s = {.size = load_le64(span), .level = 0};
	if (span[7] > LEVEL_MARK) { /* the mark alone is none: bee reads an absurd size then */
		s.level = span[7] & ~LEVEL_MARK;
		s.size &= UINT64_MAX >> 8;
	}
	if (s.size > REDUNDANCY_SIZE_MAX)
		return ERR_LIMIT;
	if (s.level > REDUNDANCY_LEVEL_MAX)
		return ERR_VERSION;
	*out = s;
	return OK;
}

void redundancy_span_write(uint64_t size, unsigned level, uint8_t span[static 8])
{
	assert(size <= REDUNDANCY_SIZE_MAX && level <= REDUNDANCY_LEVEL_MAX);
	store_le64(span, size);
	if (level > 0)
		span[7] = (uint8_t)(LEVEL_MARK | level);
}

void redundancy_shape(uint64_t size, unsigned level, bool encrypted, struct redundancy_shape *shape)
{
	assert(size > CHUNK_PAYLOAD_MAX && size <= REDUNDANCY_SIZE_MAX);
	const unsigned most = redundancy_children_max(level, encrypted);
	uint64_t child = CHUNK_PAYLOAD_MAX;
	while (child * most < size) /* no overflow: child < size <= 2^48 */
		child *= most;
	const unsigned children = (unsigned)((size + child - 1) / child);
	shape->child_size = child;
	shape->last_size = size - child * (children - 1);
	shape->children_n = children;
	shape->parities_n = redundancy_parities(level, encrypted, children);
	shape->payload_bytes = ((size_t)children << encrypted) * REFERENCE_BYTES;
	shape->payload_bytes += (size_t)shape->parities_n * REFERENCE_BYTES;
}
