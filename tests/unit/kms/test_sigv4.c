/* Signatures of botocore's signer, dates of the calendar, the order and folding of headers, and what is never signed.
 */
#include "vectors.h"

#include "core/kms/sigv4.h"

static const struct {
    uint64_t utc_ms;
    const char *date;
} dates[] = {
    /* date -u -d @SECONDS +%Y%m%dT%H%M%SZ */
    { 0, "19700101T000000Z" },
    { 951782399999, "20000228T235959Z" },
    { 951782400000, "20000229T000000Z" },
    { 951868800000, "20000301T000000Z" },
    { 1709251199000, "20240229T235959Z" },
    { 1795359600123, "20261122T150000Z" },
    { 1798761599000, "20261231T235959Z" },
    { 4107542400000, "21000301T000000Z" },
    { 4107542399000, "21000228T235959Z" },
    { 253402300799000, "99991231T235959Z" },
    { 253402300800000, "99991231T235959Z" },
    { UINT64_MAX, "99991231T235959Z" },
};

static void dates_follow_the_calendar(void)
{
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        char date[SIGV4_DATE + 1];
        sigv4_date(dates[i].utc_ms, date);
        CHECK_ROW(dates[i].date, strcmp(date, dates[i].date) == 0);
    }
}

static void botocore_signs_the_same(void)
{
    static struct vector_file vectors;
    static uint8_t body[4096], wanted[1024], written[1024];
    for (vector_open(&vectors, "kms/sigv4.txt"); vector_next(&vectors, 8);) {
        const struct bytes *column = vectors.column;
        char target[64];
        snprintf(target, sizeof target, "TrentService.%.*s", (int)column[3].len, (const char *)column[3].data);
        const struct http_header headers[] = {
            { BYTES_LIT("X-Amz-Target"), bytes_of_text(target) },
            { BYTES_LIT("Host"), column[2] },
            { BYTES_LIT("X-Amz-Date"), column[0] },
            { BYTES_LIT("Content-Type"), BYTES_LIT("application/x-amz-json-1.1") },
            { BYTES_LIT("X-Amz-Security-Token"), column[5] },
        };
        const struct sigv4_request request = {
            .method = BYTES_LIT("POST"),
            .path = BYTES_LIT("/"),
            .headers = headers,
            .header_count = column[5].len > 0 ? 5 : 4,
            .body = vector_hex(column[6], body, sizeof body),
            .date = column[0],
            .region = column[1],
            .service = BYTES_LIT("kms"),
        };
        struct aws_credentials credentials = { .access_key_id = "AKIDEXAMPLE" };
        const size_t id_len = strlen(credentials.access_key_id) + 1;
        CHECK(secret_text_set(&credentials.secret_access_key,
                              (struct bytes){ column[4].data + id_len, column[4].len - id_len }));
        struct writer out = writer_of(written, sizeof written);
        struct bytes authorization = { 0 };
        CHECK_ROW(target, sigv4_put_authorization(&out, &request, &credentials) && writer_done(&out, &authorization));
        CHECK_ROW(target, bytes_equal(authorization, vector_hex(column[7], wanted, sizeof wanted)));
    }
}

static struct sigv4_request plain(const struct http_header *headers, size_t count)
{
    return (struct sigv4_request){
        .method = BYTES_LIT("GET"),
        .path = BYTES_LIT("/"),
        .headers = headers,
        .header_count = count,
        .date = BYTES_LIT("20150830T123600Z"),
        .region = BYTES_LIT("us-east-1"),
        .service = BYTES_LIT("service"),
    };
}

