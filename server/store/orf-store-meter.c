/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-meter.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/orf-clock.h"

#define N_TICKS   61 /* both ends of a minute */
#define WINDOW_US (60 * ORF_US_PER_S)
/* A tick that comes sooner than this after the last one is not kept. */
#define MIN_TICK_US (900 * ORF_US_PER_MS)

struct _OrfStoreMeter {
  int fd;
  struct {
    gint64 at_us;
    gint64 bytes;
  } ticks[N_TICKS]; /* a ring */
  guint n_ticks;    /* ever */
};

static gboolean
read_bytes (OrfStoreMeter *meter, gint64 *bytes)
{
  char text[512];
  ssize_t length = meter->fd >= 0 ? pread (meter->fd, text, sizeof text - 1, 0) : -1;
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
  OrfStoreMeter *meter = g_new0 (OrfStoreMeter, 1);

  meter->fd = open ("/proc/thread-self/io", O_RDONLY | O_CLOEXEC);
  return meter;
}

void
orf_store_meter_free (OrfStoreMeter *meter)
{
  if (meter == NULL)
    return;
  if (meter->fd >= 0)
    close (meter->fd);
  g_free (meter);
}

static gint64
get_last_us (OrfStoreMeter *meter)
{
  return meter->n_ticks > 0 ? meter->ticks[(meter->n_ticks - 1) % N_TICKS].at_us : G_MININT64 / 2;
}

void
orf_store_meter_tick (OrfStoreMeter *meter, gint64 now_us)
{
  gint64 bytes;

  if (now_us - get_last_us (meter) < MIN_TICK_US || !read_bytes (meter, &bytes))
    return;
  meter->ticks[meter->n_ticks % N_TICKS].at_us = now_us;
  meter->ticks[meter->n_ticks % N_TICKS].bytes = bytes;
  meter->n_ticks++;
}

double
orf_store_meter_get_rate (OrfStoreMeter *meter)
{
  gint64 last_us = get_last_us (meter), first_us = last_us;
  gint64 bytes = 0;

  for (guint i = 2; i <= MIN (meter->n_ticks, N_TICKS); i++) {
    guint at = (meter->n_ticks - i) % N_TICKS;

    /* The one before counts in any case: ticks may be further apart than the window. */
    if (i > 2 && last_us - meter->ticks[at].at_us > WINDOW_US + ORF_US_PER_S)
      break;
    first_us = meter->ticks[at].at_us;
    bytes = meter->ticks[(meter->n_ticks - 1) % N_TICKS].bytes - meter->ticks[at].bytes;
  }
  return first_us < last_us ? (double) bytes * (double) ORF_US_PER_S / (double) (last_us - first_us)
                            : NAN;
}
