/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status/orf-discover.h"

#include <string.h>

#include "orf-encode.h"
#include "orf-schema-bind.h"

struct _OrfDiscover {
  GString *document;
};

static void
discover_cb (OrfCall *call, const OrfRpcDiscoverParams *params, gpointer user_data)
{
  OrfDiscover *discover = user_data;

  orf_call_return_encoded (call, discover->document->str, discover->document->len);
}

OrfDiscover *
orf_discover_new (OrfRouter *router, const char *url)
{
  OrfDiscover *discover = g_new0 (OrfDiscover, 1);
  const char *place = strstr (orf_openrpc_json, orf_openrpc_url);

  discover->document = g_string_sized_new (orf_openrpc_json_length + 64);
  if (url != NULL && place != NULL) {
    /* with the quotes around it: a socket's path may have anything in it */
    g_string_append_len (discover->document, orf_openrpc_json, place - 1 - orf_openrpc_json);
    orf_encode_string (discover->document, url, -1);
    g_string_append (discover->document, place + strlen (orf_openrpc_url) + 1);
  } else {
    g_string_append_len (discover->document, orf_openrpc_json, orf_openrpc_json_length);
  }
  orf_bind_rpc_discover (router, discover_cb, discover);
  return discover;
}

void
orf_discover_free (OrfDiscover *discover)
{
  g_string_free (discover->document, TRUE);
  g_free (discover);
}

const char *
orf_discover_get_document (OrfDiscover *discover, gsize *length)
{
  *length = discover->document->len;
  return discover->document->str;
}
