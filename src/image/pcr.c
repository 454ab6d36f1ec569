#include "image/pcr.h"

#include "image/signature.h"

#include <openssl/evp.h>
#include <string.h>

struct hash48 pcr_extend(struct bytes content_hash)
{
    uint8_t joined[48 + 48] = { 0 };
    must(content_hash.len == 48);
    memcpy(joined + 48, content_hash.data, 48);
    return sha384(BYTES_OF(joined));
}

/* In one pass over the sections: ramdisks from number `first` to before `end`. */
static struct hash48 measure(const struct eif *eif, bool with_kernel, size_t first, size_t end)
{
    struct hash48 hash;
    size_t ramdisk = 0;
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    must(state != NULL && EVP_DigestInit_ex(state, EVP_sha384(), NULL) == 1);
    for (size_t i = 0; i < eif->section_count; i++) {
        const struct eif_section *section = &eif->sections[i];
        bool is_kernel = section->type == EIF_KERNEL || section->type == EIF_CMDLINE;
        bool is_ramdisk = section->type == EIF_RAMDISK;
        if ((is_kernel && with_kernel) || (is_ramdisk && ramdisk >= first && ramdisk < end))
            must(EVP_DigestUpdate(state, section->data.data, section->data.len) == 1);
        ramdisk += is_ramdisk;
    }
    must(EVP_DigestFinal_ex(state, hash.bytes, NULL) == 1);
    EVP_MD_CTX_free(state);
    return pcr_extend(BYTES_OF(hash.bytes));
}

struct measurements eif_measure(const struct eif *eif)
{
    struct measurements found = {
        .pcr0 = measure(eif, true, 0, EIF_SECTIONS_MAX),
        .pcr1 = measure(eif, true, 0, 1),
        .pcr2 = measure(eif, false, 1, EIF_SECTIONS_MAX),
    };
    const struct eif_section *section = eif_find(eif, EIF_SIGNATURE);
    struct fault why;
    struct eif_signature signature;
    if (section != NULL && eif_signature_read(section->data, &signature, &why)) {
        struct hash48 certificate = sha384((struct bytes){ signature.der, signature.der_len });
        found.pcr8 = pcr_extend(BYTES_OF(certificate.bytes));
        found.is_signed = true;
    }
    return found;
}
