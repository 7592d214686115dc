/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-docket.h"

#include <math.h>

#include "core/orf-clock.h"

/* The gate counts in rows of a second; rows of other lengths are brought to that. */
#define GATE_STEP_US ORF_US_PER_S
/* An anomaly goes on while rows are at most so much below the threshold, in powers of ten. */
#define STRANGE_BELOW 2
/* Far beyond an alarm: a hundred times as rare as what is promised. */
#define CRITICAL_BEYOND 2
/* Anomalies of several entities that begin within so much are one. */
#define SAME_MOMENT_US (5 * ORF_US_PER_S)
/* The like of an anomaly is not told again within an hour, unless it is ten times as rare. */
#define AGAIN_US     (3600 * ORF_US_PER_S)
#define AGAIN_BEYOND 1

struct _OrfAnomalyDocket {
  gint64 next_id;
  OrfAlarmGate gate;
  OrfAnomalyQuietSet *quiets;
  GPtrArray *open; /* OrfAnomalyCase */
};

/* ---- life ------------------------------------------------------------------------------------ */

OrfAnomalyDocket *
orf_anomaly_docket_new (gint64 next_id, double alarms_per_day)
{
  OrfAnomalyDocket *docket = g_new0 (OrfAnomalyDocket, 1);

  docket->next_id = next_id;
  orf_alarm_gate_init (&docket->gate, GATE_STEP_US, alarms_per_day, TRUE);
  docket->quiets = orf_anomaly_quiet_set_new ();
  docket->open = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_case_free);
  return docket;
}

void
orf_anomaly_docket_free (OrfAnomalyDocket *docket)
{
  if (docket == NULL)
    return;
  orf_anomaly_quiet_set_free (docket->quiets);
  g_ptr_array_unref (docket->open);
  g_free (docket);
}

void
orf_anomaly_docket_restore (OrfAnomalyDocket *docket, GBytes *state, double alarms_per_day)
{
  if (orf_alarm_gate_restore (&docket->gate, state))
    orf_anomaly_docket_promise (docket, alarms_per_day);
}

GBytes *
orf_anomaly_docket_save (const OrfAnomalyDocket *docket)
{
  return orf_alarm_gate_save (&docket->gate);
}

void
orf_anomaly_docket_promise (OrfAnomalyDocket *docket, double alarms_per_day)
{
  orf_alarm_gate_promise (&docket->gate, alarms_per_day);
}

void
orf_anomaly_docket_set_quiets (OrfAnomalyDocket *docket, const GArray *quiets)
{
  orf_anomaly_quiet_set_fill (docket->quiets, quiets);
}

guint
orf_anomaly_docket_get_n_open (const OrfAnomalyDocket *docket)
{
  return docket->open->len;
}

double
orf_anomaly_docket_get_threshold (const OrfAnomalyDocket *docket)
{
  return docket->gate.threshold;
}

/* ---- how strange ----------------------------------------------------------------------------- */

double
orf_anomaly_docket_score (gint64 step_us, float rarity, guint n_crews)
{
  return (double) rarity + log10 ((double) step_us / (double) GATE_STEP_US) -
         log10 (MAX (n_crews, 1));
}

gboolean
orf_anomaly_docket_is_alarm (const OrfAnomalyDocket *docket, double score)
{
  return orf_alarm_gate_is_alarm (&docket->gate, (float) score);
}

gboolean
orf_anomaly_docket_is_strange (const OrfAnomalyDocket *docket, double score)
{
  return score >= docket->gate.threshold - STRANGE_BELOW;
}

static gboolean
is_quiet (const OrfAnomalyDocket *docket, const OrfAnomalySight *sight, const char *text)
{
  g_autofree char *key = NULL;

  if (text == NULL || orf_anomaly_quiet_set_is_empty (docket->quiets))
    return FALSE;
  key = orf_anomaly_quiet_make_key (sight->entity, text, sight->detector,
                                    orf_anomaly_sight_get_direction (sight));
  return orf_anomaly_quiet_set_covers (docket->quiets, key, sight->score);
}

