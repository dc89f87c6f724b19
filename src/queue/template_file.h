/* Files of texts for bounces and warnings, separated by lines of four asterisks (manual, chapter 50). Private to
 * src/queue. */
#ifndef QUEUE_TEMPLATE_FILE_H
#define QUEUE_TEMPLATE_FILE_H

#include "expand/expand.h"
#include "queue/job.h"

enum { TEMPLATE_FILE_ITEMS = 6 };

struct template_file {
    struct job *job;
    struct str items[TEMPLATE_FILE_ITEMS]; /* empty: the default text */
};

/* Reads the file that the option names; one that cannot be read is logged, and its items are empty. */
void template_file_read(struct job *job, const struct template *option, const char *name, struct template_file *file);

/* Adds an item, expanded. False: there is none, or it cannot be expanded, which is logged. */
bool template_file_item(const struct template_file *file, unsigned n, struct scope *scope, struct buffer *out);

#endif
