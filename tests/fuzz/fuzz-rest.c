/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as VERB PATH?QUERY, a newline, and a body: one answer, and that is JSON. */
#include <string.h>

#include "fuzz-router.h"
#include "rpc/orf-rest.h"

static void
done_cb (gpointer user_data, const OrfRestAnswer *answer)
{
  ++*(guint *) user_data;
  fuzz_check_answer (answer->body, answer->length);
  if (answer->http_status < 200 || answer->http_status > 599)
    g_error ("status %d", answer->http_status);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  char *newline = strchr (text, '\n'), *space, *question;
  OrfRestRequest request = { .role = ORF_ROLE_OPERATE, .actor = "fuzz" };
  guint n_answers = 0;

  if (newline == NULL)
    return 0;
  *newline = '\0';
  space = strchr (text, ' ');
  if (space == NULL)
    return 0;
  *space = '\0';
  question = strchr (space + 1, '?');
  if (question != NULL)
    *question = '\0';
  request.verb = text;
  request.path = space + 1;
  request.query = question != NULL ? question + 1 : NULL;
  request.body = newline + 1;
  request.body_length = strlen (newline + 1);
  if (orf_rest_call (fuzz_get_router (), &request, done_cb, &n_answers) != NULL || n_answers != 1)
    g_error ("%u answers to one request", n_answers);
  return 0;
}