static OrfSeverity
rate (const OrfAnomalyDocket *docket, const OrfAnomalySight *sight, const char *text)
{
  if (is_quiet (docket, sight, text))
    return ORF_SEVERITY_INFO;
  return sight->score >= docket->gate.threshold + CRITICAL_BEYOND ? ORF_SEVERITY_CRITICAL
                                                                  : ORF_SEVERITY_WARNING;
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* What began a moment ago, of another entity. */
static OrfAnomalyCase *
find_same_moment (const OrfAnomalyDocket *docket, const OrfAnomalySight *sight)
{
  for (guint i = docket->open->len; i > 0; i--) {
    OrfAnomalyCase *anomaly = docket->open->pdata[i - 1];
    gint64 apart_us = sight->t_us - orf_anomaly_case_get_started_us (anomaly);

    if (ABS (apart_us) <= MAX (SAME_MOMENT_US, sight->step_us) &&
        !orf_anomaly_case_is_over (anomaly) &&
        orf_anomaly_case_get_severity (anomaly) > ORF_SEVERITY_INFO)
      return anomaly;
  }
  return NULL;
}

static OrfAnomalyCase *
begin_case (OrfAnomalyDocket *docket, const OrfAnomalySight *sight, OrfSeverity severity)
{
  OrfAnomalyCase *anomaly = orf_anomaly_case_new (docket->next_id++, sight, severity);

  g_ptr_array_add (docket->open, anomaly);
  if (severity > ORF_SEVERITY_INFO)
    orf_alarm_gate_pass (&docket->gate, 0, 1);
  return anomaly;
}

static void
go_on (OrfAnomalyDocket *docket,
       OrfAnomalyCase *anomaly,
       const OrfAnomalySight *sight,
       OrfSeverity severity)
{
  gboolean was_quiet = orf_anomaly_case_get_severity (anomaly) == ORF_SEVERITY_INFO;

  orf_anomaly_case_see (anomaly, sight);
  orf_anomaly_case_raise (anomaly, severity);
  if (was_quiet && severity > ORF_SEVERITY_INFO)
    orf_alarm_gate_pass (&docket->gate, 0, 1);
}

/* It was told not long ago, and is not much stranger. */
static gboolean
is_known (const OrfAnomalyParty *party, const OrfAnomalySight *sight)
{
  const OrfAnomalySight *last = &party->last;

  return last->entity != NULL && last->number == sight->number &&
         g_str_equal (last->detector, sight->detector) &&
         ABS (sight->t_us - last->t_us) < AGAIN_US && sight->score < last->score + AGAIN_BEYOND;
}

void
orf_anomaly_docket_raise (OrfAnomalyDocket *docket,
                          OrfAnomalyParty *party,
                          const OrfAnomalySight *sight,
                          const char *text)
{
  OrfSeverity severity = rate (docket, sight, text);
  OrfAnomalyCase *joined = NULL;

  if (party->anomaly == NULL && is_known (party, sight))
    return;
  if (party->anomaly == NULL || sight->score > party->last.score)
    party->last = *sight;
  if (party->anomaly == NULL && severity > ORF_SEVERITY_INFO)
    joined = find_same_moment (docket, sight);
  if (joined != NULL) {
    orf_anomaly_case_join (joined);
    orf_anomaly_case_relate (joined, sight->number, (float) sight->score, FALSE);
    party->anomaly = joined;
  }
  if (party->anomaly != NULL)
    go_on (docket, party->anomaly, sight, severity);
  else
    party->anomaly = begin_case (docket, sight, severity);
}

void
orf_anomaly_docket_leave (OrfAnomalyParty *party)
{
  orf_anomaly_case_leave (g_steal_pointer (&party->anomaly));
}

/* ---- what is told of them -------------------------------------------------------------------- */

void
orf_anomaly_docket_pass (OrfAnomalyDocket *docket, gint64 passed_us)
{
  orf_alarm_gate_pass (&docket->gate, (double) passed_us / GATE_STEP_US, 0);
}

void
orf_anomaly_docket_tell (OrfAnomalyDocket *docket,
                         gint64 awake_us,
                         OrfAnomalyTextOf text_of,
                         gpointer user_data,
                         GArray *findings)
{
  for (guint i = 0; i < docket->open->len; i++) {
    OrfAnomalyCase *anomaly = docket->open->pdata[i];
    OrfAnomalyCaseNews news = orf_anomaly_case_take_news (anomaly, awake_us);

    if (news != ORF_ANOMALY_CASE_SAME) {
      const OrfAnomalyFinding finding = { orf_anomaly_case_make_row (anomaly, text_of, user_data),
                                          news == ORF_ANOMALY_CASE_TOLD };

      g_array_append_val (findings, finding);
    }
    if (orf_anomaly_case_is_over (anomaly))
      g_ptr_array_remove_index (docket->open, i--);
  }
}

static void
clear_finding (gpointer data)
{
  orf_anomaly_record_free (((OrfAnomalyFinding *) data)->row);
}

GArray *
orf_anomaly_findings_new (void)
{
  GArray *findings = g_array_new (FALSE, FALSE, sizeof (OrfAnomalyFinding));

  g_array_set_clear_func (findings, clear_finding);
  return findings;
}
