/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-metrics-list.h"

#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "metrics/orf-series-set.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  const OrfMetricsListParams *params; /* the call's */
  OrfSelector *selector;              /* NULL: none given */
  char *after;                        /* the last text of the page before; NULL: the first page */
} List;

static void
list_free (List *list)
{
  g_clear_pointer (&list->selector, orf_selector_free);
  g_free (list->after);
  g_free (list);
}

/* A cursor is the last text that was told, in base64url: it stays right while series come and go,
 * and stands in an address as it is. */
static char *
make_cursor (const char *text)
{
  char *cursor = g_base64_encode ((const guchar *) text, strlen (text));
  char *padding = strchr (cursor, '=');

  if (padding != NULL)
    *padding = '\0';
  g_strdelimit (cursor, "+", '-');
  return g_strdelimit (cursor, "/", '_');
}

static char *
read_cursor (const char *cursor, GError **error)
{
  static const char *const paddings[] = { "", "===", "==", "=" }; /* of a length's rest by 4 */
  g_autofree char *padded = g_strconcat (cursor, paddings[strlen (cursor) % 4], NULL);
  g_autofree guchar *text = NULL;
  g_autofree char *copy = NULL;
  g_autofree char *again = NULL;
  gsize length;

  g_strdelimit (padded, "-", '+');
  g_strdelimit (padded, "_", '/');
  text = g_base64_decode (padded, &length);
  copy = g_strndup ((const char *) text, length);
  again = make_cursor (copy);
  /* what comes out the same again is one of ours, or made with care */
  if (length > 0 && g_str_equal (again, cursor) && g_utf8_validate (copy, -1, NULL))
    return g_steal_pointer (&copy);
  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "cursor",
                                          "next_cursor of a page", "cursor: it is none of ours"));
  return NULL;
}

static OrfMetricsSeriesInfo *
make_info (const OrfSelected *one)
{
  OrfMetricsSeriesInfo *info = orf_metrics_series_info_new ();

  info->series = g_strdup (one->text);
  info->name = g_strdup (one->name);
  info->labels = g_strdupv (one->labels);
  info->kind = one->kind;
  info->unit = g_strdup (one->unit);
  info->help = g_strdup (one->help);
  info->created_us = one->created_us;
  info->has_last_us = one->last_us > 0;
  info->last_us = one->last_us;
  info->active = one->active != NULL;
  return info;
}

static gboolean
is_wanted (const List *list, const OrfSelected *one)
{
  return strstr (one->text, list->params->match) != NULL &&
         (list->after == NULL || strcmp (one->text, list->after) > 0);
}

static void
answer (List *list, GPtrArray *selected)
{
  g_autoptr (OrfMetricsListResult) result = orf_metrics_list_result_new ();

  result->series = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_metrics_series_info_free);
  for (guint i = 0; i < selected->len; i++) {
    if (!is_wanted (list, selected->pdata[i]))
      continue;
    if (result->series->len == list->params->limit) {
      result->next_cursor = make_cursor (
        ((OrfMetricsSeriesInfo *) result->series->pdata[result->series->len - 1])->series);
      break;
    }
    g_ptr_array_add (result->series, make_info (selected->pdata[i]));
  }
  orf_call_return_metrics_list (list->call, result);
}

static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *error)
{
  List *list = user_data;

  if (error != NULL) {
    orf_call_fail (list->call, g_error_copy (error));
  } else {
    answer (list, selected);
    orf_series_set_free (list->parts, selected);
  }
  list_free (list);
}

static gboolean
prepare (List *list, GError **error)
{
  if (list->params->select != NULL) {
    list->selector = orf_selector_parse (list->params->select, error);
    if (list->selector == NULL)
      return FALSE;
  }
  if (list->params->cursor != NULL) {
    list->after = read_cursor (list->params->cursor, error);
    if (list->after == NULL)
      return FALSE;
  }
  return TRUE;
}

static void
list_cb (OrfCall *call, const OrfMetricsListParams *params, gpointer user_data)
{
  List *list = g_new0 (List, 1);
  GError *error = NULL;

  list->parts = user_data;
  list->call = call;
  list->params = params;
  if (prepare (list, &error)) {
    orf_series_set_select (list->parts, list->selector, 0, orf_call_get_cancel (call), selected_cb,
                           list);
    return;
  }
  orf_call_fail (call, error);
  list_free (list);
}

void
orf_metrics_list_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_metrics_list (router, list_cb, (gpointer) parts);
}
