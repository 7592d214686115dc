/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan against a plain model of the same rules, by random sequences: alerts that fire and end,
 * silences, acknowledgements, settings, and time.  The model keeps everything in arrays and looks
 * at all of it at each step; what both say has to be the same text.  Beside that, whatever both
 * say: a receiver is told no more often than it may be, and nothing happens before the time that
 * the plan named.
 */
#include <string.h>

#include "notice-fixture.h"
#include "notify/orf-notice-plan.h"

#define T0          (1000 * S)
#define N_RECEIVERS 3
#define N_OPS       250
#define N_RUNS      200 /* ten times as many with -m slow */
#define MAX_ITEMS   6000
#define MARGIN      1000 /* what one step may add */

static const char *const receiver_names[N_RECEIVERS] = { "a", "b", "push" };

typedef struct {
  OrfNoticeAlert *alert;
  OrfNoticeAlert *over; /* NULL: it fires */
  gboolean fires, acknowledged;
  struct {
    gboolean told;
    gint64 told_us; /* 0: it need not be told again */
    guint seq;      /* of that */
  } to[N_RECEIVERS];
} Alert;

typedef struct {
  gint64 id;
  Alert *alert;
  OrfNoticeAlert *shown;
  guint receiver;
  OrfNoticeEvent event;
  gint64 made_us;
  gboolean waits;
  OrfNoticeState state;
  char *key;
} Notice;

typedef struct {
  gint64 id, from_us, until_us;
  char rule, device; /* 0: any */
} Silence;

typedef struct {
  char *key;
  gint64 last_us;
  guint receiver;
} Told;

typedef struct {
  GRand *rand;
  OrfNoticePlan *plan;
  OrfNoticeTiming timing;
  Alert alerts[MAX_ITEMS];
  Notice notices[MAX_ITEMS];
  guint n_alerts, n_notices, n_silences, seq;
  Silence silences[4];
  GArray *groups;              /* Told: when each was last */
  GArray *posted[N_RECEIVERS]; /* gint64: all times */
  GString *out;                /* of the model's step */
  gint64 now_us, quiet_until_us;
} Run;

static guint
pick (Run *run, guint n)
{
  return (guint) g_rand_int_range (run->rand, 0, (gint32) n);
}

/* ---- the model ------------------------------------------------------------------------------- */

static const char *
get_label (const Notice *notice, const char *name)
{
  for (char **at = notice->shown->labels; *at != NULL; at += 2)
    if (g_str_equal (at[0], name))
      return at[1];
  return "";
}

static gint64
find_silence (const Run *run, const Notice *notice)
{
  for (guint i = 0; i < run->n_silences; i++) {
    const Silence *one = &run->silences[i];

    if (one->from_us <= run->now_us && run->now_us < one->until_us &&
        (one->rule == 0 || notice->shown->rule[0] == one->rule) &&
        (one->device == 0 || get_label (notice, "device")[0] == one->device))
      return one->id;
  }
  return 0;
}

static gboolean
agree (const OrfNoticeAlert *one, const OrfNoticeAlert *other)
{
  for (char **a = one->labels; *a != NULL; a += 2)
    for (char **b = other->labels; *b != NULL; b += 2)
      if (g_str_equal (a[0], b[0]) && !g_str_equal (a[1], b[1]))
        return FALSE;
  return TRUE;
}

static const OrfNoticeAlert *
find_inhibitor (const Run *run, const Notice *notice)
{
  char **rules = notice->shown->inhibited_by;

  for (guint r = 0; rules != NULL && rules[r] != NULL; r++)
    for (guint i = 0; i < run->n_alerts; i++) {
      const OrfNoticeAlert *other = run->alerts[i].alert;

      if (run->alerts[i].fires && g_str_equal (other->rule, rules[r]) &&
          other->alert_id != notice->shown->alert_id && agree (other, notice->shown))
        return other;
    }
  return NULL;
}

static void
say_state (Run *run, Notice *notice, OrfNoticeState state, gboolean final, const char *reason)
{
  notice->state = state;
  notice->waits = !final;
  g_string_append_printf (run->out, "%" G_GINT64_FORMAT " %s%s %s\n", notice->id,
                          orf_notice_state_get_word (state), final ? "!" : "", reason);
}

