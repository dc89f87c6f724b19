/* ${run ...}: the output of a command (manual, 11.5). */
#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

enum {
    MOST_WORDS = 64,
    TIMEOUT = 60,               /* seconds */
    OUTPUT_LIMIT = 1024 * 1024, /* octets */
};

/* A word of the command that is expanded on its own. */
struct word {
    struct str text; /* without quotes */
    const struct template *template;
};

/* item->extra */
struct command {
    bool complete;     /* it was compiled without a fault */
    bool preexpand;    /* the whole is expanded, then split: item->args[0]; else the words are */
    struct str source; /* the command as it is written */
    struct word *words;
    unsigned count;
};

/* --- Words: separated by white space; one that begins with a quote goes to the next quote of the kind,
 * and in double quotes escapes count (manual, 29.3) */

/* False: there is no further word. */
static bool next_word(struct arena *arena, const char **at, const char *end, struct str *word)
{
    while (*at < end && ascii_is_space(**at))
        ++*at;
    if (*at == end)
        return false;
    struct parser p = {.arena = arena, .start = *at, .p = *at, .end = end};
    struct buffer text = BUFFER_IN(arena);
    char quote = *p.p == '"' || *p.p == '\'' ? *p.p++ : '\0';
    while (p.p < p.end && (quote != '\0' ? *p.p != quote : !ascii_is_space(*p.p))) {
        if (quote == '"' && *p.p == '\\' && p.p + 1 < p.end) {
            p.p++;
            parse_escape(&p, &text);
        } else {
            buffer_add_char(&text, *p.p++);
        }
    }
    *at = p.p + (quote != '\0' && p.p < p.end);
    *word = buffer_str(&text);
    return true;
}

/* --- Compiling */

static bool parse_options(struct parser *p, struct command *command)
{
    while (parse_char(p, ',')) {
        const char *from = p->p;
        while (p->p < p->end && *p->p != ',' && *p->p != '{' && !ascii_is_space(*p->p))
            p->p++;
        if (p->p == from && p->p < p->end)
            p->p++;
        if (p->p - from != 9 || memcmp(from, "preexpand", 9) != 0)
            return parse_fault(p, "bad option '%.*s' for run", (int)(p->p - from), from);
        command->preexpand = true;
    }
    return true;
}

static bool split_words(struct parser *p, struct command *command)
{
    const char *at = command->source.s, *end = at + command->source.n;
    struct str text;
    command->words = ARENA_ARRAY(p->arena, struct word, MOST_WORDS);
    while (next_word(p->arena, &at, end, &text)) {
        if (command->count == MOST_WORDS)
            return parse_fault(p, "too many arguments in command \"%.*s\"", STR_ARG(command->source));
        command->words[command->count++] = (struct word){text, template_compile(p->arena, text, p->where)};
    }
    return true;
}

static bool parse_run(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    struct command *command = ARENA_NEW(p->arena, struct command);
    item->extra = command;
    bool good = parse_options(p, command);
    if (good) {
        parse_strings(p, &list, 1);
        good = p->fault == NULL;
        if (list.n == 0)
            good = parse_fault(p, "missing '{' for command arg of run");
    }
    if (good) {
        command->source = str_copy_n(p->arena, list.v[0]->source.s, list.v[0]->source.n, false);
        good = command->preexpand || split_words(p, command);
    }
    command->complete = good;
    if (good)
        return parse_branches(p, item, &list);
    keep_arguments(p, item, &list);
    return false;
}

/* --- Making the argument vector */

static enum expand_status expand_words(struct evaluation *ev, const struct command *command, char **argv,
                                       bool *tainted)
{
    for (unsigned i = 0; i < command->count; i++) {
        struct str value;
        enum expand_status status = evaluate_value(ev, command->words[i].template, &value);
        if (status != EXPAND_OK && ev->err != NULL) {
            struct str why = ev->err->text;
            evaluate_fail(ev, "Expansion of \"%.*s\" from command \"%.*s\" in ${run} expansion failed: %.*s",
                          STR_ARG(command->words[i].text), STR_ARG(command->source), STR_ARG(why));
        }
        if (status != EXPAND_OK)
            return status;
        if (i == 0)
            *tainted = value.tainted;
        argv[i] = (char *)str_copy(ev->arena, value).s;
    }
    return EXPAND_OK;
}

static enum expand_status expand_whole(struct evaluation *ev, const struct template *t, char **argv,
                                       bool *tainted)
{
    struct str text, word;
    enum expand_status status = evaluate_value(ev, t, &text);
    if (status != EXPAND_OK)
        return status;
    *tainted = text.tainted;
    const char *at = text.s, *end = str_end(text);
    for (unsigned i = 0; next_word(ev->arena, &at, end, &word); i++) {
        if (i == MOST_WORDS)
            return evaluate_fail(ev, "too many arguments in command \"%.*s\"", STR_ARG(text));
        argv[i] = (char *)word.s;
    }
    return EXPAND_OK;
}

/* --- Running */

/* What is left behind is there for later expansions too, so it lives as long as the scope. */
static void leave_result(struct scope *scope, struct str output, int code)
{
    scope->value = str_copy(scope->arena, output);
    scope->runrc = str_printf(scope->arena, "%d", code);
}

static enum expand_status run_command(struct evaluation *ev, char **argv, bool *succeeded)
{
    struct child_spec spec = {
        .argv = argv, .output_limit = OUTPUT_LIMIT, .merge_stderr = true, .deadline = deadline_in(TIMEOUT)};
    struct buffer output = BUFFER_IN(ev->arena);
    int code = 127;
    enum child_status status = CHILD_FAILED;
    if (argv[0] != NULL && argv[0][0] == '/')
        status = child_run(&spec, &output, &code, NULL);
    switch (status) {
    case CHILD_FAILED:
        code = 127;
        break;
    case CHILD_EXITED:
        break;
    case CHILD_KILLED:
        return evaluate_fail(ev, "command killed by signal %d", code);
    case CHILD_TIMEOUT:
        return evaluate_fail(ev, "command timed out");
    }
    leave_result(ev->scope, buffer_str(&output), code);
    *succeeded = code == 0;
    return EXPAND_OK;
}

static enum expand_status evaluate_run(struct evaluation *ev, const struct item_node *item,
                                       struct buffer *out)
{
    const struct command *command = item->extra;
    char *argv[MOST_WORDS + 1] = {NULL};
    bool tainted = false;
    struct finding finding = {false, STR("")};
    if (!command->complete)
        return evaluate_fault(ev, item->fault);
    enum expand_status status = command->preexpand ? expand_whole(ev, item->args[0], argv, &tainted)
                                                   : expand_words(ev, command, argv, &tainted);
    if (status != EXPAND_OK)
        return status;
    if (tainted && argv[0] != NULL) {
        log_write(LOG_MAIN | LOG_PANIC, "Attempt to exec tainted path: '%s'", argv[0]);
        return evaluate_fail(ev, "couldn't create child process: %s", strerror(EPERM));
    }
    status = run_command(ev, argv, &finding.found);
    if (status != EXPAND_OK)
        return status;
    finding.value = ev->scope->value;
    return evaluate_branches(ev, item, 1, &finding, out);
}

static const struct item_row rows[] = {
    {"run", parse_run, 1, 1, NULL, NULL, evaluate_run, SCOPE_FORBID_RUN},
};

const struct item_table item_run_table = ROWS(rows);
