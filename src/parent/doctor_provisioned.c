#include "core/base/text.h"
#include "parent/doctor.h"

#include <string.h>

void doctor_provisioned(struct doctor *doctor, struct doctor_line *line)
{
    const struct user_data *said = &doctor->said;
    if (!doctor->genuine)
        doctor_say(line, DOCTOR_NOT_HERE, "see the lines `signer` and `document`", "there is no document to believe");
    else if (said->address.len == 0)
        doctor_say(
            line, DOCTOR_FAULT,
            "systemctl status ensign-provisioner, or by hand: ensign provision --endpoint ENDPOINT --ciphertext-b64 "
            "@sealed.json",
            "it holds no key, and signs nothing");
    else
        doctor_say(line, DOCTOR_OK, NULL, "it holds the key of %.*s, %s", (int)said->address.len,
                   (const char *)said->address.data, said->generated ? "generated in this boot" : "opened by KMS");
}

static bool bound_is_missing(const struct user_data *said)
{
    return said->address.len > 0 && !said->policy_bound;
}

void doctor_policy(struct doctor *doctor, struct doctor_line *line)
{
    const struct user_data *said = &doctor->said;
    const struct bytes wanted = bytes_of_text(doctor->policy.text);
    const char *mode = said->mode == USER_DATA_STRICT ? "strict" : "open";
    if (!doctor->genuine)
        doctor_say(line, DOCTOR_NOT_HERE, "see the lines `signer` and `document`", "there is no document to believe");
    else if (said->mode != doctor->mode)
        doctor_say(line, DOCTOR_FAULT,
                   "run the image that was built with the settings you mean; --mode says which is wanted",
                   "its mode is %s, wanted %s", mode, doctor->mode == USER_DATA_STRICT ? "strict" : "open");
    else if (wanted.len > 0 && !bytes_equal(wanted, said->policy_sha256))
        doctor_say(line, DOCTOR_FAULT,
                   "provision it with the policy that you mean; in strict mode run the image with that policy in its "
                   "settings, and move the ciphertext with `ensign rebind`",
                   "another policy is in force: %.*s, wanted %s", said->policy_sha256.len > 0 ? 64 : 4,
                   said->policy_sha256.len > 0 ? (const char *)said->policy_sha256.data : "none", doctor->policy.text);
    else if (said->policy_sha256.len == 0 && said->address.len > 0)
        doctor_say(line, DOCTOR_WARNING, "provision it with a policy: ensign policy new, ensign provision --policy",
                   "mode %s, no policy: it signs whatever it is sent", mode);
    else if (said->policy_sha256.len == 0)
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `provisioned`", "mode %s; a policy comes with the key", mode);
    else if (bound_is_missing(said))
        doctor_say(
            line, DOCTOR_WARNING,
            "seal the key under the policy's digest: ensign encrypt --policy, ensign provision --bind-policy",
            "mode %s, policy %.*s, to which the ciphertext is not bound: root on the parent can provision another",
            mode, (int)said->policy_sha256.len, (const char *)said->policy_sha256.data);
    else
        doctor_say(line, DOCTOR_OK, NULL, "mode %s, policy %.*s%s", mode, (int)said->policy_sha256.len,
                   (const char *)said->policy_sha256.data,
                   wanted.len > 0 ? ", the one that was given" : " (compared with none: give --policy FILE)");
}

void doctor_lease(struct doctor *doctor, struct doctor_line *line)
{
    const struct json lease = json_member(doctor->status, BYTES_LIT("lease"));
    uint64_t left;
    if (!doctor->genuine || doctor->said.address.len == 0)
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `provisioned`", "a lease begins with the key");
    else if (json_kind(lease) == JSON_NULL && doctor->said.mode == USER_DATA_STRICT)
        doctor_say(line, DOCTOR_WARNING, "build the image with lease_seconds in its settings",
                   "there is none: a change of the key policy never reaches this enclave");
    else if (json_kind(lease) == JSON_NULL)
        doctor_say(line, DOCTOR_OK, NULL, "there is none, as in open mode unless settings say");
    else if (!json_u64(json_member(lease, BYTES_LIT("seconds_left")), &left))
        doctor_say(line, DOCTOR_NOT_HERE, "see `ensign status`", "the signer does not say how long its lease runs");
    else if (left >= doctor->lease_least_s)
        doctor_say(line, DOCTOR_OK, NULL, "it runs for another %llu s", (unsigned long long)left);
    else
        doctor_say(line, DOCTOR_WARNING,
                   "renew it by provisioning the same ciphertext again, and see why nobody did: systemctl status "
                   "ensign-provisioner",
                   "it ends in %llu s, and the key with it", (unsigned long long)left);
}
