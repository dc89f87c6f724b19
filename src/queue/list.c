/* Showing the queue: see list.h. */
#include "queue/list.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "mail/recipient.h"
#include "queue/envelope.h"
#include "queue/scan.h"

/* "25m", "3h", "4d". */
static void print_age(FILE *out, int64_t seconds)
{
    int64_t minutes = (seconds > 0 ? seconds : 0) / 60;

    if (minutes < 90)
        fprintf(out, "%2dm ", (int)minutes);
    else if (minutes < 72 * 60)
        fprintf(out, "%2dh ", (int)((minutes + 30) / 60));
    else
        fprintf(out, "%2dd ", (int)((minutes + 12 * 60) / (24 * 60)));
}

/* Five columns. */
static void print_size(FILE *out, int64_t size)
{
    if (size <= 0)
        fputs("     ", out);
    else if (size < 1024)
        fprintf(out, "%5d", (int)size);
    else if (size < 10 * 1024)
        fprintf(out, "%4.1fK", (double)size / 1024);
    else if (size < 1024 * 1024)
        fprintf(out, "%4dK", (int)((size + 512) / 1024));
    else if (size < 10 * 1024 * 1024)
        fprintf(out, "%4.1fM", (double)size / (1024 * 1024));
    else
        fprintf(out, "%4dM", (int)((size + 512 * 1024) / (1024 * 1024)));
}

/* Octets of the message: its headers and its body. */
static int64_t size_of(const struct queue *queue, const struct mail_message *m, char sub)
{
    struct stat info;
    int64_t size = 0;
    struct str path = spool_path(m->arena, &queue->spool, m->handling.queue, "input", sub, m->id, "-D");

    for (const struct mail_header *h = m->headers; h; h = h->next)
        size += h->type == HEADER_DELETED ? 0 : (int64_t)h->text.n;
    if (stat(path.s, &info) == 0)
        size += info.st_size - (int64_t)m->id.n - 2;
    return size;
}

static void print_recipients(const struct mail_message *m, const struct queue_listing *listing, FILE *out)
{
    for (const struct mail_recipient *r = m->recipients; r; r = r->next) {
        bool done = address_set_has(&m->delivered, r->unique);

        if (!done || !listing->undelivered)
            fprintf(out, "        %s %.*s\n", done ? "D" : " ", STR_ARG(r->address));
    }
    for (size_t i = 0; listing->generated && i < m->delivered.n; i++) {
        bool original = false;

        for (const struct mail_recipient *r = m->recipients; r; r = r->next)
            original |= str_eq(r->unique, m->delivered.v[i]);
        if (!original)
            fprintf(out, "       +D %.*s\n", STR_ARG(m->delivered.v[i]));
    }
}

/* What a journal says counts as well: the message may be in delivery. */
static void add_journal(const struct queue *queue, struct mail_message *m, char sub)
{
    struct error err = ERROR_IN(m->arena);
    struct str content;
    const char *p, *end, *lf;

    if (!spool_read(m->arena, spool_path(m->arena, &queue->spool, m->handling.queue, "input", sub, m->id, "-J"), &content,
                    &err))
        return;
    for (p = content.s, end = str_end(content); p < end && (lf = memchr(p, '\n', (size_t)(end - p))); p = lf + 1)
        address_set_add(&m->delivered, (struct str){p, (size_t)(lf - p), true});
}

static void print_message(const struct queue *queue, const struct queue_listing *listing, struct str id, FILE *out)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct mail_message m = {.arena = arena, .id = id, .handling.queue = listing->queue, .body_fd = -1};
    struct error err = ERROR_IN(arena);
    struct str content;
    char sub;

    if (listing->ids_only) {
        fprintf(out, "%.*s\n", STR_ARG(id));
        arena_free(arena);
        return;
    }
    if (!spool_find(&queue->spool, listing->queue, id, &sub) ||
        !spool_read(arena, spool_path(arena, &queue->spool, listing->queue, "input", sub, id, "-H"), &content, &err)) {
        arena_free(arena); /* it has just been delivered */
        return;
    }
    if (envelope_read(&m, content, true, &err)) {
        add_journal(queue, &m, sub);
        print_age(out, time(NULL) - m.received.tv_sec);
        print_size(out, size_of(queue, &m, sub));
        fprintf(out, " %.*s ", STR_ARG(id));
        if (m.sender_set_untrusted)
            fprintf(out, "(%.*s) ", STR_ARG(m.login));
        fprintf(out, "<%.*s>%s\n", STR_ARG(m.sender), m.frozen ? " *** frozen ***" : "");
        print_recipients(&m, listing, out);
    } else {
        fprintf(out, "      %.*s\n    *** spool format error: size=%zu ***\n", STR_ARG(id), content.n);
    }
    fputc('\n', out);
    arena_free(arena);
}

void queue_list(const struct queue *queue, const struct queue_listing *listing, FILE *out)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct queue_ids ids;

    if (listing->ids && *listing->ids) {
        for (char *const *id = listing->ids; *id; id++)
            print_message(queue, listing, str_of(*id), out);
    } else {
        queue_scan(queue, listing->queue, arena, &ids);
        if (!listing->unsorted)
            queue_ids_sort(&ids);
        for (size_t i = 0; i < ids.n; i++)
            print_message(queue, listing, ids.v[i], out);
    }
    arena_free(arena);
}

size_t queue_count(const struct queue *queue, struct str name)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct queue_ids ids;

    queue_scan(queue, name, arena, &ids);
    arena_free(arena);
    return ids.n;
}
