/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-demo-device.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>

/* The probe's first device. */
#define DEVICE_ID "simulated-0"
/* An item keeps it busy for so long: a batch of 24 is 48 ms, as of a small model. */
#define ITEM_US 2000
/* Written in one piece, and always as long, so that who reads meanwhile finds a whole line. */
#define LINE_BYTES 96

typedef struct {
  OrfDemoDevice device;
  char *name;
  char *path;
  int fd;
  GMutex lock; /* of what is below and the file: the pool is trimmed on the worker's thread */
  gint64 used_bytes;
  gint64 busy_us;
} Simulated;

/* What cannot be written the probe will not know, and nothing else depends on it. */
static void
tell (Simulated *self)
{
  char line[LINE_BYTES + 1];
  int n = g_snprintf (line, sizeof line, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.40s",
                      self->used_bytes, self->busy_us, self->name);

  memset (line + n, ' ', LINE_BYTES - (gsize) n);
  line[LINE_BYTES - 1] = '\n';
  if (pwrite (self->fd, line, LINE_BYTES, 0) != LINE_BYTES)
    g_warning ("%s: %s", self->path, g_strerror (errno));
}

static void
add (Simulated *self, gint64 used_bytes, gint64 busy_us)
{
  g_mutex_lock (&self->lock);
  self->used_bytes += used_bytes;
  self->busy_us += busy_us;
  tell (self);
  g_mutex_unlock (&self->lock);
}

/* A segment is no memory, but its size. */
static OrfStatus
create_segment (void *self, size_t bytes, void **memory)
{
  size_t *segment = g_new (size_t, 1);

  *segment = bytes;
  *memory = segment;
  add (self, (gint64) bytes, 0);
  return ORF_STATUS_OK;
}

static void
destroy_segment (void *self, void *memory)
{
  add (self, -(gint64) * (size_t *) memory, 0);
  g_free (memory);
}

static OrfStatus
new_pool (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool)
{
  const OrfGpuBackend backend = { .self = device,
                                  .create = create_segment,
                                  .destroy = destroy_segment };

  *pool = orf_gpu_pool_new (&backend, limit_bytes);
  return *pool != NULL ? ORF_STATUS_OK : ORF_STATUS_NO_MEMORY;
}

static gboolean
touch (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error)
{
  return TRUE;
}

static gboolean
compute (
  OrfDemoDevice *device, const OrfGpuBlock *block, guint64 n_items, gpointer *fence, GError **error)
{
  gint64 took_us = (gint64) n_items * ITEM_US;

  g_usleep ((gulong) took_us);
  add ((Simulated *) device, 0, took_us);
  *fence = NULL;
  return TRUE;
}

static void
free_simulated (OrfDemoDevice *device)
{
  Simulated *self = (Simulated *) device;

  unlink (self->path);
  close (self->fd);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

static const OrfDemoDeviceKind kind = { free_simulated, new_pool, touch, compute };

OrfDemoDevice *
orf_demo_device_open_simulated (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%d", folder, (int) getpid ());
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  Simulated *self;

  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno), "%s: %s", path,
                 g_strerror (errno));
    return NULL;
  }
  self = g_new0 (Simulated, 1);
  self->device.kind = &kind;
  g_strlcpy (self->device.id, DEVICE_ID, sizeof self->device.id);
  self->name = g_strdup (name);
  self->path = g_steal_pointer (&path);
  self->fd = fd;
  g_mutex_init (&self->lock);
  tell (self);
  return &self->device;
}
