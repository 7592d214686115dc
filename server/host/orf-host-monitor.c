/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-host-monitor.h"

#include <math.h>
#include <unistd.h>

#include "core/orf-percent.h"
#include "host/orf-disk-names.h"
#include "host/orf-proc-file.h"
#include "host/orf-proc-text.h"
#include "host/orf-room.h"
#include "host/orf-traffic-total.h"

struct _OrfHostMonitor {
  OrfSampler *sampler;
  const OrfConfig *config;
  char *disk_path;
  OrfDiskNames *disk_names;
  OrfTrafficTotal *disks, *network;
  OrfRoom *room;
  OrfProcFile stat, loadavg, meminfo, diskstats, net_dev;
  OrfCpuTime cpu; /* of the sample before */
  gboolean has_cpu;
  gint64 sampled_us;
};

static void
fill_cpu (OrfHostMonitor *monitor, OrfFrame *frame)
{
  const char *text = orf_proc_file_read (&monitor->stat);
  long n_cpus = sysconf (_SC_NPROCESSORS_ONLN);
  OrfCpuTime now;

  orf_frame_add (frame, ORF_METRIC_HOST_CPU_COUNT, NULL, n_cpus > 0 ? (double) n_cpus : NAN);
  if (text == NULL || !orf_proc_parse_cpu (text, &now)) {
    monitor->has_cpu = FALSE;
    return;
  }
  if (monitor->has_cpu)
    orf_frame_add (frame, ORF_METRIC_HOST_CPU_USED_PERCENT, NULL,
                   orf_percent_round (orf_cpu_time_get_percent (&monitor->cpu, &now)));
  monitor->cpu = now;
  monitor->has_cpu = TRUE;
}

static void
fill_load (OrfHostMonitor *monitor, OrfFrame *frame)
{
  const char *text = orf_proc_file_read (&monitor->loadavg);
  OrfLoad load;

  if (text == NULL || !orf_proc_parse_load (text, &load))
    return;
  orf_frame_add (frame, ORF_METRIC_HOST_LOAD_1M, NULL, load.load_1m);
  orf_frame_add (frame, ORF_METRIC_HOST_LOAD_5M, NULL, load.load_5m);
  orf_frame_add (frame, ORF_METRIC_HOST_LOAD_15M, NULL, load.load_15m);
}

static void
fill_memory (OrfHostMonitor *monitor, OrfFrame *frame)
{
  const char *text = orf_proc_file_read (&monitor->meminfo);
  OrfHostMemory memory;
  double used;

  if (text == NULL || !orf_proc_parse_memory (text, &memory))
    return;
  used = (double) (memory.total_bytes - memory.available_bytes);
  orf_frame_add (frame, ORF_METRIC_HOST_MEMORY_TOTAL_BYTES, NULL, (double) memory.total_bytes);
  orf_frame_add (frame, ORF_METRIC_HOST_MEMORY_USED_BYTES, NULL, used);
  orf_frame_add (frame, ORF_METRIC_HOST_MEMORY_AVAILABLE_BYTES, NULL,
                 (double) memory.available_bytes);
  orf_frame_add (frame, ORF_METRIC_HOST_MEMORY_USED_PERCENT, NULL,
                 orf_percent_of (used, (double) memory.total_bytes));
  orf_frame_add (frame, ORF_METRIC_HOST_SWAP_USED_BYTES, NULL, (double) memory.swap_used_bytes);
}

/* As df has it: what only root may still use counts neither as free nor as used. */
static void
fill_room (OrfHostMonitor *monitor, OrfFrame *frame)
{
  const char *const labels[] = { monitor->disk_path, NULL };
  OrfRoomState state;

  if (!orf_room_take (monitor->room, &state))
    return;
  orf_frame_add (frame, ORF_METRIC_HOST_DISK_TOTAL_BYTES, labels, state.total_bytes);
  orf_frame_add (frame, ORF_METRIC_HOST_DISK_FREE_BYTES, labels, state.free_bytes);
  orf_frame_add (frame, ORF_METRIC_HOST_DISK_USED_PERCENT, labels,
                 orf_percent_of (state.used_bytes, state.used_bytes + state.free_bytes));
}

static void
see_disk_cb (gpointer user_data, const char *name, const OrfTraffic *traffic)
{
  OrfHostMonitor *monitor = user_data;

  if (orf_disk_names_is_disk (monitor->disk_names, name))
    orf_traffic_total_see (monitor->disks, name, traffic);
}

