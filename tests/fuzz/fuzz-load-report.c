/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any JSON as a report of a load test, compared with itself and shown; any text as requirements. */
#include <stdint.h>
#include <string.h>

#include "orf-ctl-load-page.h"
#include "orf-json.h"
#include "orf-load-compare.h"
#include "orf-load-requirements.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What its daemon recorded is no worse than it was. */
static void
check_servers (json_t *report)
{
  g_autoptr (GArray) differences = orf_load_compare_servers (report, report);

  for (guint i = 0; i < differences->len; i++)
    if (g_array_index (differences, OrfLoadDifference, i).is_worse)
      g_error ("a daemon is worse than itself");
}

static void
read_report (const char *text, size_t size)
{
  g_autoptr (json_t) report = orf_json_parse (text, size, ORF_JSON_MAX_DEPTH, NULL);
  g_autoptr (GArray) differences = NULL;
  g_autofree char *page = NULL;

  if (report == NULL)
    return;
  differences = orf_load_compare (report, report, NULL);
  for (guint i = 0; differences != NULL && i < differences->len; i++)
    if (g_array_index (differences, OrfLoadDifference, i).is_worse)
      g_error ("a report is worse than itself");
  check_servers (report);
  page = orf_ctl_load_page_render (report);
  if (page != NULL && (strstr (page, "<script") != NULL || !g_utf8_validate (page, -1, NULL)))
    g_error ("a page with what is not ours");
}

static void
read_requirements (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfLoadRequirements) requirements = orf_load_requirements_new (text, &error);
  g_autoptr (OrfLoadTally) tally = NULL;
  gboolean all = TRUE;
  double measured;

  if ((requirements == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (requirements == NULL)
    return;
  tally = orf_load_tally_new ();
  orf_load_tally_add_sent (tally, 0);
  orf_load_tally_add_end (tally, ORF_LOAD_FAULT_NONE, 1000);
  for (guint i = 0; i < orf_load_requirements_get_n (requirements); i++) {
    all &= orf_load_requirements_check (requirements, i, tally, G_USEC_PER_SEC, 100, &measured);
    if (orf_load_requirements_get_text (requirements, i)[0] == '\0' ||
        orf_load_requirements_get_unit (requirements, i)[0] == '\0')
      g_error ("a requirement of nothing");
  }
  if (orf_load_requirements_are_met (requirements, tally, G_USEC_PER_SEC, 100) != all)
    g_error ("%s: each is met, and not all", text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_report ((const char *) data, size);
  if (g_utf8_validate (text, -1, NULL))
    read_requirements (text);
  return 0;
}
