/* Secrets: see secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

bool secret_equal(struct str a, struct str b)
{
    unsigned char difference = 0;

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        difference |= (unsigned char)(a.s[i] ^ b.s[i]);
    /* The compiler must not see that one bit suffices, or it may leave the loop at the first difference. */
    __asm__ volatile("" : "+r"(difference));
    return difference == 0;
}

void secret_wipe(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}

void random_octets(void *p, size_t n)
{
    static const char text[] = "gatepost: the system has no random numbers\n";
    char *at = p;

    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
                abort();
            _exit(EXIT_FAILURE);
        }
        at += got;
        n -= (size_t)got;
    }
}
