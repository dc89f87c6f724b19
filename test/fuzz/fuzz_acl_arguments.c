/* Arguments of ACL conditions and modifiers as they come out of an expansion, and header lines for those that look
 * at them: whatever they are, there is an outcome that makes sense, and nothing outside is touched. The first
 * octet says which item and where, then comes its argument, and behind a NUL the header section. */
#include <stdlib.h>
#include <string.h>

#include "acl/acl.h"
#include "acl/compiled.h"
#include "base/arena.h"
#include "base/log.h"
#include "mail/message.h"

#include "fuzz.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool control(void *owner, const struct acl_control *row, struct str parameter, struct error *err)
{
    (void)owner;
    (void)err;
    require(row != NULL && (str_is_null(parameter) || parameter.s[parameter.n] == '\0'));
    return true;
}

static void header(void *owner, struct str text)
{
    (void)owner;
    require(text.n > 0);
}

static void delay(void *owner, int seconds)
{
    (void)owner;
    require(seconds >= 0);
}

static struct str log_prefix(void *owner, struct arena *arena)
{
    (void)owner;
    (void)arena;
    return STR("");
}

static const struct acl_host host = {
    .control = control,
    .add_header = header,
    .remove_header = header,
    .delay = delay,
    .log_prefix = log_prefix,
};

static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};

static const char *const texts[] = {
    "a:\n warn ratelimit = $acl_m_v\n accept", "a:\n warn seen = $acl_m_v\n accept",
    "a:\n warn control = $acl_m_v\n accept",   "a:\n require verify = $acl_m_v\n",
    "a:\n require verify = header_syntax\n",   "a:\n require verify = not_blind\n",
    "a:\n require verify = not_blind/case_insensitive\n verify = header_names_ascii\n",
    "a:\n warn udpsend = $acl_m_v\n accept",   "a:\n warn queue = $acl_m_v\n accept",
    "a:\n warn add_header = $acl_m_v\n remove_header = $acl_m_v\n accept",
    "a:\n warn logwrite = $acl_m_v\n log_reject_target = $acl_m_v\n accept",
    "a:\n warn delay = $acl_m_v\n condition = $acl_m_v\n accept",
};
enum { TEXTS = sizeof texts / sizeof *texts };

static void run(struct arena *arena, const char *text, enum acl_where where, struct str value, struct str headers)
{
    struct acl_source source = {STR("a"), {"fuzz", 1}, acl_text_lines(arena, str_of(strchr(text, '\n') + 1), "fuzz")};
    struct scope_process process = {.primary_hostname = STR("mail.test"), .qualify_recipient = STR("mail.test")};
    struct scope_connection connection = {.acl_c.arena = arena};
    struct scope_recipient recipients[] = {{.address = STR("a@b")}, {.address = STR("c@d")}};
    struct scope_message message = {
        .sender_address = STR("s@a.b"),
        .acl_m.arena = arena,
        .headers = headers,
        .recipients = recipients,
        .recipients_count = 2,
    };
    struct scope scope = {
        .arena = arena,
        .services = &services,
        .process = &process,
        .connection = &connection,
        .message = &message,
        .lists = named_lists_new(arena),
        .forbid = ~0U,
    };
    struct acl_rates rates = {.arena = arena};
    struct mail_handling handling = {.freeze = false};
    struct acl_context context = {
        .scope = &scope,
        .host = &host,
        .where = where,
        .arena = arena,
        .handling = &handling,
        .handling_arena = arena,
        .message_rates = &rates,
        .connection_rates = &rates,
    };
    struct error err = ERROR_IN(arena);
    struct acl_outcome outcome;
    struct acl_set *set;

    require(acl_compile(arena, &source, 1, &set, &err));
    context.acls = set;
    varset_set(&message.acl_m, STR("acl_m_v"), value);
    acl_run(&context, template_compile(arena, STR("a"), (struct source_pos){NULL, 0}), &outcome);
    require(outcome.result <= ACL_ERROR && context.depth == 0 && scope.acl == NULL);
}

static void be_quiet(void)
{
    const struct log_settings settings = {.debug_path = STR("/dev/null")};

    log_configure(&settings);
    require(debug_log_start(STR(""), STR("-all+acl"), NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum acl_where places[] = {ACL_WHERE_DATA, ACL_WHERE_RCPT, ACL_WHERE_MAIL, ACL_WHERE_NOTSMTP};
    struct arena *arena;
    struct str all, value, headers;
    ptrdiff_t nul;

    if (size < 1)
        return 0;
    be_quiet();
    arena = arena_new(ARENA_PLAIN);
    all = str_copy_n(arena, (const char *)data + 1, size - 1, false);
    nul = str_find(all, '\0');
    value = nul < 0 ? all : str_sub(arena, all, 0, (size_t)nul);
    headers = nul < 0 ? STR("") : str_taint(str_sub(arena, all, (size_t)nul + 1, all.n));
    run(arena, texts[data[0] % TEXTS], places[data[0] / TEXTS % (sizeof places / sizeof *places)], value, headers);
    arena_free(arena);
    debug_log_stop(false);
    log_close();
    return 0;
}
