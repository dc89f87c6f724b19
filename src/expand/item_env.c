/* ${env{name}{yes}{no}}: the environment (manual, 11.5). */
#include <stdlib.h>

#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

static enum expand_status find_in_environment(struct evaluation *ev, const struct item_node *item,
                                              const struct str *args, struct finding *finding)
{
    (void)item;
    const char *value = getenv(str_trim(ev->arena, args[0]).s);
    finding->found = value != NULL;
    if (value != NULL)
        finding->value = str_copy(ev->arena, str_of(value));
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"env", parse_arguments_and_branches, 1, 1, NULL, find_in_environment, NULL, 0},
};

const struct item_table item_env_table = ROWS(rows);
