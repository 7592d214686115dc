/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-service.h"

#include <math.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

#define BYTES_PER_MB (1024.0 * 1024.0)

typedef enum {
  ANSWER_LIST, /* gpu.profile's too, where it is not by REST: they have the same shape */
  ANSWER_REST_PROFILE,
  N_ANSWERS
} AnswerKind;

struct _OrfGpuService {
  OrfGpuMonitor *monitor;
  guint64 generation;          /* of the answers */
  GString *answers[N_ANSWERS]; /* about all devices; NULL: not asked since the last change */
};

static double
to_mb (gint64 bytes, gboolean known)
{
  return known ? (double) bytes / BYTES_PER_MB : NAN;
}

static OrfGpuLegacyProfile *
make_legacy_profile (const OrfGpuDevice *device)
{
  OrfGpuLegacyProfile *profile = orf_gpu_legacy_profile_new ();

  profile->device = g_strdup (device->device);
  profile->name = g_strdup (device->name);
  profile->total_mb = to_mb (device->total_bytes, device->has_total_bytes);
  profile->used_mb = to_mb (device->used_bytes, device->has_used_bytes);
  profile->free_mb = to_mb (device->free_bytes, device->has_free_bytes);
  profile->memory_percent = device->memory_percent;
  profile->pressure_level = device->pressure_level;
  return profile;
}

/* id NULL: all.  The devices in it are the monitor's. */
static GPtrArray *
select_devices (OrfGpuService *service, const char *id, GError **error)
{
  GPtrArray *all = orf_gpu_monitor_get_devices (service->monitor);
  g_autoptr (GPtrArray) selected = g_ptr_array_new ();

  for (guint i = 0; i < all->len; i++) {
    const OrfGpuSnapshot *snapshot = g_ptr_array_index (all, i);

    if (!id || g_str_equal (snapshot->device->device, id))
      g_ptr_array_add (selected, snapshot->device);
  }

  if (id && selected->len == 0) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL,
                                                   "no device '%s'", id));
    return NULL;
  }

  return g_steal_pointer (&selected);
}

static GString *
encode (OrfGpuService *service, AnswerKind kind, const char *id, GError **error)
{
  g_autoptr (GPtrArray) devices = select_devices (service, id, error);
  g_autoptr (OrfGpuLegacyProfile) profile = NULL;
  g_autoptr (GString) text = NULL;
  OrfGpuProfileResult result = { .devices = devices };

  if (!devices)
    return NULL;

  if (kind == ANSWER_REST_PROFILE && devices->len > 0) {
    profile = make_legacy_profile (g_ptr_array_index (devices, 0));
    result.profile = profile;
  }

  text = g_string_sized_new (512);
  if (!orf_encode (&orf_gpu_profile_result_desc, &result, text, error))
    return NULL;

  return g_steal_pointer (&text);
}

static void
forget_answers (OrfGpuService *service)
{
  for (guint i = 0; i < N_ANSWERS; i++) {
    if (service->answers[i])
      g_string_free (service->answers[i], TRUE);
    service->answers[i] = NULL;
  }
}

/* Borrowed. */
static const GString *
get_answer (OrfGpuService *service, AnswerKind kind, GError **error)
{
  guint64 generation = orf_gpu_monitor_get_generation (service->monitor);

  if (generation != service->generation)
    forget_answers (service);
  service->generation = generation;
  if (!service->answers[kind])
    service->answers[kind] = encode (service, kind, NULL, error);

  return service->answers[kind];
}

static void
answer (OrfGpuService *service, OrfCall *call, AnswerKind kind, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) one = id ? encode (service, kind, id, &error) : NULL;
  const GString *text = id ? one : get_answer (service, kind, &error);

  if (text)
    orf_call_return_encoded (call, text->str, text->len);
  else
    orf_call_fail (call, g_steal_pointer (&error));
}

static void
list_cb (OrfCall *call, const OrfGpuListParams *params, gpointer user_data)
{
  answer (user_data, call, ANSWER_LIST, params->device);
}

static void
profile_cb (OrfCall *call, const OrfGpuProfileParams *params, gpointer user_data)
{
  answer (user_data, call, orf_call_is_rest (call) ? ANSWER_REST_PROFILE : ANSWER_LIST,
          params->device);
}

OrfGpuService *
orf_gpu_service_new (OrfRouter *router, OrfGpuMonitor *monitor)
{
  OrfGpuService *service = g_new0 (OrfGpuService, 1);

  service->monitor = monitor;
  orf_bind_gpu_list (router, list_cb, service);
  orf_bind_gpu_profile (router, profile_cb, service);
  return service;
}

void
orf_gpu_service_free (OrfGpuService *service)
{
  if (!service)
    return;

  forget_answers (service);
  g_free (service);
}
