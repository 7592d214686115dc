/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-rpc-message.h"

#include "orf-decode.h"
#include "orf-error.h"
#include "orf-json.h"
#include "rpc/orf-rpc-plain.h"
#include "rpc/orf-rpc-request.h"
#include "rpc/orf-rpc-text.h"

static OrfRpcMessage *
allocate (gboolean batch, guint n_requests)
{
  OrfRpcMessage *message = g_malloc0 (sizeof *message + n_requests * sizeof (OrfRpcRequest));

  message->batch = batch;
  message->n_requests = n_requests;
  return message;
}

static void
clear_request (OrfRpcRequest *request)
{
  g_free (request->id);
  json_decref (request->id_value);
  if (request->inside != NULL)
    orf_struct_free (&orf_rpc_meta_desc, request->inside);
  if (request->method != NULL)
    orf_call_params_clear (&request->params, request->method);
  g_clear_error (&request->error);
}

void
orf_rpc_message_free (OrfRpcMessage *message)
{
  for (guint i = 0; i < message->n_requests; i++)
    clear_request (&message->requests[i]);
  json_decref (message->tree);
  g_clear_error (&message->error);
  g_free (message);
}

/* An id that could be read is echoed, on errors too. */
static gboolean
take_id (OrfRpcRequest *request, json_t *object, const OrfRpcSlice *text)
{
  json_t *id = json_object_get (object, "id");

  request->notification = id == NULL;
  if (id == NULL)
    return TRUE;
  if (!orf_rpc_request_check_id (id, &request->error))
    return FALSE;
  request->id_value = json_incref (id);
  request->id = orf_rpc_text_dup_id (text->text, text->length);
  if (request->id == NULL) /* its key was written with escapes */
    request->id = orf_json_dump (id);
  return TRUE;
}

/* text: the request as it stood, for its id. */
static void
read_request (OrfRpcRequest *request,
              json_t *object,
              const OrfRpcSlice *text,
              const OrfCallMeta *beside)
{
  if (!json_is_object (object))
    g_set_error (&request->error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST,
                 "a request is a JSON object");
  else if (take_id (request, object, text))
    request->well_formed = orf_rpc_request_check (object, &request->error);
  if (!request->well_formed)
    return;
  request->method = orf_rpc_request_find_method (object, &request->error);
  if (request->method != NULL)
    request->inside = orf_rpc_request_decode_meta (object, beside, &request->meta, &request->error);
  request->params.json = json_object_get (object, "params");
}

static OrfRpcMessage *
read_plain (OrfRpcPlain *plain, const OrfCallMeta *beside)
{
  const OrfRpcSlice text = { plain->text, plain->length };
  OrfRpcMessage *message = allocate (FALSE, 1);
  OrfRpcRequest *request = &message->requests[0];

  message->tree = json_incref (plain->envelope);
  read_request (request, plain->envelope, &text, beside);
  if (request->method == plain->method)
    request->params = (OrfCallParams){ .read = TRUE, .decoded = g_steal_pointer (&plain->params) };
  return message;
}

static OrfRpcMessage *
read_batch (json_t *batch, const OrfRpcSlice *text, const OrfCallMeta *beside)
{
  g_autoptr (GArray) slices = orf_rpc_text_split_array (text->text, text->length);
  OrfRpcMessage *message = allocate (TRUE, (guint) json_array_size (batch));

  for (guint i = 0; i < message->n_requests; i++)
    read_request (&message->requests[i], json_array_get (batch, i),
                  &g_array_index (slices, OrfRpcSlice, i), beside);
  return message;
}

static OrfRpcMessage *
refuse (GError *error)
{
  OrfRpcMessage *message = allocate (FALSE, 0);

  message->error = error;
  return message;
}

static gboolean
check_message (const OrfRpcLimits *limits, json_t *tree, GError **error)
{
  if (json_is_array (tree) && json_array_size (tree) == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST, "the batch is empty");
    return FALSE;
  }
  if (json_array_size (tree) > limits->max_batch) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST,
                 "the batch has %u requests and at most %u are taken (rpc.max_batch)",
                 (guint) json_array_size (tree), limits->max_batch);
    return FALSE;
  }
  return TRUE;
}

static OrfRpcMessage *
read_tree (const OrfRpcLimits *limits, const OrfRpcSlice *text, const OrfCallMeta *beside)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) tree = orf_rpc_limits_parse_json (limits, text->text, text->length, &error);
  OrfRpcMessage *message;

  if (tree == NULL || !check_message (limits, tree, &error))
    return refuse (g_steal_pointer (&error));
  if (json_is_array (tree)) {
    message = read_batch (tree, text, beside);
  } else {
    message = allocate (FALSE, 1);
    read_request (&message->requests[0], tree, text, beside);
  }
  message->tree = g_steal_pointer (&tree);
  return message;
}

OrfRpcMessage *
orf_rpc_message_new (const OrfRpcLimits *limits,
                     const char *text,
                     gsize length,
                     const OrfCallMeta *beside)
{
  const OrfRpcSlice slice = { text, length };
  g_autoptr (OrfRpcPlain) plain = orf_rpc_plain_read (limits, text, length, beside);

  return plain != NULL ? read_plain (plain, beside) : read_tree (limits, &slice, beside);
}

void
orf_rpc_message_read_params (OrfRpcMessage *message)
{
  for (guint i = 0; i < message->n_requests; i++) {
    OrfRpcRequest *request = &message->requests[i];

    if (request->error == NULL)
      orf_call_params_read (&request->params, request->method,
                            request->meta.idempotency_key != NULL);
    request->params.json = NULL;
  }
  g_clear_pointer (&message->tree, json_decref);
}
