/* tx_row: what one transaction type is: its fields in the order of its RLP list, and what it asks beyond them.
 *
 * A new type is a file that defines a row, and the row's name in tx.c's table. Not for use outside tx*.c.
 */
#ifndef CORE_ETH_TX_ROW_H
#define CORE_ETH_TX_ROW_H

#include "core/eth/tx_field.h"

enum { TX_ROW_FIELDS_MAX = 12 };

struct tx_row {
    enum tx_type type;
    const char *name;
    size_t field_count;
    enum tx_field fields[TX_ROW_FIELDS_MAX];
    /* What the standard asks of the fields together; NULL: nothing. FAULT_INPUT. */
    bool (*check)(const struct tx *tx, struct fault *why);
};

bool tx_row_has(const struct tx_row *row, enum tx_field field) MUST_USE;

extern const struct tx_row tx_legacy, tx_eip2930, tx_eip1559, tx_eip4844, tx_eip7702;

extern const struct tx_row *const tx_rows[]; /* ends with NULL */
const struct tx_row *tx_row_of(enum tx_type type) MUST_USE;

/* What follows the fields in a legacy list: chainId, 0, 0 (EIP-155) or nothing when hashed; v of any size, r, s when
 * signed. `read` gives the chain id into `tx`. */
void tx_legacy_put_tail(struct writer *out, const struct tx *tx, const struct signature *signature);
bool tx_legacy_read_v(struct reader *in, struct tx *tx, struct signature *signature) MUST_USE;

#endif
