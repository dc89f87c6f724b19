/* The appendfile transport (manual, chapter 26): messages appended to files, or put into files of their own. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"
#include "transports/mailbox.h"

bool mailbox_fail(struct mailbox *m, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(m->err, format, args);
    va_end(args);
    m->error = error;
    return false;
}

/* --- Where to */

static bool is_multi_file(const struct mailbox *m, const struct mail_recipient *r)
{
    if (m->config->directory || m->config->maildir_format)
        return true;
    return !m->config->file && r->target == TARGET_FILE && str_ends(r->address, "/");
}

/* create_file (manual, 26.2): whether the path lies where files may be made. */
static bool is_allowed_place(struct mailbox *m)
{
    struct str where = m->config->create_file, base = m->home;
    bool below = true;

    if (str_is(where, "anywhere"))
        return true;
    if (str_is(where, "inhome"))
        below = false;
    else if (!str_is(where, "belowhome"))
        base = where;
    if (str_is_empty(base))
        return false;
    if (!str_starts(m->path, base.s) || (m->path.n > base.n && m->path.s[base.n] != '/'))
        return false;
    return !below || !strstr(m->path.s, "/../");
}

static bool expand_path(struct mailbox *m, const struct template *t, struct str *path)
{
    struct error why = ERROR_IN(m->delivery->arena);

    if (expand(m->delivery->scope, t, m->delivery->arena, path, &why) == EXPAND_OK)
        return true;
    return mailbox_fail(m, DELIVERY_UNKNOWN, "Expansion of \"%.*s\" (file or directory name for %.*s transport) failed: %.*s",
                        STR_ARG(template_source(t)), STR_ARG(m->delivery->transport->instance.name), STR_ARG(why.text));
}

static bool find_path(struct mailbox *m)
{
    const struct mail_recipient *r = m->delivery->recipients;
    const struct template *t = m->config->directory ? m->config->directory : m->config->file;
    const char *what;

    if (t) {
        if (!expand_path(m, t, &m->path))
            return false;
    } else if (r->target == TARGET_FILE) {
        m->path = r->address;
    } else {
        return mailbox_fail(m, DELIVERY_UNKNOWN, "Mandatory file or directory option missing from %.*s transport",
                            STR_ARG(m->delivery->transport->instance.name));
    }
    m->is_directory = is_multi_file(m, r);
    what = m->is_directory ? "directory" : "file";
    while (m->is_directory && m->path.n > 1 && m->path.s[m->path.n - 1] == '/')
        m->path = str_sub(m->delivery->arena, m->path, 0, m->path.n - 1);
    if (m->path.tainted && r->target != TARGET_FILE && !is_allowed_place(m))
        return mailbox_fail(m, DELIVERY_UNKNOWN, "Tainted '%.*s' (file or directory name for %.*s transport) not permitted",
                            STR_ARG(m->path), STR_ARG(m->delivery->transport->instance.name));
    if (m->path.tainted && r->target != TARGET_FILE && str_is(m->config->create_file, "anywhere"))
        return mailbox_fail(m, DELIVERY_UNKNOWN, "Tainted '%.*s' (file or directory name for %.*s transport) not permitted",
                            STR_ARG(m->path), STR_ARG(m->delivery->transport->instance.name));
    if (m->path.n == 0 || m->path.s[0] != '/')
        return mailbox_fail(m, DELIVERY_UNKNOWN, "appendfile: %s name \"%.*s\" is not absolute", what, STR_ARG(m->path));
    return true;
}

/* --- Directories */

bool mailbox_make_directories(struct mailbox *m, struct str path, bool itself)
{
    char name[4096];
    size_t n = itself ? path.n : (size_t)str_rfind(path, '/');
    struct stat info;

    if (path.n >= sizeof name)
        return mailbox_fail(m, ENAMETOOLONG, "path too long");
    memcpy(name, path.s, n);
    name[n] = '\0';
    if (n == 0 || stat(name, &info) == 0)
        return true;
    if (!m->config->create_directory)
        return itself ? mailbox_fail(m, ENOENT, "directory %s does not exist", name) : true;
    if (!is_allowed_place(m))
        return mailbox_fail(m, EACCES, "mailbox %.*s may not be created: create_file does not allow it", STR_ARG(m->path));
    for (char *slash = name + 1;; slash++) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(name, (mode_t)m->config->directory_mode) != 0 && errno != EEXIST)
            return mailbox_fail(m, errno, "failed to create directories for %.*s: %s", STR_ARG(path), strerror(errno));
        if (!slash)
            return true;
        *slash = '/';
    }
}

/* --- One file */

