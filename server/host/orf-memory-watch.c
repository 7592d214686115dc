/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-memory-watch.h"

#include <malloc.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "host/orf-proc-file.h"
#include "host/orf-proc-text.h"

#define PERIOD_S 1
/* Between two looks at what malloc keeps; each walks its lists of free pieces, which takes 0.1 to
 * 0.4 ms. */
#define TRIM_US (60 * ORF_US_PER_S)
/* While samples are refused for it, giving memory back is worth more. */
#define SHORT_TRIM_US (5 * ORF_US_PER_S)
/* Not worth a trim below.  What is resident swings by as much at a load that stays the same. */
#define TRIM_BYTES (1024 * 1024)

struct _OrfMemoryWatch {
  OrfMemory *memory;
  OrfProcFile statm;
  gint64 page_bytes;
  gint64 looked_us;   /* when malloc was last looked at */
  gint64 rss_bytes;   /* -1: not known */
  gint64 floor_bytes; /* after the last trim: only what came above it can be given back */
  guint tick_id;
};

static gint64
read_rss (OrfMemoryWatch *watch)
{
  const char *text = orf_proc_file_read (&watch->statm);
  gint64 pages;

  if (text == NULL || !orf_proc_parse_resident (text, &pages))
    return -1;
  return pages * watch->page_bytes;
}

/* Whether it gave anything back is seen in what is resident. */
static void
trim (OrfMemoryWatch *watch)
{
  struct mallinfo2 info = mallinfo2 ();

  if (info.fordblks < TRIM_BYTES)
    return;
  malloc_trim (0);
  watch->floor_bytes = watch->rss_bytes = read_rss (watch);
}

static gboolean
tick_cb (gpointer user_data)
{
  OrfMemoryWatch *watch = user_data;
  gint64 now_us = orf_clock_monotonic_us ();
  gint64 wait_us = orf_memory_is_short (watch->memory) ? SHORT_TRIM_US : TRIM_US;

  watch->rss_bytes = read_rss (watch);
  watch->floor_bytes = MIN (watch->floor_bytes, watch->rss_bytes);
  if (watch->rss_bytes - watch->floor_bytes >= TRIM_BYTES && now_us - watch->looked_us >= wait_us) {
    watch->looked_us = now_us;
    trim (watch);
  }
  if (watch->rss_bytes >= 0)
    orf_memory_note_resident (watch->memory, watch->rss_bytes);
  return G_SOURCE_CONTINUE;
}

OrfMemoryWatch *
orf_memory_watch_new (OrfMemory *memory)
{
  OrfMemoryWatch *watch = g_new0 (OrfMemoryWatch, 1);

  watch->memory = memory;
  watch->page_bytes = sysconf (_SC_PAGESIZE);
  watch->looked_us = orf_clock_monotonic_us ();
  orf_proc_file_open (&watch->statm, "/proc/self/statm");
  watch->tick_id = g_timeout_add_seconds (PERIOD_S, tick_cb, watch);
  tick_cb (watch);
  return watch;
}

void
orf_memory_watch_free (OrfMemoryWatch *watch)
{
  g_clear_handle_id (&watch->tick_id, g_source_remove);
  orf_proc_file_close (&watch->statm);
  g_free (watch);
}