static guint
count_minute (const Run *run, guint receiver)
{
  guint n = 0;

  for (guint i = 0; i < run->posted[receiver]->len; i++)
    n += g_array_index (run->posted[receiver], gint64, i) > run->now_us - 60 * S;
  return n;
}

static gboolean
is_full (const Run *run, guint receiver)
{
  return receiver != 2 && count_minute (run, receiver) >= run->timing.max_per_minute;
}

static gboolean
judge (Run *run, Notice *notice)
{
  Alert *alert = notice->alert;
  gint64 silence;
  const OrfNoticeAlert *inhibitor;
  g_autofree char *reason = NULL;
  OrfNoticeState state;

  if (notice->state == ORF_NOTICE_LIMITED && notice->event != ORF_NOTICE_REPEAT &&
      is_full (run, notice->receiver))
    return FALSE;
  if (notice->event == ORF_NOTICE_RESOLVED) {
    gboolean any = alert->to[notice->receiver].told;

    for (guint i = 0; i < run->n_notices; i++)
      any = any || (run->notices[i].waits && run->notices[i].alert == alert &&
                    run->notices[i].receiver == notice->receiver &&
                    run->notices[i].event != ORF_NOTICE_RESOLVED);
    if (!any)
      say_state (run, notice, ORF_NOTICE_DROPPED, TRUE, "that it fired was not told");
    return any;
  }
  if (notice->event == ORF_NOTICE_REPEAT && (alert->acknowledged || !alert->fires)) {
    say_state (run, notice, ORF_NOTICE_DROPPED, TRUE,
               alert->acknowledged ? "it was acknowledged" : "it is over");
    return FALSE;
  }
  if (notice->state == ORF_NOTICE_LIMITED && is_full (run, notice->receiver))
    return FALSE;
  silence = find_silence (run, notice);
  inhibitor = find_inhibitor (run, notice);
  if (silence == 0 && inhibitor == NULL) {
    if (notice->state != ORF_NOTICE_LIMITED)
      notice->state = ORF_NOTICE_WAITING;
    return TRUE;
  }
  if (inhibitor != NULL && notice->state == ORF_NOTICE_INHIBITED)
    silence = 0; /* what holds it goes on */
  state = silence != 0 ? ORF_NOTICE_SILENCED : ORF_NOTICE_INHIBITED;
  reason = silence != 0 ? g_strdup_printf ("silence si-%" G_GINT64_FORMAT, silence)
                        : g_strdup_printf ("al-%" G_GINT64_FORMAT " of %s fires",
                                           inhibitor->alert_id, inhibitor->rule);
  if (notice->state != state)
    say_state (run, notice, state, FALSE, reason);
  if (!alert->fires)
    say_state (run, notice, state, TRUE, "it ended meanwhile");
  return FALSE;
}

static Told *
find_group (Run *run, const Notice *notice)
{
  Told fresh = { notice->key, 0, notice->receiver };

  for (guint i = 0; i < run->groups->len; i++) {
    Told *told = &g_array_index (run->groups, Told, i);

    if (told->receiver == notice->receiver && g_str_equal (told->key, notice->key))
      return told;
  }
  g_array_append_val (run->groups, fresh);
  return &g_array_index (run->groups, Told, run->groups->len - 1);
}

static void
begin_post (Run *run, guint receiver, gboolean summary)
{
  g_array_append_val (run->posted[receiver], run->now_us);
  g_string_append_printf (run->out, "post %s%s:", receiver_names[receiver],
                          summary ? " summary" : "");
}

static void
post (Run *run, Notice *notice)
{
  Alert *alert = notice->alert;
  gboolean end = notice->event == ORF_NOTICE_RESOLVED;

  notice->waits = FALSE;
  alert->to[notice->receiver].told = !end;
  alert->to[notice->receiver].told_us = end ? 0 : run->now_us;
  alert->to[notice->receiver].seq = run->seq++;
  g_string_append_printf (run->out, " %" G_GINT64_FORMAT, notice->id);
}

