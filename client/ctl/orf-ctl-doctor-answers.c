/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-doctor.h"

#include "orf-ctl-format.h"

/* A main loop that stood longer made callers wait. */
#define LONG_STALL_US 50000
/* A log that is not checkpointed: a reader holds it, or the disk is too slow. */
#define LARGE_WAL_BYTES (256.0 * 1024 * 1024)
/* Of a part's memory budget: beyond it things are soon refused. */
#define TIGHT 0.9
/* So many times what is promised, and so many a day at least, are more than chance. */
#define MANY_TIMES 3
#define MANY_A_DAY 5
/* Below it, from so many gets on, a cache hardly does what it is for. */
#define LOW_HIT_RATE_PERCENT 50
#define MANY_GETS            1000

/* ---- status.get -------------------------------------------------------------------------------
 */

static void
judge_version (OrfCtlFindings *findings, const OrfStatusGetResult *status)
{
  g_autofree char *up = orf_ctl_format_duration_us ((double) status->uptime_us, FALSE);

  if (g_str_equal (status->version, ORF_VERSION)) {
    orf_ctl_findings_add (findings, "daemon", ORF_CTL_FINDING_GOOD, "orfeas %s, up %s",
                          status->version, up);
    return;
  }
  orf_ctl_findings_add (findings, "daemon", ORF_CTL_FINDING_WARNING,
                        "it is orfeas %s, and this program is of %s", status->version, ORF_VERSION);
  orf_ctl_findings_advise (findings, "restart the daemon after an upgrade: systemctl restart "
                                     "orfeasd");
}

static OrfCtlFindingLevel
get_level (OrfComponentState state)
{
  switch (state) {
  case ORF_COMPONENT_STATE_OPERATIONAL:
    return ORF_CTL_FINDING_GOOD;
  case ORF_COMPONENT_STATE_DISABLED: /* somebody wished it */
    return ORF_CTL_FINDING_NOTE;
  case ORF_COMPONENT_STATE_DEGRADED:
    return ORF_CTL_FINDING_WARNING;
  default:
    return ORF_CTL_FINDING_FAULT;
  }
}

/* What usually helps where that part is not whole. */
static const struct {
  const char *component;
  const char *advice;
} remedies[] = {
  { "gpu_optimizer",
    "install the vendor's driver and its library (ldconfig -p | grep -e nvidia-ml -e OpenCL), let "
    "the daemon's user use the device, or name the right ones in [gpu] backends (doc/gpu.md)" },
  { "cache_manager",
    "orfeasctl cache stats says which node is away, and since when (doc/redis.md)" },
  { "alerting_system",
    "orfeasctl outbox says which receiver takes nothing; orfeasctl alerts rules, which rule waits "
    "for what" },
  { "tracing_system", "orfeasctl outbox says which receiver takes nothing (doc/trace-export.md)" },
};

static const char *
get_remedy (const char *component)
{
  for (guint i = 0; i < G_N_ELEMENTS (remedies); i++) {
    if (g_str_equal (remedies[i].component, component))
      return remedies[i].advice;
  }
  return "its reason says what is missing, and the daemon's log more: journalctl -u orfeasd";
}

static void
judge_components (OrfCtlFindings *findings, const OrfStatusGetResult *status)
{
  for (guint i = 0; i < status->reasons->len; i++) {
    const OrfStatusReason *reason = status->reasons->pdata[i];

    orf_ctl_findings_add (findings, "component", get_level (reason->state), "%s is %s: %s",
                          reason->component, orf_component_state_to_string (reason->state),
                          reason->reason);
    if (get_level (reason->state) >= ORF_CTL_FINDING_WARNING)
      orf_ctl_findings_advise (findings, "%s", get_remedy (reason->component));
  }
  if (status->reasons->len == 0)
    orf_ctl_findings_add (findings, "component", ORF_CTL_FINDING_GOOD, "all are operational");
}

