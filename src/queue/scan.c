/* What is in the queue: see scan.h. A message is there when its -H file is. */
#include "queue/scan.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "mail/id.h"

static void add(struct arena *arena, struct queue_ids *ids, const char *name)
{
    size_t n = strlen(name);
    struct str id;

    if (n < 3 || strcmp(name + n - 2, "-H") != 0)
        return;
    id = str_copy_n(arena, name, n - 2, true);
    if (!mail_id_is_valid(id))
        return;
    if ((ids->n & (ids->n - 1)) == 0)
        ids->v = arena_grow(arena, ids->v, ids->n * sizeof *ids->v, (ids->n > 0 ? 2 * ids->n : 1) * sizeof *ids->v);
    ids->v[ids->n++] = id;
}

static void scan(struct arena *arena, const char *path, bool subdirectories, struct queue_ids *ids)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (subdirectories && ascii_is_alnum(entry->d_name[0]) && entry->d_name[1] == '\0')
            scan(arena, str_printf(arena, "%s/%s", path, entry->d_name).s, false, ids);
        else
            add(arena, ids, entry->d_name);
    }
    if (dir)
        closedir(dir);
}

void queue_scan(const struct queue *queue, struct str name, struct arena *arena, struct queue_ids *ids)
{
    struct str path = spool_path(arena, &queue->spool, name, "input", '\0', STR(""), "");

    *ids = (struct queue_ids){NULL, 0};
    scan(arena, str_sub(arena, path, 0, path.n - 1).s, true, ids);
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void queue_ids_sort(struct queue_ids *ids)
{
    if (ids->n > 1)
        qsort(ids->v, ids->n, sizeof *ids->v, compare);
}

void queue_ids_shuffle(struct queue_ids *ids)
{
    for (size_t i = ids->n; i > 1; i--) {
        uint32_t random = 0;
        size_t j;
        struct str other;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return;
        j = random % i;
        other = ids->v[j];
        ids->v[j] = ids->v[i - 1];
        ids->v[i - 1] = other;
    }
}