static gboolean
is_in (Notice **notices, guint n, const Notice *notice)
{
  for (guint i = 0; i < n; i++)
    if (notices[i]->alert == notice->alert)
      return TRUE;
  return FALSE;
}

/* Of one group, in messages that have no alert twice. */
static void
post_group (Run *run, GPtrArray *members)
{
  Notice **notices = (Notice **) members->pdata;
  guint receiver = notices[0]->receiver;

  for (guint i = 0, n; i < members->len; i += n) {
    gboolean room = receiver == 2 || count_minute (run, receiver) < run->timing.max_per_minute;

    for (n = 1; i + n < members->len && !is_in (notices + i, n, notices[i + n]); n++)
      ;
    if (room)
      begin_post (run, receiver, FALSE);
    for (guint j = i; j < i + n; j++)
      if (room)
        post (run, notices[j]);
      else if (notices[j]->state != ORF_NOTICE_LIMITED)
        say_state (run, notices[j], ORF_NOTICE_LIMITED, FALSE,
                   "[notify] max_per_minute: waits for a summary");
    if (room) {
      g_string_append_c (run->out, '\n');
      find_group (run, notices[i])->last_us = run->now_us;
    }
  }
}

/* GPtrArray of Notice, whose time has come. */
static GPtrArray *
find_ready (Run *run, const GPtrArray *due, gboolean *limited)
{
  GPtrArray *ready = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  for (guint i = 0; i < due->len; i++) {
    Notice *first = due->pdata[i];
    g_autoptr (GPtrArray) members = g_ptr_array_new ();
    gint64 last_us = find_group (run, first)->last_us, ready_us;
    gboolean seen = FALSE, any_limited = FALSE;

    for (guint j = 0; j < due->len; j++) {
      Notice *one = due->pdata[j];

      if (!g_str_equal (one->key, first->key))
        continue;
      seen = seen || j < i;
      any_limited = any_limited || one->state == ORF_NOTICE_LIMITED;
      g_ptr_array_add (members, one);
    }
    ready_us = first->made_us + run->timing.group_wait_us;
    if (last_us > 0)
      ready_us = MAX (ready_us, last_us + run->timing.group_interval_us);
    if (seen || (ready_us > run->now_us && !any_limited && first->receiver != 2))
      continue;
    *limited = *limited || any_limited;
    g_ptr_array_add (ready, g_steal_pointer (&members));
  }
  return ready;
}

static void
post_ready (Run *run, guint receiver, const GPtrArray *due)
{
  gboolean limited = FALSE;
  g_autoptr (GPtrArray) ready = find_ready (run, due, &limited);

  if (!limited || count_minute (run, receiver) >= run->timing.max_per_minute) {
    for (guint i = 0; i < ready->len; i++)
      post_group (run, ready->pdata[i]);
    return;
  }
  begin_post (run, receiver, TRUE);
  for (guint i = 0; i < ready->len; i++) {
    GPtrArray *members = ready->pdata[i];

    find_group (run, members->pdata[0])->last_us = run->now_us;
    for (guint j = 0; j < members->len; j++)
      post (run, members->pdata[j]);
  }
  g_string_append_c (run->out, '\n');
}

static void
ask_repeats (Run *run, guint receiver)
{
  for (;;) {
    Alert *oldest = NULL;

    for (guint i = 0; i < run->n_alerts; i++) {
      Alert *alert = &run->alerts[i];

      if (alert->to[receiver].told_us > 0 && alert->fires && !alert->acknowledged &&
          alert->to[receiver].told_us + run->timing.repeat_us <= run->now_us &&
          (oldest == NULL || alert->to[receiver].seq < oldest->to[receiver].seq))
        oldest = alert;
    }
    if (oldest == NULL || run->timing.repeat_us == 0 || receiver == 2)
      return;
    oldest->to[receiver].told_us = 0;
    g_string_append_printf (run->out, "again %s %" G_GINT64_FORMAT "\n", receiver_names[receiver],
                            oldest->alert->alert_id);
  }
}

