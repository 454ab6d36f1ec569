#include "parent/credentials_source.h"

#include "check.h"

#include <string.h>

#define ID     "\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\","
#define SECRET "\"SecretAccessKey\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\","
#define TOKEN  "\"Token\":\"IQoJb3JpZ2luX2VjEXAMPLETOKEN==\","
#define UNTIL  "\"Expiration\":\"2999-01-01T00:00:00Z\""

static bool read_text(const char *text, struct aws_credentials *credentials, struct fault *why)
{
    *why = (struct fault){ .code = FAULT_NONE };
    return credentials_from_json(bytes_of_text(text), "test", credentials, why);
}

static void what_the_services_give_is_read(void)
{
    static const char *const rows[] = {
        "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\"," ID SECRET TOKEN UNTIL "}",
        "{" ID SECRET TOKEN UNTIL ",\"AccountId\":\"111122223333\"}",
        "{" ID "\"SecretAccessKey\":\"wJalrXUtnFEMI\\/K7MDENG+bPxRfiCYEXAMPLEKEY\"," TOKEN UNTIL "}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "" };
        struct fault why;
        CHECK_ROW(rows[i], read_text(rows[i], &credentials, &why));
        CHECK_ROW(rows[i], strcmp(credentials.access_key_id, "ASIAIOSFODNN7EXAMPLE") == 0);
        CHECK_ROW(rows[i], bytes_equal(secret_text_view(&credentials.secret_access_key),
                                       BYTES_LIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")));
        CHECK_ROW(rows[i], bytes_equal(secret_text_view(&credentials.session_token),
                                       BYTES_LIT("IQoJb3JpZ2luX2VjEXAMPLETOKEN==")));
    }
}

static void what_is_wrong_is_refused_without_being_repeated(void)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        { "", "no JSON object" },
        { "<html>", "no JSON object" },
        { "[]", "no JSON object" },
        { "{\"Code\":\"AssumeRoleUnauthorizedAccess\"," ID SECRET TOKEN UNTIL "}", "Code is not Success" },
        { "{" SECRET TOKEN UNTIL "}", "no AccessKeyId" },
        { "{" ID TOKEN UNTIL "}", "no SecretAccessKey" },
        { "{" ID SECRET UNTIL "}", "no Token" },
        { "{" ID SECRET "\"Token\":\"\"," UNTIL "}", "no Token" },
        { "{" ID SECRET "\"Token\":7," UNTIL "}", "no Token" },
        { "{" ID SECRET "\"Token\":\"wJalr\\r\\nX-Header: 1\"," UNTIL "}", "session token" },
        { "{" ID "\"SecretAccessKey\":\"wJalr\\nX\"," TOKEN UNTIL "}", "secret access key" },
        { "{\"AccessKeyId\":\"wJalr/../\"," SECRET TOKEN UNTIL "}", "access key id" },
        { "{" ID SECRET TOKEN "\"Expiration\":\"2001-01-01T00:00:00Z\"}", "expired" },
        { "{" ID ID SECRET TOKEN UNTIL "}", "no JSON object" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "" };
        struct fault why;
        CHECK_ROW(rows[i].said, !read_text(rows[i].text, &credentials, &why));
        CHECK_ROW(rows[i].said, strstr(why.text, rows[i].said) != NULL);
        CHECK_ROW(rows[i].said, strstr(why.text, "wJalr") == NULL);
    }
}

static void plain_http_goes_to_this_machine_only(void)
{
    static const struct {
        const char *host;
        bool ok;
    } rows[] = {
        { "127.0.0.1", true },
        { "127.9.9.9", true },
        { "localhost", true },
        { "::1", true },
        { "169.254.170.2", true },
        { "169.254.170.23", true },
        { "fd00:ec2::23", true },
        { "fd00:0ec2:0::0023", true },
        { "169.254.170.3", false },
        { "169.254.169.254", false },
        { "10.0.0.1", false },
        { "fd00:ec2::24", false },
        { "localhost.evil.example", false },
        { "127.0.0.1.evil.example", false },
        { "", false },
        { "128.0.0.1", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_ROW(rows[i].host, container_host_ok(false, rows[i].host) == rows[i].ok);
        CHECK_ROW(rows[i].host, container_host_ok(true, rows[i].host));
    }
}

int main(void)
{
    what_the_services_give_is_read();
    what_is_wrong_is_refused_without_being_repeated();
    plain_http_goes_to_this_machine_only();
    return failures != 0;
}
