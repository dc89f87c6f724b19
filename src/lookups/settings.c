/* What main options say to lookup types: a part of the loaded configuration. */
#include "base/arena.h"
#include "lookups/lookup.h"

static struct {
    struct arena *arena; /* of the strings */
    struct lookup_settings settings;
} loaded = {.settings = {.sqlite_lock_timeout = 5}};

void lookup_configure(const struct lookup_settings *settings)
{
    struct arena *arena = arena_new(ARENA_SECRET);

    arena_free(loaded.arena);
    loaded.arena = arena;
    loaded.settings = *settings;
    loaded.settings.sqlite_dbfile = str_copy(arena, settings->sqlite_dbfile);
    loaded.settings.redis_servers = str_copy(arena, settings->redis_servers);
}

const struct lookup_settings *lookup_settings(void)
{
    return &loaded.settings;
}
