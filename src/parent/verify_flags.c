#include "parent/verify_flags.h"

#include <string.h>

static bool given(const struct arguments *arguments, const char *name)
{
    return argument_is_given(arguments, name);
}

static size_t count_given(const struct arguments *arguments, const char *const *names)
{
    size_t count = 0;
    for (; *names != NULL; names++)
        count += given(arguments, *names);
    return count;
}

bool verify_flags_go_together(const struct arguments *arguments, struct fault *why)
{
    static const char *const signer_flags[] = { "address",    "unprovisioned", "image",         "pcr0",
                                                "pcr",        "policy",        "policy-sha256", "no-policy",
                                                "mode",       "unbound",       "kms-key",       "birth",
                                                "birth-pcr0", "generated",     "custom-roots",  "kms-key-of-birth",
                                                NULL };
    if (argument_is_given(arguments, "chain-only") && count_given(arguments, signer_flags) > 0)
        return fault_set(
            why, FAULT_INPUT,
            "--chain-only judges form, chain, times and signature alone; leave out what a signer is to be");
    if (given(arguments, "stored") && given(arguments, "at"))
        return fault_set(why, FAULT_INPUT, "--stored judges a document at its own time; leave out --at");
    if (arguments->operand_count > 0 && given(arguments, "endpoint"))
        return fault_set(why, FAULT_INPUT, "give a document or --endpoint, not both");
    if (arguments->operand_count == 0 &&
        (given(arguments, "stored") || given(arguments, "nonce") || given(arguments, "at")))
        return fault_set(
            why, FAULT_INPUT,
            "--stored, --nonce and --at are for a document in a file; a signer is asked with a nonce of our "
            "own, now");
    if (arguments->operand_count > 0 && !given(arguments, "stored") && !given(arguments, "nonce") &&
        !given(arguments, "chain-only"))
        return fault_set(
            why, FAULT_INPUT,
            "whose document is this, and of when? Give --nonce 0x... with the nonce that you chose for it, or "
            "--stored, which leaves freshness open; or ask the signer itself with --endpoint");
    return true;
}

static bool want_one(const struct arguments *arguments, const char *const *names, const char *what, struct fault *why)
{
    const size_t count = count_given(arguments, names);
    if (count == 1)
        return true;
    return fault_set(why, FAULT_INPUT, "%s: %s",
                     count == 0 ? "a fact to compare with is missing" : "one is wanted, not more", what);
}

bool verify_flags_name_a_signer(const struct arguments *arguments, struct fault *why)
{
    static const char *const image[] = { "image", "pcr0", NULL };
    static const char *const key[] = { "address", "unprovisioned", NULL };
    static const char *const policy[] = { "policy", "policy-sha256", "no-policy", NULL };
    const char *mode = argument(arguments, "mode");
    if (mode != NULL && strcmp(mode, "strict") != 0 && strcmp(mode, "open") != 0)
        return fault_set(why, FAULT_INPUT, "--mode wants strict or open, found '%.40s'", mode);
    const bool open = mode != NULL && strcmp(mode, "open") == 0;
    if (!want_one(arguments, image, "--image FILE or --pcr0 HEX says which program it must be", why) ||
        !want_one(arguments, key, "--address 0x... says whose key it must be; or --unprovisioned", why) ||
        !want_one(arguments, policy,
                  "--policy FILE or --policy-sha256 HEX says what it may sign; or --no-policy, in open mode", why))
        return false;
    if (!open && given(arguments, "no-policy") && !given(arguments, "unprovisioned"))
        return fault_set(why, FAULT_INPUT, "--no-policy with --mode strict: a strict signer with a key always has one");
    if (given(arguments, "address") && !given(arguments, "kms-key") && !(open && given(arguments, "no-policy")))
        return fault_set(why, FAULT_INPUT,
                         "a fact to compare with is missing: --kms-key ARN says whose KMS key guards it");
    if (given(arguments, "unprovisioned") && (given(arguments, "kms-key") || given(arguments, "unbound") ||
                                              given(arguments, "birth") || given(arguments, "generated")))
        return fault_set(why, FAULT_INPUT,
                         "--unprovisioned goes without --kms-key, --unbound, --birth and --generated: there is no key");
    if (!given(arguments, "birth") && (given(arguments, "birth-pcr0") || given(arguments, "kms-key-of-birth")))
        return fault_set(why, FAULT_INPUT, "--birth-pcr0 and --kms-key-of-birth go with --birth FILE");
    return true;
}