static void
see_interface_cb (gpointer user_data, const char *name, const OrfTraffic *traffic)
{
  orf_traffic_total_see (((OrfHostMonitor *) user_data)->network, name, traffic);
}

static void
add_traffic (OrfFrame *frame, OrfTrafficTotal *total, OrfMetricId in, OrfMetricId out)
{
  OrfTraffic sum = orf_traffic_total_settle (total);

  orf_frame_add (frame, in, NULL, (double) sum.in_bytes);
  orf_frame_add (frame, out, NULL, (double) sum.out_bytes);
}

static void
fill_traffic (OrfHostMonitor *monitor, OrfFrame *frame)
{
  const char *disks = orf_proc_file_read (&monitor->diskstats);
  const char *network = orf_proc_file_read (&monitor->net_dev);

  if (disks != NULL && orf_proc_parse_disks (disks, see_disk_cb, monitor))
    add_traffic (frame, monitor->disks, ORF_METRIC_HOST_DISK_READ_BYTES,
                 ORF_METRIC_HOST_DISK_WRITTEN_BYTES);
  else
    orf_traffic_total_forget (monitor->disks);
  if (network != NULL && orf_proc_parse_network (network, see_interface_cb, monitor))
    add_traffic (frame, monitor->network, ORF_METRIC_HOST_NETWORK_RECEIVED_BYTES,
                 ORF_METRIC_HOST_NETWORK_SENT_BYTES);
  else
    orf_traffic_total_forget (monitor->network);
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfHostMonitor *monitor = self;

  fill_cpu (monitor, frame);
  fill_load (monitor, frame);
  fill_memory (monitor, frame);
  fill_room (monitor, frame);
  fill_traffic (monitor, frame);
  monitor->sampled_us = frame->t_us;
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfHostMonitor *) self)->config->host.sample_us;
}

static gboolean
begin_cb (gpointer self)
{
  return orf_room_ask (((OrfHostMonitor *) self)->room);
}

static void
room_told_cb (gpointer user_data)
{
  OrfHostMonitor *monitor = user_data;

  orf_sampler_settle (monitor->sampler, monitor);
}

static const OrfSamplerSource source = {
  .begin = begin_cb,
  .fill = fill_cb,
  .get_period_us = get_period_us_cb,
};

OrfHostMonitor *
orf_host_monitor_new (OrfSampler *sampler, const OrfConfig *config, const char *db_path)
{
  OrfHostMonitor *monitor = g_new0 (OrfHostMonitor, 1);

  monitor->sampler = sampler;
  monitor->config = config;
  monitor->disk_path = config->host.disk_path[0] != '\0' ? g_strdup (config->host.disk_path)
                                                         : g_path_get_dirname (db_path);
  monitor->disk_names = orf_disk_names_new ("/sys/block");
  monitor->disks = orf_traffic_total_new ();
  monitor->network = orf_traffic_total_new ();
  monitor->room = orf_room_new (monitor->disk_path, room_told_cb, monitor);
  orf_proc_file_open (&monitor->stat, "/proc/stat");
  orf_proc_file_open (&monitor->loadavg, "/proc/loadavg");
  orf_proc_file_open (&monitor->meminfo, "/proc/meminfo");
  orf_proc_file_open (&monitor->diskstats, "/proc/diskstats");
  orf_proc_file_open (&monitor->net_dev, "/proc/net/dev");
  orf_sampler_add_source (sampler, &source, monitor);
  return monitor;
}

void
orf_host_monitor_free (OrfHostMonitor *monitor)
{
  orf_proc_file_close (&monitor->stat);
  orf_proc_file_close (&monitor->loadavg);
  orf_proc_file_close (&monitor->meminfo);
  orf_proc_file_close (&monitor->diskstats);
  orf_proc_file_close (&monitor->net_dev);
  orf_room_free (monitor->room);
  orf_traffic_total_free (monitor->disks);
  orf_traffic_total_free (monitor->network);
  orf_disk_names_free (monitor->disk_names);
  g_free (monitor->disk_path);
  g_free (monitor);
}

gint64
orf_host_monitor_get_sampled_us (OrfHostMonitor *monitor)
{
  return monitor->sampled_us;
}
