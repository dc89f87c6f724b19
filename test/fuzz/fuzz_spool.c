/* -H files: whatever the octets, reading them ends with an answer; what could be read is written to a file that reads
 * the same. */
#include <stdlib.h>

#include "base/arena.h"
#include "queue/envelope.h"

#include "fuzz.h"

static const struct str id = {"1xWPRu-0000000063A-2agc", 23, false};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool read_file(struct mail_message *m, struct arena *arena, struct str content)
{
    struct error err = ERROR_IN(arena);

    *m = (struct mail_message){.arena = arena, .id = id, .body_fd = -1};
    return envelope_read(m, content, true, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct mail_message first, second;
    struct str content = str_copy_n(arena, (const char *)data, size, true);

    if (read_file(&first, arena, content)) {
        struct str once = envelope_write(arena, &first, STR("mail.test"));

        require(read_file(&second, arena, once));
        require(first.recipient_count == second.recipient_count && first.delivered.n == second.delivered.n);
    }
    arena_free(arena);
    return 0;
}