static void
judge_source (OrfCtlFindings *findings, const OrfStatusSource *source)
{
  OrfCtlFindingLevel level = MIN (get_level (source->state), ORF_CTL_FINDING_WARNING);

  orf_ctl_findings_add (findings, "source", level, "%s is %s%s%s", source->source,
                        orf_component_state_to_string (source->state),
                        source->reason != NULL ? ": " : "",
                        source->reason != NULL ? source->reason : "");
  if (level < ORF_CTL_FINDING_WARNING)
    return;
  if (source->kind == ORF_SOURCE_KIND_PROBE)
    orf_ctl_findings_advise (findings,
                             "it is tried again by itself; where there is no such device, "
                             "leave it out of [gpu] backends");
  else
    orf_ctl_findings_advise (findings,
                             "orfeasctl scrape and orfeasctl metrics list say what comes; "
                             "see that what is asked runs, and is reached from here");
}

static void
judge_sandbox (OrfCtlFindings *findings, const OrfStatusSource *source)
{
  if (source->kind != ORF_SOURCE_KIND_PROBE || source->state != ORF_COMPONENT_STATE_OPERATIONAL)
    return;
  if (source->unguarded == NULL) {
    orf_ctl_findings_add (findings, "sandbox", ORF_CTL_FINDING_GOOD,
                          "the %s probe may do only what asking devices needs", source->source);
    return;
  }
  orf_ctl_findings_add (findings, "sandbox", ORF_CTL_FINDING_NOTE, "of the %s probe lacks: %s",
                        source->source, source->unguarded);
}

static void
judge_sources (OrfCtlFindings *findings, const OrfStatusGetResult *status)
{
  guint n_probes = 0;

  for (guint i = 0; i < status->sources->len; i++) {
    const OrfStatusSource *source = status->sources->pdata[i];

    n_probes += source->kind == ORF_SOURCE_KIND_PROBE &&
                source->state == ORF_COMPONENT_STATE_OPERATIONAL;
    judge_source (findings, source);
    judge_sandbox (findings, source);
  }
  if (n_probes > 0)
    return;
  orf_ctl_findings_add (findings, "gpu", ORF_CTL_FINDING_FAULT,
                        "no backend sees a GPU: nothing is known of GPU memory");
  orf_ctl_findings_advise (findings,
                           "install the vendor's driver and its library (libnvidia-ml, an "
                           "OpenCL ICD), and see that the daemon's user may use the device");
}

static void
judge_db (OrfCtlFindings *findings, const OrfStatusDb *db)
{
  g_autofree char *wal = orf_ctl_format_bytes ((double) db->wal_bytes);

  if (db->fault != NULL || db->disk_full) {
    orf_ctl_findings_add (findings, "database", ORF_CTL_FINDING_FAULT, "nothing is written: %s",
                          db->fault != NULL ? db->fault : "the disk is full");
    orf_ctl_findings_advise (findings, "%s",
                             db->fault == NULL
                               ? "make room on the disk; it goes on by itself"
                               : "dmesg says what the disk has; where it is full, make room. What "
                                 "was accepted is on disk (doc/durability.md)");
  } else {
    orf_ctl_findings_add (findings, "database", ORF_CTL_FINDING_GOOD, "%s is written", db->path);
  }
  if (db->frames_dropped > 0) {
    orf_ctl_findings_add (findings, "database", ORF_CTL_FINDING_WARNING,
                          "%" G_GINT64_FORMAT " seconds of samples were lost since the start",
                          db->frames_dropped);
    orf_ctl_findings_advise (findings, "the disk was full or too slow: orfeasctl metrics query "
                                       "orfeas.db.frames_dropped --last 1d says when");
  }
  if ((double) db->wal_bytes > LARGE_WAL_BYTES) {
    orf_ctl_findings_add (findings, "database", ORF_CTL_FINDING_WARNING,
                          "its write-ahead log has %s", wal);
    orf_ctl_findings_advise (findings,
                             "a program that reads the file for a long time keeps it from "
                             "being taken in: fuser -v %s",
                             db->path);
  }
}

static void
judge_self (OrfCtlFindings *findings, const OrfStatusSelf *self)
{
  g_autofree char *stall = NULL;

  if (!self->has_loop_stall_us || self->loop_stall_us < LONG_STALL_US)
    return;
  stall = orf_ctl_format_duration_us ((double) self->loop_stall_us, FALSE);
  orf_ctl_findings_add (findings, "daemon", ORF_CTL_FINDING_WARNING,
                        "its main loop stood still for %s in the last minute", stall);
  orf_ctl_findings_advise (findings,
                           "the machine is busy, or a disk or a mount hangs; callers wait "
                           "as long");
}

