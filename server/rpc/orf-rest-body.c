/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-rest-body.h"

#include "orf-error.h"
#include "orf-json.h"

typedef struct {
  OrfRpcReading base;
  OrfRpcLimits limits;
  const OrfMethod *method;
  json_t *tree; /* NULL once read */
  OrfRestReadFunc done;
  OrfCallParams params;
  GError *error;
} Reading;

gboolean
orf_rest_body_add (
  const OrfRpcLimits *limits, const char *text, gsize length, json_t *params, GError **error)
{
  g_autoptr (json_t) body = NULL;
  const char *name;
  json_t *value;

  if (length == 0)
    return TRUE;
  body = orf_rpc_limits_parse_json (limits, text, length, error);
  if (body == NULL)
    return FALSE;
  if (!json_is_object (body)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "the body has to be a JSON object");
    return FALSE;
  }
  json_object_foreach (body, name, value)
  {
    if (json_object_get (params, name) != NULL) {
      g_propagate_error (error,
                         orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, name, NULL,
                                              "%.100s: given twice, in the path or query and "
                                              "in the body",
                                              name));
      return FALSE;
    }
    json_object_set (params, name, value);
  }
  return TRUE;
}

static void
read_cb (OrfRpcReading *base)
{
  Reading *reading = (Reading *) base;

  reading->params.json = reading->tree;
  if (orf_rest_body_add (&reading->limits, g_bytes_get_data (base->text, NULL), base->length,
                         reading->tree, &reading->error))
    orf_call_params_read (&reading->params, reading->method, base->meta.idempotency_key != NULL);
  g_clear_pointer (&reading->tree, json_decref);
}

static void
done_cb (OrfRpcReading *base)
{
  Reading *reading = (Reading *) base;

  reading->done (base->owner, &reading->params, &base->meta, reading->error);
}

static void
free_cb (OrfRpcReading *base)
{
  Reading *reading = (Reading *) base;

  orf_call_params_clear (&reading->params, reading->method);
  g_clear_error (&reading->error);
  json_decref (reading->tree);
  g_free (reading);
}

OrfRpcReading *
orf_rest_reading_new (OrfRouter *router,
                      const OrfMethod *method,
                      json_t *params,
                      GBytes *body,
                      const OrfCallMeta *meta,
                      OrfRestReadFunc done,
                      gpointer owner,
                      GError **error)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->base =
    (OrfRpcReading){ .owner = owner, .read = read_cb, .done = done_cb, .free = free_cb };
  reading->limits = *orf_router_get_limits (router);
  reading->method = method;
  reading->tree = params;
  reading->done = done;
  return orf_rpc_reader_push (orf_router_get_reader (router), &reading->base, body, meta, error)
           ? &reading->base
           : NULL;
}
