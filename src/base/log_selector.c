/* The log_selector option: which optional lines and fields are logged (manual, 53.15). */
#include "base/log.h"
#include "base/selector.h"

static const char *const names[] = {
#define X(text, id, on) #text,
    LOG_SELECTORS(X)
#undef X
};

static const uint64_t defaults = 0
#define X(text, id, on) | (uint64_t)(on) << LOG_SEL_##id
    LOG_SELECTORS(X)
#undef X
    ;

_Static_assert(LOG_SEL_COUNT <= 64, "log selectors are the bits of a uint64_t");

bool log_selector_parse(struct str text, uint64_t *selectors, struct error *err)
{
    const struct selector_set set = {
        .setting = "log_selector",
        .names = names,
        .n = LOG_SEL_COUNT,
        .all = LOG_SEL_COUNT == 64 ? UINT64_MAX : ((uint64_t)1 << LOG_SEL_COUNT % 64) - 1,
    };

    *selectors = defaults;
    return selector_parse(&set, text, selectors, err);
}
