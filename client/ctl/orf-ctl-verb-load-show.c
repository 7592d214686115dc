/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-load-joined.h"
#include "orf-ctl-load-page.h"

/* "l-3  nightly (sustained), 2026-…, took 1m 00s: 3000 requests, 0 failed, 50.0/s, p95 4.00 ms" */
static void
append_run (const OrfCtl *ctl, GString *out, json_t *run)
{
  gboolean utf8 = orf_ctl_get_terminal (ctl)->utf8;
  g_autofree char *name = orf_ctl_cells_clean (ctl, orf_value_get_text (run, "name"));
  g_autofree char *kind = orf_ctl_cells_clean (ctl, orf_value_get_text (run, "kind"));
  g_autofree char *started = orf_ctl_list_format_time (ctl,
                                                       orf_value_get_count (run, "started_us"));
  g_autofree char *took = orf_ctl_format_duration_us (orf_value_get_number (run, "took_us"), utf8);
  g_autofree char *rate = orf_ctl_format_number (orf_value_get_number (run, "rate_per_s"));
  g_autofree char *p95 = orf_ctl_format_duration_us (orf_value_get_number (run, "p95_us"), utf8);
  json_t *passed = json_object_get (run, "passed");

  orf_ctl_terminal_append (orf_ctl_get_terminal (ctl), out, ORF_CTL_STRONG, name);
  g_string_append_printf (out,
                          " (%s), %s, took %s: %" G_GINT64_FORMAT " requests, %" G_GINT64_FORMAT
                          " failed, %s/s, p95 %s%s\n",
                          kind, started, took, orf_value_get_count (run, "requests"),
                          orf_value_get_count (run, "errors"), rate != NULL ? rate : "-",
                          p95 != NULL ? p95 : "-",
                          json_is_true (passed)    ? "; it passed"
                          : json_is_false (passed) ? "; it did not pass"
                                                   : "");
}

static OrfCtlExit
write_page (const char *path, json_t *joined, GError **error)
{
  g_autoptr (json_t) report = orf_ctl_load_make_report (joined);
  g_autofree char *page = NULL;

  if (report == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                         "--output: it was recorded without a report, of which a page is made");
    return ORF_CTL_SERVER_ERROR;
  }
  page = orf_ctl_load_page_render (report);
  return g_file_set_contents (path, page, -1, error) ? ORF_CTL_DONE : ORF_CTL_SERVER_ERROR;
}

OrfCtlExit
orf_ctl_verb_load_show (OrfCtl *ctl, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (ctl), "output");
  g_autofree char *text = NULL;
  g_autoptr (json_t) joined = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_load_fetch (ctl, orf_ctl_get_argument (ctl, 0), &text, &joined,
                                           error);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (orf_ctl_wants_json (ctl))
    orf_ctl_print_line (text);
  if (path != NULL)
    return write_page (path, joined, error);
  if (orf_ctl_wants_json (ctl))
    return ORF_CTL_DONE;
  append_run (ctl, out, json_object_get (joined, "run"));
  orf_ctl_load_append_joined (ctl, out, joined);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
