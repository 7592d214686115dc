/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-proc-text.h"

#include <math.h>
#include <string.h>

#define BYTES_PER_KIB 1024
/* The unit of /proc/diskstats, whatever the disk's own. */
#define BYTES_PER_SECTOR 512

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The next whole number of a line; *text moves behind it.  One that the text ends in may be cut,
 * and one that does not fit is none. */
static gboolean
read_number (const char **text, guint64 *number)
{
  const char *at = *text;
  guint64 read;
  char *end;

  while (*at == ' ' || *at == '\t')
    at++;
  if (!g_ascii_isdigit (*at))
    return FALSE;
  read = g_ascii_strtoull (at, &end, 10);
  if (!g_ascii_isspace (*end) || read == G_MAXUINT64)
    return FALSE;
  *number = read;
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

static gboolean
read_load (const char **text, double *load)
{
  const char *at = *text + strspn (*text, " ");
  double read;
  char *end;

  if (!g_ascii_isdigit (*at))
    return FALSE;
  read = g_ascii_strtod (at, &end);
  if (*end != ' ' || !isfinite (read))
    return FALSE;
  *load = read;
  *text = end;
  return TRUE;
}

gboolean
orf_proc_parse_load (const char *loadavg, OrfLoad *result)
{
  OrfLoad load;

  if (!read_load (&loadavg, &load.load_1m) || !read_load (&loadavg, &load.load_5m) ||
      !read_load (&loadavg, &load.load_15m))
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

gboolean
orf_proc_parse_disks (const char *diskstats, OrfProcDevice device, gpointer user_data)
{
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
    device (user_data, name, &(OrfTraffic){ io[2] * BYTES_PER_SECTOR, io[6] * BYTES_PER_SECTOR });
  }
  return found;
}

static gboolean
is_inner (const char *name)
{
  /* by kind: bridges, aggregates, VLANs, tunnels, ends of containers and machines, mirrors */
  static const char *const inner[] = {
    "br",   "docker", "virbr",   "cni",     "podman",  "ovs",    "lxc",    "lxd",  "bond",
    "team", "vlan",   "macvlan", "macvtap", "ipvlan",  "tun",    "tap",    "wg",   "vxlan",
    "gre",  "sit",    "ip6tnl",  "ip_vti",  "ip6_vti", "erspan", "geneve", "veth", "vnet",
    "cali", "cilium", "flannel", "ifb",     "dummy",   "nlmon",  NULL
  };

  if (g_str_equal (name, "lo") || strchr (name, '.') != NULL) /* eth0.100: a VLAN of eth0 */
    return TRUE;
  for (guint i = 0; inner[i] != NULL; i++)
    if (g_str_has_prefix (name, inner[i]))
      return TRUE;
  return FALSE;
}

gboolean
orf_proc_parse_network (const char *net_dev, OrfProcDevice device, gpointer user_data)
{
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
    if (!is_inner (name))
      device (user_data, name, &(OrfTraffic){ io[0], io[8] });
  }
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