/* SHA-256 of nothing, FIPS 180-4. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void headers_are_sorted_lowered_trimmed_and_joined(void)
{
    const struct http_header headers[] = {
        { BYTES_LIT("X-B"), BYTES_LIT("  two   spaces\t in ") },
        { BYTES_LIT("x-a"), BYTES_LIT("second") },
        { BYTES_LIT("X-A"), BYTES_LIT("first") },
        { BYTES_LIT("x-a-b"), BYTES_LIT("") },
        { BYTES_LIT("Host"), BYTES_LIT("h") },
    };
    static const char want[] = "GET\n/\n\nhost:h\nx-a:second,first\nx-a-b:\nx-b:two spaces in\n\n"
                               "host;x-a;x-a-b;x-b\n" EMPTY;
    const struct sigv4_request request = plain(headers, 5);
    uint8_t buffer[512];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes canonical = { 0 };
    sigv4_put_canonical_request(&out, &request);
    CHECK(writer_done(&out, &canonical) && bytes_equal(canonical, bytes_of_text(want)));
}

static const struct {
    const char *why;
    struct bytes name, value, date, region, path;
} refused[] = {
    { "a line feed in a value", BYTES_INIT("x"), BYTES_INIT("a\nb"), BYTES_INIT("20150830T123600Z"), BYTES_INIT("r"),
      BYTES_INIT("/") },
    { "a carriage return in a value", BYTES_INIT("x"), BYTES_INIT("a\r"), BYTES_INIT("20150830T123600Z"),
      BYTES_INIT("r"), BYTES_INIT("/") },
    { "a NUL in a value", BYTES_INIT("x"), BYTES_INIT("a\0b"), BYTES_INIT("20150830T123600Z"), BYTES_INIT("r"),
      BYTES_INIT("/") },
    { "an empty name", BYTES_INIT(""), BYTES_INIT("a"), BYTES_INIT("20150830T123600Z"), BYTES_INIT("r"),
      BYTES_INIT("/") },
    { "a space in a name", BYTES_INIT("x y"), BYTES_INIT("a"), BYTES_INIT("20150830T123600Z"), BYTES_INIT("r"),
      BYTES_INIT("/") },
    { "a line feed in the path", BYTES_INIT("x"), BYTES_INIT("a"), BYTES_INIT("20150830T123600Z"), BYTES_INIT("r"),
      BYTES_INIT("/\n") },
    { "a slash in the region", BYTES_INIT("x"), BYTES_INIT("a"), BYTES_INIT("20150830T123600Z"), BYTES_INIT("r/s"),
      BYTES_INIT("/") },
    { "no region", BYTES_INIT("x"), BYTES_INIT("a"), BYTES_INIT("20150830T123600Z"), BYTES_INIT(""), BYTES_INIT("/") },
    { "a region of 42", BYTES_INIT("x"), BYTES_INIT("a"), BYTES_INIT("20150830T123600Z"),
      BYTES_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), BYTES_INIT("/") },
    { "a date without its Z", BYTES_INIT("x"), BYTES_INIT("a"), BYTES_INIT("20150830T123600"), BYTES_INIT("r"),
      BYTES_INIT("/") },
    { "a date with a letter", BYTES_INIT("x"), BYTES_INIT("a"), BYTES_INIT("2015083xT123600Z"), BYTES_INIT("r"),
      BYTES_INIT("/") },
};

static void what_could_end_a_line_is_never_signed(void)
{
    static const struct secret_text secret = { .bytes = "secret", .len = 6 };
    char signature[65];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct http_header header = { refused[i].name, refused[i].value };
        struct sigv4_request request = plain(&header, 1);
        const struct http_header good = { BYTES_LIT("x"), BYTES_LIT("a") };
        const struct sigv4_request control = plain(&good, 1);
        request.date = refused[i].date;
        request.region = refused[i].region;
        request.path = refused[i].path;
        CHECK_ROW(refused[i].why, !sigv4_sign(&request, &secret, signature));
        CHECK(sigv4_sign(&control, &secret, signature));
    }
}

static void a_secret_or_a_list_that_does_not_fit_is_refused(void)
{
    static struct secret_text secret = { .len = SECRET_TEXT_MAX - 3 };
    static struct http_header headers[HTTP_HEADERS_MAX + 1];
    char signature[65];
    for (size_t i = 0; i < HTTP_HEADERS_MAX + 1; i++)
        headers[i] = (struct http_header){ BYTES_LIT("x"), BYTES_LIT("a") };
    struct sigv4_request request = plain(headers, HTTP_HEADERS_MAX);
    CHECK(!sigv4_sign(&request, &secret, signature));
    secret.len--;
    CHECK(sigv4_sign(&request, &secret, signature) && strlen(signature) == 64);
    request.header_count = 0;
    CHECK(!sigv4_sign(&request, &secret, signature));
    request.header_count = HTTP_HEADERS_MAX + 1;
    CHECK(!sigv4_sign(&request, &secret, signature));
}

int main(void)
{
    dates_follow_the_calendar();
    botocore_signs_the_same();
    headers_are_sorted_lowered_trimmed_and_joined();
    what_could_end_a_line_is_never_signed();
    a_secret_or_a_list_that_does_not_fit_is_refused();
    return failures != 0;
}
