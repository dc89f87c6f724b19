/* Quotas of mailboxes (manual, 26.2 and 26.7): see mailbox.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "expand/expand.h"
#include "expand/regex.h"
#include "mail/delivery_error.h"
#include "transports/mailbox.h"

enum { DEEPEST = 20, MAILDIRSIZE_LARGEST = 5120 };

/* --- Options */

/* "10M", "1.5G/no_check". */
static bool parse(struct str text, int64_t *value, bool *no_check)
{
    char *end;
    double number;

    *value = 0;
    if (text.n == 0 || !ascii_is_digit(*text.s))
        return text.n == 0;
    number = strtod(text.s, &end);
    if (*end != '\0' && strchr("KkMmGg", *end)) {
        number *= strchr("Kk", *end) ? 1024.0 : strchr("Mm", *end) ? 1048576.0 : 1073741824.0;
        end++;
    }
    while (ascii_is_space(*end))
        end++;
    if (strcmp(end, "/no_check") == 0) {
        *no_check = true;
        end += strlen(end);
    }
    if (*end != '\0' || number < 0 || number > 9e15)
        return false;
    *value = (int64_t)number;
    return true;
}

static bool read_option(struct mailbox *m, const struct template *t, const char *name, int64_t *value)
{
    struct error why = ERROR_IN(m->delivery->arena);
    struct str text;

    *value = 0;
    if (!t)
        return true;
    if (expand(m->delivery->scope, t, m->delivery->arena, &text, &why) != EXPAND_OK)
        return mailbox_fail(m, DELIVERY_EXPANSION, "Expansion of \"%.*s\" in %.*s transport failed: %.*s",
                            STR_ARG(template_source(t)), STR_ARG(m->delivery->transport->instance.name),
                            STR_ARG(why.text));
    text = str_trim(m->delivery->arena, text);
    return parse(text, value, &m->quota_no_check) ||
           mailbox_fail(m, DELIVERY_UNKNOWN, "Malformed value \"%.*s\" (expansion of \"%.*s\") in %s of %.*s transport",
                        STR_ARG(text), STR_ARG(template_source(t)), name, STR_ARG(m->delivery->transport->instance.name));
}

bool quota_prepare(struct mailbox *m)
{
    return read_option(m, m->config->quota, "quota", &m->quota) &&
           read_option(m, m->config->quota_filecount, "quota_filecount", &m->filecount_quota);
}

/* What the options mailbox_size and mailbox_filecount say, measured or not. */
static bool override(struct mailbox *m, int64_t *size, int64_t *count)
{
    int64_t value;

    if (m->config->mailbox_size) {
        if (!read_option(m, m->config->mailbox_size, "mailbox_size", &value))
            return false;
        *size = value;
    }
    if (m->config->mailbox_filecount) {
        if (!read_option(m, m->config->mailbox_filecount, "mailbox_filecount", &value))
            return false;
        *count = value;
    }
    return true;
}

bool quota_check(struct mailbox *m, int64_t size, int64_t count, time_t last_read)
{
    int64_t message = m->config->quota_is_inclusive ? m->delivery->scope->message->size : 0;

    if ((m->quota == 0 && m->filecount_quota == 0) || m->quota_no_check)
        return true;
    if (!override(m, &size, &count))
        return false;
    m->more_error = last_read > 0 ? (int)(time(NULL) - last_read) : 0;
    if (m->quota > 0 && size + message > m->quota)
        return mailbox_fail(m, DELIVERY_QUOTA, "mailbox is full (MTA-imposed quota exceeded while writing to %.*s)",
                            STR_ARG(m->path));
    if (m->filecount_quota > 0 && count + (m->config->quota_is_inclusive ? 1 : 0) > m->filecount_quota)
        return mailbox_fail(m, DELIVERY_QUOTA, "mailbox is full (MTA-imposed quota exceeded while writing to %.*s)",
                            STR_ARG(m->path));
    m->more_error = 0;
    return true;
}

/* --- Measuring */

struct measuring {
    struct mailbox *m;
    const struct regex *size_of_name; /* NULL: sizes come from the files */
    const struct regex *directories;  /* those of the top that count; NULL: all */
    int64_t size, count;
    time_t newest;
};

static bool size_in_name(const struct measuring *q, const char *name, int64_t *size)
{
    struct regex_match match;
    struct str subject = str_of(name);

    if (!q->size_of_name || !regex_match(q->size_of_name, subject, 0, false, &match) || match.count < 2 ||
        match.at[1].from > match.at[1].to)
        return false;
    *size = strtoll(name + match.at[1].from, NULL, 10);
    return true;
}

static void measure(struct measuring *q, const char *directory, int depth)
{
    DIR *dir = depth < DEEPEST ? opendir(directory) : NULL;
    const struct dirent *entry;
    char path[4096];
    struct stat info;
    int64_t size;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (depth > 0 && size_in_name(q, entry->d_name, &size)) {
            q->size += size;
            q->count++;
            continue;
        }
        if (snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= (int)sizeof path || lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode)) {
            struct regex_match match;

            if (depth == 0 && q->directories &&
                !regex_match(q->directories, str_of(entry->d_name), 0, false, &match))
                continue;
            if (info.st_mtime > q->newest)
                q->newest = info.st_mtime;
            measure(q, path, depth + 1);
        } else if (S_ISREG(info.st_mode)) {
            q->size += info.st_nlink > 0 ? info.st_size / (int64_t)info.st_nlink : 0;
            q->count++;
        }
    }
    if (dir)
        closedir(dir);
}

