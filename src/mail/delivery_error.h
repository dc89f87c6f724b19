/* Numbers of delivery errors that are no errno: log lines show them ("defer (-44)"), retry rules match them by
 * name (manual, 32.3), $event_defer_errno has them. They are Exim's. */
#ifndef MAIL_DELIVERY_ERROR_H
#define MAIL_DELIVERY_ERROR_H

#include <stdbool.h>

enum delivery_error {
    DELIVERY_UNKNOWN = -1,
    DELIVERY_BAD_REDIRECT = -17,      /* what an address is redirected to cannot be read */
    DELIVERY_CONNECTION_LOST = -18,   /* lost_connection: the remote host closed it */
    DELIVERY_MALFORMED_REPLY = -19,
    DELIVERY_NOT_REGULAR = -4,        /* a mailbox is not a file */
    DELIVERY_NOT_DIRECTORY = -5,      /* ... or not a directory */
    DELIVERY_BAD_OWNER = -6,
    DELIVERY_BAD_MODE = -7,
    DELIVERY_CHANGED = -8,            /* while it was being opened */
    DELIVERY_SYMLINK = -20,
    DELIVERY_QUOTA = -22,             /* quota */
    DELIVERY_FORBIDDEN = -24,         /* a router may not generate deliveries to files, pipes or such */
    DELIVERY_EXPANSION = -27,         /* an option could not be expanded */
    DELIVERY_NO_TRANSPORT = -30,      /* a router names none that there is */
    DELIVERY_HOST_LOOKUP = -32,       /* lookup: a host has no address, or that could not be found out */
    DELIVERY_TLS_FAILED = -37,
    DELIVERY_TLS_REQUIRED = -38,      /* tls_required */
    DELIVERY_AUTH_FAILED = -42,       /* auth_failed */
    DELIVERY_RCPT_4XX = -44,          /* rcpt_4xx */
    DELIVERY_MAIL_4XX = -45,          /* mail_4xx */
    DELIVERY_DATA_4XX = -46,          /* data_4xx */
    DELIVERY_AUTH_PROBLEM = -48,      /* an authenticator could not be run */
    DELIVERY_UTF8_FORWARD = -49,      /* the host does not take UTF-8 in addresses */
    DELIVERY_HOST_IS_LOCAL = -50,
    DELIVERY_ROUTE_RETRY = -52,       /* the retry time of ... has not come */
    DELIVERY_LOCAL_RETRY = -53,
    DELIVERY_HOST_RETRY = -54,
    DELIVERY_LOCAL_ONLY = -55,        /* only local deliveries are wanted now */
    DELIVERY_HELD = -56,              /* hold_domains, queue_domains */
    DELIVERY_CONCURRENCY = -57,       /* max_parallel */
    DELIVERY_EVENT = -58,             /* an event action asked for something else */
};

/* What goes with an error (more_error of a recipient). */
enum {
    DELIVERY_MORE_MX = 'M',      /* the host came from an MX record */
    DELIVERY_MORE_ADDRESS = 'A', /* it did not */
    DELIVERY_MORE_CONNECT = 256, /* with ETIMEDOUT: it was connecting that took too long (timeout_connect) */
};

/* Whether what has the error was not tried, because its time has not come. */
static inline bool delivery_was_waiting(int error)
{
    return error <= DELIVERY_ROUTE_RETRY && error >= DELIVERY_CONCURRENCY;
}

/* more_error of errors of hosts and time-outs: how the host was found. */
static inline int delivery_more_host(bool mx)
{
    return mx ? DELIVERY_MORE_MX : DELIVERY_MORE_ADDRESS;
}

/* more_error of the 4xx errors: the response's last two digits, and how the host was found. */
static inline int delivery_more_4xx(int code, bool mx)
{
    return ((code % 100) << 8) + delivery_more_host(mx);
}

#endif