static void
model_step (Run *run)
{
  g_string_truncate (run->out, 0);
  for (guint receiver = 0; receiver < N_RECEIVERS; receiver++) {
    g_autoptr (GPtrArray) due = g_ptr_array_new ();

    for (guint i = 0; i < run->n_notices; i++)
      if (run->notices[i].waits && run->notices[i].receiver == receiver &&
          judge (run, &run->notices[i]))
        g_ptr_array_add (due, &run->notices[i]);
    post_ready (run, receiver, due);
    ask_repeats (run, receiver);
  }
}

/* ---- both ------------------------------------------------------------------------------------ */

static char *
make_key (const Run *run, const Notice *notice)
{
  GString *key = g_string_new (NULL);

  for (char **at = run->timing.group_by; notice->receiver != 2 && at != NULL && *at != NULL; at++)
    g_string_append_printf (key, "%s;",
                            g_str_equal (*at, "rule") ? notice->shown->rule
                                                      : get_label (notice, *at));
  return g_string_free (key, FALSE);
}

static void
add_notice (Run *run, Alert *alert, OrfNoticeAlert *shown, guint receiver, OrfNoticeEvent event)
{
  Notice *notice = &run->notices[run->n_notices++];

  *notice = (Notice){ run->n_notices,     alert, shown, receiver, event, run->now_us, TRUE,
                      ORF_NOTICE_WAITING, NULL };
  notice->key = make_key (run, notice);
  orf_notice_plan_add (run->plan, orf_notice_new (notice->id, receiver_names[receiver], event,
                                                  run->now_us, shown));
}

/* Sorted by the kind of line, since the plan says posts, changes and repeats apart. */
static char *
sort_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *sorted = g_string_new (NULL);

  for (guint kind = 0; kind < 3; kind++)
    for (char **line = lines; *line != NULL; line++) {
      guint its_kind = g_str_has_prefix (*line, "post")    ? 0
                       : g_str_has_prefix (*line, "again") ? 2
                                                           : 1;

      if (its_kind == kind && (*line)[0] != '\0')
        g_string_append_printf (sorted, "%s\n", *line);
    }
  return g_string_free (sorted, FALSE);
}

static char *
plan_step (Run *run, OrfNoticeSteps **steps)
{
  GString *text = g_string_new (NULL);

  *steps = orf_notice_plan_step (run->plan, run->now_us);
  for (guint i = 0; i < (*steps)->posts->len; i++) {
    const OrfNoticePost *one = (*steps)->posts->pdata[i];

    g_string_append_printf (text, "post %s%s:", one->receiver, one->is_summary ? " summary" : "");
    for (guint j = 0; j < one->notices->len; j++)
      g_string_append_printf (text, " %" G_GINT64_FORMAT,
                              ((OrfNotice *) one->notices->pdata[j])->id);
    g_string_append_c (text, '\n');
  }
  for (guint i = 0; i < (*steps)->changes->len; i++) {
    const OrfNoticeChange *one = (*steps)->changes->pdata[i];

    g_string_append_printf (text, "%" G_GINT64_FORMAT " %s%s %s\n", one->notice->id,
                            orf_notice_state_get_word (one->state), one->is_final ? "!" : "",
                            one->reason);
  }
  for (guint i = 0; i < (*steps)->repeats->len; i++) {
    const OrfNotice *one = (*steps)->repeats->pdata[i];

    g_string_append_printf (text, "again %s %" G_GINT64_FORMAT "\n", one->receiver,
                            one->alert->alert_id);
  }
  return g_string_free (text, FALSE);
}

static void
take_repeats (Run *run, const OrfNoticeSteps *steps)
{
  for (guint i = 0; i < steps->repeats->len; i++) {
    const OrfNotice *wanted = steps->repeats->pdata[i];
    guint receiver = g_str_equal (wanted->receiver, "a") ? 0 : 1;
    Alert *alert = &run->alerts[wanted->alert->alert_id - 1];

    add_notice (run, alert, alert->alert, receiver, ORF_NOTICE_REPEAT);
  }
}

