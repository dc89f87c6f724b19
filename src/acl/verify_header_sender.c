/* verify = header_sender (manual, 44.26): is there one address in Sender:, Reply-To: and From: that can be
 * verified as a sender? */
#include "acl/header_lines.h"
#include "acl/verify.h"

/* What has come out so far. */
struct search {
    struct mail_verify_options options;
    bool deferred;    /* for one of them it could not be found out */
    struct str user;  /* what the peer is told of the last that failed */
};

/* "Reply-To:", as it is written. */
static struct str name_with_colon(const struct acl_run *run, const struct header_line *header)
{
    return str_join(run->context->arena, str_trim(run->context->arena, header->name), STR(":"));
}

static enum acl_check syntax_error(struct acl_run *run, const struct header_line *header, struct str why,
                                   struct str item, struct search *search)
{
    struct arena *arena = run->context->arena;
    struct str name = name_with_colon(run, header),
               text = str_printf(arena, "syntax error in '%.*s' header when scanning for sender: %.*s in \"%.*s\"",
                                 STR_ARG(name), STR_ARG(why), STR_ARG(item));

    return header_test_failed(run, CHECK_FALSE, search->user, str_taint(text));
}

static void remember_failure(struct acl_run *run, const struct header_line *header,
                             const struct mail_verify *request, struct search *search)
{
    struct str name = name_with_colon(run, header),
               why = str_is_null(request->log_message) ? request->failure : request->log_message;

    search->user = str_printf(run->context->arena, "could not verify \"%.*s\" header address\n%.*s: %.*s",
                              STR_ARG(name), STR_ARG(request->address), STR_ARG(why));
    search->user.tainted = true;
}

/* An address without a domain is none that can be verified, unless the host may send such. */
static enum mail_verify_result verify_one(struct acl_run *run, struct mail_verify *request,
                                          const struct address *address)
{
    struct acl_context *context = run->context;
    enum mail_verify_result result;

    request->address = address->text;
    if (str_is_null(address->domain) && !context->unqualified_sender_allowed) {
        request->failure = STR("qualify");
        request->log_message = STR("unqualified address not permitted");
        return VERIFY_FAIL;
    }
    if (str_is_null(address->domain))
        request->address = str_join3(context->arena, address->text, STR("@"), context->scope->process->qualify_domain);
    request->failure = request->log_message = STR_NULL;
    acl_verify_ask(run, request, &result);
    return result == VERIFY_DEFER && request->options.defer_ok ? VERIFY_OK : result;
}

/* CHECK_TRUE: one of the header's addresses is good; CHECK_FALSE: the search has failed; CHECK_DEFER: it goes on. */
static enum acl_check search_header(struct acl_run *run, const struct header_line *header, struct search *search)
{
    struct acl_context *context = run->context;
    const struct address_rules rules = header_address_rules(context);
    struct str body = str_trim(context->arena, header->body), item;
    struct address_list list = {.text = body};
    struct error err = ERROR_IN(context->arena);
    struct address address;
    bool good;

    while (address_list_next(&list, context->arena, &rules, &item, &address, &good, &err)) {
        struct mail_verify request = {.sender = true, .options = search->options};
        enum mail_verify_result result;

        if (!good)
            return syntax_error(run, header, err.text, item, search);
        result = verify_one(run, &request, &address);
        context->scope->acl->sender_verify_failure = request.failure;
        if (result == VERIFY_OK)
            return CHECK_TRUE;
        search->deferred = search->deferred || result == VERIFY_DEFER;
        remember_failure(run, header, &request, search);
    }
    return CHECK_DEFER;
}

static enum acl_check search_headers(struct acl_run *run, struct search *search)
{
    static const enum mail_header_type types[] = {HEADER_SENDER, HEADER_REPLY_TO, HEADER_FROM};
    enum acl_check status = CHECK_DEFER;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct str headers = header_lines(run);
        struct header_line header;

        while (status == CHECK_DEFER && header_line_take(&headers, &header))
            if (header.type == types[i])
                status = search_header(run, &header, search);
    }
    return status;
}

enum acl_check acl_verify_header_sender(struct acl_run *run, struct acl_verify *verify)
{
    struct search search = {.user = STR_NULL};
    enum acl_check status = acl_verify_options(run, verify, &search.options, ACL_VERIFIED_HEADER_SENDER);

    if (status != CHECK_TRUE)
        return status;
    if (run->context->services == NULL || run->context->services->verify == NULL)
        return acl_verify_no_service(run);
    status = search_headers(run, &search);
    if (status == CHECK_DEFER && search.deferred)
        status = header_test_failed(run, CHECK_DEFER, search.user,
                                    STR("all attempts to verify a sender in a header line deferred"));
    else if (status == CHECK_DEFER)
        status = header_test_failed(run, CHECK_FALSE, search.user,
                                    STR("there is no valid sender in any header line"));
    run->context->scope->acl->acl_verify_message = run->user_text;
    return status;
}
