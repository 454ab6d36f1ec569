/* message: EIP-191 version 0x45, "personal_sign": keccak256("\x19Ethereum Signed Message:\n" decimal length, bytes). */
#ifndef CORE_ETH_MESSAGE_H
#define CORE_ETH_MESSAGE_H

#include "core/crypto/keccak.h"

struct hash32 message_hash(struct bytes message) MUST_USE;

#endif
