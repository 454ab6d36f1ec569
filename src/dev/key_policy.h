/* key_policy: the part of AWS's policy language that decides who may use a KMS key, read strictly and judged as IAM
 * does. Pure: a policy's text and the facts of one request go in, a decision with its reason comes out.
 *
 * Read: Version, Id, Statement (one or a list) with Sid, Effect, Principal ("*", {"AWS": …} with account numbers,
 * account roots, roles, users and role sessions, {"Service": …} that never asks here), Action and Resource with * and
 * ?, Condition with the operators and keys below. Everything else is refused in a sentence rather than passed over, for
 * a condition that is not judged is a door that is not locked: NotAction, NotPrincipal, NotResource, other operators,
 * other keys.
 *
 *   StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase
 *   kms:RecipientAttestation:PCR<0..31>   kms:RecipientAttestation:ImageSha384 (which is PCR0)
 *   kms:EncryptionContext:<name>          the names of keys are compared without case, as IAM does
 *   aws:PrincipalArn                      the role or user; of a role's session the role
 *   Bool kms:GrantIsForAWSResource        which the policies that AWS's console writes have; no request here has it
 *
 * A key that the request lacks fails StringEquals and Bool, and passes StringNotEquals.
 */
#ifndef DEV_KEY_POLICY_H
#define DEV_KEY_POLICY_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/kms/kms_api.h"
#include "core/nitro/nsm_api.h"

enum {
    POLICY_TEXT_MAX = 131072, /* as the service's API model has it */
    POLICY_STATEMENTS_MAX = 64,
    POLICY_CONDITIONS_MAX = 16, /* of one statement */
};
/* Enough of an arena for any policy of that many bytes: a string of one character in a list takes four of them, and up
 * to 72 of these. */
#define POLICY_ARENA(len) (4096 + 24 * (size_t)(len))

enum policy_kind {
    KEY_POLICY,      /* stands at the key: every statement has a Principal */
    IDENTITY_POLICY, /* stands at a role: no statement has one */
};

enum principal_kind { PRINCIPAL_ANYONE, PRINCIPAL_ACCOUNT, PRINCIPAL_ARN, PRINCIPAL_SERVICE };
struct policy_principal {
    enum principal_kind kind;
    struct bytes account; /* twelve digits; of ACCOUNT and ARN */
    struct bytes arn;     /* of ARN */
};

struct policy_condition {
    bool negated, ignore_case;
    struct bytes key; /* as written */
    bool never;       /* a key that no request here has */
    bool principal;   /* aws:PrincipalArn */
    int pcr;          /* 0..31, or -1: then it is the principal's or the encryption context's */
    struct bytes context_name;
    size_t value_count;
    const struct bytes *values;
};

struct policy_statement {
    struct bytes sid; /* may be empty */
    bool allows;
    size_t principal_count, action_count, resource_count, condition_count;
    const struct policy_principal *principals;
    const struct bytes *actions, *resources;
    struct policy_condition conditions[POLICY_CONDITIONS_MAX];
};

struct key_policy {
    size_t count;
    struct policy_statement statements[POLICY_STATEMENTS_MAX];
};

/* Everything lives in the arena. FAULT_INPUT, in a sentence that names the
 * statement. */
bool key_policy_read(struct bytes text, enum policy_kind kind, struct arena *arena, struct key_policy *policy,
                     struct fault *why) MUST_USE;

/* What one request is. */
struct policy_question {
    struct bytes action;               /* kms:Decrypt */
    struct bytes resource;             /* the key's ARN, or "*" where there is no key */
    struct bytes account;              /* the caller's: twelve digits, */
    struct bytes principal_arn;        /* role or user, */
    struct bytes session_arn;          /* and, of a role, arn:aws:sts::…:assumed-role/… */
    const struct kms_context *context; /* NULL: none */
    const struct bytes *pcrs_hex;      /* NSM_PCR_COUNT of them, lower case, empty where absent; NULL: no Recipient */
};

enum policy_answer {
    POLICY_SILENT,         /* nothing allows */
    POLICY_ALLOWS,         /* the caller is allowed by name, or as anyone */
    POLICY_ALLOWS_ACCOUNT, /* the caller's account is: an identity policy must allow too */
    POLICY_DENIES,
};

struct policy_decision {
    enum policy_answer answer;
    char statement[80]; /* the deciding statement: its Sid, or "statement 2"; of SILENT: the one that came nearest */
    char reason[200];   /* of SILENT: what kept that one from allowing; may be empty */
};

struct policy_decision key_policy_judge(const struct key_policy *policy, enum policy_kind kind,
                                        const struct policy_question *question);

/* One of the AWS principals of a statement; views into `text`. */
bool policy_principal_read(struct bytes text, struct policy_principal *principal) MUST_USE;

#endif
