/* Regular expressions: see regex.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "expand/regex.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { CACHE_SIZE = 32 };

struct regex {
    pcre2_code *code;
};

/* Patterns that came up while the process ran, each with the time of its last use. */
static struct {
    struct regex regex;
    char *pattern;
    size_t length;
    enum regex_use use;
    uint64_t used;
} cache[CACHE_SIZE];
static uint64_t cache_clock;

static void set_error(struct str pattern, enum regex_use use, int code, size_t offset, struct error *err)
{
    PCRE2_UCHAR text[128];
    pcre2_get_error_message(code, text, sizeof text);
    if (use == REGEX_CONDITION)
        error_set(err, "regular expression error in \"%.*s\": %s at offset %zu", STR_ARG(pattern),
                  (const char *)text, offset);
    else
        error_set(err, "regular expression error: %s at offset %zu while compiling %.*s", (const char *)text,
                  offset, STR_ARG(pattern));
}

static pcre2_code *compile(struct str pattern, enum regex_use use, struct error *err)
{
    int code;
    PCRE2_SIZE offset;
    uint32_t options = use == REGEX_LIST_CASELESS ? PCRE2_CASELESS : 0;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)(pattern.s ? pattern.s : ""), pattern.n, options, &code, &offset, NULL);
    if (compiled == NULL)
        set_error(pattern, use, code, offset, err);
    return compiled;
}

static void free_code(void *p)
{
    pcre2_code_free(p);
}

const struct regex *regex_compile(struct arena *arena, struct str pattern, struct error *err)
{
    return regex_compile_for(arena, pattern, REGEX_CONDITION, err);
}

const struct regex *regex_compile_for(struct arena *arena, struct str pattern, enum regex_use use,
                                      struct error *err)
{
    pcre2_code *code = compile(pattern, use, err);
    if (code == NULL)
        return NULL;
    struct regex *regex = ARENA_NEW(arena, struct regex);
    regex->code = code;
    arena_defer(arena, free_code, code);
    return regex;
}

const struct regex *regex_cached(struct str pattern, struct error *err)
{
    return regex_cached_for(pattern, REGEX_CONDITION, err);
}

const struct regex *regex_cached_for(struct str pattern, enum regex_use use, struct error *err)
{
    size_t oldest = 0;
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        if (cache[i].regex.code != NULL && cache[i].use == use && cache[i].length == pattern.n &&
            memcmp(cache[i].pattern, pattern.s, pattern.n) == 0) {
            cache[i].used = ++cache_clock;
            return &cache[i].regex;
        }
        if (cache[i].used < cache[oldest].used)
            oldest = i;
    }
    pcre2_code *code = compile(pattern, use, err);
    char *copy = code == NULL ? NULL : malloc(pattern.n + 1);
    if (copy == NULL) {
        pcre2_code_free(code);
        return NULL;
    }
    memcpy(copy, pattern.s, pattern.n + 1);
    pcre2_code_free(cache[oldest].regex.code);
    free(cache[oldest].pattern);
    cache[oldest].regex.code = code;
    cache[oldest].pattern = copy;
    cache[oldest].length = pattern.n;
    cache[oldest].use = use;
    cache[oldest].used = ++cache_clock;
    return &cache[oldest].regex;
}

bool regex_match(const struct regex *regex, struct str subject, size_t start, bool not_empty,
                 struct regex_match *match)
{
    pcre2_match_data *data = pcre2_match_data_create(SCOPE_CAPTURES, NULL);
    if (data == NULL)
        return false;
    uint32_t options = not_empty ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    int count = pcre2_match(regex->code, (PCRE2_SPTR)(subject.s ? subject.s : ""), subject.n, start, options,
                            data, NULL);
    if (count >= 0) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
        match->count = count == 0 ? SCOPE_CAPTURES : (unsigned)count;
        for (unsigned i = 0; i < match->count; i++) {
            match->at[i].from = at[2 * i];
            match->at[i].to = at[2 * i] == PCRE2_UNSET ? 0 : at[2 * i + 1];
        }
    }
    pcre2_match_data_free(data);
    return count >= 0;
}

void regex_set_captures(struct scope *scope, struct arena *arena, struct str subject,
                        const struct regex_match *match)
{
    for (unsigned i = 0; i < match->count; i++) {
        size_t from = match->at[i].from, to = match->at[i].to;
        scope->captures[i] =
            from > to ? STR_NULL : str_copy_n(arena, subject.s + from, to - from, subject.tainted);
    }
    scope->capture_count = match->count;
}
