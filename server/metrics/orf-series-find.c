/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One after the other: a canonical text is a selector too, which means that series and those with
 * more labels. */
#include "metrics/orf-series-find.h"

#include "orf-error.h"

typedef struct {
  const OrfMetricsParts *parts;
  const char *const *texts; /* those that are not found yet */
  OrfCancel *cancel;        /* its owner waits for done */
  OrfSelector *selector;    /* of the first of them */
  gboolean in_file;         /* where it was looked for */
  GPtrArray *found;
  OrfSeriesSetDone done;
  gpointer user_data;
} Finding;

static void
conclude (Finding *finding, const GError *error)
{
  g_clear_pointer (&finding->selector, orf_selector_free);
  if (error == NULL) {
    finding->done (finding->user_data, finding->found, NULL);
  } else {
    orf_series_set_free (finding->parts, finding->found);
    finding->done (finding->user_data, NULL, error);
  }
  g_free (finding);
}

static void
refuse (Finding *finding, OrfErrorCode code, const char *what)
{
  g_autofree char *field = g_strdup_printf ("series.%u", finding->found->len);
  g_autoptr (GError)
    error = orf_error_new_field (code, field, NULL, "%s: %s: %s", field, *finding->texts, what);

  conclude (finding, error);
}

/* FALSE: it is not among them. */
static gboolean
take (Finding *finding, GPtrArray *selected)
{
  for (guint i = 0; i < selected->len; i++) {
    OrfSelected *one = selected->pdata[i];

    if (!g_str_equal (one->text, *finding->texts))
      continue;
    g_ptr_array_add (finding->found, one);
    g_ptr_array_remove_index_fast (selected, i);
    return TRUE;
  }
  return FALSE;
}

static void find_next (Finding *finding);
static void look (Finding *finding, gboolean in_file);

static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *error)
{
  Finding *finding = user_data;
  gboolean taken;

  if (error != NULL) {
    conclude (finding, error);
    return;
  }
  taken = take (finding, selected);
  orf_series_set_free (finding->parts, selected);
  if (taken) {
    finding->texts++;
    find_next (finding);
  } else if (!finding->in_file) {
    look (finding, TRUE);
  } else {
    refuse (finding, ORF_ERROR_NOT_FOUND, "no such series");
  }
}

static void
look (Finding *finding, gboolean in_file)
{
  finding->in_file = in_file;
  orf_series_set_select (finding->parts, finding->selector, in_file ? 0 : G_MAXINT64,
                         finding->cancel, selected_cb, finding);
}

static gboolean
is_found (const Finding *finding)
{
  for (guint i = 0; i < finding->found->len; i++)
    if (g_str_equal (((OrfSelected *) finding->found->pdata[i])->text, *finding->texts))
      return TRUE;
  return FALSE;
}

static void
find_next (Finding *finding)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&finding->selector, orf_selector_free);
  if (*finding->texts == NULL) {
    conclude (finding, NULL);
    return;
  }
  if (is_found (finding)) {
    refuse (finding, ORF_ERROR_INVALID_ARGUMENT, "it is there twice");
    return;
  }
  finding->selector = orf_selector_parse (*finding->texts, &error);
  if (finding->selector == NULL)
    refuse (finding, ORF_ERROR_INVALID_ARGUMENT, error->message);
  else
    look (finding, FALSE);
}

void
orf_series_set_find (const OrfMetricsParts *parts,
                     const char *const *texts,
                     OrfCancel *cancel,
                     OrfSeriesSetDone done,
                     gpointer user_data)
{
  Finding *finding = g_new0 (Finding, 1);

  *finding = (Finding){ .parts = parts,
                        .texts = texts,
                        .cancel = cancel,
                        .found = g_ptr_array_new (),
                        .done = done,
                        .user_data = user_data };
  find_next (finding);
}
