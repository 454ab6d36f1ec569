/* typed_name: the names in an EIP-712 document: of types, with what they say of a value, and of fields. Not for use
 * outside typed_*.c. */
#ifndef CORE_ETH_TYPED_NAME_H
#define CORE_ETH_TYPED_NAME_H

#include "core/codec/json.h"

enum { TYPED_NAME_MAX = 128 }; /* characters of a type's or a field's name */

enum typed_kind {
    TYPED_STRUCT,
    TYPED_ADDRESS,
    TYPED_BOOL,
    TYPED_STRING,
    TYPED_BYTES,       /* of any length */
    TYPED_FIXED_BYTES, /* size: 1 to 32 */
    TYPED_UINT,        /* size: bits, 8 to 256 */
    TYPED_INT,
};

struct typed_field {
    struct bytes name, type; /* views of the document; `type` with its array suffixes */
    enum typed_kind kind;    /* of what stands before the suffixes */
    unsigned size;
    size_t struct_index; /* TYPED_STRUCT: which */
};

/* A name as it stands in encodeType: printable, without the characters that have a meaning there, at most
 * TYPED_NAME_MAX long. */
bool typed_name_read(struct json value, struct bytes *name) MUST_USE;

/* Sets the kind and the size. False: no elementary type (`uint` and `int` must have their size). */
bool typed_name_elementary(struct bytes type, struct typed_field *field) MUST_USE;
/* Whether no struct may be called so: elementary types, and what differs from one in its digits only. */
bool typed_name_is_reserved(struct bytes name) MUST_USE;

/* Takes the last suffix off: "T[3][]" becomes "T[3]", *len is 0 for any. False: there is none. */
bool typed_name_element(struct bytes *type, uint64_t *len) MUST_USE;

#endif
