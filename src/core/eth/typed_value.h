/* typed_value: one value of an elementary type as the 32 bytes that stand for it in encodeData (EIP-712). Not for use
 * outside typed_*.c. */
#ifndef CORE_ETH_TYPED_VALUE_H
#define CORE_ETH_TYPED_VALUE_H

#include "core/eth/typed_schema.h"

/* `field` is of an elementary kind. NULL when it is done; else what is wanted, a static text. */
const char *typed_value_word(const struct typed_field *field, struct json value, struct hash32 *word) MUST_USE;

#endif
