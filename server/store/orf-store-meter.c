/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-meter.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/orf-clock.h"

#define N_TICKS 61 /* both ends of a minute */

struct _OrfStoreMeter {
  int fd;
  struct {
    gint64 at_us;
    gint64 bytes;
  } ticks[N_TICKS]; /* a ring */
  guint n_ticks;    /* ever */
};

static gboolean
read_bytes (OrfStoreMeter *self, gint64 *bytes)
{
  char text[512];
  ssize_t length = self->fd >= 0 ? pread (self->fd, text, sizeof text - 1, 0) : -1;
  const char *line;

  if (length <= 0)
    return FALSE;
  text[length] = '\0';
  line = strstr (text, "wchar: ");
  if (line == NULL)
    return FALSE;
  *bytes = g_ascii_strtoll (line + strlen ("wchar: "), NULL, 10);
  return TRUE;
}

OrfStoreMeter *
orf_store_meter_new (void)
{
  OrfStoreMeter *self = g_new0 (OrfStoreMeter, 1);

  self->fd = open ("/proc/thread-self/io", O_RDONLY | O_CLOEXEC);
  return self;
}

void
orf_store_meter_free (OrfStoreMeter *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

void
orf_store_meter_tick (OrfStoreMeter *self, gint64 now_us)
{
  gint64 bytes;

  if (!read_bytes (self, &bytes))
    return;
  self->ticks[self->n_ticks % N_TICKS].at_us = now_us;
  self->ticks[self->n_ticks % N_TICKS].bytes = bytes;
  self->n_ticks++;
}

double
orf_store_meter_get_rate (OrfStoreMeter *self)
{
  guint last = (self->n_ticks - 1) % N_TICKS;
  guint first = self->n_ticks > N_TICKS ? self->n_ticks % N_TICKS : 0;

  if (self->n_ticks < 2 || self->ticks[last].at_us <= self->ticks[first].at_us)
    return NAN;
  return (double) (self->ticks[last].bytes - self->ticks[first].bytes) * (double) ORF_US_PER_S /
         (double) (self->ticks[last].at_us - self->ticks[first].at_us);
}
