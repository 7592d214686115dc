/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as VERB PATH?QUERY, a newline, and a body: one answer, and that is JSON, or a file;
 * or none to who has gone meanwhile. */
#include <string.h>

#include "fuzz-router.h"
#include "orf-error.h"
#include "rpc/orf-rest.h"

/* One whose answer comes late. */
static OrfCall *late_call;

static void
workers_cb (OrfCall *call, const OrfWorkerListParams *params, gpointer user_data)
{
  late_call = call;
}

static OrfRouter *
get_router (void)
{
  OrfRouter *router = fuzz_get_router ();

  if (!orf_router_is_bound (router, ORF_METHOD_WORKER_LIST))
    orf_bind_worker_list (router, workers_cb, NULL);
  return router;
}

static void
done_cb (gpointer user_data, const OrfRestAnswer *answer)
{
  ++*(guint *) user_data;
  if (answer->file_name == NULL)
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
  OrfRestCall *call;
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
  call = orf_rest_call (get_router (), &request, done_cb, &n_answers);
  if (n_answers != (call == NULL ? 1 : 0))
    g_error ("%u answers to one request", n_answers);
  if (call != NULL) { /* who asked has gone before it is answered */
    orf_rest_call_abandon (call);
    orf_call_fail (late_call, g_error_new_literal (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "late"));
  }
  return 0;
}
