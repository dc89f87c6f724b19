/* `begin rewrite` and `begin retry`: a rule on each line, kept for the compilers of rules. */
#include "config/reading.h"

static bool rewrite_line(struct reading *r, struct str line)
{
    reading_keep_line(r, &r->config->rewrite_rules, line);
    return true;
}

static bool retry_line(struct reading *r, struct str line)
{
    reading_keep_line(r, &r->config->retry_rules, line);
    return true;
}

const struct section rewrite_section = {.name = "rewrite", .line = rewrite_line};
const struct section retry_section = {.name = "retry", .line = retry_line};
