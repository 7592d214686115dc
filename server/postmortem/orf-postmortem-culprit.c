/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-culprit.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-format.h"
#include "postmortem/orf-postmortem-operation.h"
#include "postmortem/orf-postmortem-suspects.h"

/* Less points to nobody. */
#define LEAST  1.0
#define MEDIUM 2.5
#define HIGH   4.0
/* One that is so near says that it may be the other. */
#define NEAR 0.75

/* After a deploy, and after a load test ended, so much is put down to it. */
#define REACH_US (300 * ORF_US_PER_S)
/* What a load test's moment begins with. */
#define LOAD_TEXT "load test "
/* Operations are counted by minutes: one may be told to be worse so long before it was. */
#define STEP_US (60 * ORF_US_PER_S)
/* Who grew by less of a device's memory is not looked at. */
#define GREW_SHARE 0.1

typedef struct {
  const OrfPostmortemFacts *facts;
  const OrfPostmortemDocument *document;
  GPtrArray *suspects;
} Search;

static char *
format_time (const Search *search, gint64 t_us)
{
  return orf_postmortem_format_time (search->document->window, t_us);
}

/* The first alert of the window that fired at or after t_us; NULL: none did. */
static const OrfPostmortemAlert *
find_alert_after (const Search *search, gint64 t_us)
{
  const GPtrArray *alerts = search->document->alerts->rows;

  for (guint i = 0; i < alerts->len; i++)
    if (((OrfPostmortemAlert *) alerts->pdata[i])->fired_us >= t_us)
      return alerts->pdata[i];
  return NULL;
}

