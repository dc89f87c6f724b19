/* Unit tests for certificates in expansions: certextract and fingerprints. */
#include "testing.h"


#include <stdlib.h>
#include <time.h>

#include "expand_testing.h"

/* Subject: DC=ex, DC=test, C=UK, O="Test, Inc", OU=One, OU="Two; x", CN=..., emailAddress; alternative names of
 * every kind, two OCSP responders, two revocation lists. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIElTCCA32gAwIBAgIEAP8BAjANBgkqhkiG9w0BAQsFADAhMQ0wCwYDVQQKDARU\n"
    "ZXN0MRAwDgYDVQQDDAdUZXN0IENBMB4XDTI2MTEyNjAzMDcwNFoXDTI2MTIxNjAz\n"
    "MDcwNFowgZwxEjAQBgoJkiaJk/IsZAEZFgJleDEUMBIGCgmSJomT8ixkARkWBHRl\n"
    "c3QxCzAJBgNVBAYTAlVLMRIwEAYDVQQKDAlUZXN0LCBJbmMxDDAKBgNVBAsMA09u\n"
    "ZTEPMA0GA1UECwwGVHdvOyB4MRkwFwYDVQQDDBBjbGllbnQgInEiICsgPHg+MRUw\n"
    "EwYJKoZIhvcNAQkBFgZhQGIuZXgwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEK\n"
    "AoIBAQCtOT9B7QQgLBPaWk1i4g81HTVt88s5EEbL8R/bv1ea1OufYyNr1gYKvmIj\n"
    "1KQ6usQWd0lpxpc3qiP7rzGKL9BWXj/7HayvLEN8zOHg7LOcAdfnwMSiqv10MAJp\n"
    "vvuAQ1y6fU5NRzNwfo8qhF1kLoBurjfRzVg+ijdbx9BrING9jpTgdtTZTK6NmasL\n"
    "wjfZQzZhNmJQamboCVe5VVmZM9Pb3hbdVVtewhIUQ0BC+VgzPU+LfiRbJ+bX71d2\n"
    "jsCPoTinB7PRarH5sYP/si/DwH2OIlMswg1b51xHdQ5M6zzQLdwLt6UoTlgv8Sz3\n"
    "QC+Uy1YZMWy+qWUOUg2jaVH4gVhvAgMBAAGjggFXMIIBUzBeBgNVHREEVzBVgQ1h\n"
    "bGljZUB0ZXN0LmV4gQxiOm9iQHRlc3QuZXiCBmMudGVzdIIIKi5kLnRlc3SGCmh0\n"
    "dHA6Ly94L3mHBAECAwSkEjAQMQ4wDAYDVQQDDAVpbm5lcjBrBggrBgEFBQcBAQRf\n"
    "MF0wIAYIKwYBBQUHMAGGFGh0dHA6Ly9vY3NwLnRlc3QvYTpiMB0GCCsGAQUFBzAB\n"
    "hhFodHRwOi8vb2NzcDIudGVzdDAaBggrBgEFBQcwAoYOaHR0cDovL2NhLnRlc3Qw\n"
    "RAYDVR0fBD0wOzAboBmgF4YVaHR0cDovL2NybC50ZXN0L3guY3JsMBygGqAYhhZo\n"
    "dHRwOi8vY3JsMi50ZXN0L3kuY3JsMB0GA1UdDgQWBBS+Nc0nMv6HhaxYOuS4xyiB\n"
    "laZ7QjAfBgNVHSMEGDAWgBSq84WKxFVJuXJCKX/ikjkJBFYQsTANBgkqhkiG9w0B\n"
    "AQsFAAOCAQEAUaTumI+cxlmQn3/0fuXcADUO9uTuE2GxasgkoGV09vs4861AwXdH\n"
    "c4+0znSf1LDZig8B+NTDjMvGPnaTaBUjL/ohHtFlmCRopgwPmhwmQWplWi3MHdv8\n"
    "CywL1oeggul4wg7kV9QhCpWnMxSLA/ag7GSbnP8+O+6HcShYCS2QqTbm67frnvyT\n"
    "Nwl4vVjlTr0bFBIADtG/6StrFFdGOqrnrY7AcGZa+CzpKTCQt5kJlKZKSuKOuSPf\n"
    "LwBwLI26XXe2Zsg23l+8UO50XZ3mHSFeQ3v3pzjbZHiWgahRlmo+qloQl2+toYhK\n"
    "7fDsQ7viA5tZhFJrx2AQRmzGBK6JSqDR0Q==\n"
    "-----END CERTIFICATE-----\n";

static int setup(void **state)
{
    struct expand_testing *t;

    if (expand_testing_setup(state) != 0)
        return -1;
    t = *state;
    t->connection.tls_in = (struct scope_tls){.active = true, .peercert = str_taint(str_of(certificate))};
    varset_set(&t->connection.acl_c, STR("acl_c_pem"), str_of(certificate));
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

#define FIELD(field, value) CASE("${certextract{" field "}{$tls_in_peercert}{$value}{none}}", value)

static void test_fields(void **state)
{
    static const struct expand_case cases[] = {
        FIELD("version", "3"),
        FIELD(" version ", "3"),
        FIELD("serial_number", "ff0102"),
        FIELD("sig_algorithm", "RSA-SHA256"),
        FIELD("notbefore,int", "1795662424"),
        FIELD("notbefore", "Nov 26 03:07:04 2026 UTC"),
        FIELD("notafter", "Dec 16 03:07:04 2026 UTC"),
        FIELD("notafter,int,more", "Dec 16 03:07:04 2026 UTC"),
        CASE("${length_11:${certextract{signature}{$tls_in_peercert}}}", "51 a4 ee 98"),
        FIELD("ocsp_uri", "http://ocsp.test/a:b\nhttp://ocsp2.test"),
        FIELD("ocsp_uri,>:", "http:://ocsp.test/a::b:http:://ocsp2.test"),
        FIELD("crl_uri,>;", "http://crl.test/x.crl;http://crl2.test/y.crl"),
    };

    check_cases(*state, cases);
}

static void test_names(void **state)
{
    static const struct expand_case cases[] = {
        FIELD("subject", "emailAddress=a@b.ex,CN=client \\\"q\\\" \\+ \\<x\\>,OU=Two\\; x,OU=One,O=Test\\, Inc,"
                         "C=UK,DC=test,DC=ex"),
        FIELD("subject,CN", "client \\\"q\\\" \\+ \\<x\\>"),
        FIELD("subject,O", "Test, Inc"),
        FIELD("subject,OU", "Two\\; x\nOne"),
        FIELD("subject,DC,>:", "test:ex"),
        FIELD("subject,cn", "none"),
        FIELD("issuer", "CN=Test CA,O=Test"),
        FIELD("issuer,CN", "Test CA"),
    };

    check_cases(*state, cases);
}

static void test_alternative_names(void **state)
{
    static const struct expand_case cases[] = {
        FIELD("subj_altname",
              "MAIL=alice@test.ex\nMAIL=b:ob@test.ex\nDNS=c.test\nDNS=*.d.test\nURI=http://x/y"),
        FIELD("subj_altname,mail,>:", "alice@test.ex:b::ob@test.ex"),
        FIELD("subj_altname,>/,dns", "c.test/*.d.test"),
        FIELD("subj_altname,mail,uri", "http://x/y"),
        FIELD("subject_altname,dns", "c.test\n*.d.test"),
        FIELD("subj_altname,ip,>:", "MAIL=alice@test.ex:MAIL=b::ob@test.ex:DNS=c.test:DNS=*.d.test:URI=http:://x/y"),
    };

    check_cases(*state, cases);
}

static void test_values_and_errors(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${certextract{version}{$acl_c_pem}}", "3"),
        CASE("${certextract{foo}{$tls_in_peercert}}", "Failed: bad field selector \"foo\" for certextract"),
        CASE("${certextract{}{$tls_in_peercert}}", "Failed: bad field selector \"\" for certextract"),
        CASE("${certextract{version}{x}}",
             "Failed: second argument of \"certextract\" must be a certificate variable"),
        CASE("${certextract{version}{$tls_in_cipher}}", "Failed: \"tls_in_cipher\" is not a certificate"),
        CASE("${certextract{version}{-----BEGIN CERTIFICATE-----x}}", "Failed: certextract: this is no certificate"),
        CASE("${certextract{version}{$tls_in_ourcert}{y}{n}}", "n"),
        CASE("${if def:tls_in_peercert{y}{n}}${if def:tls_in_ourcert{y}{n}}", "yn"),
    };

    check_cases(t, cases);
    t->connection.tls_in.active = false;
    assert_expands(t, "${certextract{foo}{$tls_in_peercert}{y}{n}}", "n");
}

static void test_fingerprints(void **state)
{
    static const struct expand_case cases[] = {
        CASE("${md5:$tls_in_peercert}", "FB42ACE3333C7612FE19A8680317E200"),
        CASE("${sha1:$tls_in_peercert}", "4A54E45A0A964028A8CEE6C89D1CB8C8DAE3A4AA"),
        CASE("${sha256:$tls_in_peercert}", "A156EFEB9A93CD919F8699117116BEACDBB655F523BB6E82020B55C6014C952E"),
        CASE("${sha256:$tls_in_ourcert}", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
    };

    check_cases(*state, cases);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, expand_testing_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_fields),
        TEST(test_names),
        TEST(test_alternative_names),
        TEST(test_values_and_errors),
        TEST(test_fingerprints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
