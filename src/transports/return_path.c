/* The return path of a delivery (manual, 24: return_path). */
#include "base/arena.h"
#include "expand/expand.h"
#include "transports/write.h"

bool message_return_path(struct delivery *delivery, struct str *return_path, struct error *err)
{
    struct error why = ERROR_IN(delivery->arena);
    struct str errors_address = delivery->recipients->properties.errors_address;
    struct str changed;

    *return_path = str_is_null(errors_address) ? delivery->message->sender : errors_address;
    if (!delivery->transport->return_path)
        return true;
    switch (expand(delivery->scope, delivery->transport->return_path, delivery->arena, &changed, &why)) {
    case EXPAND_OK:
        *return_path = changed;
        return true;
    case EXPAND_FORCED:
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    return error_set(err, "Failed to expand return path \"%.*s\": %.*s",
                     STR_ARG(template_source(delivery->transport->return_path)), STR_ARG(why.text));
}
