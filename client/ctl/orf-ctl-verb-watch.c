/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-format.h"
#include "orf-ctl-frames.h"
#include "orf-ctl-params.h"
#include "orf-ctl-reply.h"
#include "orf-ctl-watch.h"

/* What metrics.watch takes when nobody says. */
#define DEFAULT_PERIOD_US ((gint64) G_USEC_PER_SEC)
/* The picture shows as many periods, or the history that was asked for. */
#define WINDOW_PERIODS 60
/* Beyond what the server takes; keeps the product in range. */
#define MAX_PERIOD_US (86400 * (gint64) G_USEC_PER_SEC)

/* ---- a line for each value, of any stream ------------------------------------------------------
 */

typedef struct {
  const OrfCtlTerminal *terminal;
  OrfCtlFrames *frames;
  gboolean utc;
  guint n_drawn; /* lines of the screen that are to be drawn anew */
} View;

static gboolean
show_json (G_GNUC_UNUSED gpointer user_data, const char *value, G_GNUC_UNUSED GError **error)
{
  orf_ctl_print_line (value);
  return TRUE;
}

/* A text without its quotes, all else as it came. */
static char *
dup_member_text (const OrfCtlTerminal *terminal,
                 const char *object,
                 const char *name,
                 json_t *value)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", name);
  g_autofree char *text = NULL;

  if (json_is_string (value))
    return orf_ctl_terminal_clean (terminal, json_string_value (value));
  text = orf_ctl_reply_dup_member (object, quoted);
  return text != NULL ? orf_ctl_terminal_clean (terminal, text) : g_strdup ("?");
}

/* When it came, and its members: what a value of a stream that we know nothing of can tell. */
static gboolean
show_members (gpointer user_data, const char *value, GError **error)
{
  const View *view = user_data;
  gint64 now_us = g_get_real_time ();
  g_autofree char *time = view->terminal->is_terminal ? orf_ctl_format_time (now_us, FALSE)
                                                      : orf_ctl_format_time_utc (now_us);
  g_autoptr (json_t) members = orf_json_parse (value, strlen (value), ORF_JSON_MAX_DEPTH, error);
  g_autoptr (GString) line = g_string_new (time);
  const char *name;
  json_t *member;

  if (members == NULL)
    return FALSE;
  json_object_foreach (members, name, member)
  {
    g_autofree char *clean = orf_ctl_terminal_clean (view->terminal, name);
    g_autofree char *text = dup_member_text (view->terminal, value, name, member);

    g_string_append_printf (line, "\t%s=%s", clean, text);
  }
  orf_ctl_print_line (line->str);
  return TRUE;
}

static gboolean
show_lines (gpointer user_data, const char *value, GError **error)
{
  const View *view = user_data;
  g_autoptr (GString) out = g_string_new (NULL);

  if (!orf_ctl_frames_add (view->frames, value, error))
    return FALSE;
  orf_ctl_frames_append_lines (view->frames, view->terminal, view->utc, out);
  orf_ctl_print (out->str);
  return TRUE;
}

OrfCtlExit
orf_ctl_watch_lines (OrfCtl *ctl, const char *method, const char *params, GError **error)
{
  gboolean has_points = g_str_equal (method, orf_methods[ORF_METHOD_METRICS_WATCH].name);
  g_autoptr (OrfCtlFrames) frames = orf_ctl_frames_new (0);
  View view = { .terminal = orf_ctl_get_terminal (ctl), .frames = frames };

  return orf_ctl_watch (ctl, method, params,
                        orf_ctl_wants_json (ctl) ? show_json
                        : has_points             ? show_lines
                                                 : show_members,
                        &view, error);
}

OrfCtlExit
orf_ctl_watch_by_severity (OrfCtl *ctl, OrfMethodId method, OrfCtlValueFunc show, GError **error)
{
  const char *name = orf_methods[method].name;
  g_autoptr (json_t) params = json_object ();
  g_autofree char *text = NULL;

  orf_ctl_params_add_text (ctl, params, "severity");
  text = json_dumps (params, JSON_COMPACT);
  return orf_ctl_wants_json (ctl) ? orf_ctl_watch_lines (ctl, name, text, error)
                                  : orf_ctl_watch (ctl, name, text, show, ctl, error);
}

/* ---- metrics watch -----------------------------------------------------------------------------
 */

/* Over the one before. */
static gboolean
show_screen (gpointer user_data, const char *value, GError **error)
{
  View *view = user_data;
  g_autoptr (GString) out = g_string_new (NULL);

  if (!orf_ctl_frames_add (view->frames, value, error))
    return FALSE;
  if (view->n_drawn > 0)
    printf ("\r\033[%uA\033[J", view->n_drawn);
  orf_ctl_frames_append_screen (view->frames, view->terminal, view->utc, out);
  orf_ctl_print (out->str);
  view->n_drawn = orf_ctl_text_count_lines (out->str);
  return TRUE;
}

static json_t *
new_params (const OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = json_pack ("{s:s}", "select", orf_ctl_get_argument (ctl, 0));

  if (params == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "SELECT is not UTF-8");
    return NULL;
  }
  if (!orf_ctl_params_add_duration (ctl, params, "period", "period_us", error) ||
      !orf_ctl_params_add_duration (ctl, params, "history", "history_us", error))
    return NULL;
  return g_steal_pointer (&params);
}

static gint64
get_window_us (json_t *params)
{
  json_t *period = json_object_get (params, "period_us");
  gint64 period_us = period != NULL ? json_integer_value (period) : DEFAULT_PERIOD_US;

  return MAX (json_integer_value (json_object_get (params, "history_us")),
              MIN (period_us, MAX_PERIOD_US) * WINDOW_PERIODS);
}

OrfCtlExit
orf_ctl_verb_metrics_watch (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (json_t) params = new_params (ctl, error);
  g_autoptr (OrfCtlFrames) frames = NULL;
  g_autofree char *text = NULL;
  View view = { .terminal = terminal };

  if (params == NULL)
    return ORF_CTL_USAGE;
  frames = orf_ctl_frames_new (get_window_us (params));
  text = json_dumps (params, JSON_COMPACT);
  view.frames = frames;
  view.utc = orf_ctl_options_has (orf_ctl_get_options (ctl), "utc");
  return orf_ctl_watch (ctl, orf_methods[ORF_METHOD_METRICS_WATCH].name, text,
                        orf_ctl_wants_json (ctl) ? show_json
                        : terminal->can_redraw   ? show_screen
                                                 : show_lines,
                        &view, error);
}
