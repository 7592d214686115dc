/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-orphan-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "store/orf-store-owners.h"

/* A process may be seen for a moment after it began to leave memory behind. */
#define SLACK_US (5 * ORF_US_PER_S)

struct _OrfOrphanService {
  OrfStore *store;
  OrfOrphans *orphans;
};

/* A call, whose devices are asked for one after the other. */
typedef struct {
  OrfOrphanService *service;
  OrfCall *call;
  OrfGpuOrphansResult *result;
  GPtrArray *devices; /* ids of those that have orphans and whose owners are not known yet */
} Look;

static void
look_free (Look *look)
{
  orf_gpu_orphans_result_free (look->result);
  g_ptr_array_unref (look->devices);
  g_free (look);
}

static gint
compare_orphans (gconstpointer a, gconstpointer b)
{
  const OrfGpuOrphan *left = *(const OrfGpuOrphan *const *) a;
  const OrfGpuOrphan *right = *(const OrfGpuOrphan *const *) b;

  return (left->used_bytes < right->used_bytes) - (left->used_bytes > right->used_bytes);
}

/* ---- whose it was ---------------------------------------------------------------------------- */

static void
set_owner (OrfGpuOrphan *orphan, const OrfOwnerRow *row)
{
  orphan->has_last_pid = TRUE;
  orphan->last_pid = row->pid;
  orphan->last_seen_us = row->t_us;
  orphan->has_last_seen_us = TRUE;
  if (!orphan->last_name)
    orphan->last_name = g_strdup (row->name);
  if (!orphan->last_worker)
    orphan->last_worker = g_strdup (row->worker);
}

static gboolean
is_there (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d", (int) pid);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Of those that have ended and were seen until it began, the latest that had at least half as much;
 * a smaller one is not made to answer for it. */
static void
guess_owner (OrfGpuOrphan *orphan, const GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++) {
    const OrfOwnerRow *row = g_ptr_array_index (rows, i);

    if (row->t_us > orphan->since_us + SLACK_US || row->used_bytes < orphan->used_bytes / 2 ||
        is_there ((pid_t) row->pid))
      continue;
    set_owner (orphan, row);
    return;
  }
}

static void
find_owner (OrfGpuOrphan *orphan, const GPtrArray *rows)
{
  if (!orphan->has_last_pid) {
    guess_owner (orphan, rows);
    return;
  }
  for (guint i = 0; i < rows->len; i++) {
    const OrfOwnerRow *row = g_ptr_array_index (rows, i);

    if (row->pid == orphan->last_pid)
      set_owner (orphan, row);
  }
}

static void go_on (Look *look);

static void
owners_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Look *look = user_data;

  if (error != NULL) {
    orf_call_fail (look->call, g_error_copy (error));
    look_free (look);
    return;
  }
  for (guint i = 0; i < look->result->orphans->len; i++) {
    OrfGpuOrphan *orphan = g_ptr_array_index (look->result->orphans, i);

    if (g_str_equal (orphan->device, look->devices->pdata[0]))
      find_owner (orphan, rows);
  }
  g_ptr_array_remove_index (look->devices, 0);
  go_on (look);
}

static void
go_on (Look *look)
{
  if (look->devices->len == 0) {
    orf_call_return_gpu_orphans (look->call, look->result);
    look_free (look);
    return;
  }
  orf_store_read_owners (look->service->store, look->devices->pdata[0],
                         orf_call_get_cancel (look->call), owners_cb, look);
}

/* ---- the call -------------------------------------------------------------------------------- */

static void
add_orphan (GPtrArray *into, const char *device, const OrfOrphan *orphan)
{
  OrfGpuOrphan *row = orf_gpu_orphan_new ();

  row->device = g_strdup (device);
  row->used_bytes = orphan->used_bytes;
  row->since_us = orphan->since_us;
  row->kind = orphan->pid >= 0 ? ORF_ORPHAN_KIND_ENDED : ORF_ORPHAN_KIND_UNACCOUNTED;
  row->has_last_pid = orphan->pid >= 0;
  row->last_pid = MAX (orphan->pid, 0);
  row->last_name = g_strdup (orphan->name);
  g_ptr_array_add (into, row);
}

static void
add_device (Look *look, const OrfDeviceOrphans *device)
{
  for (guint i = 0; i < device->orphans->len; i++)
    add_orphan (look->result->orphans, device->device, g_ptr_array_index (device->orphans, i));
  if (device->orphans->len > 0)
    g_ptr_array_add (look->devices, g_strdup (device->device));
  if (device->unknown) {
    OrfGpuOrphansUnknown *unknown = orf_gpu_orphans_unknown_new ();

    unknown->device = g_strdup (device->device);
    unknown->reason = g_strdup (device->unknown);
    g_ptr_array_add (look->result->unknown, unknown);
  }
}

static void
orphans_cb (OrfCall *call, const OrfGpuOrphansParams *params, gpointer user_data)
{
  OrfOrphanService *service = user_data;
  GPtrArray *devices = orf_orphans_get_devices (service->orphans);
  Look *look = g_new0 (Look, 1);
  gboolean found = params->device == NULL;

  look->service = service;
  look->call = call;
  look->devices = g_ptr_array_new_with_free_func (g_free);
  look->result = orf_gpu_orphans_result_new ();
  look->result->orphans = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_orphan_free);
  look->result->unknown = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_gpu_orphans_unknown_free);
  for (guint i = 0; i < devices->len; i++) {
    const OrfDeviceOrphans *device = g_ptr_array_index (devices, i);

    if (params->device != NULL && !g_str_equal (params->device, device->device))
      continue;
    found = TRUE;
    add_device (look, device);
  }
  if (!found) {
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL, "no device '%s'",
                                              params->device));
    look_free (look);
    return;
  }
  g_ptr_array_sort (look->result->orphans, compare_orphans);
  go_on (look);
}

OrfOrphanService *
orf_orphan_service_new (OrfRouter *router, OrfStore *store, OrfOrphans *orphans)
{
  OrfOrphanService *service = g_new0 (OrfOrphanService, 1);

  service->store = store;
  service->orphans = orphans;
  orf_bind_gpu_orphans (router, orphans_cb, service);
  return service;
}

void
orf_orphan_service_free (OrfOrphanService *service)
{
  g_free (service);
}
