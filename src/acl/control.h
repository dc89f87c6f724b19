/* The control modifier (manual, 44.22): a table of what it can be told. */
#ifndef ACL_CONTROL_H
#define ACL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "acl/acl.h"

enum acl_control_id {
    CONTROL_ALLOW_AUTH_UNADVERTISED,
    CONTROL_CASEFUL_LOCAL_PART,   /* done by the ACL itself: the host does not hear of it */
    CONTROL_CASELOWER_LOCAL_PART, /* the same */
    CONTROL_CUTTHROUGH_DELIVERY,
    CONTROL_DEBUG, /* done by the ACL itself */
    CONTROL_DKIM_DISABLE_VERIFY,
    CONTROL_DMARC_DISABLE_VERIFY,
    CONTROL_DMARC_ENABLE_FORENSIC,
    CONTROL_DSCP,
    CONTROL_ENFORCE_SYNC,
    CONTROL_FAKEDEFER,  /* parameter: the text; STR_NULL: the default text */
    CONTROL_FAKEREJECT, /* the same */
    CONTROL_FREEZE,
    CONTROL_NO_CALLOUT_FLUSH,
    CONTROL_NO_DELAY_FLUSH,
    CONTROL_NO_ENFORCE_SYNC,
    CONTROL_NO_MBOX_UNSPOOL,
    CONTROL_NO_MULTILINE_RESPONSES,
    CONTROL_NO_PIPELINING,
    CONTROL_QUEUE,
    CONTROL_QUEUE_ONLY,
    CONTROL_SUBMISSION,
    CONTROL_SUPPRESS_LOCAL_FIXUPS,
    CONTROL_UTF8_DOWNCONVERT,
    CONTROL_WELLKNOWN,
};

enum acl_control_state {
    CONTROL_REFUSED, /* Exim knows it, this version does not do it */
    CONTROL_BY_HOST, /* acl_host.control() is called */
    CONTROL_BY_ACL,  /* done here */
    CONTROL_OF_MESSAGE, /* the message's struct mail_handling says so from then on */
    CONTROL_GIVEN,   /* what it asks for is so in any case: it switches off what does not exist */
};

struct acl_control {
    const char *name;
    enum acl_control_id id;
    enum acl_control_state state;
    bool parameter;   /* may be followed by a slash and a parameter */
    uint32_t allowed; /* places, bit number enum acl_where */
};

/* Refuses a fixed argument that names a control of state CONTROL_REFUSED; anything else that is wrong
 * with it shows when it is used, as in Exim. */
bool acl_control_inspect(struct str fixed, struct error *err);

/* Refuses options of control = debug that this version does not do. */
bool acl_control_debug_inspect(struct str parameter, struct error *err);

/* `control = debug/parameter`. */
bool acl_control_debug(struct acl_context *context, struct str parameter, struct error *err);

/* A control that concerns the message; parameter: what stands behind the slash, STR_NULL: no slash. value: all
 * of it, for err. */
bool acl_control_of_message(struct acl_context *context, const struct acl_control *control, struct str value,
                            struct str parameter, struct error *err);

/* `control = value`. False: err, in Exim's words. */
bool acl_control_apply(struct acl_context *context, struct str value, struct error *err);

/* Those of state CONTROL_REFUSED, for acl_unsupported(). */
void acl_control_unsupported(void (*each)(void *ctx, const char *kind, const char *name), void *ctx);

#endif
