#include "parent/vsock_allowlist.h"

#include "check.h"

#include <string.h>

static struct vsock_allowlist list;

static bool reads(const char *yaml, struct fault *why)
{
    return vsock_allowlist_read(bytes_of_text(yaml), &list, why);
}

/* The form in which aws-nitro-enclaves-cli ships it, and what YAML also allows for the same. */
static void lists_as_they_are_shipped_are_read(void)
{
    struct fault why;
    CHECK(reads("# services\n\nallowlist:\n- {address: kms.us-east-1.amazonaws.com, port: 443}\n"
                "- {address: kms-fips.us-east-1.amazonaws.com, port: 443}\n",
                &why));
    CHECK(list.count == 2);
    CHECK(vsock_allowlist_has(&list, "kms.us-east-1.amazonaws.com", 443));
    CHECK(vsock_allowlist_has(&list, "KMS-fips.us-east-1.amazonaws.com.", 443));
    CHECK(!vsock_allowlist_has(&list, "kms.us-east-1.amazonaws.com", 80));
    CHECK(!vsock_allowlist_has(&list, "kms.us-east-2.amazonaws.com", 443));
    CHECK(!vsock_allowlist_has(&list, "kms.us-east-1.amazonaws.com.attacker.example", 443));
    CHECK(reads("---\nallowlist:\n  - address: \"10.0.0.1\"\n    port: 8080\n  - port: 1\n    address: '::1'\n...\n",
                &why));
    CHECK(list.count == 2 && vsock_allowlist_has(&list, "10.0.0.1", 8080));
    CHECK(vsock_allowlist_has(&list, "0:0::1", 1));
    CHECK(!vsock_allowlist_has(&list, "0.0.0.1", 1));
    CHECK(reads("allowlist: []\n", &why) && list.count == 0);
}

static void what_is_wrong_in_one_way_is_refused_with_its_line(void)
{
    static const struct {
        const char *yaml, *fragment;
    } rows[] = {
        { "", "empty" },
        { "allowlist:\n", "line 1" },
        { "blocklist:\n- {address: a, port: 1}\n", "line 1: the file is one mapping" },
        { "- {address: a, port: 1}\n", "a list has no place" },
        { "allowlist:\n- {address: a, port: 1}\nmore: 1\n", "line 3" },
        { "allowlist:\n- {address: a}\n", "line 2: a service has" },
        { "allowlist:\n- {port: 1}\n", "a service has" },
        { "allowlist:\n- {address: a, port: 1, note: b}\n", "a service has" },
        { "allowlist:\n- {address: a, address: b, port: 1}\n", "each once" },
        { "allowlist:\n- {address: a, port: 0}\n", "1 to 65535" },
        { "allowlist:\n- {address: a, port: 65536}\n", "1 to 65535" },
        { "allowlist:\n- {address: a, port: 443x}\n", "1 to 65535" },
        { "allowlist:\n- {address: a, port: }\n", "1 to 65535" },
        { "allowlist:\n- {address: , port: 1}\n", "an address is" },
        { "allowlist:\n- {address: \"a\\0b\", port: 1}\n", "an address is" },
        { "allowlist:\n- {address: [a], port: 1}\n", "a list has no place" },
        { "allowlist:\n- {address: {b: c}, port: 1}\n", "a mapping has no place" },
        { "allowlist:\n- &x {address: a, port: 1}\n", "anchors" },
        { "allowlist:\n- {address: &x a, port: 1}\n", "anchors" },
        { "allowlist:\n- *x\n", "aliases" },
        { "allowlist:\n- a\n", "line 2" },
        { "allowlist:\n- {address: a, port: 1}\n---\nallowlist: []\n", "second document" },
        { "allowlist:\n- {address: a, port: 1\n", "no YAML" },
        { "allowlist:\n\t- {address: a, port: 1}\n", "no YAML" },
        { "allowlist: &x []\n", "anchors" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault why = { 0 };
        list.count = 77;
        CHECK_ROW(rows[i].yaml, !reads(rows[i].yaml, &why));
        CHECK_ROW(rows[i].yaml, why.code == FAULT_INPUT && strstr(why.text, rows[i].fragment) != NULL);
        CHECK_ROW(rows[i].yaml, list.count == 77);
        if (strstr(why.text, rows[i].fragment) == NULL)
            (void)fprintf(stderr, "%s\n", why.text);
    }
}

static void maxima_are_kept(void)
{
    static char yaml[ALLOWLIST_FILE_MAX];
    struct fault why;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t len = (size_t)sprintf(yaml, "allowlist:\n");
        for (size_t i = 0; i < ALLOWLIST_SERVICES_MAX + extra; i++)
            len += (size_t)sprintf(yaml + len, "- {address: a%zu, port: 1}\n", i);
        CHECK(reads(yaml, &why) == (extra == 0));
    }
    for (int len = 253; len <= 254; len++) {
        (void)sprintf(yaml, "allowlist:\n- {address: %0*d, port: 1}\n", len, 0);
        CHECK(reads(yaml, &why) == (len == 253));
    }
}

static void without_a_list_kms_is_known_by_its_name(void)
{
    CHECK(vsock_allowlist_is_kms("kms.us-east-2.amazonaws.com", 443));
    CHECK(vsock_allowlist_is_kms("KMS-FIPS.us-gov-west-1.amazonaws.com.", 443));
    CHECK(vsock_allowlist_is_kms("kms.cn-north-1.amazonaws.com.cn", 443));
    CHECK(!vsock_allowlist_is_kms("kms.us-east-2.amazonaws.com", 80));
    CHECK(!vsock_allowlist_is_kms("kms..amazonaws.com", 443));
    CHECK(!vsock_allowlist_is_kms("kms.a.b.amazonaws.com", 443));
    CHECK(!vsock_allowlist_is_kms("s3.us-east-2.amazonaws.com", 443));
    CHECK(!vsock_allowlist_is_kms("kms.us-east-2.amazonaws.com.example", 443));
    CHECK(!vsock_allowlist_is_kms("kms.us-east-2xamazonaws.com", 443));
    CHECK(!vsock_allowlist_is_kms("", 443));
}

int main(void)
{
    lists_as_they_are_shipped_are_read();
    what_is_wrong_in_one_way_is_refused_with_its_line();
    maxima_are_kept();
    without_a_list_kms_is_known_by_its_name();
    return failures != 0;
}