/* What was written is taken back when not all could be. */
static bool append(struct mailbox *m, int fd)
{
    struct stat info;
    struct error err = ERROR_IN(m->delivery->arena);

    if (fstat(fd, &info) != 0)
        return mailbox_fail(m, errno, "stat of mailbox %.*s", STR_ARG(m->path));
    if (S_ISREG(info.st_mode) && !quota_check(m, info.st_size, 0, info.st_atime))
        return false;
    errno = 0;
    if (local_message_write(&m->message, fd, &err) && (!S_ISREG(info.st_mode) || fsync(fd) == 0))
        return true;
    m->error = errno == ENOSPC || errno == EDQUOT ? errno : errno == 0 ? DELIVERY_UNKNOWN : errno;
    if (S_ISREG(info.st_mode) && ftruncate(fd, info.st_size) != 0)
        log_write(LOG_MAIN | LOG_PANIC, "cannot take back a broken off delivery to %.*s: %s", STR_ARG(m->path),
                  strerror(errno));
    if (m->error > 0) /* which log lines and bounces have the system's text of */
        return mailbox_fail(m, m->error == EDQUOT ? DELIVERY_QUOTA : m->error, "error while writing to %.*s",
                            STR_ARG(m->path));
    return mailbox_fail(m, m->error, "error while writing to %.*s: %.*s", STR_ARG(m->path), STR_ARG(err.text));
}

static bool deliver_to_file(struct mailbox *m)
{
    struct open_mailbox open;
    bool ok;

    if (str_is(m->path, "/dev/null"))
        return true;
    if (!mailbox_open(m, &open))
        return false;
    ok = append(m, open.fd);
    mailbox_close(&open);
    return ok;
}

/* --- All of it */

static const char default_prefix[] =
    "From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\\n";

static bool is_default(const struct template *t, const char *source)
{
    return t && str_is(template_source(t), source);
}

/* What is set by default is for single files only (manual, 26.2). */
static struct local_message_options message_options(const struct mailbox *m)
{
    const struct appendfile_config *c = m->config;
    bool plain = !m->is_directory && !c->use_bsmtp;
    struct local_message_options options = {
        .prefix = c->message_prefix,
        .suffix = c->message_suffix,
        .check_string = c->check_string,
        .escape_string = c->escape_string,
        .use_bsmtp = c->use_bsmtp,
        .use_crlf = c->use_crlf,
    };

    if (!plain && is_default(options.prefix, default_prefix))
        options.prefix = NULL;
    if (!plain && is_default(options.suffix, "\\n"))
        options.suffix = NULL;
    if (m->is_directory && str_is(options.check_string, "From "))
        options.check_string = STR("");
    return options;
}

static bool run(struct mailbox *m)
{
    struct local_message_options options;
    const struct transport_instance *other = NULL;
    bool known = true;

    if (!find_path(m))
        return false;
    if (!m->is_directory && !str_is_empty(m->config->file_format)) {
        other = mailbox_format(m, &known);
        if (!known)
            return mailbox_fail(m, DELIVERY_UNKNOWN, "mailbox %.*s has a format that no transport is for", STR_ARG(m->path));
        if (other) {
            m->config = other->instance.config;
            m->delivery->transport = other;
        }
    }
    options = message_options(m);
    if (!quota_prepare(m))
        return false;
    if (!local_message_prepare(&m->message, m->delivery, &options, m->err)) {
        m->error = DELIVERY_EXPANSION;
        return false;
    }
    if (!m->is_directory)
        return deliver_to_file(m);
    return m->config->maildir_format ? maildir_deliver(m) : new_file_deliver(m);
}

static void deliver(struct delivery *delivery)
{
    struct error err = ERROR_IN(delivery->arena);
    struct mailbox m = {
        .delivery = delivery,
        .config = delivery->transport->instance.config,
        .home = delivery->scope->address->home,
        .err = &err,
    };

    if (run(&m)) {
        delivery_result(delivery, MAIL_OK, 0, STR_NULL);
        for (struct mail_recipient *r = delivery->recipients; r; r = r->next)
            r->octets = local_message_octets(&m.message);
        return;
    }
    delivery_result(delivery, m.error == DELIVERY_UNKNOWN || m.error == DELIVERY_EXPANSION ? MAIL_PANIC : MAIL_DEFER,
                    m.error, err.text);
    for (struct mail_recipient *r = delivery->recipients; r; r = r->next) {
        r->more_error = m.more_error;
        r->special = m.special;
    }
}

static bool init(struct transport_instance *transport, struct error *err)
{
    const struct appendfile_config *c = transport->instance.config;

    if (c->file && c->directory)
        return error_set(err, "file and directory are mutually exclusive");
    if (!c->use_fcntl_lock && !c->use_flock_lock && !c->use_lockfile && c->file)
        return error_set(err, "no locking configured");
    if (!str_is(c->create_file, "anywhere") && !str_is(c->create_file, "inhome") &&
        !str_is(c->create_file, "belowhome") && (c->create_file.n == 0 || c->create_file.s[0] != '/'))
        return error_set(err, "invalid value given for \"create_file\" for the %.*s transport: \"%.*s\"",
                         STR_ARG(transport->instance.name), STR_ARG(c->create_file));
    return true;
}

extern const struct transport_driver transport_driver_appendfile;
const struct transport_driver transport_driver_appendfile = {
    .info = {.name = "appendfile",
             .options = appendfile_options,
             .option_count = APPENDFILE_OPTION_COUNT,
             .config_size = sizeof(struct appendfile_config)},
    .local = true,
    .init = init,
    .deliver = deliver,
};
