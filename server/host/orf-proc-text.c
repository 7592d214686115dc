/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-proc-text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_KIB 1024
/* The unit of /proc/diskstats, whatever the disk's own. */
#define BYTES_PER_SECTOR 512

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The next whole number of a line; *text moves behind it. */
static gboolean
read_number (const char **text, guint64 *number)
{
  const char *at = *text;
  char *end;

  while (*at == ' ' || *at == '\t')
    at++;
  if (!g_ascii_isdigit (*at))
    return FALSE;
  *number = g_ascii_strtoull (at, &end, 10);
  *text = end;
  return TRUE;
}

static gboolean
read_numbers (const char *text, guint64 *numbers, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!read_number (&text, &numbers[i]))
      return FALSE;
  return TRUE;
}

static const char *
next_line (const char *line)
{
  const char *end = strchr (line, '\n');

  return end != NULL ? end + 1 : NULL;
}

/* The next word of a line, NUL-terminated in word; NULL: none, or too long for it. */
static const char *
read_word (const char *line, char *word, gsize size)
{
  gsize length;

  line += strspn (line, " ");
  length = strcspn (line, " :\n");
  if (length == 0 || length >= size)
    return NULL;
  memcpy (word, line, length);
  word[length] = '\0';
  return line + length;
}

static gboolean
has_one_of (const char *name, const char *const *prefixes)
{
  for (guint i = 0; prefixes[i] != NULL; i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return TRUE;
  return FALSE;
}

/* ---- CPU and load ---------------------------------------------------------------------------- */

gboolean
orf_proc_parse_cpu (const char *stat, OrfCpuTime *result)
{
  /* user nice system idle iowait irq softirq steal; guest time is in user already */
  guint64 t[8];

  if (!g_str_has_prefix (stat, "cpu ") || !read_numbers (stat + 4, t, 8))
    return FALSE;
  result->busy = t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
  result->total = result->busy + t[3] + t[4];
  return TRUE;
}

double
orf_cpu_time_get_percent (const OrfCpuTime *before, const OrfCpuTime *after)
{
  if (after->total <= before->total)
    return NAN;
  /* iowait may fall, and busy with it by a tick */
  if (after->busy <= before->busy)
    return 0;
  return MIN (100.0 * (double) (after->busy - before->busy) /
                (double) (after->total - before->total),
              100.0);
}

gboolean
orf_proc_parse_load (const char *loadavg, OrfLoad *result)
{
  OrfLoad load;
  char *end;

  load.load_1m = g_ascii_strtod (loadavg, &end);
  if (end == loadavg || *end != ' ')
    return FALSE;
  loadavg = end;
  load.load_5m = g_ascii_strtod (loadavg, &end);
  if (end == loadavg || *end != ' ')
    return FALSE;
  loadavg = end;
  load.load_15m = g_ascii_strtod (loadavg, &end);
  if (end == loadavg)
    return FALSE;
  *result = load;
  return TRUE;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static gboolean
find_kib (const char *meminfo, const char *key, gint64 *bytes)
{
  gsize length = strlen (key);

  for (const char *line = meminfo; line != NULL; line = next_line (line)) {
    const char *at = line + length;
    guint64 kib;

    if (strncmp (line, key, length) != 0 || *at != ':')
      continue;
    at++;
    if (!read_number (&at, &kib) || kib > G_MAXINT64 / BYTES_PER_KIB)
      return FALSE;
    *bytes = (gint64) kib * BYTES_PER_KIB;
    return TRUE;
  }
  return FALSE;
}

gboolean
orf_proc_parse_memory (const char *meminfo, OrfHostMemory *result)
{
  gint64 total, available, swap_total, swap_free;

  if (!find_kib (meminfo, "MemTotal", &total) || !find_kib (meminfo, "MemAvailable", &available) ||
      !find_kib (meminfo, "SwapTotal", &swap_total) || !find_kib (meminfo, "SwapFree", &swap_free))
    return FALSE;
  *result = (OrfHostMemory){ total, MIN (available, total), MAX (swap_total - swap_free, 0) };
  return TRUE;
}

/* ---- disks and network ----------------------------------------------------------------------- */

/* sda1, nvme0n1p2, mmcblk0p1: the disk's name and a number, with a p between where it ends in one.
 */
static gboolean
is_partition (const char *name)
{
  gsize length = strlen (name), digits = 0;

  while (digits < length && g_ascii_isdigit (name[length - digits - 1]))
    digits++;
  if (digits == 0 || digits == length)
    return FALSE;
  if (has_one_of (name, (const char *const[]){ "sd", "hd", "vd", "xvd", NULL }))
    return TRUE;
  return name[length - digits - 1] == 'p' && length > digits + 1 &&
         g_ascii_isdigit (name[length - digits - 2]);
}

gboolean
orf_proc_parse_disks (const char *diskstats, OrfTraffic *result)
{
  static const char *const layered[] = { "loop", "ram", "zram", "dm-", "md", "sr", "fd", NULL };
  OrfTraffic sum = { 0, 0 };
  gboolean found = FALSE;

  for (const char *line = diskstats; line != NULL && *line != '\0'; line = next_line (line)) {
    const char *at = line;
    char name[64];
    guint64 numbers[2], io[7];

    if (!read_number (&at, &numbers[0]) || !read_number (&at, &numbers[1]))
      return FALSE;
    at = read_word (at, name, sizeof name);
    if (at == NULL || !read_numbers (at, io, 7))
      return FALSE;
    found = TRUE;
    if (is_partition (name) || has_one_of (name, layered))
      continue;
    sum.in_bytes += io[2] * BYTES_PER_SECTOR;
    sum.out_bytes += io[6] * BYTES_PER_SECTOR;
  }
  if (found)
    *result = sum;
  return found;
}

gboolean
orf_proc_parse_network (const char *net_dev, OrfTraffic *result)
{
  static const char *const inner[] = { "br",  "docker", "veth",  "virbr", "tun",
                                       "tap", "wg",     "dummy", NULL };
  OrfTraffic sum = { 0, 0 };
  const char *line = next_line (net_dev);

  line = line != NULL ? next_line (line) : NULL; /* two lines of headings */
  if (line == NULL)
    return FALSE;
  for (; line != NULL && *line != '\0'; line = next_line (line)) {
    char name[64];
    const char *at = read_word (line, name, sizeof name);
    guint64 io[9];

    if (at == NULL || *at != ':' || !read_numbers (at + 1, io, 9))
      return FALSE;
    if (g_str_equal (name, "lo") || has_one_of (name, inner))
      continue;
    sum.in_bytes += io[0];
    sum.out_bytes += io[8];
  }
  *result = sum;
  return TRUE;
}

/* ---- a process ------------------------------------------------------------------------------- */

gboolean
orf_proc_parse_process (const char *stat, OrfProcessStat *result)
{
  /* the name in parentheses may hold anything, parentheses too */
  const char *at = strrchr (stat, ')');
  guint64 number = 0, utime = 0, stime = 0;

  if (at == NULL || at[1] != ' ' || at[2] == '\0' || at[3] != ' ')
    return FALSE;
  at += 4; /* behind the state, field 3 */
  for (guint field = 4; field <= 20; field++) {
    at += strspn (at, " -"); /* tpgid may be -1, priorities negative: none of ours */
    if (!read_number (&at, &number))
      return FALSE;
    if (field == 14)
      utime = number;
    else if (field == 15)
      stime = number;
  }
  *result = (OrfProcessStat){ utime + stime, (gint64) number };
  return TRUE;
}

gboolean
orf_proc_parse_resident (const char *statm, gint64 *pages)
{
  guint64 numbers[2];

  if (!read_numbers (statm, numbers, 2) || numbers[1] > G_MAXINT64)
    return FALSE;
  *pages = (gint64) numbers[1];
  return TRUE;
}
