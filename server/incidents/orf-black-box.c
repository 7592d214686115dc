/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "incidents/orf-black-box.h"

#include "core/orf-clock.h"

/* What led to it, and how it went on. */
#define BEFORE_US (G_GINT64_CONSTANT (10) * 60 * 1000000)
#define AFTER_US  (G_GINT64_CONSTANT (60) * 1000000)
#define APART_US  (G_GINT64_CONSTANT (10) * 60 * 1000000)
/* Something that breaks a thousand times a second is written once in this time: AFTER_US is long
 * enough for the incident not to end in between. */
#define QUIET_US (G_GINT64_CONSTANT (5) * 1000000)
/* Titles remembered for that; beyond, the oldest is forgotten, and at worst written once more. */
#define MAX_RECENT 64

typedef struct {
  char *title;
  gint64 at_us; /* of the last that was written */
} Recent;

struct _OrfBlackBox {
  const OrfConfig *config;
  OrfStore *store;
  OrfIncidentService *incidents;
  GPtrArray *recent; /* Recent, oldest first */
};

static void
recent_free (gpointer data)
{
  Recent *recent = data;

  g_free (recent->title);
  g_free (recent);
}

OrfBlackBox *
orf_black_box_new (const OrfConfig *config, OrfStore *store, OrfIncidentService *incidents)
{
  OrfBlackBox *box = g_new0 (OrfBlackBox, 1);

  box->config = config;
  box->store = store;
  box->incidents = incidents;
  box->recent = g_ptr_array_new_with_free_func (recent_free);
  return box;
}

void
orf_black_box_free (OrfBlackBox *box)
{
  if (!box)
    return;

  g_ptr_array_unref (box->recent);
  g_free (box);
}

/* Whether it was written just now; remembers it as written otherwise. */
static gboolean
is_repeated (OrfBlackBox *box, const char *title, gint64 at_us)
{
  Recent *recent = NULL;

  for (guint i = 0; i < box->recent->len; i++) {
    recent = g_ptr_array_index (box->recent, i);
    if (!g_str_equal (recent->title, title))
      continue;
    /* A clock that was set back makes it a new one. */
    if (at_us >= recent->at_us && at_us - recent->at_us < QUIET_US)
      return TRUE;
    g_ptr_array_remove_index (box->recent, i);
    break;
  }

  if (box->recent->len >= MAX_RECENT)
    g_ptr_array_remove_index (box->recent, 0);
  recent = g_new0 (Recent, 1);
  recent->title = g_strdup (title);
  recent->at_us = at_us;
  g_ptr_array_add (box->recent, recent);
  return FALSE;
}

static void
recorded_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  g_autofree char *title = user_data;

  if (error != NULL)
    g_warning ("what led to '%s' is not kept: %s", title, error->message);
}

void
orf_black_box_record (OrfBlackBox *box, const char *title, const char *reason, gint64 at_us)
{
  const OrfBlackBoxLimits limits = {
    .max_boxes = (guint) box->config->history.max_black_boxes,
    .max_pins = (guint) box->config->history.max_pins,
    .apart_us = APART_US,
  };
  OrfIncidentRow *row = NULL;

  if (limits.max_boxes == 0 || is_repeated (box, title, at_us))
    return;

  row = orf_incident_row_new ();
  row->id = orf_incident_service_take_id (box->incidents);
  row->from_us = MAX (at_us - BEFORE_US, 0);
  row->to_us = at_us + AFTER_US;
  row->title = g_strdup (title);
  row->reason = g_strdup (reason);
  row->author = g_strdup (ORF_BLACK_BOX_AUTHOR);
  row->created_us = orf_clock_now_us ();
  orf_store_record_incident (box->store, row, &limits, recorded_cb, g_strdup (title));
}
