/* What becomes of an address, by a word: see outcome.h. */
#include "routers/outcome.h"

static const char *const words[] = {
    [OUTCOME_DECLINE] = "decline", [OUTCOME_DEFER] = "defer",   [OUTCOME_FAIL] = "fail",
    [OUTCOME_FREEZE] = "freeze",   [OUTCOME_IGNORE] = "ignore", [OUTCOME_PASS] = "pass",
};

bool outcome_of(struct str word, enum outcome *outcome)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(word, words[i])) {
            *outcome = (enum outcome)i;
            return true;
        }
    return false;
}

const char *outcome_name(enum outcome outcome)
{
    return words[outcome];
}
