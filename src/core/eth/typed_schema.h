/* typed_schema: the types of an EIP-712 document, read and checked, each with its typeHash. Not for use outside
 * typed_*.c.
 *
 *     "types": { "Mail": [ {"name": "to", "type": "Person"}, {"name": "tags", "type": "bytes32[2][]"} ], … }
 */
#ifndef CORE_ETH_TYPED_SCHEMA_H
#define CORE_ETH_TYPED_SCHEMA_H

#include "core/base/fault.h"
#include "core/crypto/keccak.h"
#include "core/eth/typed_name.h"

enum {
    TYPED_TYPES_MAX = 64,   /* without EIP712Domain; so that a set of types is one word */
    TYPED_FIELDS_MAX = 512, /* of all together; with TYPED_NAME_MAX it bounds the text that typeHashes are made of */
};

struct typed_type {
    struct bytes name;
    size_t first, count; /* its fields among all */
    uint64_t needs;      /* the types that it reaches, a bit each */
    struct hash32 hash;
};

struct typed_schema {
    struct typed_type types[TYPED_TYPES_MAX + 1]; /* the last one in use is the domain's */
    size_t type_count, field_count;
    struct typed_field fields[TYPED_FIELDS_MAX];
    uint16_t by_name[TYPED_FIELDS_MAX]; /* in each type's part: its fields, counted from its first, in order of name */
    size_t primary, domain;
};

/* Reads `types`, checks that `primary_type` is the one type that no other needs and that it needs all others, and makes
 * EIP712Domain of the members that `domain` has; a given EIP712Domain must say the same. FAULT_INPUT, FAULT_LIMIT. */
bool typed_schema_read(struct json types, struct json primary_type, struct json domain, struct typed_schema *schema,
                       struct fault *why) MUST_USE;

/* The field of that name in a type; NULL when there is none. */
const struct typed_field *typed_field_named(const struct typed_schema *schema, size_t type, struct bytes name) MUST_USE;

#endif
