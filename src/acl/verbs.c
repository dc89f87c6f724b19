/* The verbs of ACL statements (manual, 44.18). What each makes of its conditions is in run.c. */
#include <string.h>

#include "acl/compiled.h"

static const struct acl_verb verbs[VERB_COUNT] = {
    {"accept", VERB_ACCEPT, true},  {"defer", VERB_DEFER, false}, {"deny", VERB_DENY, false},
    {"discard", VERB_DISCARD, true}, {"drop", VERB_DROP, false},   {"require", VERB_REQUIRE, false},
    {"warn", VERB_WARN, false},
};

const struct acl_verb *acl_verb_find(struct str name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (str_is(name, verbs[i].name))
            return &verbs[i];
    return NULL;
}

bool acl_is_verb(struct str word)
{
    return acl_verb_find(word) != NULL;
}
