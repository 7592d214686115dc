/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/orf-call-write.h"

#include <string.h>

#include "orf-encode.h"

struct _OrfCallWrite {
  OrfCall *call;
  char *answer;
  OrfIdempotency idempotency;
};

OrfCallWrite *
orf_call_write_new (OrfCall *call, const OrfDesc *desc, gconstpointer result)
{
  g_autoptr (GString) answer = g_string_new (NULL);
  OrfCallWrite *write = NULL;
  GError *error = NULL;

  if (!orf_encode (desc, result, answer, &error)) {
    orf_call_fail (call, error);
    return NULL;
  }
  write = g_new0 (OrfCallWrite, 1);
  write->call = call;
  write->answer = g_string_free (g_steal_pointer (&answer), FALSE);
  write->idempotency = (OrfIdempotency){
    .key = orf_call_get_idempotency_key (call),
    .method = orf_call_get_method (call)->name,
    .params_hash = orf_call_get_params_hash (call),
    .response_json = write->answer,
  };
  return write;
}

void
orf_call_write_free (OrfCallWrite *write)
{
  g_free (write->answer);
  g_free (write);
}

const char *
orf_call_write_get_answer (const OrfCallWrite *write)
{
  return write->answer;
}

const OrfIdempotency *
orf_call_write_get_idempotency (const OrfCallWrite *write)
{
  return &write->idempotency;
}

void
orf_call_write_done_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autoptr (OrfCallWrite) write = user_data;
  const char *json = NULL;

  if (error != NULL) {
    orf_call_fail (write->call, g_error_copy (error));
    return;
  }
  json = result->replayed_json != NULL ? result->replayed_json : write->answer;
  orf_call_return_encoded (write->call, json, strlen (json));
}