static void
judge_part (OrfCtlFindings *findings, const char *part, const OrfStatusMemoryUse *use)
{
  double share = use->budget_bytes > 0 ? (double) use->used_bytes / (double) use->budget_bytes : 0;

  if (share < TIGHT)
    return;
  orf_ctl_findings_add (findings, "memory", ORF_CTL_FINDING_WARNING,
                        "%s holds %.0f %% of its budget", part, share * 100);
  orf_ctl_findings_advise (findings, "what comes beyond it is refused: orfeasctl status, and the "
                                     "limits in the config's [memory]");
}

void
orf_ctl_doctor_judge_status (OrfCtlFindings *findings, const OrfStatusGetResult *status)
{
  judge_version (findings, status);
  judge_components (findings, status);
  judge_sources (findings, status);
  judge_db (findings, status->db);
  judge_self (findings, status->self);
  judge_part (findings, "the daemon", status->memory->total);
  judge_part (findings, "the registry of series", status->memory->registry);
  judge_part (findings, "what waits to be written", status->memory->writes);
}

/* ---- cache.stats ------------------------------------------------------------------------------
 */

static void
judge_node (OrfCtlFindings *findings, const OrfCacheNode *node)
{
  if (node->state == ORF_CACHE_NODE_STATE_UP) {
    orf_ctl_findings_add (findings, "redis", ORF_CTL_FINDING_GOOD, "%s answers", node->name);
    return;
  }
  orf_ctl_findings_add (findings, "redis", ORF_CTL_FINDING_FAULT, "%s is %s%s%s", node->name,
                        orf_cache_node_state_to_string (node->state),
                        node->problem != NULL ? ": " : "",
                        node->problem != NULL ? node->problem : "");
  orf_ctl_findings_advise (findings,
                           "start the node, or mend [cache] nodes; meanwhile its keys are "
                           "missed or kept by this daemon alone, and the hit rate falls");
}

void
orf_ctl_doctor_judge_cache (OrfCtlFindings *findings, const OrfCacheStatsResult *stats)
{
  if (stats->l2->mode == ORF_CACHE_MODE_LOCAL)
    orf_ctl_findings_add (findings, "redis", ORF_CTL_FINDING_NOTE,
                          "no nodes are named in [cache] nodes: this daemon's memory is the cache");
  for (guint i = 0; i < stats->l2->nodes->len; i++)
    judge_node (findings, stats->l2->nodes->pdata[i]);
  if (stats->hits + stats->misses < MANY_GETS || stats->hit_rate_percent >= LOW_HIT_RATE_PERCENT)
    return;
  orf_ctl_findings_add (findings, "cache", ORF_CTL_FINDING_WARNING,
                        "%.0f %% of %" G_GINT64_FORMAT " gets were hits", stats->hit_rate_percent,
                        stats->hits + stats->misses);
  orf_ctl_findings_advise (findings,
                           "orfeasctl cache top says which namespaces lose; evictions rise "
                           "where [cache] l1_bytes is too small, expirations where "
                           "lifetimes are too short");
}

/* ---- anomalies.detectors ----------------------------------------------------------------------
 */

void
orf_ctl_doctor_judge_detectors (OrfCtlFindings *findings, const OrfAnomaliesDetectorsResult *result)
{
  double promised = 0, realised = 0;

  for (guint i = 0; i < result->detectors->len; i++) {
    const OrfAnomalyDetectorInfo *detector = result->detectors->pdata[i];

    promised += detector->promised_per_day;
    realised += detector->realised_per_day;
  }
  if (realised < MANY_A_DAY || realised < MANY_TIMES * promised)
    return;
  orf_ctl_findings_add (findings, "anomalies", ORF_CTL_FINDING_WARNING,
                        "%.3g alarms a day, where %.3g are asked for", realised, promised);
  orf_ctl_findings_advise (findings,
                           "in the first days much is new; later orfeasctl anomalies feedback ID "
                           "noise quiets the like of one, and [anomaly] alarms_per_day all");
}