/* What fired behind it is a consequence, as far as time can tell. */
static void
add_alert_after (const Search *search, OrfPostmortemSuspect *suspect, double weight)
{
  const OrfPostmortemAlert *alert = find_alert_after (search, suspect->since_us);

  if (alert != NULL)
    orf_postmortem_suspect_add (suspect, weight,
                                g_strdup_printf ("Alert %s fired %.0f s later.", alert->rule,
                                                 (double) (alert->fired_us - suspect->since_us) /
                                                   1e6));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static const OrfPostmortemDevice *
find_device (const Search *search, const char *name)
{
  const GPtrArray *devices = search->document->memory->devices;

  for (guint i = 0; i < devices->len; i++)
    if (strcmp (((OrfPostmortemDevice *) devices->pdata[i])->device, name) == 0)
      return devices->pdata[i];
  return NULL;
}

static gboolean
is_pressed (const OrfPostmortemDevice *device)
{
  return device != NULL && device->pressure_level != NULL &&
         (strcmp (device->pressure_level, "high") == 0 ||
          strcmp (device->pressure_level, "critical") == 0);
}

static const OrfPostmortemOom *
find_oom (const Search *search, const char *device)
{
  const GPtrArray *ooms = search->document->memory->ooms;

  for (guint i = 0; i < ooms->len; i++)
    if (strcmp (((OrfPostmortemOom *) ooms->pdata[i])->device, device) == 0)
      return ooms->pdata[i];
  return NULL;
}

static void
add_consequences (const Search *search, OrfPostmortemSuspect *suspect, const char *device_name)
{
  const OrfPostmortemDevice *device = find_device (search, device_name);
  const OrfPostmortemOom *oom = find_oom (search, device_name);

  if (is_pressed (device))
    orf_postmortem_suspect_add (suspect, 1.0,
                                g_strdup_printf ("Memory pressure of %s became %s.", device_name,
                                                 device->pressure_level));
  if (oom != NULL && oom->t_us >= suspect->since_us) {
    g_autofree char *time = format_time (search, oom->t_us);

    orf_postmortem_suspect_add (suspect, 1.0,
                                g_strdup_printf ("%s ran out of memory of %s at %s.", oom->worker,
                                                 device_name, time));
  }
}

/* A leak is the cause where there is one: of its kind nothing weighs more. */
static void
suspect_leak (const Search *search, const OrfPostmortemLeak *leak)
{
  g_autofree char *time = format_time (search, leak->since_us);
  g_autofree char *grown = orf_format_bytes ((double) leak->grown_bytes);
  g_autofree char *slope = orf_format_bytes (leak->slope_bytes_per_s * 60);
  OrfPostmortemSuspect *suspect;

  if (leak->name == NULL)
    return;
  suspect = orf_postmortem_suspects_ensure (search->suspects,
                                            leak->worker != NULL ? "worker" : "process", leak->name,
                                            leak->since_us);
  orf_postmortem_suspect_add (
    suspect, 2.5 * leak->confidence,
    g_strdup_printf ("It held more and more memory of %s since %s: %s in all, %s a minute "
                     "(confidence %.2f).",
                     leak->device, time, grown, slope, leak->confidence));
  if (leak->trigger != NULL)
    orf_postmortem_suspect_add (suspect, 0.25,
                                g_strdup_printf ("Near its beginning there was: %s.",
                                                 leak->trigger));
  add_consequences (search, suspect, leak->device);
}

/* Who had grown most when a device was fullest, where that led to something. */
static const OrfPostmortemOwner *
find_grower (const OrfPostmortemDevice *device)
{
  const OrfPostmortemOwner *most = NULL;

  for (guint i = 0; i < device->owners->len; i++) {
    const OrfPostmortemOwner *owner = device->owners->pdata[i];

    if (owner->name != NULL && owner->has_grew_bytes &&
        (most == NULL || owner->grew_bytes > most->grew_bytes))
      most = owner;
  }
  return most != NULL && device->has_total_bytes &&
             (double) most->grew_bytes >= GREW_SHARE * (double) device->total_bytes
           ? most
           : NULL;
}

static char *
describe_grower (const Search *search,
                 const OrfPostmortemDevice *device,
                 const OrfPostmortemOwner *owner)
{
  g_autofree char *grew = orf_format_bytes ((double) owner->grew_bytes);
  g_autofree char *time = format_time (search, device->worst_us);

  return g_strdup_printf (
    "It held %.0f %% of what was in use of %s when that was fullest (%s), and "
    "had grown by %s, more than others.",
    owner->share_percent, device->device, time, grew);
}

static void
suspect_grower (const Search *search, const OrfPostmortemDevice *device)
{
  const OrfPostmortemOwner *owner = find_grower (device);
  OrfPostmortemSuspect *suspect;
  gboolean known;

  if (owner == NULL || (!is_pressed (device) && find_oom (search, device->device) == NULL))
    return;
  known = orf_postmortem_suspects_find (search->suspects, owner->kind, owner->name) != NULL;
  suspect = orf_postmortem_suspects_ensure (search->suspects, owner->kind, owner->name,
                                            known ? G_MAXINT64 : search->document->window->from_us);
  orf_postmortem_suspect_add (suspect, 1.0, describe_grower (search, device, owner));
  if (!known)
    add_consequences (search, suspect, device->device);
}

/* Who runs out of memory is seldom who took it: it weighs little. */
static void
suspect_oom (const Search *search, const OrfPostmortemOom *oom)
{
  OrfPostmortemSuspect *suspect = orf_postmortem_suspects_ensure (search->suspects, "worker",
                                                                  oom->worker, oom->t_us);
  g_autofree char *time = format_time (search, oom->t_us);

  orf_postmortem_suspect_add (suspect, 0.5,
                              g_strdup_printf ("It ran out of memory of %s itself, at %s.",
                                               oom->device, time));
}

static void
suspect_memory (const Search *search)
{
  const OrfPostmortemMemory *memory = search->document->memory;

  for (guint i = 0; i < memory->leaks->len; i++)
    suspect_leak (search, memory->leaks->pdata[i]);
  for (guint i = 0; i < memory->devices->len; i++)
    suspect_grower (search, memory->devices->pdata[i]);
  if (memory->ooms->len > 0)
    suspect_oom (search, memory->ooms->pdata[0]);
}

/* ---- operations, and what may have made them worse ------------------------------------------- */

/* The first operation that became worse within the span, by time; NULL: none did. */
static const OrfPostmortemOperation *
find_worse (const Search *search, gint64 from_us, gint64 to_us)
{
  const GPtrArray *operations = search->document->traces->operations;
  const OrfPostmortemOperation *first = NULL;

  for (guint i = 0; i < operations->len; i++) {
    const OrfPostmortemOperation *operation = operations->pdata[i];

    if (orf_postmortem_operation_is_worse (operation) && operation->from_us >= from_us &&
        operation->from_us < to_us && (first == NULL || operation->from_us < first->from_us))
      first = operation;
  }
  return first;
}

static void
add_worse (OrfPostmortemSuspect *suspect, double weight, const OrfPostmortemOperation *operation)
{
  g_autofree char *text = orf_postmortem_operation_describe (operation);
  double after_s = (double) (operation->from_us - suspect->since_us) / 1e6;

  /* operations are counted by minutes */
  orf_postmortem_suspect_add (suspect, weight,
                              after_s < 60 ? g_strdup_printf ("In the same minute %s.", text)
                                           : g_strdup_printf ("%.0f s later %s.", after_s, text));
}

static void
suspect_nodes (const Search *search)
{
  const OrfPostmortemCache *cache = search->document->cache;

  for (guint i = 0; cache != NULL && i < cache->nodes->len; i++) {
    const OrfPostmortemNode *node = cache->nodes->pdata[i];
    const OrfPostmortemAway *away = node->away->len > 0 ? node->away->pdata[0] : NULL;
    const OrfPostmortemOperation *worse;
    OrfPostmortemSuspect *suspect;
    g_autofree char *time = NULL;

    if (away == NULL)
      return; /* those that were away come first */
    time = format_time (search, away->from_us);
    suspect = orf_postmortem_suspects_ensure (search->suspects, "node", node->node, away->from_us);
    orf_postmortem_suspect_add (
      suspect, 2.5,
      away->has_until_us ? g_strdup_printf ("It was away from %s on, for %.0f s.", time,
                                            (double) (away->until_us - away->from_us) / 1e6)
                         : g_strdup_printf ("It was away from %s on, and is not back.", time));
    worse = find_worse (search, away->from_us - STEP_US, G_MAXINT64);
    if (worse != NULL)
      add_worse (suspect, 1.0, worse);
    add_alert_after (search, suspect, 0.75);
  }
}

/* The first that became worse from t_us on.  What was slow before it is not its fault, and tells
 * that there is another reason: NULL then, too. */
static const OrfPostmortemOperation *
find_worse_since (const Search *search, gint64 t_us, gint64 to_us)
{
  return find_worse (search, 0, t_us - STEP_US) == NULL ? find_worse (search, t_us - STEP_US, to_us)
                                                        : NULL;
}

static void
add_none_before (OrfPostmortemSuspect *suspect)
{
  orf_postmortem_suspect_add (suspect, 0.75,
                              g_strdup ("Before it no operation had become slower."));
}

static void
suspect_deploy (const Search *search, const OrfPostmortemMoment *deploy)
{
  const OrfPostmortemOperation *worse = find_worse_since (search, deploy->t_us,
                                                          deploy->t_us + REACH_US);
  OrfPostmortemSuspect *suspect;
  g_autofree char *time = NULL;

  if (worse == NULL)
    return;
  time = format_time (search, deploy->t_us);
  suspect = orf_postmortem_suspects_ensure (search->suspects, "deploy", deploy->text, deploy->t_us);
  /* of the same text: a mark that was made twice speaks no louder */
  if (suspect->facts->len > 0)
    return;
  orf_postmortem_suspect_add (suspect, 1.5, g_strdup_printf ("It was deployed at %s.", time));
  add_worse (suspect, 1.0, worse);
  if (orf_postmortem_operation_get_more_errors (worse) > 0)
    orf_postmortem_suspect_add (suspect, 0.5,
                                g_strdup_printf ("%.3g %% of its spans failed, %.3g %% before.",
                                                 worse->errors_percent,
                                                 worse->before_errors_percent));
  add_none_before (suspect);
  if (strstr (deploy->text, worse->service) != NULL)
    orf_postmortem_suspect_add (suspect, 0.5, g_strdup_printf ("It names %s.", worse->service));
  add_alert_after (search, suspect, 0.25);
}

static void
suspect_deploys (const Search *search)
{
  const GPtrArray *rows = search->document->timeline->rows;

  for (guint i = 0; i < search->facts->earlier->len; i++)
    suspect_deploy (search, search->facts->earlier->pdata[i]);
  for (guint i = 0; i < rows->len; i++)
    if (strcmp (((OrfPostmortemMoment *) rows->pdata[i])->kind, "deploy") == 0)
      suspect_deploy (search, rows->pdata[i]);
}

/* Its text begins as "load test nightly (stress): 120 requests"; a name may have brackets too. */
static char *
dup_load_name (const OrfPostmortemMoment *load)
{
  const char *name = load->text +
                     (g_str_has_prefix (load->text, LOAD_TEXT) ? strlen (LOAD_TEXT) : 0);
  const char *kind = g_strrstr (name, " (");

  return kind != NULL ? g_strndup (name, (gsize) (kind - name)) : g_strdup (name);
}

/* Of a load test what comes while it runs: an operation that becomes worse, or at least an alert.
 */
static void
suspect_load (const Search *search, const OrfPostmortemMoment *load)
{
  gint64 end_us = (load->has_until_us ? load->until_us : load->t_us) + REACH_US;
  const OrfPostmortemOperation *worse = find_worse_since (search, load->t_us, end_us);
  const OrfPostmortemAlert *alert = find_alert_after (search, load->t_us);
  g_autofree char *name = dup_load_name (load);
  g_autofree char *time = format_time (search, load->t_us);
  OrfPostmortemSuspect *suspect;

  if (worse == NULL && (alert == NULL || alert->fired_us >= end_us))
    return;
  suspect = orf_postmortem_suspects_ensure (search->suspects, "load", name, load->t_us);
  orf_postmortem_suspect_add (suspect, 1.5,
                              load->has_until_us
                                ? g_strdup_printf ("It began at %s and ran for %.0f s.", time,
                                                   (double) (load->until_us - load->t_us) / 1e6)
                                : g_strdup_printf ("It began at %s.", time));
  if (worse != NULL) {
    add_worse (suspect, 1.0, worse);
    add_none_before (suspect);
  }
  if (alert != NULL && alert->fired_us < end_us)
    add_alert_after (search, suspect, 0.75);
}

static void
suspect_loads (const Search *search)
{
  const GPtrArray *rows = search->document->timeline->rows;

  for (guint i = 0; i < rows->len; i++)
    if (strcmp (((OrfPostmortemMoment *) rows->pdata[i])->kind, "load") == 0)
      suspect_load (search, rows->pdata[i]);
}

/* That it is slow is what is to be explained: it weighs little. */
static void
suspect_operations (const Search *search)
{
  const OrfPostmortemOperation *worse = find_worse (search, 0, G_MAXINT64);
  OrfPostmortemSuspect *suspect;
  g_autofree char *name = NULL;
  g_autofree char *time = NULL;
  g_autofree char *text = NULL;

  if (worse == NULL)
    return;
  name = g_strdup_printf ("%s %s", worse->service, worse->operation);
  time = format_time (search, worse->from_us);
  text = orf_postmortem_operation_describe (worse);
  suspect = orf_postmortem_suspects_ensure (search->suspects, "operation", name, worse->from_us);
  orf_postmortem_suspect_add (suspect, 1.0, g_strdup_printf ("Since %s %s.", time, text));
  add_alert_after (search, suspect, 0.25);
}

/* ---- devices --------------------------------------------------------------------------------- */

/* Its text begins with the device, as "nvidia-0: XID 79". */
static void
suspect_device (const Search *search, const OrfPostmortemMoment *moment)
{
  const char *end = strstr (moment->text, ": ");
  g_autofree char *name = g_strndup (moment->text, end != NULL ? (gsize) (end - moment->text)
                                                               : strlen (moment->text));
  g_autofree char *time = format_time (search, moment->t_us);
  OrfPostmortemSuspect *suspect = orf_postmortem_suspects_ensure (search->suspects, "device", name,
                                                                  moment->t_us);

  if (suspect->facts->len > 0)
    return;
  orf_postmortem_suspect_add (suspect, 3.0,
                              g_strdup_printf ("It told at %s: %s.", time,
                                               end != NULL ? end + 2 : moment->text));
  add_alert_after (search, suspect, 0.5);
}

static void
suspect_devices (const Search *search)
{
  const GPtrArray *rows = search->document->timeline->rows;

  for (guint i = 0; i < rows->len; i++) {
    const OrfPostmortemMoment *moment = rows->pdata[i];

    if (strcmp (moment->kind, "gpu_event") == 0 && g_strcmp0 (moment->severity, "critical") == 0)
      suspect_device (search, moment);
  }
}

/* ---- the machine ----------------------------------------------------------------------------- */

/* Nothing was recorded, and the daemon neither ended nor began anew: it did not get to run. */
static void
suspect_host (const Search *search)
{
  const GPtrArray *gaps = search->document->gaps->rows;

  for (guint i = 0; i < gaps->len; i++) {
    const OrfPostmortemGap *gap = gaps->pdata[i];
    const OrfPostmortemOperation *worse;
    OrfPostmortemSuspect *suspect;
    g_autofree char *time = NULL;

    if (gap->why != NULL)
      continue;
    time = format_time (search, gap->from_us);
    suspect = orf_postmortem_suspects_ensure (search->suspects, "host", "machine", gap->from_us);
    orf_postmortem_suspect_add (suspect, 1.5,
                                g_strdup_printf ("It stood still for %.0f s at %s: nothing was "
                                                 "recorded, though the daemon went on afterwards.",
                                                 (double) (gap->to_us - gap->from_us) / 1e6, time));
    worse = find_worse (search, gap->from_us - STEP_US, gap->to_us + STEP_US);
    if (worse != NULL)
      add_worse (suspect, 1.0, worse);
    return;
  }
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static OrfPostmortemCulprit *
accuse (const GPtrArray *suspects)
{
  const OrfPostmortemSuspect *first = suspects->pdata[0];
  const OrfPostmortemSuspect *second = suspects->len > 1 ? suspects->pdata[1] : NULL;
  gboolean unsure = second != NULL && first->weight - second->weight < NEAR;
  OrfPostmortemCulprit *culprit = orf_postmortem_culprit_new ();
  g_autofree char *also = NULL;

  culprit->kind = g_strdup (first->kind);
  culprit->name = g_strdup (first->name);
  culprit->since_us = first->since_us;
  culprit->confidence = first->weight >= HIGH     ? ORF_POSTMORTEM_CONFIDENCE_HIGH
                        : first->weight >= MEDIUM ? ORF_POSTMORTEM_CONFIDENCE_MEDIUM
                                                  : ORF_POSTMORTEM_CONFIDENCE_LOW;
  if (unsure) {
    culprit->confidence = MAX (culprit->confidence - 1, ORF_POSTMORTEM_CONFIDENCE_LOW);
    also = g_strdup_printf ("Nearly as much speaks against %s %s.", second->kind, second->name);
  }
  culprit->because = orf_postmortem_suspect_dup_facts (first, also);
  return culprit;
}

OrfPostmortemCulprit *
orf_postmortem_culprit_find (const OrfPostmortemFacts *facts)
{
  g_autoptr (GPtrArray) suspects = orf_postmortem_suspects_new ();
  const Search search = { facts, facts->document, suspects };

  suspect_memory (&search);
  suspect_nodes (&search);
  suspect_deploys (&search);
  suspect_loads (&search);
  suspect_devices (&search);
  suspect_operations (&search);
  suspect_host (&search);
  orf_postmortem_suspects_rank (suspects);
  return suspects->len > 0 && ((OrfPostmortemSuspect *) suspects->pdata[0])->weight >= LEAST
           ? accuse (suspects)
           : NULL;
}
