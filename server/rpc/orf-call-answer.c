/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Answers that the router's reader writes.  Invariant: the result is the thread's from the push on,
 * and is freed there; the call is only the main context's.
 */
#include "orf-decode.h"
#include "orf-error.h"
#include "rpc/orf-call-private.h"
#include "rpc/orf-rpc-reader.h"

typedef struct {
  OrfJob job;
  OrfCall *call;     /* NULL: it is answered */
  OrfCancel *cancel; /* the call's */
  const OrfMethod *method;
  gpointer result; /* NULL: it is JSON, or nobody waits for it */
  OrfMemory *memory;
  gsize held_bytes;
  GString *json;
  GError *error;
} Answer;

static void
write_cb (OrfJob *job, gpointer state G_GNUC_UNUSED)
{
  Answer *answer = (Answer *) job;

  if (orf_cancel_is_set (answer->cancel))
    g_set_error_literal (&answer->error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                         "the deadline passed before the answer was written");
  else
    orf_call_encode (answer->method, answer->result, answer->json, &answer->error);
  orf_struct_free (answer->method->result, g_steal_pointer (&answer->result));
  orf_job_reply (job);
}

static void
done_cb (OrfJob *job)
{
  Answer *answer = (Answer *) job;
  OrfCall *call = g_steal_pointer (&answer->call);

  if (answer->error != NULL)
    orf_call_fail (call, g_steal_pointer (&answer->error));
  else
    orf_call_return_encoded (call, answer->json->str, answer->json->len);
}

static void
free_cb (OrfJob *job)
{
  Answer *answer = (Answer *) job;

  orf_memory_add (answer->memory, ORF_MEMORY_QUERIES, -(gint64) answer->held_bytes);
  orf_cancel_unref (answer->cancel);
  g_string_free (answer->json, TRUE);
  g_clear_error (&answer->error);
  g_free (answer);
}

static Answer *
answer_new (OrfCall *call, gpointer result, gsize bytes)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->job = (OrfJob){ .work = write_cb, .done = done_cb, .free = free_cb };
  answer->call = call;
  answer->cancel = orf_cancel_ref (orf_call_get_cancel (call));
  answer->method = orf_call_get_method (call);
  answer->result = result;
  answer->memory = orf_router_get_memory (orf_call_peek_origin (call)->router);
  answer->held_bytes = bytes;
  answer->json = g_string_sized_new (256);
  orf_memory_add (answer->memory, ORF_MEMORY_QUERIES, (gint64) bytes);
  return answer;
}

void
orf_call_return_taken (OrfCall *call, gpointer result)
{
  const OrfDesc *desc = orf_call_get_method (call)->result;
  OrfRpcReader *reader = orf_router_get_reader (orf_call_peek_origin (call)->router);
  gsize bytes = orf_struct_measure (desc, result);

  if (orf_rpc_reader_wants (reader, bytes) && !orf_call_is_ended (call)) {
    orf_rpc_reader_write (reader, &answer_new (call, result, bytes)->job);
    return;
  }
  orf_call_return (call, result);
  orf_struct_free (desc, result);
}
