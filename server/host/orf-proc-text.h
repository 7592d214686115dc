/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What the texts of /proc say.  Pure; FALSE for a text that does not say it, with *result
 * untouched: a number must have its end, so that one cut short is unknown and not a smaller one.
 */

/* The first line of /proc/stat: time of all CPUs together, in clock ticks. */
typedef struct {
  guint64 busy, total;
} OrfCpuTime;
gboolean orf_proc_parse_cpu (const char *stat, OrfCpuTime *result);
/* Share of the time between two of them that was not idle, 0-100; NAN where no time passed. */
double orf_cpu_time_get_percent (const OrfCpuTime *before, const OrfCpuTime *after);

/* /proc/loadavg */
typedef struct {
  double load_1m, load_5m, load_15m;
} OrfLoad;
gboolean orf_proc_parse_load (const char *loadavg, OrfLoad *result);

/* /proc/meminfo */
typedef struct {
  gint64 total_bytes, available_bytes;
  gint64 swap_used_bytes;
} OrfHostMemory;
gboolean orf_proc_parse_memory (const char *meminfo, OrfHostMemory *result);

/* Bytes since boot: of whole disks in /proc/diskstats, of interfaces in /proc/net/dev. */
typedef struct {
  guint64 in_bytes;  /* read, received */
  guint64 out_bytes; /* written, sent */
} OrfTraffic;
/* Told of each device as it is read: where the text turns out not to be whole, some were told. */
typedef void (*OrfProcDevice) (gpointer user_data, const char *name, const OrfTraffic *traffic);
gboolean orf_proc_parse_disks (const char *diskstats, OrfProcDevice device, gpointer user_data);
/* Only what leaves or enters the machine.  `lo` does not, and what goes through an interface that
 * stands on another (bridges, bonds, VLANs, tunnels, containers' ends, mirrors) is counted there.
 * By name, and not by whether there is hardware below: in a container or a machine on a hypervisor
 * the one way out, eth0, has none. */
gboolean orf_proc_parse_network (const char *net_dev, OrfProcDevice device, gpointer user_data);

/* utime + stime of /proc/PID/stat, in clock ticks, and the number of threads. */
typedef struct {
  guint64 cpu_ticks;
  gint64 threads;
} OrfProcessStat;
gboolean orf_proc_parse_process (const char *stat, OrfProcessStat *result);
/* Resident pages of /proc/PID/statm. */
gboolean orf_proc_parse_resident (const char *statm, gint64 *pages);

G_END_DECLS
