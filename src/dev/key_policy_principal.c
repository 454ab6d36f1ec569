#include "core/base/text.h"
#include "dev/key_policy.h"

static bool all_digits(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return true;
}

/* What stands before the next colon. */
static struct bytes field_take(struct bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ':')
        len++;
    const struct bytes field = { rest->data, len };
    const size_t skip = len < rest->len ? len + 1 : len;
    *rest = (struct bytes){ rest->data + skip, rest->len - skip };
    return field;
}

/* arn:<partition>:iam::<account>:root|role/…|user/… and arn:<partition>:sts::<account>:assumed-role/<role>/<session> */
static bool principal_arn_read(struct bytes text, struct policy_principal *principal)
{
    struct bytes rest = text;
    const struct bytes arn = field_take(&rest), partition = field_take(&rest), service = field_take(&rest);
    const struct bytes region = field_take(&rest), account = field_take(&rest);
    if (!bytes_equal(arn, BYTES_LIT("arn")) || !text_starts_with(partition, BYTES_LIT("aws")) || region.len != 0 ||
        account.len != 12 || !all_digits(account))
        return false;
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.data[i] == '*' || rest.data[i] == '?' || rest.data[i] == ':')
            return false;
    }
    const bool iam = bytes_equal(service, BYTES_LIT("iam")), sts = bytes_equal(service, BYTES_LIT("sts"));
    principal->account = account;
    principal->arn = text;
    principal->kind = PRINCIPAL_ARN;
    if (iam && bytes_equal(rest, BYTES_LIT("root")))
        principal->kind = PRINCIPAL_ACCOUNT;
    return (iam &&
            (principal->kind == PRINCIPAL_ACCOUNT || (rest.len > 5 && (text_starts_with(rest, BYTES_LIT("role/")) ||
                                                                       text_starts_with(rest, BYTES_LIT("user/")))))) ||
           (sts && rest.len > 13 && text_starts_with(rest, BYTES_LIT("assumed-role/")));
}

bool policy_principal_read(struct bytes text, struct policy_principal *principal)
{
    *principal = (struct policy_principal){ .kind = PRINCIPAL_ANYONE };
    if (bytes_equal(text, BYTES_LIT("*")))
        return true;
    if (text.len == 12 && all_digits(text)) {
        *principal = (struct policy_principal){ .kind = PRINCIPAL_ACCOUNT, .account = text };
        return true;
    }
    return principal_arn_read(text, principal);
}
