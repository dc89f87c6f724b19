/* A file for each message (manual, 26.4 to 26.9): see mailbox.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "expand/expand.h"
#include "expand/regex.h"
#include "mail/delivery_error.h"
#include "transports/mailbox.h"

/* --- The directories */

static struct str below(struct mailbox *m, const char *name)
{
    return str_join3(m->delivery->arena, m->path, STR("/"), str_of(name));
}

/* A maildir++ folder has a file that says so. */
static bool make_folder_mark(struct mailbox *m)
{
    struct error why = ERROR_IN(m->delivery->arena);
    const struct regex *regex;
    struct regex_match match;
    int fd;

    if (str_is_empty(m->config->maildirfolder_create_regex))
        return true;
    regex = regex_compile(m->delivery->arena, m->config->maildirfolder_create_regex, &why);
    if (!regex)
        return mailbox_fail(m, DELIVERY_UNKNOWN, "appendfile: regular expression error: %.*s", STR_ARG(why.text));
    if (!regex_match(regex, m->path, 0, false, &match))
        return true;
    fd = open(below(m, "maildirfolder").s, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return mailbox_fail(m, errno, "failed to create maildirfolder file in %.*s directory", STR_ARG(m->path));
    close(fd);
    return true;
}

static bool make_maildir(struct mailbox *m)
{
    static const char *const names[] = {"tmp", "new", "cur"};

    if (!mailbox_make_directories(m, m->path, true))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!mailbox_make_directories(m, below(m, names[i]), true))
            return false;
    return make_folder_mark(m);
}

/* --- Quota */

static bool fits(struct mailbox *m, struct str directory)
{
    int64_t size = 0, count = 0;
    struct stat info;
    bool use_file = m->config->maildir_use_size_file.value;
    time_t read_at = stat(below(m, "new").s, &info) == 0 ? info.st_mtime : 0;

    if (m->quota == 0 && m->filecount_quota == 0 && !use_file)
        return true;
    if (use_file && m->config->maildir_format) {
        if (!maildirsize_read(m, directory, &size, &count))
            return false;
    } else if (!quota_measure(m, directory, &size, &count)) {
        return false;
    }
    return quota_check(m, size, count, read_at);
}

/* --- The file */

static int create(struct mailbox *m, struct str path)
{
    int fd = open(path.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)m->config->mode);

    if (fd < 0)
        mailbox_fail(m, errno, "while creating file %.*s", STR_ARG(path));
    else
        fchmod(fd, (mode_t)m->config->mode);
    return fd;
}

