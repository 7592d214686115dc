/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz-client.h"

#include <string.h>

#include "orf-decode.h"
#include "orf-schema-methods.h"

static char *
refuse_member (const OrfDesc *desc, json_t *object)
{
  g_autoptr (GError) error = NULL;
  gpointer decoded = orf_decode (desc, object, ORF_DECODE_STRICT, &error);

  orf_struct_free (desc, decoded);
  return error != NULL ? g_strdup (error->message) : NULL;
}

char *
fuzz_daemon_refuse (const char *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) call = orf_json_parse (line, strlen (line), ORF_JSON_MAX_DEPTH, &error);
  const char *name = json_string_value (json_object_get (call, "method"));
  const OrfMethod *method = name != NULL ? orf_method_find (name) : NULL;
  char *refusal;

  if (call == NULL)
    return g_strdup (error->message);
  if (method == NULL || json_object_get (call, "id") == NULL)
    return g_strdup ("no call");
  refusal = refuse_member (method->params, json_object_get (call, "params"));
  return refusal != NULL ? refusal
                         : refuse_member (&orf_rpc_meta_desc, json_object_get (call, "meta"));
}
