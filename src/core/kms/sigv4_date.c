#include "core/kms/sigv4.h"

#include "core/base/fault.h"

void sigv4_date(uint64_t utc_ms, char date[static SIGV4_DATE + 1])
{
    static const uint64_t last_second = 253402300799; /* date -u -d 9999-12-31T23:59:59Z +%s */
    const uint64_t seconds = utc_ms / 1000 < last_second ? utc_ms / 1000 : last_second;
    const uint64_t second_of_day = seconds % 86400;
    /* The proleptic Gregorian calendar, counted from 0000-03-01 so that a leap day ends its year. */
    const uint64_t days = seconds / 86400 + 719468;
    const uint64_t era = days / 146097, day_of_era = days % 146097;
    const uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    const uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    const uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    const uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

    const struct {
        uint64_t value;
        size_t digits;
        char after;
    } parts[] = { { year, 4, 0 },
                  { month, 2, 0 },
                  { day, 2, 'T' },
                  { second_of_day / 3600, 2, 0 },
                  { second_of_day / 60 % 60, 2, 0 },
                  { second_of_day % 60, 2, 'Z' } };
    size_t at = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint64_t value = parts[i].value;
        for (size_t j = parts[i].digits; j > 0; j--, value /= 10)
            date[at + j - 1] = (char)('0' + value % 10);
        at += parts[i].digits;
        if (parts[i].after != 0)
            date[at++] = parts[i].after;
    }
    must(at == SIGV4_DATE);
    date[at] = '\0';
}
