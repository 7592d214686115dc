/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-self-monitor.h"

#include <time.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-percent.h"
#include "host/orf-proc-file.h"
#include "host/orf-proc-text.h"

struct _OrfSelfMonitor {
  OrfSelfMonitorParts parts;
  OrfProcFile statm;
  gint64 cpu_us,
    cpu_at_us; /* CPU time of the process, and when it was so (monotonic); 0: not yet */
  double cpu_percent;
  gint64 sampled_us;
  OrfStalls *stalls;
};

/* Exact where /proc counts in ticks of 10 ms, more than a second's whole cost. */
static gint64
read_cpu_us (void)
{
  struct timespec used;

  if (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
    return -1;
  return used.tv_sec * ORF_US_PER_S + used.tv_nsec / 1000;
}

static void
measure_cpu (OrfSelfMonitor *monitor)
{
  gint64 now_us = orf_clock_monotonic_us (), cpu_us = read_cpu_us ();
  gboolean known = cpu_us >= 0 && monitor->cpu_at_us > 0 && now_us > monitor->cpu_at_us;

  monitor->cpu_percent = known ? orf_percent_of ((double) (cpu_us - monitor->cpu_us),
                                                 (double) (now_us - monitor->cpu_at_us))
                               : NAN;
  monitor->cpu_us = cpu_us;
  monitor->cpu_at_us = cpu_us >= 0 ? now_us : 0;
}

static gint64
pages_to_bytes (const char *statm)
{
  gint64 pages;

  return statm != NULL && orf_proc_parse_resident (statm, &pages) ? pages * sysconf (_SC_PAGESIZE)
                                                                  : -1;
}

static void
fill_cost (OrfSelfMonitor *monitor, OrfFrame *frame)
{
  gint64 rss_bytes = pages_to_bytes (orf_proc_file_read (&monitor->statm));

  measure_cpu (monitor);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_CPU_PERCENT, NULL, monitor->cpu_percent);
  if (rss_bytes >= 0)
    orf_frame_add (frame, ORF_METRIC_ORFEAS_MEMORY_RSS_BYTES, NULL, (double) rss_bytes);
}

static void
fill_work (OrfSelfMonitor *monitor, OrfFrame *frame)
{
  const OrfStoreStats *db = orf_store_get_stats (monitor->parts.store);
  OrfRpcCounts rpc = orf_router_get_counts (monitor->parts.router);
  OrfSamplerStats pace = orf_sampler_get_stats (monitor->parts.sampler);
  const struct {
    OrfMetricId metric;
    double value;
  } values[] = {
    { ORF_METRIC_ORFEAS_DB_SIZE_BYTES, (double) db->size_bytes },
    { ORF_METRIC_ORFEAS_DB_WAL_BYTES, (double) db->wal_bytes },
    { ORF_METRIC_ORFEAS_DB_WAL_HELD_US, (double) db->wal_reader.held_us },
    { ORF_METRIC_ORFEAS_DB_ROWS, (double) db->rows_written },
    { ORF_METRIC_ORFEAS_DB_COMMITS, (double) db->commits },
    { ORF_METRIC_ORFEAS_DB_FRAMES_DROPPED, (double) db->frames_dropped },
    { ORF_METRIC_ORFEAS_RPC_CALLS, (double) rpc.calls },
    { ORF_METRIC_ORFEAS_RPC_ERRORS, (double) rpc.errors },
    { ORF_METRIC_ORFEAS_LOOP_STALL_US, (double) pace.loop_stall_us },
    { ORF_METRIC_ORFEAS_SERIES, (double) orf_registry_get_n_active (monitor->parts.registry) },
    { ORF_METRIC_ORFEAS_FRAME_US, pace.t_us > 0 ? (double) pace.frame_us : NAN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_frame_add (frame, values[i].metric, NULL, values[i].value);
}

static void
fill_stalls_cb (gpointer frame, const char *source, guint64 n)
{
  const char *const labels[] = { source, NULL };

  orf_frame_add (frame, ORF_METRIC_ORFEAS_LOOP_STALLS, labels, (double) n);
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfSelfMonitor *monitor = self;

  fill_cost (monitor, frame);
  fill_work (monitor, frame);
  orf_stalls_count (monitor->stalls, fill_stalls_cb, frame);
  monitor->sampled_us = frame->t_us;
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfSelfMonitor *) self)->parts.config->host.sample_us;
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

OrfSelfMonitor *
orf_self_monitor_new (const OrfSelfMonitorParts *parts)
{
  OrfSelfMonitor *monitor = g_new0 (OrfSelfMonitor, 1);

  monitor->parts = *parts;
  monitor->cpu_percent = NAN;
  monitor->stalls = orf_stalls_new (parts->config);
  orf_proc_file_open (&monitor->statm, "/proc/self/statm");
  orf_sampler_add_source (parts->sampler, &source, monitor);
  return monitor;
}

void
orf_self_monitor_free (OrfSelfMonitor *monitor)
{
  orf_proc_file_close (&monitor->statm);
  orf_stalls_free (monitor->stalls);
  g_free (monitor);
}

const OrfStalls *
orf_self_monitor_get_stalls (OrfSelfMonitor *monitor)
{
  return monitor->stalls;
}

OrfSelfCost
orf_self_cost_read (void)
{
  OrfProcFile statm, stat;
  OrfProcessStat process;
  OrfSelfCost cost = { -1, -1 };
  const char *text;

  orf_proc_file_open (&statm, "/proc/self/statm");
  orf_proc_file_open (&stat, "/proc/self/stat");
  cost.rss_bytes = pages_to_bytes (orf_proc_file_read (&statm));
  text = orf_proc_file_read (&stat);
  if (text != NULL && orf_proc_parse_process (text, &process))
    cost.threads = process.threads;
  orf_proc_file_close (&statm);
  orf_proc_file_close (&stat);
  return cost;
}

double
orf_self_monitor_get_cpu_percent (OrfSelfMonitor *monitor)
{
  return monitor->cpu_percent;
}

gint64
orf_self_monitor_get_sampled_us (OrfSelfMonitor *monitor)
{
  return monitor->sampled_us;
}
