/* Lists of aliases and forwards: whatever the text, the answer is one of the kinds; every item that comes out is
 * not empty, addresses have a domain, and files and pipes begin as such. Files are not included: what a list names
 * may be anything. */
#include <stdlib.h>

#include "base/arena.h"
#include "routers/redirect_list.h"

#include "fuzz.h"

static void check(const struct redirect_result *result)
{
    for (const struct redirect_item *item = result->items; item; item = item->next)
        switch (item->target) {
        case TARGET_ADDRESS:
            if (str_find(item->text, '@') < 0)
                abort();
            break;
        case TARGET_FILE:
        case TARGET_PIPE:
            if (item->text.n == 0 || *item->text.s != (item->target == TARGET_FILE ? '/' : '|'))
                abort();
            break;
        case TARGET_AUTOREPLY:
            abort();
        }
    if (result->kind == REDIRECT_NOTHING && result->items)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct redirect_rules rules = {
        .forbid_include = true,
        .allow_fail = true,
        .allow_defer = true,
        .include_directory = STR_NULL,
        .incoming_domain = STR("in.test"),
        .qualify_domain = STR("q.test"),
    };
    struct redirect_result result;

    if (size > 0) {
        rules.skip_errors = data[0] & 1;
        redirect_list_read(arena, str_copy_n(arena, (const char *)data + 1, size - 1, 1), &rules, &result, &err);
        check(&result);
        if ((result.kind == REDIRECT_ERROR) != !str_is_null(err.text))
            abort();
    }
    arena_free(arena);
    return 0;
}
