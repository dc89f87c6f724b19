/* Sessions with the SMTP reader inside a unit test: a configuration as text, what the peer sends, what it
 * is answered, and what the logs say. */
#ifndef UNIT_SMTP_TALKING_H
#define UNIT_SMTP_TALKING_H

#include "smtp/session.h"
#include "temp_files.h"
#include "testing.h"

struct smtp_bench {
    struct temp_files *files;
    struct smtp_peer peer;  /* as smtp_bench_setup() makes it: a remote host on the network */
    enum smtp_end end;      /* of the latest session */
    const char *log;        /* its main log, without time stamps */
    const char *reject_log;
};

int smtp_bench_setup(void **state);
int smtp_bench_teardown(void **state);

#define smtp_test(f) cmocka_unit_test_setup_teardown(f, smtp_bench_setup, smtp_bench_teardown)

/* Holds a session on the configuration (main options, then sections; the banner is "220 ready") in which
 * the peer sends all of input at once and then ends its input. Returns the replies, with LF for CR LF. */
const char *smtp_talk(struct smtp_bench *bench, const char *config, const char *input);

/* The same for input that holds NULs. */
const char *smtp_talk_octets(struct smtp_bench *bench, const char *config, const char *input, size_t n);

#endif
