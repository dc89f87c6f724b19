/* Macros in lines that are read after the file (-be). */
#include "config/config.h"
#include "config/macros.h"
#include "config/text.h"

/* The list as it was left when the file had been read. */
static void resume(struct macros *m, struct config *config)
{
    macros_begin(m, config);
    m->have_builtin = config->macros && config->macros->builtin;
    while (*m->end)
        m->end = &(*m->end)->next;
}

bool config_macro_line(struct config *config, struct arena *arena, struct str *line, struct str *defined,
                       struct error *err)
{
    static const struct source_pos nowhere;
    struct macros m;
    bool changed;

    resume(&m, config);
    *defined = STR_NULL;
    if (!macros_substitute(&m, line, true, &changed, err))
        return false;
    *line = str_copy(arena, *line);
    if (!macros_is_definition(*line))
        return true;
    if (!macros_define(&m, *line, nowhere, err))
        return false;
    *defined = str_copy(arena, text_word(*line));
    return true;
}