/* Of those that were told something by this step: the most that there may be was another before. */
static void
check_rate (const Run *run)
{
  if (strstr (run->out->str, "post a") != NULL)
    g_assert_cmpuint (count_minute (run, 0), <=, run->timing.max_per_minute);
  if (strstr (run->out->str, "post b") != NULL)
    g_assert_cmpuint (count_minute (run, 1), <=, run->timing.max_per_minute);
}

static void
step (Run *run)
{
  g_autoptr (OrfNoticeSteps) steps = NULL;
  g_autofree char *actual = plan_step (run, &steps);
  g_autofree char *expected = NULL;

  model_step (run);
  expected = sort_lines (run->out->str);
  g_assert_cmpstr (actual, ==, expected);
  /* that a silence begins for what waits anyway need not be seen at once */
  if (strstr (expected, "post") != NULL || strstr (expected, "again") != NULL)
    g_assert_cmpint (run->now_us, >=, run->quiet_until_us);
  check_rate (run);
  run->quiet_until_us = steps->next_us;
  if (steps->repeats->len > 0)
    run->quiet_until_us = 0;
  take_repeats (run, steps);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void
do_fire (Run *run)
{
  static const char *const rules[] = { "x", "y", "z" };
  static const char *const inhibited_by[] = { NULL, "x", "y x" };
  static const char *const labels[] = { "device 0", "device 1", "device 0 host h", "host h" };
  guint rule = pick (run, 3);
  Alert *alert = &run->alerts[run->n_alerts++];

  *alert = (Alert){ .alert = make_alert (run->n_alerts, rules[rule], labels[pick (run, 4)],
                                         inhibited_by[rule], run->now_us),
                    .fires = TRUE };
  orf_notice_plan_set_alert (run->plan, alert->alert);
  for (guint receiver = 0; receiver < N_RECEIVERS; receiver++)
    if (pick (run, 4) > 0)
      add_notice (run, alert, alert->alert, receiver, ORF_NOTICE_FIRING);
}

static Alert *
pick_firing (Run *run)
{
  for (guint tries = 0; run->n_alerts > 0 && tries < 5; tries++) {
    Alert *alert = &run->alerts[pick (run, run->n_alerts)];

    if (alert->fires)
      return alert;
  }
  return NULL;
}

static void
do_resolve (Run *run)
{
  Alert *alert = pick_firing (run);
  OrfNoticeAlert *over;

  if (alert == NULL)
    return;
  over = make_over (alert->alert, run->now_us);
  alert->fires = FALSE;
  alert->over = over;
  orf_notice_plan_set_alert (run->plan, over);
  for (guint receiver = 0; receiver < N_RECEIVERS; receiver++)
    if (pick (run, 6) > 0)
      add_notice (run, alert, over, receiver, ORF_NOTICE_RESOLVED);
}

static void
do_acknowledge (Run *run)
{
  Alert *alert = pick_firing (run);

  if (alert == NULL)
    return;
  alert->acknowledged = TRUE;
  orf_notice_plan_acknowledge (run->plan, alert->alert->alert_id);
}

static void
do_silence (Run *run)
{
  GPtrArray *silences = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_silence_free);

  run->n_silences = pick (run, G_N_ELEMENTS (run->silences));
  for (guint i = 0; i < run->n_silences; i++) {
    Silence *one = &run->silences[i];
    g_autofree char *matchers = NULL;

    *one = (Silence){ i + 1, run->now_us + pick (run, 20) * S - 10 * S, 0, "xyz"[pick (run, 3)],
                      pick (run, 2) ? "01"[pick (run, 2)] : 0 };
    one->until_us = one->from_us + (10 + pick (run, 200)) * S;
    matchers = one->device != 0
                 ? g_strdup_printf ("{rule=\"%c\",device=\"%c\"}", one->rule, one->device)
                 : g_strdup_printf ("{rule=\"%c\"}", one->rule);
    g_ptr_array_add (silences,
                     orf_notice_silence_new (one->id, matchers, one->from_us, one->until_us, NULL));
  }
  orf_notice_plan_set_silences (run->plan, silences);
}

static char *by_rule[] = { (char *) "rule", NULL };
static char *by_device[] = { (char *) "device", NULL };

