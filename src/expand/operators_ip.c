/* Operators on IP addresses: ipv6denorm, ipv6norm, mask, reverse_ip (manual, 11.6). */
#include <string.h>

#include "base/ip.h"
#include "expand/apply.h"
#include "expand/operators.h"

static enum expand_status not_an_address(struct evaluation *ev, struct str text)
{
    return evaluate_fail(ev, "\"%.*s\" is not an IP address", STR_ARG(text));
}

/* An IPv4 address becomes the IPv6 one that stands for it. */
static bool parse_as_ipv6(struct str text, struct ip *ip)
{
    if (!ip_parse(text, ip))
        return false;
    if (ip->bits == 32) {
        memcpy(ip->octets + 12, ip->octets, 4);
        memset(ip->octets, 0, 10);
        memset(ip->octets + 10, 0xff, 2);
        ip->bits = 128;
    }
    return true;
}

APPLY_OPERATOR(apply_ipv6denorm)
{
    struct ip ip;
    if (!parse_as_ipv6(op->operand, &ip))
        return not_an_address(ev, op->operand);
    buffer_add(out, ip_format_full(ev->arena, &ip, ':'));
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_ipv6norm)
{
    struct ip ip;
    if (!parse_as_ipv6(op->operand, &ip))
        return not_an_address(ev, op->operand);
    buffer_add(out, ip_format(ev->arena, &ip));
    return EXPAND_OK;
}

/* ${mask:...} writes IPv6 with dots, as a key of an lsearch file; ${mask_n:...} as usual. */
APPLY_OPERATOR(apply_mask)
{
    struct ip ip;
    int length;
    if (!ip_parse_net(op->operand, &ip, &length))
        return not_an_address(ev, op->operand);
    if (length < 0)
        return evaluate_fail(ev, "missing mask value in \"%.*s\"", STR_ARG(op->operand));
    if ((unsigned)length > ip.bits)
        return evaluate_fail(ev, "mask value too big in \"%.*s\"", STR_ARG(op->operand));
    ip_mask(&ip, (unsigned)length);
    bool dots = ip.bits == 128 && !str_is(op->suffix, "n");
    buffer_add(out, dots ? ip_format_full(ev->arena, &ip, '.') : ip_format(ev->arena, &ip));
    buffer_printf(out, "/%d", length);
    out->tainted |= op->operand.tainted;
    return EXPAND_OK;
}

/* As the DNS wants it: octets or nibbles, the last one first. A mask behind the address is ignored. */
APPLY_OPERATOR(apply_reverse_ip)
{
    struct ip ip;
    int length;
    if (!ip_parse_net(op->operand, &ip, &length))
        return evaluate_fail(ev, "reverse_ip() not given an IP address [%.*s]", STR_ARG(op->operand));
    size_t octets = ip.bits / 8;
    for (size_t i = octets; i-- > 0;) {
        const char *dot = i > 0 ? "." : "";
        if (ip.bits == 32)
            buffer_printf(out, "%u%s", ip.octets[i], dot);
        else
            buffer_printf(out, "%x.%x%s", ip.octets[i] & 15U, ip.octets[i] >> 4U, dot);
    }
    out->tainted |= op->operand.tainted;
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"ipv6denorm", apply_ipv6denorm},
    {"ipv6norm", apply_ipv6norm},
    {"mask", apply_mask},
    {"reverse_ip", apply_reverse_ip},
};

const struct operator_table operator_ip_table = ROWS(rows);
