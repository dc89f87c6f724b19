/* What -d+expand shows: each template with its result, nested ones further to the right. */
#include "expand/trace.h"

#include "base/log.h"
#include "base/truth.h"

/* The corners of the frames: drawn, or in ASCII for those who ask for that (-d+noutf8). */
struct frame {
    const char *begin, *expanding, *result, *failed, *message, *forced;
};

static const struct frame drawn = {
    " ╭considering: ", " ├──expanding: ", " ╰─────result: ", " ├failed to expand: ", " ├───error message: ",
    " ╰failure was forced"};
static const struct frame ascii = {
    " /considering: ", " |--expanding: ", " \\_____result: ", " |failed to expand: ", " |---error message: ",
    " \\failure was forced"};

static const struct frame *frame(void)
{
    return debug_on(DEBUG_noutf8) ? &ascii : &drawn;
}

/* While an exchange of AUTH has its strings in $auth1..., any result may hold a password: the client's, or
 * the one it is compared with. What says nothing but yes or no is shown all the same. */
static bool is_secret(const struct scope *scope, struct str result)
{
    return scope_has_secrets(scope) && truth_of(result) == TRUTH_OTHER;
}

void trace_begin(const struct evaluation *ev, const struct template *t)
{
    debug(DEBUG_expand, "%*s%s%.*s\n", (int)ev->scope->depth, "", frame()->begin, STR_ARG(t->source));
}

void trace_end(const struct evaluation *ev, const struct template *t, enum expand_status status,
               struct str result)
{
    int indent = (int)ev->scope->depth;
    if (status == EXPAND_OK) {
        debug(DEBUG_expand, "%*s%s%.*s\n", indent, "", frame()->expanding, STR_ARG(t->source));
        if (is_secret(ev->scope, result))
            debug(DEBUG_expand, "%*s%s(%zu octets)\n", indent, "", frame()->result, result.n);
        else
            debug(DEBUG_expand, "%*s%s%.*s\n", indent, "", frame()->result, STR_ARG(result));
        return;
    }
    struct str why = ev->err == NULL ? STR("") : ev->err->text;
    debug(DEBUG_expand, "%*s%s%.*s\n", indent, "", frame()->failed, STR_ARG(t->source));
    debug(DEBUG_expand, "%*s%s%.*s\n", indent, "", frame()->message, STR_ARG(why));
    if (status == EXPAND_FORCED)
        debug(DEBUG_expand, "%*s%s\n", indent, "", frame()->forced);
}
