/* The client side of SMTP: whatever a server answers, from the banner to the end of the data, the client ends, sends
 * nothing but lines, and reports a delivery only where the server said that it took the message. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auths/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "mail/header.h"
#include "match/list.h"
#include "transports/smtp_transaction.h"

#include "fuzz.h"

static const char configuration[] = "primary_hostname = me.test\n"
                                    "begin transports\n"
                                    "t:\n driver = smtp\n hosts_try_auth = *\n"
                                    "l:\n driver = smtp\n protocol = lmtp\n lmtp_ignore_quota\n"
                                    "begin authenticators\n"
                                    "cram:\n driver = cram_md5\n public_name = CRAM-MD5\n client_name = name\n"
                                    " client_secret = hidden\n"
                                    "plain:\n driver = plaintext\n public_name = PLAIN\n client_send = ^u^hidden\n"
                                    "login:\n driver = plaintext\n public_name = LOGIN\n client_send = : u : hidden\n"
                                    " client_set_id = $auth1$auth2\n client_ignore_invalid_base64\n";

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int file_with(const void *octets, size_t n)
{
    int fd = memfd_create("smtp", MFD_CLOEXEC);

    require(fd >= 0 && write(fd, octets, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static const struct config *config(void)
{
    static const struct driver_class *const classes[] = {&auth_class, &transport_class, NULL};
    static struct config *made;
    static struct arena *arena; /* until the process ends */
    char name[] = "/tmp/fuzz_smtp_client.XXXXXX";
    const char *files[] = {name, NULL};

    if (made)
        return made;
    arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    int fd = mkstemp(name);

    require(fd >= 0 && write(fd, configuration, sizeof configuration - 1) == sizeof configuration - 1);
    made = config_read(&(struct config_request){.files = files, .classes = classes, .trusted = true}, &err);
    close(fd);
    unlink(name);
    require(made != NULL);
    log_configure(&(struct log_settings){.selectors = made->log_selectors});
    return made;
}

static void talk(struct remote *r, struct transaction *t)
{
    struct smtp_client *c = &r->client;
    bool reusable;

    if (!client_expect(c, &(struct client_expect){.what = STR("initial connection"), .digit = '2'}) ||
        !client_command(c, r->lmtp ? STR("LHLO me.test") : STR("EHLO me.test"), '2'))
        return;
    smtp_offer_parse(c->reply.text, &c->offer);
    if (remote_authenticate(r))
        transaction_run(t, &reusable);
}

/* Lines of printable text in front of the data; what is behind is the message, which is ours. */
static void check_output(int fd)
{
    static char sent[1 << 16];
    ssize_t n = pread(fd, sent, sizeof sent, 0);

    for (const char *p = sent; p < sent + n;) {
        const char *lf = memchr(p, '\n', (size_t)(sent + n - p));

        require(lf && lf > p && lf[-1] == '\r' && lf - p < 600);
        for (; p < lf - 1; p++)
            require(*p >= ' ' && *p < 127);
        p = lf + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};
    static const struct scope_process process = {.primary_hostname = STR("me.test")};
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct scope_address address = {.host_port = 0};
    struct scope scope = {
        .arena = arena, .services = &services, .lists = config()->lists, .process = &process, .address = &address};
    struct mail_message message = {.arena = arena, .sender = STR("s@y.test"), .body_fd = file_with("hello\n.\n", 8),
                                   .body_size = 8, .last_header = &message.headers};
    struct mail_recipient *recipients[] = {mail_recipient_new(arena, STR("a@x.test")),
                                           mail_recipient_new(arena, STR("b@x.test"))};
    struct mail_host host = {.name = STR("h.test"), .address = STR("192.0.2.1"), .mx = MAIL_NO_MX};
    bool lmtp = size > 0 && data[0] == 'L';
    struct delivery delivery = {.config = config(), .message = &message, .recipients = recipients[0], .scope = &scope,
                                .arena = arena};
    int in = file_with(data, size), out = file_with("", 0);

    recipients[0]->next = recipients[1];
    mail_headers_append(&message, STR("Subject: x\n"));
    delivery.transport = transport_find(config_drivers(config(), "transports"), lmtp ? STR("l") : STR("t"));
    struct remote r = {.config = config(), .transport = delivery.transport,
                       .options = delivery.transport->instance.config, .scope = &scope, .host = &host, .lmtp = lmtp,
                       .arena = arena, .results = arena};
    struct transaction t = {.r = &r, .delivery = &delivery, .recipients = recipients, .n = 2};

    client_begin(&r.client, arena, in, out, 5);
    talk(&r, &t);
    stream_flush(&r.client.stream, deadline_in(1));
    check_output(out);
    client_end(&r.client); /* closes both files */
    close(message.body_fd);
    for (size_t i = 0; i < 2; i++)
        require(recipients[i]->result != MAIL_OK || memchr(data, '2', size));
    arena_free(arena);
    return 0;
}
