/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-regain.h"

#include "cleanup/orf-cleanup-crew.h"
#include "core/orf-clock.h"

/* Nobody waits. */
#define PATIENCE_US (5 * ORF_US_PER_S)

struct _OrfCleanupRegain {
  gint64 id;
  gint64 after_bytes;
  OrfCleanupMeasure measured_by;
  GArray *pids; /* gint64 */
  OrfCleanupMeter *meter;
  guint wait; /* 0: it is being measured */
  OrfCleanupRegained regained;
  gpointer user_data;
};

static gint64
measure (const OrfCleanupRegain *regain, const OrfCleanupLook *look)
{
  return regain->measured_by == ORF_CLEANUP_MEASURE_DEVICE ? look->device_bytes
                                                           : orf_cleanup_look_sum_processes (look);
}

static void
looked_cb (gpointer user_data, const OrfCleanupLook *look)
{
  OrfCleanupRegain *regain = user_data;
  gint64 used_bytes = measure (regain, look);

  regain->regained (regain->user_data, regain, regain->id,
                    used_bytes < 0 ? -1 : MAX (used_bytes - regain->after_bytes, 0));
}

static gboolean
wait_cb (gpointer user_data)
{
  OrfCleanupRegain *regain = user_data;

  regain->wait = 0;
  orf_cleanup_meter_look (regain->meter, (const gint64 *) regain->pids->data, regain->pids->len,
                          PATIENCE_US);
  return G_SOURCE_REMOVE;
}

void
orf_cleanup_regain_hurry (OrfCleanupRegain *regain)
{
  if (regain->wait == 0)
    return;
  g_clear_handle_id (&regain->wait, g_source_remove);
  wait_cb (regain);
}

OrfCleanupRegain *
orf_cleanup_regain_new (const OrfCleanupParts *parts,
                        const OrfCleanup *cleanup,
                        gint64 wait_us,
                        OrfCleanupRegained regained,
                        gpointer user_data)
{
  const OrfCleanupRow *row = orf_cleanup_get_row (cleanup);
  GPtrArray *members = orf_cleanup_get_members (cleanup);
  OrfCleanupRegain *regain;

  if (!row->after.known || row->workers->len == 0)
    return NULL;
  regain = g_new0 (OrfCleanupRegain, 1);
  regain->id = row->id;
  regain->after_bytes = row->after.bytes;
  regain->measured_by = row->measured_by;
  regain->pids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < members->len; i++)
    g_array_append_val (regain->pids, ((OrfCleanupMember *) members->pdata[i])->pid);
  regain->meter = orf_cleanup_meter_new (parts->gpu, parts->processes, row->device, looked_cb,
                                         regain);
  regain->wait = g_timeout_add ((guint) (wait_us / ORF_US_PER_MS), wait_cb, regain);
  regain->regained = regained;
  regain->user_data = user_data;
  return regain;
}

void
orf_cleanup_regain_free (OrfCleanupRegain *regain)
{
  if (regain == NULL)
    return;
  g_clear_handle_id (&regain->wait, g_source_remove);
  orf_cleanup_meter_free (regain->meter);
  g_array_unref (regain->pids);
  g_free (regain);
}
