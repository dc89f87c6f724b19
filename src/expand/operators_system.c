/* Operators that look beyond their operand: expand, stat (manual, 11.6). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "expand/apply.h"
#include "expand/operators.h"

APPLY_OPERATOR(apply_expand)
{
    struct str value;
    enum expand_status status = evaluate_text(ev, op->operand, &value);
    if (status == EXPAND_OK) {
        buffer_add(out, value);
    } else if (ev->err != NULL) {
        struct str why = ev->err->text;
        evaluate_fail(ev, "internal expansion of \"%.*s\" failed: %.*s", STR_ARG(op->operand), STR_ARG(why));
    }
    return status;
}

/* As `ls -l` shows it. */
static void add_symbolic_mode(struct buffer *out, mode_t mode)
{
    static const char letters[] = "rwxrwxrwx";
    char text[sizeof letters];
    buffer_add_char(out, S_ISDIR(mode)    ? 'd'
                         : S_ISCHR(mode)  ? 'c'
                         : S_ISBLK(mode)  ? 'b'
                         : S_ISFIFO(mode) ? 'p'
                         : S_ISLNK(mode)  ? 'l'
                         : S_ISSOCK(mode) ? 's'
                                          : '-');
    for (unsigned i = 0; i < 9; i++)
        text[i] = (mode & (0400U >> i)) != 0 ? letters[i] : '-';
    if ((mode & S_ISUID) != 0)
        text[2] = text[2] == 'x' ? 's' : 'S';
    if ((mode & S_ISGID) != 0)
        text[5] = text[5] == 'x' ? 's' : 'S';
    if ((mode & S_ISVTX) != 0)
        text[8] = text[8] == 'x' ? 't' : 'T';
    buffer_add_n(out, text, 9);
}

APPLY_OPERATOR(apply_stat)
{
    struct stat info;
    if ((ev->scope->forbid & SCOPE_FORBID_EXISTS) != 0)
        return evaluate_fail(ev, "Use of the stat() expansion is not permitted");
    if (stat(op->operand.s, &info) != 0)
        return evaluate_fail(ev, "stat(%.*s) failed: %s", STR_ARG(op->operand), strerror(errno));
    buffer_printf(out, "mode=%04o smode=", (unsigned)info.st_mode & 077777);
    add_symbolic_mode(out, info.st_mode);
    buffer_printf(out, " inode=%ju device=%ju links=%ju uid=%u gid=%u size=%jd", (uintmax_t)info.st_ino,
                  (uintmax_t)info.st_dev, (uintmax_t)info.st_nlink, (unsigned)info.st_uid,
                  (unsigned)info.st_gid, (intmax_t)info.st_size);
    buffer_printf(out, " atime=%jd mtime=%jd ctime=%jd", (intmax_t)info.st_atime, (intmax_t)info.st_mtime,
                  (intmax_t)info.st_ctime);
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"expand", apply_expand},
    {"stat", apply_stat},
};

const struct operator_table operator_system_table = ROWS(rows);
