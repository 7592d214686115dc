/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-encoding.h"

#include <libsoup/soup.h>
#include <string.h>

static gboolean
has_name (GSList *names, const char *name)
{
  return g_slist_find_custom (names, name, (GCompareFunc) g_ascii_strcasecmp) != NULL;
}

gboolean
orf_http_encoding_takes_gzip (const char *accept_encoding)
{
  GSList *taken, *refused = NULL;
  gboolean takes;

  if (accept_encoding == NULL)
    return FALSE;
  taken = soup_header_parse_quality_list (accept_encoding, &refused);
  takes = has_name (taken, "gzip") || (has_name (taken, "*") && !has_name (refused, "gzip"));
  soup_header_free_list (taken);
  soup_header_free_list (refused);
  return takes;
}

static const char *
skip_weak (const char *tag)
{
  return g_str_has_prefix (tag, "W/") ? tag + 2 : tag;
}

gboolean
orf_http_encoding_matches_etag (const char *if_none_match, const char *etag)
{
  g_auto (GStrv) tags = NULL;

  if (if_none_match == NULL)
    return FALSE;
  if (strcmp (if_none_match, "*") == 0)
    return TRUE;
  tags = g_strsplit (if_none_match, ",", -1);
  for (guint i = 0; tags[i] != NULL; i++)
    if (strcmp (skip_weak (g_strstrip (tags[i])), skip_weak (etag)) == 0)
      return TRUE;
  return FALSE;
}
