/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-list.h"

#include "orf-ctl-format.h"
#include "orf-ctl-params.h"

/* The most that one page of a list holds. */
#define PAGE_SIZE 1000

/* *more: there is a page behind it, and params ask for that one. */
static OrfCtlExit
add_page (OrfCtl *ctl,
          const OrfCtlList *list,
          OrfCtlTable *table,
          json_t *params,
          guint64 *left,
          gboolean *more,
          GError **error)
{
  const char *next_cursor = NULL;
  g_autofree char *cursor = g_strdup (json_string_value (json_object_get (params, "cursor")));
  const GPtrArray *rows;
  gpointer page = NULL;
  OrfCtlExit verdict;

  json_object_set_new (params, "limit", json_integer ((json_int_t) MIN (*left, PAGE_SIZE)));
  verdict = orf_ctl_fetch (ctl, list->method, json_deep_copy (params), &page, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  rows = list->read (page, &next_cursor);
  for (guint i = 0; i < rows->len; i++)
    list->add (ctl, table, rows->pdata[i]);
  *left -= MIN (*left, rows->len);
  /* a page that points to itself would have us ask for ever; an empty one may lead on */
  *more = next_cursor != NULL && g_strcmp0 (next_cursor, cursor) != 0;
  if (*more)
    json_object_set_new (params, "cursor", json_string (next_cursor));
  list->free_page (page);
  return ORF_CTL_DONE;
}

static void
print_table (const OrfCtl *ctl, const OrfCtlList *list, const OrfCtlTable *table)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (orf_ctl_get_terminal (ctl)->is_terminal && orf_ctl_table_get_n_rows (table) == 0)
    g_string_append (out, list->nothing);
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_list_show (
  OrfCtl *ctl, const OrfCtlList *list, OrfCtlTable *table, json_t *params, GError **error)
{
  g_autoptr (json_t) asked = params;
  gboolean more = TRUE;
  guint64 left;

  orf_ctl_params_add_text (ctl, asked, "cursor");
  if (!orf_ctl_params_parse_limit (ctl, &left, error))
    return ORF_CTL_USAGE;
  if (list->default_limit > 0 && !orf_ctl_options_has (orf_ctl_get_options (ctl), "limit"))
    left = list->default_limit;
  while (more && left > 0) {
    OrfCtlExit verdict = add_page (ctl, list, table, asked, &left, &more, error);

    if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
      return verdict;
  }
  print_table (ctl, list, table);
  return ORF_CTL_DONE;
}

char *
orf_ctl_list_format_time (const OrfCtl *ctl, gint64 t_us)
{
  gboolean utc = orf_ctl_options_has (orf_ctl_get_options (ctl), "utc");

  return orf_ctl_get_terminal (ctl)->is_terminal
           ? orf_ctl_format_time (t_us - t_us % G_USEC_PER_SEC, utc)
           : orf_ctl_format_time_utc (t_us);
}
