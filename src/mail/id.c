/* Message ids: see id.h. */
#include "mail/id.h"

#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void add_base62(struct buffer *b, uint64_t n, int digits)
{
    char text[16];

    for (int i = digits; i-- > 0; n /= 62)
        text[i] = alphabet[n % 62];
    buffer_add_n(b, text, (size_t)digits);
}

/* Microseconds; where machines have numbers, the fraction has fewer steps, so that there is room for them. */
static uint64_t fraction(const struct timeval *now, int host_number)
{
    enum { HOSTS = 17 }; /* numbers are 0 to 16 (manual, 14: localhost_number) */

    return host_number < 0 ? (uint64_t)now->tv_usec
                           : (uint64_t)host_number * (62u * 62 * 62 * 62 / HOSTS) + (uint64_t)now->tv_usec / 2;
}

/* A process that makes two ids must not make them within one step of the fraction. */
static void wait_for_next(const struct timeval *then)
{
    struct timeval now;

    do
        gettimeofday(&now, NULL);
    while (now.tv_sec == then->tv_sec && now.tv_usec / 2 == then->tv_usec / 2);
}

struct str mail_id_new(struct arena *arena, int host_number)
{
    struct buffer b = BUFFER_IN(arena);
    struct timeval now;

    gettimeofday(&now, NULL);
    add_base62(&b, (uint64_t)now.tv_sec, 6);
    buffer_add_char(&b, '-');
    add_base62(&b, (uint64_t)getpid(), 11);
    buffer_add_char(&b, '-');
    add_base62(&b, fraction(&now, host_number), 4);
    wait_for_next(&now);
    return buffer_str(&b);
}

static bool has_form(struct str text, size_t second)
{
    for (size_t i = 0; i < text.n; i++) {
        bool hyphen = i == 6 || i == second;

        if (hyphen ? text.s[i] != '-' : !ascii_is_alnum(text.s[i]))
            return false;
    }
    return true;
}

bool mail_id_is_valid(struct str text)
{
    return text.n == MAIL_ID_LENGTH && has_form(text, 18);
}

bool mail_id_is_any(struct str text)
{
    enum { OLD_LENGTH = 6 + 1 + 6 + 1 + 2 };

    return mail_id_is_valid(text) || (text.n == OLD_LENGTH && has_form(text, 13));
}

int64_t mail_id_time(struct str id)
{
    int64_t seconds = 0;

    for (size_t i = 0; i < 6 && i < id.n; i++) {
        const char *digit = strchr(alphabet, id.s[i]);

        seconds = seconds * 62 + (digit ? digit - alphabet : 0);
    }
    return seconds;
}
