/* Certificates that change while the daemon runs: noticed without asking again and again. */
#ifndef MAIN_TLS_WATCH_H
#define MAIN_TLS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "smtp/session.h"

struct tls_watch {
    int fd;      /* readable when something happens to the files; -1: there is nothing to watch */
    int64_t due; /* when it is time to look at them (monotonic, ms); DEADLINE_NONE: nothing has happened */
};

/* Reads what TLS needs ahead of sessions, and from then on watches the files that were read. What cannot be read is
 * logged; sessions will find out. */
void tls_watch_begin(struct tls_watch *watch, const struct smtp_settings *settings);
void tls_watch_end(struct tls_watch *watch);

/* The descriptor is readable. Certificates and keys come one after the other, so a moment is given to them. */
void tls_watch_notice(struct tls_watch *watch);

/* When it is time, looks whether files have changed and reads them again. True: whoever has what was read before
 * is to be replaced. */
bool tls_watch_reload(struct tls_watch *watch, const struct smtp_settings *settings);

#endif
