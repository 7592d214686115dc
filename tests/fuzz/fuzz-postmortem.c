/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any JSON as a post-mortem document, of whatever version or hand: the page made of it has no
 * element that is not ours, and ends all that it begins. */
#include <stdint.h>
#include <string.h>

#include "orf-error.h"
#include "orf-report.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_balance (const char *page)
{
  gint depth = 0;

  for (const char *at = strchr (page + 1, '<'); at != NULL; at = strchr (at + 1, '<')) {
    const char *end = strchr (at, '>');

    if (end == NULL)
      g_error ("an element without its end");
    if (at[1] == '/')
      depth--;
    else if (end[-1] != '/')
      depth++;
    if (depth < 0)
      g_error ("more is closed than was opened");
  }
  if (depth != 0)
    g_error ("%d elements are not closed", depth);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (json_t)
    document = orf_json_parse ((const char *) data, size, ORF_JSON_MAX_DEPTH, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;

  if (document == NULL)
    return 0;
  page = orf_report_render (document, &error);
  if ((page == NULL) != (error != NULL))
    g_error ("neither drawn nor refused");
  if (page == NULL)
    return 0;
  if (strlen (page) > ORF_REPORT_MAX_BYTES || !g_utf8_validate (page, -1, NULL))
    g_error ("a page of %zu bytes", strlen (page));
  if (strstr (page, "<script") != NULL || strstr (page, "<img") != NULL)
    g_error ("an element that is not ours");
  check_balance (page);
  return 0;
}
