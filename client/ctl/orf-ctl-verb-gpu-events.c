/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "RAISED", 0);
  orf_ctl_table_add_column (table, "CLEARED", 0);
  orf_ctl_table_add_column (table, "SEVERITY", 0);
  orf_ctl_table_add_column (table, "DEVICE", 0);
  orf_ctl_table_add_column (table, "KIND", 0);
  orf_ctl_table_add_column (table, "TEXT", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

static OrfCtlStyle
get_style (const OrfGpuEvent *event)
{
  if (event->has_cleared_us || event->severity == ORF_SEVERITY_INFO)
    return ORF_CTL_PLAIN;
  return event->severity == ORF_SEVERITY_CRITICAL ? ORF_CTL_BAD : ORF_CTL_WARNING;
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfGpuEvent *event = row;

  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, event->raised_us));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      event->has_cleared_us ? orf_ctl_list_format_time (ctl, event->cleared_us)
                                            : NULL);
  orf_ctl_table_add (table, get_style (event), orf_severity_to_string (event->severity));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, event->device);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, event->kind);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, event->text);
  orf_ctl_table_add (table, ORF_CTL_FAINT, event->id);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfGpuEventsResult *result = page;

  *next_cursor = result->next_cursor;
  return result->events;
}

static void
free_cb (gpointer page)
{
  orf_gpu_events_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_GPU_EVENTS,
  .nothing = "no device told anything\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

/* NULL: the command line is wrong. */
static json_t *
make_params (const OrfCtl *ctl, GError **error)
{
  const char *device = orf_ctl_get_argument (ctl, 0);
  g_autoptr (json_t) params = device != NULL ? json_pack ("{s:s}", "device", device)
                                             : json_object ();

  if (params == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "DEVICE is not UTF-8");
  if (params == NULL || !orf_ctl_params_add_time (ctl, params, "from", "from_us", error) ||
      !orf_ctl_params_add_time (ctl, params, "to", "to_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

OrfCtlExit
orf_ctl_verb_gpu_events (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));
  json_t *params = make_params (ctl, error);

  return params != NULL ? orf_ctl_list_show (ctl, &list, table, params, error) : ORF_CTL_USAGE;
}