static bool sync_directory(const char *name)
{
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

/* Writes the message; what was begun is removed when it fails. */
static bool write_file(struct mailbox *m, int fd, struct str path)
{
    struct error why = ERROR_IN(m->delivery->arena);
    bool written;

    errno = 0;
    written = local_message_write(&m->message, fd, &why) && fsync(fd) == 0;
    m->error = errno;
    if (close(fd) == 0 && written)
        return true;
    if (written)
        m->error = errno;
    unlink(path.s);
    if (m->error > 0)
        return mailbox_fail(m, m->error == EDQUOT ? DELIVERY_QUOTA : m->error, "error while writing to %.*s",
                            STR_ARG(path));
    return mailbox_fail(m, DELIVERY_UNKNOWN, "error while writing to %.*s: %.*s", STR_ARG(path), STR_ARG(why.text));
}

/* maildir_tag (manual, 26.6), with $message_size being what was written. */
static bool make_tag(struct mailbox *m, struct str *tag)
{
    struct scope *scope = m->delivery->scope;
    int64_t size = scope->message->size;
    struct error why = ERROR_IN(m->delivery->arena);
    struct buffer b = BUFFER_IN(m->delivery->arena);
    struct str text = STR("");
    enum expand_status status = EXPAND_OK;

    scope->message->size = local_message_octets(&m->message);
    if (m->config->maildir_tag)
        status = expand(scope, m->config->maildir_tag, m->delivery->arena, &text, &why);
    scope->message->size = size;
    *tag = STR("");
    if (status == EXPAND_FORCED)
        return true;
    if (status != EXPAND_OK)
        return mailbox_fail(m, DELIVERY_EXPANSION, "Expansion of \"%.*s\" (maildir_tag for %.*s transport) failed: %.*s",
                            STR_ARG(template_source(m->config->maildir_tag)),
                            STR_ARG(m->delivery->transport->instance.name), STR_ARG(why.text));
    if (text.n > 0 && ascii_is_alnum(*text.s))
        buffer_add_char(&b, ':');
    for (size_t i = 0; i < text.n; i++)
        if (text.s[i] > 32 && text.s[i] < 127 && text.s[i] != '/')
            buffer_add_char(&b, text.s[i]);
    *tag = buffer_str(&b);
    return true;
}

/* A name that no other delivery has. */
static int create_unique(struct mailbox *m, struct str *name)
{
    for (int i = 0; i <= m->config->maildir_retries; i++) {
        struct timeval now;
        struct stat info;

        if (i > 0)
            sleep(2);
        gettimeofday(&now, NULL);
        *name = str_printf(m->delivery->arena, "%ld.H%ldP%ld.%.*s", (long)now.tv_sec, (long)now.tv_usec, (long)getpid(),
                           STR_ARG(m->delivery->scope->process->primary_hostname));
        struct str path = str_join3(m->delivery->arena, below(m, "tmp"), STR("/"), *name);

        if (lstat(path.s, &info) != 0 && errno == ENOENT)
            return create(m, path);
    }
    mailbox_fail(m, EEXIST, "unable to create a unique file in %.*s/tmp", STR_ARG(m->path));
    return -1;
}

static bool move_to_new(struct mailbox *m, struct str from, struct str name, struct str tag)
{
    struct str directory = below(m, "new");
    struct str to = str_join3(m->delivery->arena, directory, STR("/"), name);
    struct stat info;
    struct str tagged = str_join(m->delivery->arena, to, tag);

    if (lstat(tagged.s, &info) == 0 || errno != ENAMETOOLONG)
        to = tagged;
    if (rename(from.s, to.s) == 0) {
        sync_directory(directory.s);
        return true;
    }
    m->error = errno;
    unlink(from.s);
    return mailbox_fail(m, m->error, "rename of %.*s to %.*s failed", STR_ARG(from), STR_ARG(to));
}

/* Two deliveries of this process must not have the same time. */
static void wait_for_next(void)
{
    struct timeval then, now;

    gettimeofday(&then, NULL);
    do
        gettimeofday(&now, NULL);
    while (now.tv_sec == then.tv_sec && now.tv_usec == then.tv_usec);
}

bool maildir_deliver(struct mailbox *m)
{
    struct str name, path, tag, directory;
    int fd;

    if (!make_maildir(m))
        return false;
    directory = quota_directory(m);
    if (!fits(m, directory))
        return false;
    fd = create_unique(m, &name);
    if (fd < 0)
        return false;
    path = str_join3(m->delivery->arena, below(m, "tmp"), STR("/"), name);
    if (!write_file(m, fd, path))
        return false;
    if (!make_tag(m, &tag)) {
        unlink(path.s);
        return false;
    }
    if (!move_to_new(m, path, name, tag))
        return false;
    if (m->config->maildir_use_size_file.value)
        maildirsize_add(m, directory, local_message_octets(&m->message));
    wait_for_next();
    return true;
}

/* --- Neither maildir nor mailstore: directory_file names it. */

bool new_file_deliver(struct mailbox *m)
{
    struct str temporary, final;
    struct error why = ERROR_IN(m->delivery->arena);
    struct stat info;
    struct timeval now;
    int fd;

    if (!mailbox_make_directories(m, m->path, true) || !fits(m, m->path))
        return false;
    gettimeofday(&now, NULL);
    temporary = str_printf(m->delivery->arena, "%.*s/temp.%d.%ld.%ld", STR_ARG(m->path), (int)getpid(),
                           (long)now.tv_sec, (long)now.tv_usec);
    fd = create(m, temporary);
    if (fd < 0)
        return false;
    if (fstat(fd, &info) == 0)
        m->delivery->scope->address->inode = str_printf(m->delivery->arena, "%lu", (unsigned long)info.st_ino);
    if (!write_file(m, fd, temporary))
        return false;
    if (expand(m->delivery->scope, m->config->directory_file, m->delivery->arena, &final, &why) != EXPAND_OK) {
        unlink(temporary.s);
        return mailbox_fail(m, DELIVERY_EXPANSION,
                            "Expansion of \"%.*s\" (directory_file for %.*s transport) failed: %.*s",
                            STR_ARG(template_source(m->config->directory_file)),
                            STR_ARG(m->delivery->transport->instance.name), STR_ARG(why.text));
    }
    final = str_join3(m->delivery->arena, m->path, STR("/"), final);
    if (rename(temporary.s, final.s) != 0) {
        m->error = errno;
        unlink(temporary.s);
        return mailbox_fail(m, m->error, "while renaming file %.*s as %.*s", STR_ARG(temporary), STR_ARG(final));
    }
    sync_directory(m->path.s);
    return true;
}