static void
do_timing (Run *run)
{
  char **groupings[] = { by_rule, by_device, NULL };

  run->quiet_until_us = 0;
  run->timing = (OrfNoticeTiming){ .group_by = groupings[pick (run, 3)],
                                   .group_wait_us = pick (run, 2) ? 0 : 3 * S,
                                   .group_interval_us = pick (run, 3) * 10 * S,
                                   .repeat_us = pick (run, 3) * 50 * S,
                                   .max_per_minute = 2 + pick (run, 6),
                                   .max_waiting = MAX_ITEMS };
  orf_notice_plan_set_timing (run->plan, &run->timing);
  g_array_set_size (run->groups, 0);
  for (guint i = 0; i < run->n_notices; i++)
    if (run->notices[i].waits) {
      g_free (run->notices[i].key);
      run->notices[i].key = make_key (run, &run->notices[i]);
    }
}

static void
do_something (Run *run)
{
  static void (*const deeds[]) (Run *) = { do_fire,    do_fire,    do_fire,        do_fire,
                                           do_resolve, do_resolve, do_acknowledge, do_silence };

  run->quiet_until_us = 0;
  deeds[pick (run, G_N_ELEMENTS (deeds))](run);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static void
run_clear (Run *run)
{
  orf_notice_plan_free (run->plan);
  for (guint i = 0; i < run->n_notices; i++)
    g_free (run->notices[i].key);
  for (guint i = 0; i < run->n_alerts; i++) {
    orf_notice_alert_unref (run->alerts[i].alert);
    g_clear_pointer (&run->alerts[i].over, orf_notice_alert_unref);
  }
  for (guint i = 0; i < N_RECEIVERS; i++)
    g_array_unref (run->posted[i]);
  g_array_unref (run->groups);
  g_string_free (run->out, TRUE);
  g_rand_free (run->rand);
}

static void
run_init (Run *run, guint32 seed)
{
  OrfNoticeReceiver receivers[N_RECEIVERS];

  memset (run, 0, sizeof *run);
  run->rand = g_rand_new_with_seed (seed);
  run->plan = orf_notice_plan_new ();
  run->out = g_string_new (NULL);
  run->groups = g_array_new (FALSE, FALSE, sizeof (Told));
  run->now_us = T0;
  for (guint i = 0; i < N_RECEIVERS; i++) {
    receivers[i] = (OrfNoticeReceiver){ receiver_names[i], i == 2 };
    run->posted[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  }
  orf_notice_plan_set_receivers (run->plan, receivers, N_RECEIVERS);
  do_timing (run);
}

/* When all is quiet only what is held is left. */
static void
settle (Run *run)
{
  for (guint i = 0; i < (run->timing.repeat_us > 0 ? 20 : 1000); i++) {
    step (run);
    if (run->quiet_until_us == G_MAXINT64 || run->n_notices + MARGIN > MAX_ITEMS)
      break;
    run->now_us = MAX (run->now_us + 1, run->quiet_until_us);
  }
  for (guint i = 0; i < run->n_notices; i++)
    if (run->notices[i].waits && run->n_notices + MARGIN <= MAX_ITEMS && run->timing.repeat_us == 0)
      g_assert_cmpint (run->notices[i].state, ==, ORF_NOTICE_INHIBITED);
}

static void
test_model (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  g_autofree Run *run = g_new0 (Run, 1);
  guint64 n_events = 0;

  for (guint i = 0; i < (g_test_slow () ? 10 : 1) * N_RUNS; i++) {
    run_init (run, seed + i);
    for (guint j = 0; j < N_OPS && run->n_notices + MARGIN < MAX_ITEMS && run->n_alerts < MAX_ITEMS;
         j++) {
      if (pick (run, 50) == 0)
        do_timing (run);
      else if (pick (run, 3) > 0)
        do_something (run);
      else
        run->now_us += pick (run, 2) ? pick (run, 30) * S : pick (run, 1000000);
      if (pick (run, 3) > 0)
        step (run);
    }
    settle (run);
    n_events += run->n_notices;
    run_clear (run);
  }
  g_test_message ("%" G_GUINT64_FORMAT " notices", n_events);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/notice-plan/model", test_model);
  return g_test_run ();
}
