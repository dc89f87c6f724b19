/* Help for the tests of ACLs: takes the text of an ACL section apart as the configuration reader does. */
#ifndef UNIT_ACL_SOURCES_H
#define UNIT_ACL_SOURCES_H

#include "testing.h"

#include "acl/acl.h"
#include "acl/compiled.h"

enum { MAX_SOURCES = 16 };

/* A line `name:` begins an ACL; lines count from 1. Returns how many ACLs there are. */
static inline size_t acl_sources(struct arena *arena, const char *text, struct acl_source *sources)
{
    struct source_lines lines = acl_text_lines(arena, str_of(text), "test.conf");
    size_t n = 0;

    for (size_t i = 0; i < lines.n; i++) {
        struct str line = lines.v[i].text;

        if (str_ends(line, ":") && str_find(line, ' ') < 0) {
            assert_true(n < MAX_SOURCES);
            sources[n].name = str_sub(arena, line, 0, line.n - 1);
            sources[n].where = lines.v[i].where;
            sources[n++].lines = (struct source_lines){NULL, 0};
        } else {
            assert_true(n > 0);
            if (sources[n - 1].lines.n++ == 0)
                sources[n - 1].lines.v = &lines.v[i];
        }
    }
    return n;
}

#endif
