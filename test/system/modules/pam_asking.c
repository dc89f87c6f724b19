/* A PAM module for tests: talks in the way that its first argument names, and wants "one" and "two" for answers. */
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BINARY_PROMPT = 7, MANY = 40 };

static int say(pam_handle_t *pam, int count, const int *styles, struct pam_response **responses)
{
    struct pam_message messages[MANY];
    const struct pam_message *pointers[MANY];
    const struct pam_conv *conversation = NULL;

    for (int i = 0; i < count; i++) {
        messages[i] = (struct pam_message){styles[i], "question"};
        pointers[i] = &messages[i];
    }
    *responses = NULL;
    if (pam_get_item(pam, PAM_CONV, (const void **)&conversation) != PAM_SUCCESS)
        return PAM_SERVICE_ERR;
    return conversation->conv(count, pointers, responses, conversation->appdata_ptr);
}

static int is(const struct pam_response *response, const char *text)
{
    return response->resp && strcmp(response->resp, text) == 0;
}

static int ask(pam_handle_t *pam, int count, const int *styles, int first, int second)
{
    struct pam_response *responses;
    int code = say(pam, count, styles, &responses), good;

    if (code != PAM_SUCCESS)
        return responses ? PAM_ABORT : code; /* a failing conversation must not answer */
    good = is(&responses[first], "one") && is(&responses[second], "two");
    for (int i = 0; i < count; i++)
        free(responses[i].resp);
    free(responses);
    return good ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    static const int several[] = {PAM_TEXT_INFO, PAM_PROMPT_ECHO_ON, PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_TEXT_INFO};
    static const int binary[] = {PAM_PROMPT_ECHO_OFF, BINARY_PROMPT};
    static const int prompts[] = {PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_OFF};
    static const int informing[MANY] = {0};
    const char *way = argc > 0 ? argv[0] : "";

    (void)flags;
    if (strcmp(way, "several") == 0)
        return ask(pam, 5, several, 1, 3);
    if (strcmp(way, "binary") == 0)
        return ask(pam, 2, binary, 0, 0);
    if (strcmp(way, "prompts") == 0)
        return ask(pam, 4, prompts, 0, 1);
    if (strcmp(way, "none") == 0)
        return ask(pam, 0, several, 0, 0);
    if (strcmp(way, "many") == 0)
        return ask(pam, MANY, informing, 0, 0);
    if (strcmp(way, "crash") == 0)
        abort();
    if (strcmp(way, "exit") == 0)
        _exit(0);
    if (strcmp(way, "hang") == 0)
        sleep(1000);
    return PAM_SERVICE_ERR;
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)pam, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}
