/* The SMTP reader: whatever a peer sends, the session ends, every reply is a reply (RFC 5321 section 4.2), and
 * nobody is authenticated or taken a message from who did not give the right password. The configuration has
 * an authenticator, ACLs for every command and everything that EHLO can announce; nothing outside is
 * touched. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auths/auth.h"
#include "base/arena.h"
#include "base/ascii.h"
#include "base/log.h"
#include "smtp/session.h"

#include "fuzz.h"

/* RFC 4616 with the name "u" and the password "p": the inputs may find it out. */
static const char configuration[] =
    "primary_hostname = mail.test\n"
    "tls_advertise_hosts =\n" /* what is encrypted is nothing to read */
    "dsn_advertise_hosts = *\n"
    "allow_domain_literals\n"
    "smtp_enforce_sync = no\n"
    "log_selector = +all\n"
    "acl_smtp_auth = every\nacl_smtp_etrn = every\nacl_smtp_expn = every\nacl_smtp_helo = helo\n"
    "acl_smtp_mail = every\nacl_smtp_mailauth = every\nacl_smtp_predata = every\nacl_smtp_quit = every\n"
    "acl_smtp_notquit = every\nacl_smtp_vrfy = every\nacl_smtp_data = data\nacl_smtp_rcpt = rcpt\n"
    "begin acl\n"
    "every:\n"
    "  warn set acl_c_last = $smtp_command\n"
    "  accept message = ${if eq{$sender_helo_name}{odd}{250 ok $smtp_command_argument\\nmore}}\n"
    "helo:\n"
    "  accept message = ${if eq{$sender_helo_name}{odd}{250 hello $smtp_command_argument}}\n"
    "rcpt:\n"
    "  accept authenticated = *\n"
    "  discard local_parts = void\n"
    "  deny message = $local_part at $domain is not for $sender_address\n"
    "data:\n"
    "  accept condition = ${if def:h_subject:}\n"
    "begin authenticators\n"
    "plain:\n"
    "  driver = plaintext\n"
    "  server_prompts = :\n"
    "  server_condition = ${if and{{eq{$auth2}{u}}{eq{$auth3}{p}}}}\n"
    "  server_set_id = $auth2\n"
    "login:\n"
    "  driver = plaintext\n"
    "  server_prompts = User : Password\n"
    "  server_condition = ${if and{{eq{$auth1}{u}}{eq{$auth2}{p}}}}\n"
    "  server_set_id = $auth1\n";

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

static const struct smtp_settings *settings(void)
{
    static const struct driver_class *const classes[] = {&auth_class, NULL};
    static const struct scope_process process = {
        .primary_hostname = STR("mail.test"),
        .qualify_domain = STR("mail.test"),
        .qualify_recipient = STR("mail.test"),
    };
    static struct smtp_settings *made;
    static struct arena *arena; /* until the process ends */
    const char *none[] = {NULL};
    char name[] = "/tmp/fuzz_smtp.XXXXXX";
    const char *files[] = {name, NULL};

    if (made)
        return made;
    arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct acl_set *acls;
    int fd = mkstemp(name);

    require(fd >= 0 && write(fd, configuration, sizeof configuration - 1) == sizeof configuration - 1);
    struct config *config = config_read(
        &(struct config_request){.files = files, .defines = none, .classes = classes, .trusted = true}, &err);
    close(fd);
    unlink(name);
    require(config && acl_compile(arena, config->acls, config->acl_count, &acls, &err));
    log_configure(&(struct log_settings){.selectors = config->log_selectors});
    made = smtp_settings_new(arena, config, acls, &process);
    return made;
}

/* "ddd", a space or a hyphen, text without CR or LF, CR LF. */
static void check_replies(const char *p, const char *end)
{
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));

        require(lf && lf - p >= 5 && lf[-1] == '\r' && !memchr(p, '\r', (size_t)(lf - 1 - p)));
        require(p[0] >= '2' && p[0] <= '5' && ascii_is_digit(p[1]) && ascii_is_digit(p[2]));
        require(p[3] == ' ' || p[3] == '-');
        p = lf + 1;
    }
}

/* What the right answer to PLAIN or LOGIN contains: "u" and "p", in one string or in two. */
static bool knows_password(const uint8_t *data, size_t size)
{
    return memmem(data, size, "AHUAc", 5) || memmem(data, size, "B1AH", 4) || memmem(data, size, "dQ", 2) ||
           memmem(data, size, "dQBw", 4) || memmem(data, size, "cA", 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LARGEST = 1 << 16 };
    static char replies[16 * LARGEST];
    struct smtp_peer peer = {
        .mode = SMTP_NETWORK,
        .host_address = STR("192.0.2.1"),
        .host_port = 4321,
    };
    ssize_t n;

    if (size == 0 || size > LARGEST)
        return 0;
    peer.in_fd = file_with(data, size);
    peer.out_fd = file_with("", 0);
    smtp_session_run(settings(), &peer);
    require(lseek(peer.out_fd, 0, SEEK_SET) == 0);
    n = read(peer.out_fd, replies, sizeof replies);
    close(peer.in_fd);
    close(peer.out_fd);
    require(n > 0 || settings()->config->main.smtp_enforce_sync);
    check_replies(replies, replies + n);
    if (!knows_password(data, size))
        require(!memmem(replies, (size_t)n, "\r\n235 ", 6));
    return 0;
}
