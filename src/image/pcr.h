/* pcr: what Nitro measures of an image (FACTS of the format: AWS's documentation of enclave images).
 *
 *   PCRn = SHA-384(48 zero bytes | SHA-384(content)), content the sections' data end to end, without lengths:
 *   PCR0   kernel, command line, every ramdisk        PCR1   kernel, command line, first ramdisk
 *   PCR2   ramdisks after the first                   PCR8   the signing certificate's DER (zeros when unsigned)
 */
#ifndef IMAGE_PCR_H
#define IMAGE_PCR_H

#include "core/crypto/sha2.h"
#include "image/eif.h"

struct measurements {
    struct hash48 pcr0, pcr1, pcr2, pcr8;
    bool is_signed;
};

struct measurements eif_measure(const struct eif *eif) MUST_USE;

/* Without PCR8, which needs the certificate parsed: pcr_extend of SHA-384 of its DER (image/signature.h). */
struct hash48 pcr_extend(struct bytes content_hash) MUST_USE; /* SHA-384(48 zero bytes | content_hash) */

#endif
