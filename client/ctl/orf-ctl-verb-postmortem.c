/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-bundle.h"
#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-postmortem.h"

#include "orf-report-text.h"
#include "orf-report.h"

/* Of a file with a page: others who may read the folder read it. */
#define PAGE_MODE 0644

/* ---- which window ---------------------------------------------------------------------------- */

static json_t *
refuse_window (GError **error, const char *message)
{
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, message);
  return NULL;
}

/* Now is said here, so that all that is made of this window is made of the same. */
static json_t *
make_span_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_object ();
  gint64 from_us, span_us = -1;

  if (!orf_ctl_params_add_span (ctl, params, &span_us, error))
    return NULL;
  if (!orf_value_get_integer (params, "from_us", &from_us))
    return refuse_window (error, "say which window: --last 2h, --from TIME, or --incident ID");
  if (span_us <= 0)
    return refuse_window (error, "the window is empty: it begins at its end, or after it");
  json_object_set_new (params, "to_us", json_integer (from_us + span_us));
  return g_steal_pointer (&params);
}

/* NULL: the command line is wrong. */
static json_t *
make_params (const OrfCtl *ctl, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  g_autoptr (json_t) params = NULL;

  if (!orf_ctl_options_has (options, "incident"))
    return make_span_params (ctl, error);
  if (orf_ctl_options_has (options, "last") || orf_ctl_options_has (options, "from") ||
      orf_ctl_options_has (options, "to"))
    return refuse_window (error, "--incident has a window: leave out --last, --from and --to");
  params = json_pack ("{s:s}", "incident", orf_ctl_options_get (options, "incident"));
  return params != NULL ? g_steal_pointer (&params)
                        : refuse_window (error, "--incident is not UTF-8");
}

/* ---- what is made of it ---------------------------------------------------------------------- */

OrfCtlExit
orf_ctl_postmortem_fetch (OrfCtl *ctl, json_t *params, char **text, json_t **result, GError **error)
{
  g_autofree char *asked = orf_json_dump (params);
  OrfCtlExit verdict = orf_ctl_call (ctl, "postmortem.build", asked, text, error);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  *result = orf_json_parse (*text, strlen (*text), ORF_JSON_MAX_DEPTH, error);
  if (*result == NULL) {
    g_prefix_error (error, "postmortem.build: the answer is not as it should be: ");
    return ORF_CTL_SERVER_ERROR;
  }
  /* a page of nothing would look like a quiet night */
  if (!json_is_object (json_object_get (*result, "document"))) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INTERNAL,
                         "postmortem.build: the answer has no document");
    return ORF_CTL_SERVER_ERROR;
  }
  return ORF_CTL_DONE;
}

/* It has its name when it is whole. */
static OrfCtlExit
write_page (const char *path, const char *page, GError **error)
{
  g_autoptr (GError) fault = NULL;

  if (g_file_set_contents_full (path, page, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                PAGE_MODE, &fault))
    return ORF_CTL_DONE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s", fault->message);
  return ORF_CTL_SERVER_ERROR;
}

static OrfCtlExit
show_page (OrfCtl *ctl, json_t *document, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *path = orf_ctl_options_get (options, "output");
  g_autofree char *page = orf_report_render (document, error);

  if (page == NULL)
    return ORF_CTL_SERVER_ERROR;
  if (path != NULL)
    return write_page (path, page, error);
  orf_ctl_print (page);
  return ORF_CTL_DONE;
}

static OrfCtlExit
show (OrfCtl *ctl, json_t *document, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  g_autoptr (GString) out = g_string_new (NULL);

  if (orf_ctl_options_has (options, "output"))
    return show_page (ctl, document, error);
  if (orf_ctl_wants_json (ctl) || orf_ctl_options_has (options, "bundle"))
    return ORF_CTL_DONE;
  if (!orf_ctl_get_terminal (ctl)->is_terminal)
    return show_page (ctl, document, error);
  orf_report_text_append (ctl, document, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

/* ---- the bundle ------------------------------------------------------------------------------ */

/* The file that is asked, or that the daemon has; NULL: it is not on this machine. */
static const char *
find_source (const OrfCtl *ctl, json_t *document, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *url = orf_ctl_options_get (options, "url");
  const char *path = orf_ctl_options_get (options, "db");

  if (path == NULL)
    path = orf_value_get_text (json_object_get (document, "source"), "db");
  /* another machine's daemon has its file where ours has one, too */
  if (path != NULL && (url == NULL || orf_ctl_url_is_near (url)) &&
      g_file_test (path, G_FILE_TEST_EXISTS))
    return path;
  g_set_error (
    error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
    "--bundle reads the daemon's file, and %s is not on this machine: run it there, or on "
    "a copy of `db backup` with --db",
    path != NULL ? path : "it");
  return NULL;
}

static void
tell_bundle (OrfCtl *ctl, const char *path, gint64 size_bytes)
{
  g_autofree char *clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), path);
  g_autofree char *size = orf_ctl_format_bytes ((double) size_bytes);
  g_autofree char *line = g_strdup_printf ("%s  %s", clean, size);

  orf_ctl_print_line (line);
}

static OrfCtlExit
write_bundle (OrfCtl *ctl, json_t *document, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (ctl), "bundle");
  const char *source = find_source (ctl, document, error);
  json_t *window = json_object_get (document, "window");
  OrfSlice slice;
  gint64 size_bytes;

  if (source == NULL)
    return ORF_CTL_USAGE;
  if (!orf_value_get_integer (window, "from_us", &slice.traces_from_us) ||
      !orf_value_get_integer (window, "to_us", &slice.to_us)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INTERNAL,
                         "postmortem.build: the document has no window");
    return ORF_CTL_SERVER_ERROR;
  }
  slice.from_us = slice.traces_from_us;
  orf_value_get_integer (window, "baseline_from_us", &slice.from_us);
  if (!orf_ctl_bundle_write (source, path, &slice, &size_bytes, error))
    return ORF_CTL_SERVER_ERROR;
  if (!orf_ctl_wants_json (ctl))
    tell_bundle (ctl, path, size_bytes);
  return ORF_CTL_DONE;
}

/* ---- the verb -------------------------------------------------------------------------------- */

OrfCtlExit
orf_ctl_verb_postmortem (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = make_params (ctl, error);
  g_autoptr (json_t) result = NULL;
  g_autofree char *text = NULL;
  json_t *document;
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = orf_ctl_postmortem_fetch (ctl, params, &text, &result, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  document = json_object_get (result, "document");
  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "bundle"))
    verdict = write_bundle (ctl, document, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (orf_ctl_wants_json (ctl))
    orf_ctl_print_line (text);
  return show (ctl, document, error);
}