static bool begin_measuring(struct mailbox *m, struct measuring *q, bool maildirsize)
{
    struct error why = ERROR_IN(m->delivery->arena);

    *q = (struct measuring){.m = m};
    if (!str_is_empty(m->config->quota_size_regex) &&
        !(q->size_of_name = regex_compile(m->delivery->arena, m->config->quota_size_regex, &why)))
        return mailbox_fail(m, DELIVERY_UNKNOWN, "appendfile: regular expression error: %.*s", STR_ARG(why.text));
    if (maildirsize &&
        !(q->directories = regex_compile(m->delivery->arena, m->config->maildir_quota_directory_regex, &why)))
        return mailbox_fail(m, DELIVERY_UNKNOWN, "appendfile: regular expression error: %.*s", STR_ARG(why.text));
    return true;
}

bool quota_measure(struct mailbox *m, struct str directory, int64_t *size, int64_t *count)
{
    struct measuring q;

    if (!begin_measuring(m, &q, false))
        return false;
    measure(&q, directory.s, m->config->maildir_format ? 0 : 1);
    *size = q.size;
    *count = q.count;
    return true;
}

struct str quota_directory(struct mailbox *m)
{
    struct str text;

    if (m->config->quota_directory &&
        expand(m->delivery->scope, m->config->quota_directory, m->delivery->arena, &text, NULL) == EXPAND_OK &&
        text.n > 0)
        return text;
    if (access(str_join(m->delivery->arena, m->path, STR("/maildirfolder")).s, F_OK) != 0)
        return m->path;
    return str_sub(m->delivery->arena, m->path, 0, (size_t)str_rfind(m->path, '/'));
}

/* --- maildirsize: a line with the quota, and then one for each change: octets and messages. */

static struct str maildirsize_name(struct mailbox *m, struct str directory)
{
    return str_join(m->delivery->arena, directory, STR("/maildirsize"));
}

/* Sums up the file. False: it has to be made anew. */
static bool sum_up(const char *name, int64_t quota, int64_t filecount, int64_t *size, int64_t *count)
{
    FILE *file = fopen(name, "re");
    char line[256];
    bool ok, first = true;
    struct stat info;

    if (!file)
        return false;
    ok = fstat(fileno(file), &info) == 0 && info.st_size <= MAILDIRSIZE_LARGEST;
    *size = *count = 0;
    while (ok && fgets(line, sizeof line, file)) {
        char *end;
        long long a = strtoll(line, &end, 10), b;

        if (first) {
            long long files = *end == 'S' && end[1] == ',' ? strtoll(end + 2, NULL, 10) : 0;

            ok = *end == 'S' && a == quota && files == filecount;
            first = false;
            continue;
        }
        b = strtoll(end, NULL, 10);
        *size += a;
        *count += b;
    }
    fclose(file);
    return ok && !first && *size >= 0 && *count >= 0;
}

static bool write_anew(struct mailbox *m, struct str directory, const struct measuring *q)
{
    struct str name = maildirsize_name(m, directory);
    struct str temporary = str_printf(m->delivery->arena, "%.*s/tmp/%ld.%ld", STR_ARG(directory), (long)time(NULL),
                                      (long)getpid());
    FILE *file = fopen(temporary.s, "we");

    if (!file)
        return mailbox_fail(m, errno, "cannot make %.*s", STR_ARG(name));
    fprintf(file, "%lldS,%lldC\n%lld %lld\n", (long long)m->quota, (long long)m->filecount_quota, (long long)q->size,
            (long long)q->count);
    if (fclose(file) == 0 && rename(temporary.s, name.s) == 0)
        return true;
    unlink(temporary.s);
    return mailbox_fail(m, errno, "cannot write %.*s", STR_ARG(name));
}

bool maildirsize_read(struct mailbox *m, struct str directory, int64_t *size, int64_t *count)
{
    struct measuring q;

    if (sum_up(maildirsize_name(m, directory).s, m->quota, m->filecount_quota, size, count) &&
        (m->quota == 0 || *size + m->delivery->scope->message->size <= m->quota))
        return true;
    if (!begin_measuring(m, &q, true))
        return false;
    measure(&q, directory.s, 0);
    *size = q.size;
    *count = q.count;
    return write_anew(m, directory, &q);
}

void maildirsize_add(struct mailbox *m, struct str directory, int64_t size)
{
    int fd = open(maildirsize_name(m, directory).s, O_WRONLY | O_APPEND | O_CLOEXEC);
    char line[64];
    int n = snprintf(line, sizeof line, "%lld 1\n", (long long)size);

    if (fd < 0)
        return;
    if (write(fd, line, (size_t)n) != n)
        unlink(maildirsize_name(m, directory).s); /* it is made anew when it is needed */
    close(fd);
}
