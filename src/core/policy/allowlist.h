/* allowlist: the recipients of a policy as a sorted array, so that 10,000 of them cost a ticket no more than ten. */
#ifndef CORE_POLICY_ALLOWLIST_H
#define CORE_POLICY_ALLOWLIST_H

#include "core/crypto/ecdsa.h" /* struct address */

/* Sorts by bytes, drops what is there twice, and gives how many are left. In place, n log n in every case. */
size_t allowlist_sort(struct address *recipients, size_t count) MUST_USE;

/* By bisection; `recipients` as allowlist_sort leaves them. */
bool allowlist_has(const struct address *recipients, size_t count, const struct address *address) MUST_USE;

#endif
