/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-call-params.h"

#include "orf-decode.h"
#include "orf-error.h"
#include "orf-json.h"
#include "rpc/orf-call-detail.h"

#define HASH_DIGITS 16

/* By position: the array's items get the names that the schema has in that order. */
static json_t *
name_params (const OrfDesc *desc, json_t *params, GError **error)
{
  json_t *named;

  if (params == NULL || json_is_object (params))
    return json_incref (params);
  if (json_array_size (params) > desc->n_fields) {
    g_propagate_error (error,
                       orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "params", NULL,
                                            "%u parameters were given and at most %u are taken",
                                            (guint) json_array_size (params), desc->n_fields));
    return NULL;
  }
  named = json_object ();
  for (guint i = 0; i < json_array_size (params); i++)
    json_object_set (named, desc->fields[i].name, json_array_get (params, i));
  return named;
}

static guint64
hash (json_t *named)
{
  g_autofree char *text = json_dumps (named, JSON_COMPACT | JSON_SORT_KEYS);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text ? text : "", -1);

  digest[HASH_DIGITS] = '\0';
  return g_ascii_strtoull (digest, NULL, 16);
}

/* Windows are from_us <= t_us < to_us wherever there are both: what has them the other way round is
 * a mistake, and no empty answer. */
static gboolean
check_window (json_t *named, GError **error)
{
  json_t *from = json_object_get (named, "from_us"), *to = json_object_get (named, "to_us");

  if (!json_is_integer (from) || !json_is_integer (to) ||
      json_integer_value (from) <= json_integer_value (to))
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "from_us",
                                                 "at most to_us",
                                                 "from_us: the window ends before it begins"));
  return FALSE;
}

void
orf_call_params_read (OrfCallParams *params, const OrfMethod *method, gboolean keyed)
{
  g_autoptr (json_t) named = NULL;

  if (params->read)
    return;
  params->read = TRUE;
  named = name_params (method->params, params->json, &params->error);
  params->json = NULL;
  if (params->error == NULL)
    params->decoded = orf_decode (method->params, named, ORF_DECODE_STRICT, &params->error);
  if (params->error != NULL || !check_window (named, &params->error))
    return;
  if (keyed)
    params->hash = hash (named);
  if (method->audit)
    params->detail = orf_call_detail_new (named);
}

void
orf_call_params_clear (OrfCallParams *params, const OrfMethod *method)
{
  if (params->decoded != NULL)
    orf_struct_free (method->params, params->decoded);
  g_free (params->detail);
  g_clear_error (&params->error);
  *params = (OrfCallParams){ NULL };
}
