/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-params.h"

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
  gint64 span_us = -1;

  json_object_set_new (params, "to_us", json_integer (g_get_real_time ()));
  if (!orf_ctl_params_add_span (ctl, params, &span_us, error))
    return NULL;
  if (json_object_get (params, "from_us") == NULL)
    return refuse_window (error, "say which window: --last 2h, --from TIME, or --incident ID");
  if (span_us <= 0)
    return refuse_window (error, "the window is empty: it begins at its end, or after it");
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

static OrfCtlExit
fetch (OrfCtl *ctl, json_t *params, char **text, json_t **result, GError **error)
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
  g_autoptr (GString) out = g_string_new (NULL);

  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "output") ||
      !orf_ctl_get_terminal (ctl)->is_terminal)
    return show_page (ctl, document, error);
  orf_report_text_append (ctl, document, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_postmortem (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = make_params (ctl, error);
  g_autoptr (json_t) result = NULL;
  g_autofree char *text = NULL;
  OrfCtlExit verdict;

  if (params == NULL)
    return ORF_CTL_USAGE;
  verdict = fetch (ctl, params, &text, &result, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (orf_ctl_wants_json (ctl)) {
    orf_ctl_print_line (text);
    if (!orf_ctl_options_has (orf_ctl_get_options (ctl), "output"))
      return ORF_CTL_DONE;
  }
  return show (ctl, json_object_get (result, "document"), error);
}
